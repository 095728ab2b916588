"""The pages that people read, as the tests take them apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of Markdown."""

    text: str

    @classmethod
    def of(cls, path: str) -> "Page":
        """A page of the project."""
        return cls((ROOT / path).read_text(encoding="utf-8"))

    def blocks(self, language: str) -> list[str]:
        """What stands in fences of a language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def section(self, title: str) -> "Page":
        """What stands under a heading, up to the next one of its rank."""
        return Page(self.text.split(f"\n## {title}\n")[1].split("\n## ")[0])

    def rows(self) -> list[list[str]]:
        """The cells of all tables, head lines among them."""
        return list(self._rows())

    def _rows(self) -> Iterator[list[str]]:
        for line in self.text.splitlines():
            if line.startswith("|") and set(line) - set("|- "):
                yield [cell.strip() for cell in line.strip("|").split("|")]

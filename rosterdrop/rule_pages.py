"""`make docs`: the rule catalogue as pages, a folder for each language."""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from config.languages import LANGUAGES
from config.tables import TABLES
from rosterdrop.commands.rules import ONEROSTER, Rule, documents
from validators import catalogue

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SCHEMAS: Final[dict[str, str]] = {
    **{name: name for name in (*TABLES, "manifest", "report")},
    **{name: f"oneroster/{version}/{file}" for name, (version, file) in ONEROSTER.items()},
}
_SPECIAL_IN_MARKDOWN: Final = "\\`*_<>|[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of rules, which is one page."""

    name: str
    rules: list[Rule]


def pages() -> Iterator[tuple[str, str]]:
    """Every page: its path below `docs`, its text."""
    words: dict[str, Any] = tomllib.loads((_TEMPLATES / "rules.toml").read_text(encoding="utf-8"))
    for language in LANGUAGES:
        yield from _in_language(language, words[language])


def _in_language(language: str, words: dict[str, Any]) -> Iterator[tuple[str, str]]:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),  # these are Markdown
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = _plain
    groups = [Group(name=name, rules=documents(codes, language)) for name, codes in catalogue.groups().items()]
    contents = environment.get_template("rules-contents.md.jinja")
    yield f"rules/{language}/README.md", contents.render(words=words, groups=groups, schemas=_SCHEMAS)
    page = environment.get_template("rules.md.jinja")
    for group in groups:
        yield f"rules/{language}/{group.name}.md", page.render(words=words, group=group)


def _plain(text: str) -> str:
    """Text in which Markdown sees nothing but text."""
    return "".join(f"\\{letter}" if letter in _SPECIAL_IN_MARKDOWN else letter for letter in text)


def main(folder: Path) -> None:
    """Write all pages below a folder."""
    for name, text in pages():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The answers of a source as they came, without secrets: kept with the batch, so that they can be read anew.

One JSON object a line, `collection` and `page`, compressed.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Answers:
    """A file of answers that is being written, page by page."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path, "wt", encoding="utf-8", compresslevel=3)  # noqa: SIM115 - closed by __exit__

    def keep(self, collection: str, page: Any) -> None:
        """One more page of a collection."""
        # A page at once: json.dump writes it in pieces, and took three quarters of a whole pull (Python 3.11).
        line = json.dumps({"collection": collection, "page": page}, ensure_ascii=False, separators=(",", ":"))
        self._file.write(f"{line}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()


def kept(path: Path) -> Iterator[tuple[str, Any]]:
    """Each page with its collection, in the order in which they came."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            document = json.loads(line)
            yield document["collection"], document["page"]

"""The answers of a source as they came, without secrets: kept with the batch, so that they can be read anew.

One JSON object a line, `collection` and `page`, compressed.
"""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_BETWEEN: Final = b',"page":'
_LEVEL: Final = 3


class Answers:
    """A file of answers that is being written, page by page; a page is compressed while the next one is fetched."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path, "wb", compresslevel=_LEVEL)  # noqa: SIM115 - closed by __exit__
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._last: Future[int] | None = None

    def keep(self, collection: str, page: bytes) -> None:
        """One more page of a collection: JSON on one line.

        Raises:
            OSError: the page before could not be written.
        """
        if self._last:
            self._last.result()
        head = json.dumps({"collection": collection}, separators=(",", ":")).encode().removesuffix(b"}")
        self._last = self._writer.submit(self._file.write, b"".join((head, _BETWEEN, page, b"}\n")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._writer.shutdown()
        self._file.close()
        if self._last and kind is None:
            self._last.result()


def kept(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each page with its collection, in the order in which they came."""
    with gzip.open(path, "rb") as file:
        for line in file:
            head, _, page = line.removesuffix(b"}\n").partition(_BETWEEN)
            yield json.loads(head + b"}")["collection"], page

"""No bytes break what reads them, cost a row or take memory without bound: reader, ZIP and manifest.

A short run is a part of every suite; ROSTERDROP_FUZZ_MINUTES sets how long `make soak` goes on, 30 without it.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from processors.archives import Inflated, Limits, Refusal, inflate, names_in
from sftp_gateway.sets.manifests import parsed
from tests.processors.archive_samples import BAD
from tests.properties.fuzzing import Check, packed, try_some
from tests.validators.reading_cases import cases
from validators import catalogue, reading
from validators.cells import EDGES
from validators.decoding import Decoded, decoded
from validators.headers import columns_of, folded, header_of
from validators.reading import Reading, layout_of, peek, read
from validators.tables import LINE

_LOG: Final = logging.getLogger(__name__)
MINUTES: Final = float(os.environ.get("ROSTERDROP_FUZZ_MINUTES", "30"))
_SMALL: Final = 1 << 20
_MOST_GROWTH: Final = 300 << 20  # a round leaves behind what allocators keep; what is lost for good grows without end
_ROUND: Final = 500

FILES: Final = tuple(case.content for case in cases())
MANIFESTS: Final = (
    b'{"files": [{"name": "users.csv", "size": 12, "sha256": "' + b"0" * 64 + b'"}]}',
    b'{"files": [{"name": "users.csv"}, {"name": "classes.csv", "size": 0}]}',
    b"propertyName,value\nmanifest.version,1.0\nfile.users,bulk\nfile.classes,absent\nfile.enrollments,delta\n",
)


TARGETS: Final = ("reader", "archive", "manifest")
_SHARES: Final = {"reader": 0.7, "archive": 0.2, "manifest": 0.1}


@pytest.fixture
def check(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """What must hold of any bytes."""
    checks: dict[str, Check] = {
        "reader": lambda data: _reads(data, tmp_path / "users.csv", monkeypatch),
        "archive": lambda data: _inflates(data, tmp_path),
        "manifest": _parses,
    }
    return checks[target]


@cache
def seeds_of(target: str) -> tuple[bytes, ...]:
    """What is torn; the ZIP of 100,000 entries is left to its own test."""
    if target == "reader":
        return FILES
    if target == "manifest":
        return MANIFESTS
    return (*packed(FILES[:20]), *(bad.data() for name, bad in BAD.items() if name != "100,000 entries"))


@pytest.mark.parametrize("target", TARGETS)
def test_no_bytes_break_what_reads_them(target: str, check: Check) -> None:
    try_some(check, seeds_of(target), number=0, inputs=60)


@pytest.mark.soak
@pytest.mark.parametrize("target", TARGETS)
def test_no_bytes_break_what_reads_them_for_long(target: str, check: Check) -> None:
    until = time.monotonic() + MINUTES * 60 * _SHARES[target]
    start = 0
    for number in count(1):
        try_some(check, seeds_of(target), number=number, inputs=_ROUND)
        start = start or _resident()
        assert _resident() - start < _MOST_GROWTH
        _LOG.info("%s: %d inputs", target, number * _ROUND)
        if time.monotonic() > until:
            return


def _resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _reads(data: bytes, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(data)
    peek(path, "users")
    result = read(path, "users")
    with monkeypatch.context() as patched:
        patched.setattr(reading, "read_fast", lambda *_, **__: None)
        careful = read(path, "users")
    assert result.facts == careful.facts
    assert result.findings.equals(careful.findings)
    assert set(result.findings["code"]) <= set(catalogue.codes())
    assert (result.table is None) == (careful.table is None)
    if result.table is None or careful.table is None:
        assert not result.findings.is_empty()
        return
    assert result.table.rows.equals(careful.table.rows)
    assert result.table.broken.equals(careful.table.broken)
    begins = [*result.table.rows[LINE], *result.table.broken[LINE]]
    assert result.facts.rows == len(begins) == len(set(begins))
    assert list(_lost_lines(data, result, frozenset(begins))) == []


def _lost_lines(data: bytes, result: Reading, begins: frozenset[int]) -> Iterator[int]:
    """Lines with content that begin no row, that no quote before them explains, and of which no note tells."""
    text = decoded(data, "utf-8")
    header = header_of(text.utf8, layout_of("users")) if isinstance(text, Decoded) else None
    if header is None or not isinstance(text, Decoded):
        return  # a file with damaged letters: its lines were counted above
    spelled = [folded(cell) for cell in header.cells]
    named = columns_of(header, layout_of("users")).names
    lines = text.utf8.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    told = sum(result.findings.filter(pl.col("code").is_in(["file.footer", "file.ruler"]))["count"].to_list())
    quoted = False
    unexplained = []
    for number, line in enumerate(lines[header.line :], start=header.line + 1):
        quoted = '"' in line or (quoted and number not in begins)
        cells = [folded(cell) for cell in line.split(header.separator)]
        is_header = any(named) and cells[: len(spelled)] == spelled
        if line.strip(EDGES + header.separator + '"') and number not in begins and not quoted and not is_header:
            unexplained.append(number)
    yield from unexplained[: max(len(unexplained) - told, 0)]


def _inflates(data: bytes, folder: Path) -> None:
    archive, into = folder / "night.zip", folder / "files"
    archive.write_bytes(data)
    names = names_in(archive)
    found = inflate(archive, into, Limits(most_bytes=_SMALL))
    if isinstance(found, Refusal):
        assert found.code in catalogue.codes()
        assert not into.exists()
        return
    assert isinstance(found, Inflated)
    assert names == found.names
    inside = list(into.rglob("*"))
    assert all(path.parent == into and path.is_file() for path in inside)
    assert sum(path.stat().st_size for path in inside) <= _SMALL
    shutil.rmtree(into)


def _parses(data: bytes) -> None:
    ours = parsed("rosterdrop-manifest.json", data)
    assert ours is not None
    assert ours.fault or len(ours.promises) <= 500
    theirs = parsed("manifest.csv", data)
    assert theirs is None or theirs.fault is None

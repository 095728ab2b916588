"""`check --rules oneroster`: files judged by the specification; nothing is written and nothing is known but them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from config.oneroster import Version
from processors.archives import Refusal, inflate, require_archive
from processors.deliveries import NothingToTake
from processors.file_sets import Advance, nobody_watches
from processors.reporting.contents import Report
from processors.unpacking import is_refused
from processors.verdicts import verdict_on
from validators.findings import Finding, as_frame
from validators.judging import unjudged
from validators.oneroster import Packing, Plan, Read, judged, planned, read
from validators.tables import Sheet

_START: Final = 1 << 20  # bytes within which a header ends, and a whole manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformed:
    """A report on how far files keep the specification, and the rows that it speaks about."""

    report: Report
    sheets: Mapping[str, Sheet]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    files: Mapping[str, Path]
    packing: Packing
    findings: tuple[Finding, ...] = ()


def check_conformance(paths: Sequence[Path], version: Version | None, advance: Advance = nobody_watches) -> Conformed:
    """Judge a folder, a ZIP or single files by the specification of a version, or of the one that they show.

    Args:
        paths: what was named.
        version: to judge by; None to find it.
        advance: is told how many bytes were read since the last time.

    Raises:
        NothingToTake: a path is missing, or there is no file.
        NoArchive: what should be a ZIP is none.
    """
    with _delivered(paths) as delivered:
        if is_refused(delivered.findings) and not delivered.files:
            return _refused(delivered)
        starts = {name: _start(path) for name, path in delivered.files.items()}
        plan = planned(starts, asked=version, packing=delivered.packing)
        reads = [_read(plan, file, delivered.files[name], advance) for file, name in plan.names.items()]
    conformance = judged(plan, reads, delivered.findings)
    report = Report(
        verdict=verdict_on(conformance.judgement, None),
        judgement=conformance.judgement,
        rules="oneroster",
        version=conformance.version,
        mode=conformance.mode,
    )
    return Conformed(report=report, sheets=conformance.sheets)


def size_of(paths: Sequence[Path]) -> int:
    """How many bytes there are to read, as far as the disk tells; of a ZIP as it is packed."""
    return sum(path.stat().st_size for named in paths for path in _files_in(named))


@contextmanager
def _delivered(paths: Sequence[Path]) -> Iterator[_Delivered]:
    """The files that paths name, those of a ZIP inflated into a folder that is gone afterwards."""
    if [path.suffix.casefold() for path in paths] == [".zip"] and paths[0].is_file():
        require_archive(paths[0])
        with TemporaryDirectory(prefix="rosterdrop-") as folder:
            yield _unpacked(paths[0], Path(folder) / "files")
        return
    files = [path for named in paths for path in _files_in(named)]
    if not files:
        raise NothingToTake("no file is there; nothing was done")
    by_name = {path.name: path for path in files}
    if len(by_name) < len(files):
        raise NothingToTake("two of the files have the same name; name one of each")
    yield _Delivered(files=by_name, packing="loose")


def _unpacked(archive: Path, into: Path) -> _Delivered:
    found = inflate(archive, into)
    if isinstance(found, Refusal):
        return _Delivered(files={}, packing="zip", findings=(found.as_finding(archive.name),))
    findings = []
    if found.skipped:
        findings.append(Finding(code="archive.skipped", file=archive.name, count=found.skipped))
    if found.folder:
        findings.append(Finding(code="oneroster.package.folder", file=archive.name, detail=found.folder))
    return _Delivered(files={name: into / name for name in found.names}, packing="zip", findings=tuple(findings))


def _files_in(named: Path) -> list[Path]:
    if named.is_dir():
        return sorted(path for path in named.iterdir() if path.is_file() and not path.name.startswith("."))
    if not named.is_file():
        raise NothingToTake(f"{named} is not there, or is neither a file nor a folder")
    return [named]


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_START)


def _read(plan: Plan, file: str, path: Path, advance: Advance) -> Read:
    data = path.read_bytes()
    found = read(data, plan.version, file, sha256=sha256(data).hexdigest(), delta=plan.mode(file) == "delta")
    advance(len(data))
    return found


def _refused(delivered: _Delivered) -> Conformed:
    report = Report(verdict="refused", judgement=unjudged(as_frame(delivered.findings)), rules="oneroster")
    return Conformed(report=report, sheets={})

"""Which version of OneRoster a delivery is: what its manifest says, and what headers and names of files show."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from config.oneroster import FILES, VERSIONS, Version
from validators.findings import Finding

Header = Sequence[str]

_LATER: Final = frozenset[Version]({"1.1", "1.2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a header shows: the first shape of a file that fits is its evidence (oneroster-csv 10)."""

    file: str
    fits: Callable[[Header], bool]
    versions: frozenset[Version]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The version that a delivery is judged by, and what there is to say about that."""

    version: Version
    findings: tuple[Finding, ...]


def _any_of(*columns: str) -> Callable[[Header], bool]:
    return lambda header: not set(columns).isdisjoint(header)


def _all_of(*columns: str, without: Sequence[str] = ()) -> Callable[[Header], bool]:
    return lambda header: set(columns) <= set(header) and set(without).isdisjoint(header)


def _at(place: int, column: str) -> Callable[[Header], bool]:
    return lambda header: column in header and header.index(column) == place


def _shape(file: str, fits: Callable[[Header], bool], *versions: Version) -> Shape:
    return Shape(file=file, fits=fits, versions=frozenset(versions))


SHAPES: Final = (
    _shape("users", _all_of("enabledUser", "orgSourcedIds", "role"), "1.1"),
    _shape("users", _any_of("userMasterIdentifier", "resourceSourcedIds", "primaryOrgSourcedId"), "1.2"),
    _shape("users", _any_of("userId", "agents"), "1.0"),
    _shape("users", _all_of("enabledUser", without=("orgSourcedIds", "role")), "1.2"),
    _shape("orgs", _any_of("metadata.classification"), "1.0"),
    _shape("courses", _any_of("schoolYearId", "grade"), "1.0"),
    _shape("courses", _any_of("schoolYearSourcedId", "subjectCodes"), "1.1", "1.2"),
    _shape("classes", _any_of("termSourcedId", "grade"), "1.0"),
    _shape("classes", _any_of("termSourcedIds", "subjectCodes", "periods"), "1.1", "1.2"),
    _shape("enrollments", _at(5, "status"), "1.0"),
    _shape("enrollments", _any_of("beginDate", "endDate"), "1.1", "1.2"),
    _shape("demographics", _any_of("userSourcedId", "birthdate"), "1.0"),
    _shape("demographics", _any_of("birthDate"), "1.1", "1.2"),
    _shape("academicSessions", _all_of("startDate", "endDate", without=("schoolYear",)), "1.0"),
    _shape("academicSessions", _any_of("schoolYear"), "1.1", "1.2"),
    _shape("lineItems", _any_of("gradingPeriodSourcedId"), "1.1"),
    _shape("lineItems", _any_of("academicSessionSourcedId"), "1.2"),
    _shape("categories", _any_of("weight"), "1.2"),
    _shape("results", _any_of("textScore", "inProgress", "incomplete", "late", "missing"), "1.2"),
)


def evidence(headers: Mapping[str, Header]) -> dict[str, frozenset[Version]]:
    """What each file of a delivery shows, of those that show anything; a file that older versions lack shows that."""
    shown: dict[str, frozenset[Version]] = {}
    for file, header in headers.items():
        shape = next((shape for shape in SHAPES if shape.file == file and shape.fits(header)), None)
        having = frozenset(version for version in VERSIONS if file in FILES[version])
        if shape or len(having) < len(VERSIONS):
            shown[file] = shape.versions if shape else having
    return shown


def decided(headers: Mapping[str, Header], *, asked: Version | None, told: str | None, has_manifest: bool) -> Decision:
    """The version that a delivery is judged by.

    Args:
        headers: of every data file, by its name without `.csv`.
        asked: the version that somebody wants it to be judged by.
        told: `oneroster.version` of the manifest, where it is one that has a manifest.
        has_manifest: whether there is one: then the version is 1.1 or 1.2, whatever the rest looks like.
    """
    shown = evidence(headers)
    version, findings = _chosen(shown, asked=asked, told=told, has_manifest=has_manifest)
    if told and told != version:
        findings.append(Finding(code="oneroster.version.mixed", file="manifest.csv", detail=version, hint=told))
    return Decision(version=version, findings=(*findings, *_contradictions(shown, version)))


def _chosen(
    shown: Mapping[str, frozenset[Version]], *, asked: Version | None, told: str | None, has_manifest: bool
) -> tuple[Version, list[Finding]]:
    if asked:
        return asked, []
    for version in VERSIONS:
        if version == told:
            return version, [_found(version, "manifest.csv")]
    possible = _LATER if has_manifest else frozenset(VERSIONS)
    candidates = {file: versions & possible for file, versions in shown.items() if versions & possible}
    common = possible.intersection(*candidates.values())
    if not common and candidates:  # mixed: users.csv decides, and what contradicts it is named
        common = candidates.get("users") or next(iter(candidates.values()))
    version = min(common & _LATER or common)
    if len(common) > 1:
        return version, [Finding(code="oneroster.version.unclear", detail=version)]
    witness = next(file for file in sorted(candidates, key=_users_first) if version in candidates[file])
    return version, [_found(version, f"{witness}.csv")]


def _users_first(file: str) -> bool:
    return file != "users"


def _found(version: Version, witness: str) -> Finding:
    return Finding(code="oneroster.version.found", detail=version, hint=witness)


def _contradictions(shown: Mapping[str, frozenset[Version]], version: Version) -> Iterator[Finding]:
    for file, versions in shown.items():
        if version not in versions and file in FILES[version]:  # of a file that it lacks, its name says enough
            others = " / ".join(sorted(versions))
            yield Finding(code="oneroster.version.mixed", file=f"{file}.csv", detail=version, hint=others)

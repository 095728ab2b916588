"""The files of a delivery by their names: which file of OneRoster each is meant to be, and how they are packed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from config.oneroster import FILES, Version
from validators.findings import Finding

MANIFEST: Final = "manifest"

NEEDED: Final[Mapping[Version, tuple[str, ...]]] = {
    "1.0": FILES["1.0"],
    "1.1": ("orgs", "academicSessions", "courses", "classes", "users", "enrollments"),
    "1.2": ("orgs", "academicSessions", "courses", "classes", "users", "enrollments", "roles"),
}
"""What a roster consists of, unless a manifest declares some of it absent (oneroster-csv 1, 9.1)."""

_EVERY: Final = (MANIFEST, *FILES["1.2"])
_BY_NAME: Final = {f"{file}.csv".casefold(): file for file in _EVERY}


def meant_by(name: str) -> str | None:
    """The file that a name means, whatever its case and version: `users` for `Users.CSV`."""
    return _BY_NAME.get(name.casefold())


def sources(names: Sequence[str]) -> dict[str, str]:
    """Under which name each file came; the exact one where it came under several."""
    found: dict[str, str] = {}
    for name in names:
        file = meant_by(name)
        if file and (file not in found or name == f"{file}.csv"):
            found[file] = name
    return found


def about_names(names: Sequence[str], version: Version) -> Iterator[Finding]:
    """What there is to say about names of files."""
    taken = sources(names)
    for name in names:
        file = meant_by(name)
        if file is None or file not in (MANIFEST, *FILES[version]):
            yield Finding(code="oneroster.package.file_unknown", file=name, hint=_near(name, version))
        elif name != taken[file]:
            yield Finding(code="oneroster.package.file_repeated", file=name, hint=taken[file])
        elif name != f"{file}.csv":
            yield Finding(code="oneroster.package.file_case", file=name, hint=f"{file}.csv")


def _near(name: str, version: Version) -> str | None:
    known = {f"{file}.csv".casefold(): f"{file}.csv" for file in (MANIFEST, *FILES[version])}
    near = get_close_matches(name.casefold(), known, n=1, cutoff=0.8)
    return known[near[0]] if near and name.casefold() not in known else None


def missing(present: Collection[str], modes: Mapping[str, str], version: Version) -> Iterator[Finding]:
    """Files that should be there and are not, and those that should not be there; `modes` as the manifest has them."""
    for file in FILES[version]:
        mode, name = modes.get(file), f"{file}.csv"
        if file in present and mode == "absent":
            yield Finding(code="oneroster.manifest.file_unexpected", file=name)
        elif file not in present and mode in {"bulk", "delta"}:
            yield Finding(code="oneroster.manifest.file_missing", file=name, hint=mode)
        elif file not in present and mode is None and file in NEEDED[version]:
            yield Finding(code="oneroster.file.missing", file=name)

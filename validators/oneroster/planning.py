"""A delivery before its rows are read: which files it has, which version it is, what its manifest promises."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from config.oneroster import FILES, Version
from validators.findings import Finding
from validators.oneroster import package, sheets, versions
from validators.oneroster.manifest import Manifest
from validators.oneroster.package import MANIFEST
from validators.oneroster.rows import Mode

Packing = Literal["zip", "loose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be read of a delivery, and by which version.

    Attributes:
        version: that it is judged by.
        names: under which name each file came, by file, the manifest first and then in the order of references.
        modes: of each file that the manifest names, how it comes.
        findings: what there is to say already.
    """

    version: Version
    names: Mapping[str, str]
    modes: Mapping[str, str]
    findings: tuple[Finding, ...]

    def mode(self, file: str) -> Mode | None:
        """The mode of a file as the manifest has it; None where it says nothing of use."""
        told = self.modes.get(file)
        return "delta" if told == "delta" else "bulk" if told == "bulk" else None


def planned(starts: Mapping[str, bytes], *, asked: Version | None, packing: Packing) -> Plan:
    """What to read of a delivery.

    Args:
        starts: the first bytes of each file by the name that it came under: its header, of a manifest all of it.
        asked: the version that somebody wants it to be judged by.
        packing: how it came.
    """
    found = package.sources(list(starts))
    headers = {
        file: sheets.header_cells(starts[found[file]], file) for file in (MANIFEST, *FILES["1.2"]) if file in found
    }
    manifest = manifest_in(starts[found[MANIFEST]]) if MANIFEST in found else Manifest()
    decision = versions.decided(
        {file: cells for file, cells in headers.items() if file != MANIFEST},
        asked=asked,
        told=manifest.version,
        has_manifest=MANIFEST in found,
    )
    version = decision.version
    names = {file: found[file] for file in (MANIFEST, *FILES[version]) if file in found}
    return Plan(
        version=version,
        names=names,
        modes=manifest.modes,
        findings=(
            *decision.findings,
            *([Finding(code="oneroster.package.loose_files")] if packing == "loose" and version != "1.0" else ()),
            *package.about_names(list(starts), version),
            *([Finding(code="oneroster.manifest.missing")] if MANIFEST not in found and version != "1.0" else ()),
            *package.missing(names.keys(), manifest.modes, version),
            *manifest.findings(version),
        ),
    )


def manifest_in(start: bytes) -> Manifest:
    """The manifest in a file's first bytes; nothing is told where they are none."""
    read = sheets.read(start, "1.1", MANIFEST, sha256=sha256(start).hexdigest())
    return Manifest.of(read.sheet.rows) if read.sheet else Manifest()

"""The valid deliveries of tests/cases with other bytes in one file, judged without a disk."""

from collections.abc import Mapping
from hashlib import sha256

from config.oneroster import Version
from tests.cases.deliveries import BASES
from validators.oneroster import Conformance, judged, planned, read


def conformance(
    version: Version, changed: Mapping[str, bytes | None] | None = None, *, asked: Version | None = None
) -> Conformance:
    """The verdict on the valid delivery of a version, with some files changed or left out."""
    valid = {path.name: path.read_bytes() for path in (BASES / version).iterdir()}
    files = {name: data for name, data in (valid | dict(changed or {})).items() if data is not None}
    plan = planned(files, asked=asked, packing="zip")
    reads = [
        read(files[name], plan.version, file, sha256=sha256(files[name]).hexdigest(), delta=plan.mode(file) == "delta")
        for file, name in plan.names.items()
    ]
    return judged(plan, reads)


def text(*rows: str) -> bytes:
    """Lines as a file has them."""
    return "".join(f"{row}\n" for row in rows).encode()


def codes(found: Conformance) -> list[str]:
    """The codes of the findings, without the note on the version."""
    return [
        code.removeprefix("oneroster.")
        for code in found.judgement.findings["code"].to_list()
        if code != "oneroster.version.found"
    ]

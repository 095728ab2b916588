"""Which version a delivery is: the manifest's word, what headers show, and what is said where they contradict."""

import pytest

from config.oneroster import FILES, VERSIONS, Version, header_of
from validators.oneroster.versions import decided, evidence

WHOLE = {version: {file: header_of(version, file) for file in FILES[version]} for version in VERSIONS}


def found(
    headers: dict[str, tuple[str, ...]],
    *,
    asked: Version | None = None,
    told: str | None = None,
    manifest: bool = False,
) -> tuple[str, list[str]]:
    decision = decided(headers, asked=asked, told=told, has_manifest=manifest or told is not None)
    return decision.version, [f"{finding.code} {finding.file or finding.hint}" for finding in decision.findings]


@pytest.mark.parametrize("version", VERSIONS)
def test_whole_headers_show_their_version_and_nothing_else(version: Version) -> None:
    assert found(WHOLE[version]) == (version, ["oneroster.version.found users.csv"])
    assert all(version in versions for versions in evidence(WHOLE[version]).values())


def test_the_manifest_decides_and_what_contradicts_it_is_named() -> None:
    version, said = found({"users": header_of("1.0", "users")}, told="1.1")

    assert version == "1.1"
    assert said == ["oneroster.version.found manifest.csv", "oneroster.version.mixed users.csv"]


def test_with_a_manifest_that_tells_no_version_it_is_none_before_the_manifest() -> None:
    assert found({"users": header_of("1.0", "users")}, manifest=True)[0] == "1.1"


def test_what_is_asked_decides_and_the_manifest_contradicts() -> None:
    assert found({}, asked="1.2", told="1.1") == ("1.2", ["oneroster.version.mixed manifest.csv"])


def test_mixed_headers_are_judged_as_users_are_and_named() -> None:
    mixed = {"courses": header_of("1.0", "courses"), "users": header_of("1.2", "users")}
    assert found(mixed) == ("1.2", ["oneroster.version.found users.csv", "oneroster.version.mixed courses.csv"])


def test_headers_that_two_versions_share_decide_nothing() -> None:
    assert found({"classes": header_of("1.1", "classes")}) == ("1.1", ["oneroster.version.unclear None"])
    assert found({"orgs": header_of("1.1", "orgs")}) == ("1.1", ["oneroster.version.unclear None"])


def test_a_file_that_only_one_version_has_shows_it() -> None:
    assert found({"roles": ()}) == ("1.2", ["oneroster.version.found roles.csv"])

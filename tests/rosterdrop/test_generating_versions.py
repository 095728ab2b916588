"""A whole delivery of each version of OneRoster: every file, every row as its schema wants it, every reference met."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from config.oneroster import FILES, VERSIONS, Version, header_of, schema_of
from rosterdrop.generating import FaultImpossible, FileUnknown, Generated, generate
from tests.properties.library import Library

Rows = list[dict[str, str]]
Delivery = tuple[Version, Path]


@pytest.fixture(scope="module", params=VERSIONS)
def delivery(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    version: Version = request.param
    made = generate(tmp_path_factory.mktemp("whole") / "district", students=90, nights=2, version=version)
    return version, made.nights[-1]


def rows_of(night: Path, file: str) -> Rows:
    with (night / f"{file}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def keys_of(night: Path, version: Version, file: str, kind: str | None) -> set[str]:
    key = header_of(version, file)[0]
    return {row[key] for row in rows_of(night, file) if kind is None or row["type"] == kind}


def test_every_file_of_the_version_is_there(delivery: Delivery) -> None:
    version, night = delivery
    manifest = set() if version == "1.0" else {"manifest.csv"}

    assert {path.name for path in night.iterdir()} == {f"{file}.csv" for file in FILES[version]} | manifest


def test_every_header_is_that_of_the_version(delivery: Delivery) -> None:
    version, night = delivery

    for file in FILES[version]:
        header = (night / f"{file}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert header == ",".join(header_of(version, file))


def test_every_row_is_as_its_schema_wants_it(delivery: Delivery) -> None:
    version, night = delivery

    for file in FILES[version]:
        library = Library(schema_of(version, file))
        for row in rows_of(night, file):
            assert library.codes({column: cell or None for column, cell in row.items()}) == set(), (file, row)


def test_every_reference_finds_its_row(delivery: Delivery) -> None:
    version, night = delivery

    for file in FILES[version]:
        for column, about in schema_of(version, file)["properties"].items():
            if target := about.get("x-refers"):
                named = {key for row in rows_of(night, file) for key in row[column].split(",") if key}
                assert named <= keys_of(night, version, target["file"], target.get("type")), (file, column)


def test_ids_stand_once(delivery: Delivery) -> None:
    version, night = delivery

    for file in FILES[version]:
        keys = [row[header_of(version, file)[0]] for row in rows_of(night, file)]
        assert len(set(keys)) == len(keys) > 0, file


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_manifest_tells_what_is_delivered(tmp_path: Path, version: Version) -> None:
    (night,) = generate(tmp_path / "district", students=1, version=version).nights
    manifest = {row["propertyName"]: row["value"] for row in rows_of(night, "manifest")}
    files = {name.removeprefix("file."): mode for name, mode in manifest.items() if name.startswith("file.")}

    assert manifest["oneroster.version"] == version
    assert set(files) == set(FILES[version])
    assert {f"{file}.csv" for file, mode in files.items() if mode == "bulk"} | {"manifest.csv"} == {
        path.name for path in night.iterdir()
    }


def test_guardians_and_students_name_each_other(tmp_path: Path) -> None:
    (night,) = generate(tmp_path / "district", students=60, version="1.1").nights
    people = {row["sourcedId"]: row["agentSourcedIds"].split(",") for row in rows_of(night, "users")}

    assert all(one in people[agent] for one, agents in people.items() for agent in agents if agent)


def test_the_same_people_are_in_every_version(tmp_path: Path) -> None:
    def names(made: Generated) -> Sequence[Mapping[str, str]]:
        columns = ("sourcedId", "givenName", "familyName", "email")
        return [{column: row[column] for column in columns} for row in rows_of(made.nights[0], "users")]

    connect = generate(tmp_path / "connect", students=40)

    for version in VERSIONS:
        assert names(generate(tmp_path / version, students=40, version=version)) == names(connect)


def test_no_version_has_a_guardians_file(tmp_path: Path) -> None:
    with pytest.raises(FileUnknown):
        generate(tmp_path / "district", students=5, version="1.1", separate_guardians=True)


def test_faults_of_connect_are_not_planted_in_a_whole_delivery(tmp_path: Path) -> None:
    with pytest.raises(FaultImpossible):
        generate(tmp_path / "district", students=50, version="1.2", faults=("role_unknown",))

"""What a delivery holds, sorted before it is frozen."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.tables import table_of
from processors.unpacking import DeliveredFile, FileKind, Unpacked, deltas, kind_of, sorted_out, unpack, with_triggers
from tests.processors.archive_samples import BAD, USERS, zipped
from validators.findings import Finding


def delivered(name: str, *, unexpected: bool = False, path: Path = Path("unread")) -> DeliveredFile:
    table = None if unexpected else table_of(name)
    return DeliveredFile(
        path=path,
        name=name,
        kind=kind_of(name),
        table=table,
        generation="7",
        arrived=datetime(2026, 11, 24, 2, 11, tzinfo=UTC),
        unexpected=unexpected,
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Users.CSV", "table"),
        ("user.csv", "table"),
        ("Night.ZIP", "archive"),
        ("manifest.csv", "manifest"),
        ("Rosterdrop-Manifest.json", "manifest"),
        ("READY", "trigger"),
        ("orgs.csv", "other"),
    ],
)
def test_a_name_tells_the_kind(name: str, kind: FileKind) -> None:
    assert kind_of(name, trigger="ready") == kind


def test_manifests_and_triggers_are_no_strangers() -> None:
    files = [
        delivered(name) for name in ("users.csv", "manifest.csv", "rosterdrop-manifest.json", "all.done", "orgs.csv")
    ]
    kept, found = sorted_out(files)

    assert kept == files
    assert found == [Finding(code="file.unexpected", file="orgs.csv")]


@pytest.mark.parametrize("zipped_up", [False, True])
def test_files_that_hold_changes_alone_are_refused(tmp_path: Path, *, zipped_up: bool) -> None:
    """connect-behaviour 9.3: delta."""
    manifest = tmp_path / "manifest.csv"
    rows = (("file.users", "delta"), ("file.orgs", "delta"), ("file.classes", "bulk"))
    manifest.write_text("".join(f"{name},{value}\n" for name, value in (("propertyName", "value"), *rows)))
    found: Iterable[Finding]
    if zipped_up:
        (tmp_path / "night.zip").write_bytes(zipped({"users.csv": USERS, "manifest.csv": manifest.read_bytes()}))
        found = unpack(delivered("night.zip", path=tmp_path / "night.zip"), tmp_path / "files").findings
    else:
        found = deltas([delivered("manifest.csv", path=manifest)])

    assert list(found) == [Finding(code="set.delta", file="manifest.csv", detail="users.csv")]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("users.txt", "users.csv"),
        ("users.tsv", "users.csv"),
        ("Users_20260301.csv", "users.csv"),
        ("enrollments (1).csv", "enrollments.csv"),
        ("classes_103.csv", "classes.csv"),
        ("users.csv.txt", "users.csv"),
        ("users_old.csv", None),
        ("orgs.csv", None),
        ("users.xlsx", None),
    ],
)
def test_a_file_under_another_name_is_told_which_one_it_should_have(name: str, meant: str | None) -> None:
    _, found = sorted_out([delivered(name)])

    assert found == [Finding(code="file.unexpected", file=name, hint=meant)]


def test_what_was_overtaken_is_named_with_what_took_its_place() -> None:
    """connect-behaviour 9.5: loose files and a ZIP."""
    loose = [delivered("users.csv", unexpected=True), delivered("classes.csv", unexpected=True)]
    kept, found = sorted_out([*loose, delivered("night.zip")])

    assert [file.name for file in kept] == ["night.zip"]
    assert found == [Finding(code="file.overtaken", file=file.name, detail="night.zip") for file in loose]


def test_a_zip_that_loose_files_overtook_is_not_kept() -> None:
    kept, found = sorted_out([delivered("night.zip", unexpected=True), delivered("users.csv")])

    assert [file.name for file in kept] == ["users.csv"]
    assert found == [Finding(code="file.overtaken", file="night.zip")]


def test_files_of_a_zip_are_as_if_each_had_come_by_itself(tmp_path: Path) -> None:
    (tmp_path / "night.zip").write_bytes(zipped({"users.csv": USERS, "orgs.csv": b"", "all.done": b""}))
    archive = delivered("night.zip", path=tmp_path / "night.zip")

    inside = unpack(archive, tmp_path / "inside")

    assert [(file.name, file.kind, file.table, file.generation) for file in inside.files] == [
        ("users.csv", "table", "users", "7"),
        ("orgs.csv", "other", None, "7"),
        ("all.done", "trigger", None, "7"),
    ]
    assert inside.findings == (Finding(code="file.unexpected", file="orgs.csv"),)


def test_the_trigger_of_the_profile_is_one_in_a_zip_and_in_an_old_batch_too(tmp_path: Path) -> None:
    (tmp_path / "night.zip").write_bytes(zipped({"users.csv": USERS, "READY": b""}))

    inside = unpack(delivered("night.zip", path=tmp_path / "night.zip"), tmp_path / "inside", trigger="ready")

    assert [file.kind for file in inside.files] == ["table", "trigger"]
    assert inside.findings == ()
    assert [file.kind for file in with_triggers([delivered("READY"), delivered("x.done")], "ready")] == [
        "trigger",
        "other",
    ]


def test_a_refused_zip_brings_a_finding_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "night.zip").write_bytes(BAD["encrypted"].data())

    assert unpack(delivered("night.zip", path=tmp_path / "night.zip"), tmp_path / "inside") == Unpacked(
        files=(), findings=(Finding(code="archive.encrypted", file="night.zip", detail="classes.csv", hint="2"),)
    )


def test_our_manifest_in_a_zip_is_told_as_not_read(tmp_path: Path) -> None:
    brought = {"users.csv": USERS, "RosterDrop-manifest.json": b"{}", "manifest.csv": b"file.users,bulk"}
    (tmp_path / "night.zip").write_bytes(zipped(brought))
    inside = unpack(delivered("night.zip", path=tmp_path / "night.zip"), tmp_path / "inside")
    assert inside.findings == (Finding(code="file.unexpected", file="RosterDrop-manifest.json"),)

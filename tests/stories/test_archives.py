"""A vendor that pushes one ZIP a night: it counts like its files, or the report says why not."""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from config.loading import load_profile
from connect_store import ledger
from connect_store.store import open_store
from processors import deliveries, freezing, pipeline
from tests.processors.archive_samples import BAD, zipped
from tests.stories.springfield import ANA, BEN, EVERYBODY, GIL, NIGHT, TOM, Report, Springfield, as_csv

FILES: Final = {f"{table}.csv": as_csv(table, rows) for table, rows in NIGHT.items()}
SECRET: Final = "hunter2-marker"
# One of each kind that edge case 42 names; tests/processors/test_archives.py has them all.
HOSTILE: Final = (
    "a bomb", "nested by name", "nested by content", "up and out", "absolute", "backslashes", "a link", "encrypted",
    "100,000 entries",
)  # fmt: skip


def test_a_zip_is_a_night_like_any_other_and_the_newest_set_wins(springfield: Springfield) -> None:
    """connect-behaviour 9.5: loose files and a ZIP."""
    users = FILES["users.csv"].decode().splitlines()
    with_passwords = "\n".join([f"{users[0]},password", *(f"{line},{SECRET}" for line in users[1:])]).encode()
    night = {f"night/{name}": content for name, content in {**FILES, "users.csv": with_passwords}.items()}
    junk = {"__MACOSX/night/._users.csv": b"x", "night/manifest.csv": b"propertyName,value\n"}
    springfield.uploads({"night.zip": zipped({**night, **junk})})

    report = springfield.next_report()

    assert report.verdict == "accepted"
    assert {file["file"] for file in report.document["files"]} == set(FILES)
    assert report.codes >= {"archive.skipped", "file.password_dropped"}
    assert "file.unexpected" not in report.codes
    frozen = springfield.home.batch("springfield", report.number) / "files"
    assert {path.name for path in frozen.iterdir()} == {*FILES, "manifest.csv", "night.zip"}
    drop = springfield.home.drop("springfield")
    (drop / "night.zip").unlink()  # it is the vendor's own file and holds what the vendor wrote
    assert SECRET.encode() not in springfield.bytes_outside(frozen)

    without_ben = [member for member in NIGHT["enrollments"] if member["userSourcedId"] != "ben"]
    assert springfield.pushes(users=(ANA, GIL, TOM), enrollments=without_ben).verdict == "accepted"
    assert springfield.status_of("ben") == "archived"

    springfield.uploads({"later.zip": zipped(FILES)})
    assert springfield.next_report().verdict == "accepted"
    assert springfield.status_of("ben") == "active"


def test_a_refused_zip_says_why_lends_nothing_and_hides_no_lender(springfield: Springfield) -> None:
    assert springfield.pushes().verdict == "accepted"
    springfield.uploads({"night.zip": BAD["cut short"].data()})

    refused = springfield.next_report()
    springfield.uploads({"users.csv": as_csv("users", (*EVERYBODY, {**BEN, "sourcedId": "new"}))})
    report = springfield.next_report()

    assert (refused.verdict, refused.codes) == ("refused", {"archive.broken"})
    assert report.verdict == "accepted"
    assert report.file("classes.csv")["carried_from"] == 1


def test_a_manifest_with_a_wrong_hash_brings_nothing_and_the_report_names_both(springfield: Springfield) -> None:
    right, wrong = sha256(FILES["users.csv"]).hexdigest(), sha256(b"another file").hexdigest()
    springfield.uploads({"rosterdrop-manifest.json": manifest({"users.csv": wrong}), **FILES})

    text = straight(springfield.waits_for("reports/latest.txt"))

    assert "Incomplete, nothing applied" in text
    assert f"Expected SHA-256: {wrong}. Found SHA-256: {right}." in text
    assert springfield.ledger() == []

    springfield.uploads({"rosterdrop-manifest.json": manifest({})})
    report = springfield.next_report()
    assert report.verdict == "accepted"
    assert "file.unexpected" not in report.codes


def manifest(instead: Mapping[str, str]) -> bytes:
    """A manifest of the night, with other hashes where they are given."""
    hashes = {name: sha256(content).hexdigest() for name, content in FILES.items()} | dict(instead)
    files = [{"name": name, "size": len(FILES[name]), "sha256": hashes[name]} for name in FILES]
    return json.dumps({"files": files}).encode()


def test_hostile_zips_are_refused_with_their_reason_and_touch_nothing(springfield_at_rest: Springfield) -> None:
    springfield = springfield_at_rest
    springfield.uploads_by_hand(**NIGHT)
    archive = springfield.home.root.parent / "night.zip"
    archive.write_bytes(b"")
    connect, around = springfield.connect_rows(), names_around(springfield)

    for what in HOSTILE:
        archive.write_bytes(BAD[what].data())
        report = by_hand(springfield, archive)

        (finding,) = report.document["findings"]
        assert (report.verdict, finding["code"], finding["file"]) == ("refused", BAD[what].code, "night.zip"), what
        told = springfield.home.reports("springfield") / "latest.txt"
        assert straight(finding["message"]) in straight(told.read_text())
        batch = springfield.home.batch("springfield", report.number)
        assert [path.name for path in (batch / "files").iterdir()] == ["night.zip"]

    assert springfield.connect_rows() == connect
    assert names_around(springfield) == around


def test_a_zip_can_be_run_again_from_its_files(springfield_at_rest: Springfield) -> None:
    springfield = springfield_at_rest
    archive = springfield.home.root.parent / "night.zip"
    archive.write_bytes(zipped({**FILES, "READY": b"", ".DS_Store": b"x"}))
    springfield.settles(arrival__trigger="READY")
    number = by_hand(springfield, archive).number

    with open_store(springfield.home.store_db) as store:
        again = deliveries.again(springfield.home, store, ledger.require(store, number), who="a story")
    outcome = pipeline.finish(springfield.home, "springfield", freezing.deliver(springfield.home, again), who="a story")

    assert outcome.verdict == "accepted"
    assert {file.name for file in again.files} == {*FILES, "READY"}
    assert set(outcome.report.judgement.findings["code"]) >= {"archive.skipped"}
    assert "file.unexpected" not in set(outcome.report.judgement.findings["code"])


def test_two_names_for_one_table_refuse_the_set_and_both_are_named(springfield_at_rest: Springfield) -> None:
    folder = springfield_at_rest.home.root.parent / "night"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    with open_store(springfield_at_rest.home.store_db) as store:
        profile = load_profile(springfield_at_rest.home, "springfield")
        delivery = deliveries.upload(store, profile, deliveries.files_at([folder]), who="a story")
    users = next(file for file in delivery.files if file.table == "users")
    both = replace(delivery, files=[*delivery.files, replace(users, name="USERS.csv")])

    number = freezing.deliver(springfield_at_rest.home, both)
    report = pipeline.finish(springfield_at_rest.home, "springfield", number, who="a story").report

    assert report.verdict == "refused"
    (told,) = report.judgement.findings.to_dicts()
    assert (told["code"], {told["file"], told["detail"]}) == ("file.twice", {"users.csv", "USERS.csv"})


def by_hand(springfield: Springfield, archive: Path) -> Report:
    """Bring a ZIP in without a service; its report."""
    with open_store(springfield.home.store_db) as store:
        profile = load_profile(springfield.home, "springfield")
        delivery = deliveries.upload(store, profile, deliveries.files_at([archive]), who="a story")
    number = freezing.deliver(springfield.home, delivery)
    pipeline.finish(springfield.home, "springfield", number, who="a story")
    return Report(json.loads((springfield.home.reports("springfield") / "latest.json").read_text()))


def names_around(springfield: Springfield) -> set[str]:
    """Everything around and in the home, but what each batch has of its own."""
    home = springfield.home
    own = (home.batches, home.reports("springfield"), home.summaries("springfield"))
    found = (path for path in home.root.parent.rglob("*") if not any(folder in path.parents for folder in own))
    return {str(path) for path in found}


def straight(text: str) -> str:
    """A text as a terminal has it, without its line breaks."""
    return " ".join(text.replace("“", '"').replace("”", '"').split())

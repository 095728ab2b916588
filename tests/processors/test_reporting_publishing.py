import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft202012Validator

from config.home import Home
from config.tables import TableName
from processors.reporting.contents import Report
from processors.reporting.placing import place_folder
from processors.reporting.publishing import FolderInUse, publish, publish_failed, publish_incomplete, write_report
from processors.reporting.receipts import write_receipt
from processors.reporting.unjudged import ManifestMismatch, Shortfall, UnfinishedUpload
from tests.processors.reporting_samples import (
    RECEIVED,
    USERS,
    a_full_night,
    judgement,
    rejected,
    report,
    set_aside,
    tables_of_a_full_night,
    users_table,
)
from validators.catalogue import codes, entry
from validators.findings import Finding
from validators.no_roster import OTHER_DISTRICT
from validators.tables import Table

SENTINEL = "ZQSECRETQZ"
SCHEMA = json.loads(files("config").joinpath("schemas", "report.json").read_text("utf-8"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def texts_in(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def latest(reports: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((reports / "latest.json").read_text("utf-8"))
    return document


def said_of(code: str, sentinel: str) -> Finding:
    """A finding with a sentinel wherever it may hold something personal."""
    detail, hint = (None if part in entry(code).public else sentinel for part in ("detail", "hint"))
    return Finding(code=code, file="users.csv", line=2, column="role", value=sentinel, detail=detail, hint=hint)


def night_of(sentinel: str, **more: Any) -> tuple[Report, dict[TableName, Table]]:
    """A night in which every cell holds a sentinel, and everything that could be said about one is said."""
    table = users_table({2: (sentinel,) * len(USERS), 3: (sentinel,) * len(USERS)}, broken={4: sentinel})
    found = [said_of(code, sentinel) for code in codes() if code != OTHER_DISTRICT]
    rows = rejected(
        ("users.csv", 2, sentinel, ["user.role.unknown"], False), ("users.csv", 4, None, ["row.cells"], False)
    )
    aside = set_aside(("users.csv", 3, sentinel, "duplicate"))
    judged = judgement(files=[table.facts], findings=found, rejected_rows=rows, set_aside_rows=aside)
    return report(judged, verdict="accepted_with_rejections", **more), {"users": table}


def test_a_report_lies_in_the_drop_as_promised(home: Home) -> None:
    folder = publish(home, a_full_night(), tables_of_a_full_night())

    assert folder == home.reports("springfield") / "2026-11-23-batch-42"
    assert set(texts_in(folder)) == {
        "report.html",
        "report.txt",
        "report.json",
        "findings.csv",
        "rejected/users.csv",
    }
    assert {path.name for path in folder.parent.iterdir()} == {
        "README.txt",
        "latest.html",
        "latest.txt",
        "latest.json",
        "receipts",
        folder.name,
    }
    assert latest(folder.parent)["batch"] == 42


def test_the_batch_keeps_what_the_drop_gets(home: Home) -> None:
    folder = publish(home, a_full_night(), tables_of_a_full_night())
    batch = home.batch("springfield", 42)

    assert texts_in(batch / "report") == texts_in(folder)
    assert texts_in(batch / "summary") == texts_in(home.summaries("springfield") / folder.name)


def test_the_drop_shares_the_files_of_the_batch(home: Home) -> None:
    folder = publish(home, a_full_night(), tables_of_a_full_night())

    kept = home.batch("springfield", 42) / "report" / "report.json"
    assert kept.samefile(folder / "report.json")
    assert kept.samefile(folder.parent / "latest.json")


def test_a_drop_on_another_disk_gets_copies(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", no_link)
    folder = publish(home, a_full_night(), tables_of_a_full_night())

    kept = home.batch("springfield", 42) / "report"
    assert texts_in(kept) == texts_in(folder)
    assert not kept.joinpath("report.json").samefile(folder / "report.json")
    assert (folder / "report.json").stat().st_mode & 0o777 == 0o600


def test_a_test_batch_reports_beside_the_main_drop(home: Home) -> None:
    folder = publish(home, a_full_night(test=True), tables_of_a_full_night())

    assert folder.parent == home.reports("springfield", test=True)
    assert "never applied" in (folder.parent / "README.txt").read_text("utf-8")
    assert "nothing was applied" in (folder / "report.txt").read_text("utf-8")
    assert not home.reports("springfield").exists()


def test_the_masked_twin_holds_no_value(home: Home) -> None:
    made, tables = night_of(SENTINEL)

    publish(home, made, tables)

    masked = texts_in(home.summaries("springfield")) | texts_in(home.batch("springfield", 42) / "summary")
    assert not [name for name, text in masked.items() if SENTINEL in text]
    assert not [name for name in masked if "rejected/" in name]
    assert SENTINEL in texts_in(home.reports("springfield"))["latest.html"]


def test_nothing_of_foreign_rows_is_written_anywhere(home: Home) -> None:
    made, tables = night_of(SENTINEL)
    foreign = Finding(code=OTHER_DISTRICT, detail=SENTINEL)
    found = pl.concat([made.judgement.findings, judgement(findings=[foreign]).findings])

    publish(home, replace(made, verdict="refused", judgement=replace(made.judgement, findings=found)), tables)

    assert not [name for name, text in texts_in(home.root).items() if SENTINEL in text or "rejected/" in name]


def test_only_the_service_can_read_reports(home: Home) -> None:
    publish(home, a_full_night(), tables_of_a_full_night())

    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in home.root.rglob("*")}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_publishing_again_ends_in_the_same_files(home: Home) -> None:
    folder = publish(home, a_full_night(), tables_of_a_full_night())
    before = texts_in(home.root)
    (folder / "report.txt").write_text("half a rep", "utf-8")
    (folder / "rejected" / "stale.csv").write_text("old", "utf-8")

    publish(home, a_full_night(), tables_of_a_full_night())

    assert texts_in(home.root) == before


def test_a_try_that_died_leaves_nothing_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(home, a_full_night(number=41, received=RECEIVED - timedelta(days=1)), {})
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", _power_cut)
        with pytest.raises(OSError, match="power cut"):
            publish(home, a_full_night(), tables_of_a_full_night())
    assert latest(home.reports("springfield"))["batch"] == 41

    publish(home, a_full_night(), tables_of_a_full_night())

    assert latest(home.reports("springfield"))["batch"] == 42
    assert not list(home.root.rglob(".*"))


def _power_cut(path: Path, target: Path) -> None:
    raise OSError(f"power cut before {path} became {target}")


def filled_with(name: str, *, text: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        (folder / name).parent.mkdir()
        for path in (folder / "report.txt", folder / name):
            path.write_text(text, "utf-8")

    return fill


def test_a_folder_is_never_missing_while_it_is_replaced(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place_folder(home.root / "report", filled_with("old/list.csv", text="one"))
    seen: list[str] = []
    replace_file = Path.replace

    def watched(path: Path, target: Path) -> Path:
        seen.append((folder / "report.txt").read_text("utf-8"))
        return replace_file(path, target)

    monkeypatch.setattr(Path, "replace", watched)
    place_folder(folder, filled_with("since/list.csv", text="two"))

    assert seen == ["one", "two"]
    assert texts_in(folder) == {"report.txt": "two", "since/list.csv": "two"}
    assert {path.name for path in folder.iterdir()} == {"report.txt", "since"}


def test_latest_does_not_go_back_to_an_older_batch(home: Home) -> None:
    publish(home, a_full_night(number=43, received=RECEIVED + timedelta(days=1)), {})

    publish(home, a_full_night(), {})

    assert latest(home.reports("springfield"))["batch"] == 43
    assert (home.reports("springfield") / "2026-11-23-batch-42" / "report.html").exists()


def test_latest_recovers_from_a_file_that_cannot_be_read(home: Home) -> None:
    folder = publish(home, a_full_night(), {})
    (folder.parent / "latest.json").write_text("{", "utf-8")

    publish(home, a_full_night(), {})

    assert latest(folder.parent)["batch"] == 42


def test_rejected_rows_can_be_sent_back(home: Home) -> None:
    folder = publish(home, a_full_night(), tables_of_a_full_night())

    with (folder / "rejected" / "users.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))

    assert [(row["rosterdrop_batch"], row["rosterdrop_line"], row["givenName"]) for row in rows] == [
        ("42", "17", "Ana")
    ]


@pytest.mark.parametrize("masked", [True, False])
def test_a_checked_report_goes_where_somebody_wants_it(tmp_path: Path, *, masked: bool) -> None:
    made = a_full_night(number=None, received=None, district=None)

    write_report(tmp_path / "out", made, tables_of_a_full_night(), masked=masked)

    written = {"report.html", "report.txt", "report.json", "findings.csv"}
    assert set(texts_in(tmp_path / "out")) == written | (set() if masked else {"rejected/users.csv"})


def test_a_checked_report_never_mixes_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")

    with pytest.raises(FolderInUse):
        write_report(tmp_path, a_full_night(), {}, masked=True)

    assert texts_in(tmp_path) == {"mine.txt": "mine"}


def incomplete(home: Home, *, test: bool = False, **more: Any) -> Path:
    given: dict[str, Any] = {
        "present": ["users.csv"],
        "missing": ["classes.csv", "enrollments.csv"],
        "uploads": [UnfinishedUpload(file="classes.csv", size=4_096, state="broken off")],
    }
    return publish_incomplete(
        home,
        Shortfall(**given | more),
        district="springfield",
        district_name="Springfield Unified",
        time_zone="America/Chicago",
        at=datetime(2026, 11, 24, 11, 0, tzinfo=UTC),
        language="en",
        test=test,
    )


def straight(folder: Path) -> str:
    return " ".join((folder / "report.txt").read_text("utf-8").split())


def test_an_incomplete_set_is_told_at_the_deadline(home: Home) -> None:
    folder = incomplete(home)

    told = json.loads((folder / "report.json").read_text("utf-8"))
    text = straight(folder)
    Draft202012Validator(SCHEMA).validate(told)
    assert folder.name == "2026-11-24-incomplete"
    assert (told["verdict"], told["batch"]) == ("refused", None)
    assert [(one["code"], one["file"]) for one in told["findings"]] == [
        ("file.missing", "classes.csv"),
        ("file.missing", "enrollments.csv"),
    ]
    assert "2 files were missing: classes.csv and enrollments.csv" in text
    assert "The set is not complete yet; what came is waiting." in text
    assert "refused" not in text
    assert "findings.csv" in {path.name for path in folder.iterdir()}
    assert "classes.csv: the upload broke off after 4,096 bytes" in text
    assert latest(folder.parent) == latest(home.summaries("springfield")) == told


def test_a_manifest_that_is_not_kept_is_told_with_what_was_expected_and_what_came(home: Home) -> None:
    right, wrong = "ab" * 32, "cd" * 32
    folder = incomplete(
        home,
        because="manifest",
        missing=["enrollments.csv"],
        uploads=[],
        mismatches=[
            ManifestMismatch(file="users.csv", fault="sha256", promised=right, found=wrong),
            ManifestMismatch(file="classes.csv", fault="size", promised=4_096, found=512),
            ManifestMismatch(file="enrollments.csv", fault="missing", promised=77),
        ],
    )

    told = json.loads((folder / "report.json").read_text("utf-8"))
    text = straight(folder)
    Draft202012Validator(SCHEMA).validate(told)
    messages = {one["code"]: one["message"] for one in told["findings"]}
    assert set(messages) == {"manifest.sha256", "manifest.size", "manifest.missing"}
    assert messages["manifest.sha256"].endswith(f"Expected SHA-256: {right}. Found SHA-256: {wrong}.")
    assert right in text.replace(" ", "")
    assert wrong in text.replace(" ", "")
    assert "4096 bytes are expected, 512 came" in text
    assert "3 things do not agree with the manifest" in text
    assert "1. Send users.csv, classes.csv and enrollments.csv as the manifest has it" in text
    assert "of the same export" not in text
    assert right in (folder / "report.html").read_text("utf-8")
    assert right in (folder / "findings.csv").read_text("utf-8")


@pytest.mark.parametrize(("fault", "found"), [("too_large", None), ("not_json", None), ("schema", "$.files[2].name")])
def test_a_manifest_that_nobody_can_read_is_told(home: Home, fault: str, found: str | None) -> None:
    wrong = ManifestMismatch(file="rosterdrop-manifest.json", fault=fault, found=found)  # type: ignore[arg-type]  # one of them, by the list above
    folder = incomplete(home, because="manifest", missing=[], uploads=[], mismatches=[wrong])

    (finding,) = json.loads((folder / "report.json").read_text("utf-8"))["findings"]
    assert finding["code"] == f"manifest.{fault}"
    assert "1. Correct the manifest (rosterdrop-manifest.json) and send it again" in straight(folder)
    assert found is None or found in finding["message"]


def test_what_is_under_way_is_told_apart_from_what_broke_off(home: Home) -> None:
    uploads = [
        UnfinishedUpload(file="users.csv", size=7, state="broken off"),
        UnfinishedUpload(file="classes.csv", size=9_000, state="under way"),
    ]
    text = straight(incomplete(home, missing=[], uploads=uploads, left_over=["enrollments.csv.filepart"]))

    assert "an upload to it had not ended properly" in text
    assert "users.csv: the upload broke off after 7 bytes" in text
    assert "classes.csv is being uploaded right now: 9,000 bytes have come" in text
    assert "1. Send users.csv again. 2. Let the upload of classes.csv end" in text
    assert "enrollments.csv.filepart was left by an upload that never ended" in text


def test_a_trigger_that_came_without_its_files_is_told(home: Home) -> None:
    text = straight(incomplete(home, because="trigger", missing=["classes.csv"], uploads=[]))

    assert "The trigger file said that it was whole, but 1 file was missing: classes.csv." in text


def test_an_incomplete_set_of_the_test_drop_is_told_there(home: Home) -> None:
    folder = incomplete(home, test=True)

    assert folder.parent == home.reports("springfield", test=True)
    assert not (home.reports("springfield") / "latest.json").exists()


def test_a_file_that_came_twice_is_named_as_such(home: Home) -> None:
    text = straight(incomplete(home, uploads=[UnfinishedUpload(file="users.csv", size=240, state="repeated")]))
    (receipt,) = receipts(home, interrupted_at=240, repeated=True).values()

    assert "users.csv: the upload was resumed wrongly and holds its content twice" in text
    assert receipt["status"] == "content repeated"


def test_an_incomplete_report_gives_way_to_the_next_batch(home: Home) -> None:
    incomplete(home)

    publish(home, a_full_night(received=datetime(2026, 11, 24, 12, 0, tzinfo=UTC)), {})

    assert latest(home.reports("springfield"))["batch"] == 42


@pytest.mark.parametrize("test", [False, True])
def test_a_batch_that_we_could_not_work_on_is_told(home: Home, *, test: bool) -> None:
    folder = publish_failed(
        home,
        district="springfield",
        district_name="Springfield Unified",
        time_zone="America/Chicago",
        number=42,
        received=RECEIVED,
        test=test,
        language="en",
    )

    told = json.loads((folder / "report.json").read_text("utf-8"))
    text = " ".join((folder / "report.txt").read_text("utf-8").split())
    Draft202012Validator(SCHEMA).validate(told)
    assert folder == home.reports("springfield", test=test) / "2026-11-23-batch-42"
    assert (told["verdict"], told["batch"]) == ("refused", 42)
    assert [(one["code"], one["level"], one["rejects"]) for one in told["findings"]] == [
        ("batch.failed", "error", "batch")
    ]
    for said in ("arrived and are safe", "nothing was changed", "on our side", "support", "need not send"):
        assert said in text
    assert latest(folder.parent) == latest(home.summaries("springfield", test=test)) == told
    assert texts_in(home.batch("springfield", 42) / "summary") == texts_in(folder)


def receipts(home: Home, **more: Any) -> dict[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "test": False,
        "file": "users.csv",
        "size": 120,
        "sha256": "0" * 64,
        "rows": 3,
        "header": "users.csv with all columns it needs",
        "at": datetime(2026, 11, 23, 20, 11, 9, 250_000, tzinfo=timezone(timedelta(hours=-6))),
    }
    write_receipt(home, "springfield", **given | more)
    folder = home.reports("springfield", test=bool(more.get("test"))) / "receipts"
    assert texts_in(folder) == texts_in(home.summaries("springfield", test=bool(more.get("test"))) / "receipts")
    return {name: json.loads(text) for name, text in texts_in(folder).items()}


def test_a_receipt_says_what_arrived(home: Home) -> None:
    assert receipts(home) == {
        "20261124T021109.250Z-users.csv.json": {
            "file": "users.csv",
            "at": "2026-11-24T02:11:09.250Z",
            "status": "received",
            "bytes": 120,
            "sha256": "0" * 64,
            "rows": 3,
            "header": "users.csv with all columns it needs",
        }
    }


def test_a_receipt_is_one_line(home: Home) -> None:
    receipts(home, file="two\nlines.csv")

    (text,) = texts_in(home.reports("springfield") / "receipts").values()
    assert text.count("\n") == 1


def test_a_receipt_says_where_an_upload_broke_off(home: Home) -> None:
    (told,) = receipts(home, interrupted_at=4_096, sha256=None, rows=None, header=None).values()

    assert told["status"] == "interrupted at 4096 bytes"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.csv", ".hidden", "x" * 400, "é.csv", "a\x00b", "…"])
def test_a_receipt_has_a_plain_name_whatever_the_file_is_called(home: Home, name: str) -> None:
    (written,) = receipts(home, file=name, test=True)

    assert len(written) < 140
    assert set(written) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert written.startswith("20261124T021109.250Z-")
    shutil.rmtree(home.root)

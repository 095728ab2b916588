"""Who read or wrote this file, and when: the command on an audit that the gateway's own writer wrote."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from config.home import Home
from rosterdrop.accesses import Question, files_to_read
from sftp_gateway.audit.audit_files import AuditFiles
from sftp_gateway.audit.auditing import audit_key
from sftp_gateway.audit.disguising import Seal
from tests.rosterdrop.command_line import Answer, rosterdrop

VENDOR = {"account": "acme-sis", "from": "203.0.113.7", "client": "SSH-2.0-WinSCP_release_6.3.5"}
OFFICE = {"account": "office", "from": "198.51.100.9", "client": "SSH-2.0-OpenSSH_9.2p1"}
PLACE = {"district": "springfield", "drop": "main"}


@pytest.fixture
def audited(springfield: Path) -> Path:
    """Two nights: the vendor brings users.csv, the office reads it and a report; the vendor was removed since."""
    home = Home(springfield)
    names = Seal(audit_key(home))
    files = AuditFiles(home.audit)

    def happened(at: str, event: str, who: dict[str, str] | None = None, **facts: Any) -> None:
        line = {"at": f"{at}+00:00", "event": event, **(who or {}), **PLACE, **facts}
        files.append(date.fromisoformat(at[:10]), json.dumps(line).encode())

    happened("2026-11-23T02:00:00.000", "upload", VENDOR, path="users.csv", generation=1, bytes=100, ms=2000)
    happened("2026-11-23T02:00:09.000", "taken", path="users.csv", generation=1, batch=41)
    happened("2026-11-24T23:59:00.000", "upload", VENDOR, path="users.csv.filepart", bytes=120, ms=500)
    happened("2026-11-24T23:59:01.000", "rename", VENDOR, path="users.csv.filepart", to="users.csv", generation=2)
    happened("2026-11-25T00:00:05.000", "taken", path="users.csv", generation=2, batch=42)
    happened("2026-11-25T08:00:00.000", "download", OFFICE, path="users.csv", bytes=120, ms=3_600_000)
    happened("2026-11-25T08:30:00.000", "download", OFFICE, path="reports/2026-11-25-batch-42/report.html", bytes=9)
    happened("2026-11-25T08:31:00.000", "download", OFFICE, path=names.path("Ana Ruiz.csv"), bytes=7)
    happened("2026-11-25T08:32:00.000", "refused", OFFICE, path="users.csv", request="open")
    files.close()
    return springfield


def access(home: Path, *options: str) -> list[tuple[str, str, str, int | None]]:
    document = rosterdrop("--json", "account", "access", *options, home=home).document
    return [(one["at"][8:16], one["event"], one["path"], one["batch"]) for one in document["accesses"]]


def test_a_file_tells_who_wrote_and_read_it_and_which_batch_took_it(audited: Path) -> None:
    assert access(audited, "--file", "users.csv") == [
        ("23T02:00", "upload", "users.csv", 41),
        ("24T23:59", "upload", "users.csv.filepart", None),
        ("24T23:59", "rename", "users.csv.filepart", 42),
        ("25T08:00", "download", "users.csv", 42),
    ]
    assert access(audited, "--file", "report.html") == [
        ("25T08:30", "download", "reports/2026-11-25-batch-42/report.html", 42)
    ]


def test_a_disguised_name_is_found_by_the_name_it_had(audited: Path) -> None:
    ((at, _, path, _),) = access(audited, "--file", "ana ruiz.csv")
    assert (at, path[:18]) == ("25T08:31", "[8 characters].csv")
    assert access(audited, "--file", "Ben Ruiz.csv") == []


def test_a_breach_is_scoped_by_account_time_and_source(audited: Path) -> None:
    between = ("--since", "2026-11-25T07:30", "--until", "2026-11-25T10:00+01:00")
    assert [one[0] for one in access(audited, "office", *between)] == ["25T08:00", "25T08:30", "25T08:31"]
    assert [one[0] for one in access(audited, "--until", "2026-11-24", "--since", "2026-11-24")] == ["24T23:59"] * 2
    assert {one[0][:2] for one in access(audited, "--source", "203.0.113.0/24")} == {"23", "24"}
    assert access(audited, "--district", "springfield", "--since", "2026-11-26") == []


def test_only_the_days_that_are_asked_for_are_opened(audited: Path) -> None:
    day = datetime(2026, 11, 23, tzinfo=UTC)
    opened = files_to_read(Home(audited), Question(since=day, until=day))
    assert [file.name for file in opened] == ["2026-11-23.jsonl", "2026-11-24.jsonl"]
    newest = audited / "audit" / "2026-11-25.jsonl"
    newest.unlink()
    newest.mkdir()  # who opens it, fails
    assert len(access(audited, "--until", "2026-11-23")) == 1


def test_people_get_a_table_and_torn_lines_are_passed_over(audited: Path) -> None:
    with (audited / "audit" / "2026-11-25.jsonl").open("a") as audit:
        audit.write('{"at": "2026-11-25T09:00:00.000+00:00", "event": "download", "acc\n')
        audit.write('{"at": "2026-11-25T09:00:01.000+00:00", "event": "dow')
    answer = rosterdrop("account", "access", "office", "--file", "users.csv", home=audited)
    assert answer.code == 0
    assert [line.split() for line in answer.out.splitlines()] == [
        ["when", "account", "what", "district", "file", "bytes", "batch", "from", "client"],
        [
            *("2026-11-25T08:00:00.000Z", "office", "read", "springfield", "users.csv", "120", "42"),
            *("198.51.100.9", "SSH-2.0-OpenSSH_9.2p1"),
        ],
    ]
    assert "1 damaged lines" in answer.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("acme-sys",), 5, "there is no account 'acme-sys'"),
        (("--district", "springfeld"), 5, "did you mean springfield?"),
        (("--since", "yesterday"), 2, "is no time such as 2026-11-24"),
        (("--source", "acme.example"), 2, "is no address and no network"),
    ],
)
def test_what_nobody_knows_is_said(audited: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    answer: Answer = rosterdrop("account", "access", *arguments, home=audited)
    assert (answer.code, says in answer.err) == (code, True), answer.err

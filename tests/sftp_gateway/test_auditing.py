"""What the audit tells of an account, and what it never tells."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from config.home import Home
from sftp_gateway.audit import allowance
from sftp_gateway.audit.allowance import Allowance
from sftp_gateway.audit.audit_files import AuditFiles, day_files
from sftp_gateway.audit.auditing import Audit, Who, audit_key
from sftp_gateway.audit.disguising import Seal, client_shown
from sftp_gateway.drops.arrivals import Journal
from sftp_gateway.receiving import DropId
from sftp_gateway.sftp import sight
from sftp_gateway.statuses import TOO_LARGE
from tests.sftp_gateway.harness import PASSWORD, Site, refused, running, site_at, story, write

SEAL = Seal(b"a key of this test")
DAY = date(2026, 11, 24)


def lines(site: Site, *events: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in site.audit().splitlines()]
    return [line for line in found if line["event"] in events] if events else found


@pytest.mark.parametrize(
    "name",
    [
        *("users.csv", "Users.CSV", "users.csv.filepart", "users.csv.1a2b3c4d.partial", ".in.users.csv."),
        *(
            "manifest.csv",
            "rosterdrop-manifest.json",
            "upload.done",
            "oneroster_2026-11-24.zip",
            "springfield_users.csv",
        ),
        *("reports/latest.html", "reports/2026-11-24-batch-42/rejected/users.csv"),
        *("reports/receipts/20261124T021109.000Z-users.csv.json", "test/users.csv"),
    ],
)
def test_names_that_tell_nothing_of_a_person_are_written_as_they_are(name: str) -> None:
    assert SEAL.path(name, {"springfield"}) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana Ruiz.csv", "[8 characters].csv#"),
        ("ruiz.done", "[4 letters].done#"),
        ("users-ruiz.csv", "[10 characters].csv#"),
        ("3095550141.csv", "[10 digits].csv#"),
        ("users.ruiz", "[10 characters]#"),
        ("u\u017fers.csv", "[5 letters].csv#"),
        ("reports/receipts/20261124T021109.000Z-Ana_Ruiz.csv.json", "reports/receipts/[33 characters].json#"),
    ],
)
def test_other_names_show_kind_and_length_and_are_found_again(name: str, shown: str) -> None:
    disguised = SEAL.path(name)
    assert disguised.startswith(shown)
    assert SEAL.is_same_file(disguised.rpartition("/")[2], name.rpartition("/")[2].upper())
    assert not SEAL.is_same_file(disguised, "Ben Ruiz.csv")
    assert Seal(b"another key").path(name) != disguised


def test_a_temp_name_is_found_by_the_name_it_becomes() -> None:
    assert SEAL.is_same_file(SEAL.file_name("Ana Ruiz.csv.filepart"), "Ana Ruiz.csv")
    assert SEAL.is_same_file("users.csv.1a2b3c4d.partial", "Users.csv")


def test_a_banner_shows_programs_and_versions_only() -> None:
    for banner in (
        "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
        "SSH-2.0-PuTTY_Release_0.78",
        "SSH-2.0-ssh2js1.17.0",
        "SSH-2.0-Renci.SshNet.SshClient.0.0.1",
        "SSH-2.0-paramiko_5.1.0",
    ):
        assert client_shown(banner) == banner
    assert client_shown("SSH-2.0-OpenSSH_9.2 Quackenbush 3095550141\x1b") == (
        "SSH-2.0-OpenSSH_9.2 [11 letters] [10 digits]\x1b"
    )


def test_everything_that_an_account_does_is_a_line(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"u", classes=b"c", enrollments=b"e")
            await site.until(lambda: site.receiver.batches)
            reports = site.home.reports("springfield")
            (reports / "latest.html").write_text("all is well")
            async with site.sftp("office") as office:
                await write(office, "users.csv.filepart", b"four")
                await office.truncate("users.csv.filepart", 2)
                await office.posix_rename("users.csv.filepart", "users.csv")
                async with office.open("reports/latest.html", "rb") as file:
                    assert str(await file.read()) == str(b"all is well")
                await office.remove("classes.csv")
                await office.remove("reports/latest.html")
                await refused(office.open("reports/x", "wb"))
                await refused(office.mkdir("x"))
                await refused(office.symlink("users.csv", "y"))
            await site.until(lambda: lines(site, "refused")[2:])
            facts = [
                {key: line.get(key) for key in ("event", "account", "path", "bytes", "to", "request")}
                for line in lines(site)
                if line.get("account") == "office"
            ]
            assert [{key: fact for key, fact in line.items() if fact is not None} for line in facts] == [
                {"event": "login", "account": "office"},
                {"event": "upload", "account": "office", "path": "users.csv.filepart", "bytes": 4},
                {"event": "resize", "account": "office", "path": "users.csv.filepart", "bytes": 2},
                {"event": "rename", "account": "office", "path": "users.csv.filepart", "to": "users.csv"},
                {"event": "download", "account": "office", "path": "reports/latest.html", "bytes": 11},
                {"event": "remove", "account": "office", "path": "classes.csv"},
                {"event": "spared", "account": "office", "path": "reports/latest.html", "request": "remove"},
                {"event": "refused", "account": "office", "path": facts[7]["path"], "request": "open"},
                {"event": "refused", "account": "office", "path": facts[8]["path"], "request": "mkdir"},
                {"event": "refused", "account": "office", "request": "another"},
            ]
            assert all("AsyncSSH" in line["client"] for line in lines(site, "login", "upload", "refused"))
            assert {line["from"] for line in lines(site, "login", "upload")} == {"127.0.0.1"}

    story(night())


def test_a_file_leads_to_the_batch_that_took_it(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"u", classes=b"c", enrollments=b"e")
            await site.until(lambda: lines(site, "batch"))
            uploads = {line["path"]: line["generation"] for line in lines(site, "upload")}
            taken = {line["path"]: (line["generation"], line["batch"]) for line in lines(site, "taken")}
            assert taken == {path: (generation, 1) for path, generation in uploads.items()}

    story(night())


def test_login_attempts_tell_how_and_never_what_was_typed(tmp_path: Path) -> None:
    async def visits() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        async with running(tmp_path) as site:
            for user, options in (
                ("Xanthippe", {}),
                ("acme", {"password": "Tr0ub4dor-words"}),
                ("acme", {"password": None, "client_keys": [key], "client_version": "Quackenbush_1.0"}),
            ):
                with pytest.raises((asyncssh.PermissionDenied, asyncssh.DisconnectError)):
                    await site.connection(user, **options)
            await site.until(lambda: len(lines(site, "login_failed")) >= 3)
            failed = lines(site, "login_failed")
            assert failed[0]["account"].startswith("[9 letters]#")
            assert {line["account"] for line in failed[1:]} == {"acme"}
            assert [line["method"] for line in failed][1:3] == ["password", "key"]
            assert failed[-1]["key"] == key.get_fingerprint()
            for word in ("Xanthippe", PASSWORD, "Tr0ub4dor", "Quackenbush"):
                assert word not in site.audit()

    story(visits())


def test_an_upload_that_a_dead_process_left_is_told(tmp_path: Path) -> None:
    async def crash() -> None:
        site = site_at(tmp_path)
        async with running(tmp_path) as before:
            await before.puts(classes=b"c")
        journal = Journal(site.home.gateway_db, site.home.drops)
        drop = DropId("springfield", "main")
        journal.begin_writing(drop, "Ana.csv", "hidden", account="acme", at=datetime.now(UTC), copied=False)
        journal.close()
        (site.home.uploads / "hidden").write_bytes(b"half")
        async with running(tmp_path) as after:
            await after.until(lambda: lines(after, "interrupted"))
            (line,) = lines(after, "interrupted")
            assert (line["account"], line["bytes"], line["path"][:14]) == ("acme", 4, "[3 letters].cs")
            assert "from" not in line

    story(crash())


def test_an_upload_that_was_refused_in_its_middle_tells_why(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, server={"max_file_bytes": 10}) as site:
            async with site.sftp() as client:
                file = await client.open("users.csv", "wb")
                await refused(file.write(b"x" * 11))
                await refused(file.close())
            await site.until(lambda: '"interrupted"' in site.audit())
            assert [line["reason"] for line in lines(site, "interrupted")] == [TOO_LARGE.text]

    story(visit())


def test_a_session_that_is_refused_on_and_on_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit() -> None:
        monkeypatch.setattr(sight, "_MOST_REFUSALS", 3)
        async with running(tmp_path) as site, site.sftp() as client:
            for _ in range(5):
                await refused(client.mkdir("x"))
            await site.puts(users=b"u")
            await site.until(lambda: lines(site, "upload"))
            assert len(lines(site, "refused")) == 3

    story(visit())


def test_an_account_that_asks_on_and_on_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(allowance, "A_MINUTE", 0)
    site = site_at(tmp_path)
    site.home.audit.mkdir()
    audit = Audit(site.home, accounts=lambda: {"acme", "office"}, keep_days=400)
    acme, office = (Who(account=name, address="192.0.2.7", client="") for name in ("acme", "office"))
    for _ in range(20):
        audit.note("spared", acme)
    audit.note("download", office)
    for number in range(20):
        audit.note("login_failed", Who(account=f"guess-{number}", address="192.0.2.9", client=""))
    audit.note("batch", district="springfield")
    audit.close()
    assert [len(lines(site, event)) for event in ("spared", "download", "login_failed", "batch")] == [5, 1, 5, 1]
    told = [(line.get("account"), line.get("from"), line["lines"]) for line in lines(site, "left_out")]
    assert sum(count for account, _, count in told if account == "acme") == 15
    assert sum(count for _, address, count in told if address == "192.0.2.9") == 15


def test_lines_that_were_caused_run_off() -> None:
    spent = Allowance[str]()
    assert sum(spent.takes("acme", 0.0) for _ in range(allowance.MOST_AT_ONCE + 500)) == allowance.MOST_AT_ONCE
    assert spent.to_tell("acme", 0.0) == 500
    assert sum(spent.takes("acme", 60.0) for _ in range(2 * allowance.A_MINUTE)) == allowance.A_MINUTE
    assert spent.to_tell("acme", 60.0) == allowance.A_MINUTE
    assert spent.takes("office", 60.0)


def test_lines_of_several_writers_stay_whole_and_full_files_turn(tmp_path: Path) -> None:
    def write_many(writer: int) -> None:
        files = AuditFiles(tmp_path, full=20_000)
        for number in range(200):
            files.append(DAY, json.dumps({"writer": writer, "number": number, "more": "x" * 500}).encode())
        files.close()

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write_many, range(4)))
    found = day_files(tmp_path)
    written = [json.loads(line) for one in found for line in one.file.read_text().splitlines()]
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert len(found) > 15
    assert {one.file.stat().st_mode & 0o777 for one in found} == {0o600}
    assert sorted((line["writer"], line["number"]) for line in written) == [
        (w, n) for w in range(4) for n in range(200)
    ]


def test_the_longest_line_is_under_four_kib(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.audit.mkdir()
    home.keys.mkdir()
    audit = Audit(home, accounts=dict, keep_days=1)
    who = Who(account="\u20ac" * 1024, address="2001:db8::1%eth0", client="SSH-2.0-" + "\u20ac \u00fc_" * 400)
    path = "/".join(["\u00fc" * 120] * 34)
    audit.note("rename", who, district="d" * 40, drop="test", path=path, to=path, reason="r" * 500, bytes=2**63)
    audit.close()
    (line,) = (home.audit / f"{datetime.now(UTC):%Y-%m-%d}.jsonl").read_bytes().splitlines()
    assert line.isascii()
    assert 500 < len(line) < 4096


def test_old_files_go_and_the_key_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.audit.mkdir()
    home.keys.mkdir()
    today = datetime.now(UTC).date()
    names = [f"{today - timedelta(days=age)}{part}.jsonl" for age in (0, 2, 3, 400) for part in ("", "-2")]
    for name in (*names, "notes.jsonl", "2026-99-99.jsonl"):
        (home.audit / name).touch()
    audit = Audit(home, accounts=dict, keep_days=2)
    audit.tidy()
    audit.close()
    assert sorted(file.name for file in home.audit.iterdir()) == sorted((*names[:4], "notes.jsonl", "2026-99-99.jsonl"))
    with ThreadPoolExecutor(4) as makers:
        (key,) = set(makers.map(lambda _: audit_key(home), range(4)))
    assert (len(key), home.audit_key.stat().st_mode & 0o777, len(list(home.keys.iterdir()))) == (32, 0o600, 1)


def test_the_lead_forgets_old_days_by_itself(tmp_path: Path) -> None:
    async def day() -> None:
        old = Home(tmp_path / "home").audit / "2001-01-01.jsonl"
        old.parent.mkdir(parents=True, mode=0o700)
        old.touch()
        async with running(tmp_path) as site:
            await site.until(lambda: not old.exists())

    story(day())

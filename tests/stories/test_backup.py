"""A backup is whole or not there, and what is put back from it gives no number twice."""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from io import BytesIO
from pathlib import Path
from stat import S_IMODE

import pytest

from config.home import Home
from connect_store.copies import BrokenCopy
from connect_store.failures import StoreError
from connect_store.places import VARIABLE
from connect_store.store import Store
from processors import freezing, restoring
from processors.backing_up import Backup, NoBackup, back_up, open_backup, take_out
from processors.frozen import digest
from processors.locks import Held
from processors.restoring import restore
from tests.rosterdrop.command_line import Answer, rosterdrop
from tests.stories.springfield import BEN, EVERYBODY, GIL, MATH, MEMBERS, TOM, Row, Running, Springfield, as_csv
from tests.stories.test_retention import NOW
from tests.stories.test_steering import edits

pytestmark = pytest.mark.sqlite

WITHOUT_ANA = (BEN, GIL, TOM)
WHO = "sue"
EMPTY = hashlib.sha256(b"").hexdigest()


def night(springfield: Springfield, users: "tuple[Row, ...]" = EVERYBODY) -> int:
    return springfield.uploads_by_hand(users=users, classes=(MATH,), enrollments=MEMBERS).number


def run(springfield: Springfield, *arguments: "str | Path") -> Answer:
    return rosterdrop(*arguments, home=springfield.home.root)


def last_event(springfield: Springfield) -> int:
    return int(run(springfield, "--json", "connect", "events", "springfield").document["next"])


def altered(file: Path, at: int) -> None:
    """Let one byte of a file be another."""
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)


def test_a_backup_is_made_while_nights_come_in(springfield: Springfield, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    springfield.pushes()
    done = threading.Event()
    made: list[Backup] = []

    def backs_up() -> None:
        while not done.is_set():
            file = folder / f"{len(made)}.tar"
            made.append(back_up(springfield.home, file, now=NOW))

    backing = threading.Thread(target=backs_up)
    backing.start()
    try:
        springfield.pushes(users=WITHOUT_ANA)
        springfield.pushes()
    finally:
        done.set()
        backing.join()

    assert made
    assert [backup.newest for backup in made] == sorted(backup.newest for backup in made)
    assert {file.name for file in folder.iterdir()} == {backup.file.name for backup in made}
    assert {S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_nothing_is_put_back_while_the_service_runs(springfield: Springfield, tmp_path: Path) -> None:
    springfield.pushes()
    run(springfield, "backup", tmp_path / "b.tar")
    answer = run(springfield, "restore", tmp_path / "b.tar")
    assert answer.code == 2
    assert "is in use by the service" in answer.err


def test_nothing_is_put_back_while_a_batch_is_entered(
    springfield_at_rest: Springfield, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    springfield = springfield_at_rest
    night(springfield)
    file = back_up(springfield.home, tmp_path / "b.tar", now=NOW).file
    monkeypatch.setattr(restoring, "_LOCK_WAIT_S", 0)
    told: list[str] = []
    freeze = freezing.freeze

    def freezes(home: Home, store: Store, delivery: freezing.Delivery, *, now: datetime) -> int:
        with pytest.raises(Held) as held:
            restore(home, file, who=WHO, now=NOW)
        told.append(str(held.value))
        return freeze(home, store, delivery, now=now)

    monkeypatch.setattr(freezing, "freeze", freezes)
    night(springfield, WITHOUT_ANA)
    assert "is in use" in told[0]
    restore(springfield.home, file, who=WHO, now=NOW)


def test_nights_after_the_backup_are_told_and_the_newest_runs_again(
    springfield_at_rest: Springfield, tmp_path: Path
) -> None:
    springfield = springfield_at_rest
    night(springfield)
    kept = night(springfield, WITHOUT_ANA)
    assert run(springfield, "backup", tmp_path / "b.tar").code == 0
    night(springfield)
    lost = night(springfield, (*WITHOUT_ANA, {**BEN, "sourcedId": "bob"}))
    edits(springfield, "ben", grades="09")
    numbers, read = springfield.ledger()[-1][0], last_event(springfield)
    answer = run(springfield, "--json", "restore", tmp_path / "b.tar")

    told = answer.document
    assert (told["newest"], told["by_hand"], told["next_event"]) == (kept, 1, read)
    assert [(one["batch"], one["newest"]) for one in told["nights"]] == [(lost - 1, False), (lost, True)]
    assert springfield.status_of("bob") is None
    assert springfield.status_of("ana") == "archived"
    assert "restore" in run(springfield, "batch", "show", str(lost)).out.split("History")[1]
    assert run(springfield, "batch", "requeue", str(lost), "--wait").code in {0, 3}
    assert springfield.status_of("bob") == "active"
    assert springfield.ledger()[-1][0] > numbers
    after = run(springfield, "--json", "connect", "events", "springfield", "--after", str(read)).document
    assert [event["event"] for event in after["events"]] == ["person_created"]


def test_what_was_there_is_moved_aside_and_can_still_be_read(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    back_up(springfield.home, tmp_path / "b.tar", now=NOW)
    night(springfield, WITHOUT_ANA)
    done = restore(springfield.home, tmp_path / "b.tar", who=WHO, now=NOW)

    assert done.aside
    with closing(sqlite3.connect(done.aside / "connect.db")) as connection:
        assert connection.execute("select status from person where key = 'ana'").fetchall() == [("archived",)]
    assert S_IMODE(springfield.home.store_db.stat().st_mode) == 0o600
    assert springfield.status_of("ana") == "active"


def test_a_store_that_is_lost_comes_back_without_giving_a_number_twice(
    springfield_at_rest: Springfield, tmp_path: Path
) -> None:
    springfield = springfield_at_rest
    night(springfield)
    back_up(springfield.home, tmp_path / "b.tar", now=NOW)
    lost = night(springfield, WITHOUT_ANA)
    edits(springfield, "ben", grades="09")
    numbers, read = springfield.ledger()[-1][0], last_event(springfield)
    shutil.rmtree(springfield.home.store_db.parent)
    (springfield.home.batch("springfield", lost) / "batch.json").unlink()  # as versions before left it
    done = restore(springfield.home, tmp_path / "b.tar", who=WHO, now=NOW)

    assert (done.aside, done.by_hand, [one.number for one in done.nights]) == (None, None, [lost])
    assert done.next_event > read
    assert run(springfield, "batch", "requeue", str(lost), "--wait").code in {0, 3}
    assert springfield.status_of("ana") == "archived"
    assert springfield.ledger()[-1][0] > numbers + 1000


def test_a_damaged_backup_changes_nothing(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    whole = back_up(springfield.home, tmp_path / "whole.tar", now=NOW).file
    before = springfield.connect_rows()
    with tarfile.open(whole) as archive:
        inside = archive.getmember("connect.db").offset_data
    spoilers: dict[str, Callable[[Path], object]] = {
        "a byte": lambda file: altered(file, inside + 5000),
        "the end": lambda file: file.write_bytes(file.read_bytes()[: inside + 4096]),
        "no tar": lambda file: file.write_bytes(b"PK" * 99),
    }
    for name, spoil in spoilers.items():
        spoilt = tmp_path / name
        shutil.copy(whole, spoilt)
        spoil(spoilt)
        with pytest.raises(NoBackup, match="is damaged"):
            restore(springfield.home, spoilt, who=WHO, now=NOW)
    assert springfield.connect_rows() == before
    assert not list(springfield.home.store_db.parent.glob("before-*"))
    assert run(springfield, "restore", tmp_path / "nowhere.tar").code == 2


@pytest.mark.parametrize("files", [[], {"keys": EMPTY}, {"districts": EMPTY}, {"keys/../x": EMPTY}])
def test_a_file_that_only_looks_like_a_backup_is_none(tmp_path: Path, files: "list[str] | dict[str, str]") -> None:
    contents = {"format": 1, "made": "2026-11-24T02:11:09.000Z", "newest": 1, "files": files}
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        for name, text in (("backup.json", json.dumps(contents).encode()), *((name, b"") for name in files)):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, BytesIO(text))
    with pytest.raises(NoBackup, match="is damaged"):
        open_backup(tmp_path / "b.tar")


def test_a_damaged_store_makes_no_backup(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    with closing(sqlite3.connect(springfield.home.store_db)) as connection:
        ((page, size),) = connection.execute(
            "select rootpage, page_size from sqlite_master, pragma_page_size where name = 'person'"
        )
    content = bytearray(springfield.home.store_db.read_bytes())
    content[(page - 1) * size + 8 : page * size] = bytes(size - 8)
    springfield.home.store_db.write_bytes(content)
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(BrokenCopy, match="is damaged"):
        back_up(springfield.home, folder, now=NOW)
    assert list(folder.iterdir()) == []


def test_a_backup_of_a_newer_version_is_refused(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    with closing(sqlite3.connect(springfield.home.store_db)) as connection:
        connection.execute("update _sqlite_migrations set name = '9999_later' where name like '0005%'")
        connection.execute("create table kept_aside as select * from purged")
        connection.execute("drop table purged")
        connection.execute("drop index outbox_of_batch")
        connection.commit()
    with pytest.raises(BrokenCopy, match="newer version of rosterdrop"):
        back_up(springfield.home, tmp_path / "b.tar", now=NOW)


def test_settings_and_keys_come_back_where_that_is_asked(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    file = back_up(springfield.home, tmp_path / "b.tar", now=NOW).file
    key = next((springfield.home.keys).glob("*ed25519*")).read_bytes()
    springfield.settles(guard__limit_percent="7")
    done = restore(springfield.home, file, who=WHO, now=NOW)
    assert done.differing == ("districts/springfield.toml",)

    fresh = tmp_path / "fresh"
    rosterdrop("init", fresh)
    told = rosterdrop("--json", "restore", file, home=fresh).document
    assert told["without_profile"] == ["springfield"]
    assert rosterdrop("--json", "restore", "--whole", file, home=fresh).document["without_profile"] == []
    assert next((fresh / "keys").glob("*ed25519*")).read_bytes() == key
    assert "100" in (fresh / "districts" / "springfield.toml").read_text()
    assert rosterdrop("person", "find", "springfield", "--id", "ana", home=fresh).code == 0
    accounts = rosterdrop("--json", "account", "list", home=fresh).document["accounts"]
    assert {account["account"] for account in accounts} == {"vendor", "office"}


class Killed(BaseException):
    """Nothing of the process runs after it."""


def kept_in(home: Home) -> dict[str, str]:
    """Settings and keys, by their paths."""
    files = [home.settings_file, home.accounts_file, *home.profiles.glob("*.toml"), *home.keys.rglob("*")]
    return {str(file.relative_to(home.root)): digest(file) for file in files if file.is_file()}


def test_a_restore_that_dies_among_its_renames_is_finished(
    springfield_at_rest: Springfield, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    springfield = springfield_at_rest
    night(springfield)
    file = back_up(springfield.home, tmp_path / "b.tar", now=NOW).file
    saved = kept_in(springfield.home)
    night(springfield, WITHOUT_ANA)
    springfield.settles(guard__limit_percent="7")
    edited = kept_in(springfield.home)

    renames = 0
    finished = False
    while not finished:
        root = Path(shutil.copytree(springfield.home.root, tmp_path / f"home-{renames}"))
        home, left = Home(root), renames
        rename = Path.rename

        def dies(self: Path, target: Path, rename: Callable[[Path, Path], Path] = rename) -> Path:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return rename(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", dies)
            try:
                restore(home, file, who=WHO, now=NOW, whole=True)
                finished = True
            except Killed:
                refused = rosterdrop("status", home=root)
        if not finished:
            assert (refused.code, "was interrupted" in refused.err) == (2, True)
            assert rosterdrop("--json", "restore", home=root).document == {"finished": True}
        assert kept_in(home) == saved
        (aside,) = home.store_db.parent.glob("before-restore-*")
        assert {name: digest(aside / name) for name in edited} == edited
        assert (aside / "connect.db").is_file()
        assert not list(home.store_db.parent.glob(".*restored*"))
        renames += 3  # every name is moved aside and in: thus it dies before the one as well as the other
    assert rosterdrop("person", "find", "springfield", "--id", "ana", home=root).code == 0
    assert renames > len(saved)
    assert "Missing argument" in rosterdrop("restore", home=springfield.home.root).err


def test_a_disk_that_is_full_leaves_the_home_as_it_was(
    springfield_at_rest: Springfield, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    springfield = springfield_at_rest
    night(springfield)
    file = back_up(springfield.home, tmp_path / "b.tar", now=NOW).file
    root = springfield.home.root
    people = [root / "rosterdrop.toml", *(root / "keys").rglob("*"), *(root / "districts").rglob("*")]
    before = {path: path.read_bytes() for path in people if path.is_file()}

    def is_full(backup: Backup, name: str, target: Path) -> None:
        if name.startswith("keys/"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        take_out(backup, name, target)

    monkeypatch.setattr(restoring, "take_out", is_full)
    with pytest.raises(OSError, match="No space"):
        restore(springfield.home, file, who=WHO, now=NOW, whole=True)
    assert {path: path.read_bytes() for path in before if path.is_file()} == before
    assert not list(springfield.home.store_db.parent.glob("before-*"))
    assert not (springfield.home.store_db.parent / ".settings.restored").exists()


def test_a_backup_never_takes_the_place_of_a_file(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    (tmp_path / "notes.txt").write_text("mine")
    answer = run(springfield, "backup", tmp_path / "notes.txt")
    assert (answer.code, (tmp_path / "notes.txt").read_text()) == (2, "mine")
    assert run(springfield, "backup", tmp_path / "no" / "folder.tar").code == 2
    told = run(springfield, "--json", "backup", tmp_path).document
    assert Path(told["backup"]).name.startswith("rosterdrop-2")
    assert {"connect.db", "accounts.toml", "rosterdrop.toml", "districts/springfield.toml"} < set(told["files"])
    assert any(name.startswith("keys/") for name in told["files"])
    assert open_backup(Path(told["backup"])).newest == told["newest"]


def test_the_service_goes_on_from_a_store_that_was_put_back(springfield_at_rest: Springfield, tmp_path: Path) -> None:
    springfield = springfield_at_rest
    night(springfield)
    file = back_up(springfield.home, tmp_path / "b.tar", now=NOW).file
    night(springfield, WITHOUT_ANA)
    restore(springfield.home, file, who=WHO, now=NOW)
    with Running(springfield.home) as running:
        springfield.service = running
        assert springfield.pushes(users=WITHOUT_ANA).verdict == "accepted_with_rejections"
    assert springfield.status_of("ana") == "archived"


def test_a_store_in_postgresql_is_left_to_its_own_programs(
    springfield_at_rest: Springfield, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = springfield_at_rest.home
    monkeypatch.setenv(VARIABLE, "postgresql://nobody@localhost:1/nowhere")
    with pytest.raises(StoreError, match="pg_dump and put it back with pg_restore"):
        back_up(home, tmp_path / "b.tar", now=NOW)
    with pytest.raises(StoreError, match="pg_dump and put it back with pg_restore"):
        restore(home, tmp_path / "b.tar", who=WHO, now=NOW)


def test_what_lies_on_another_machine_only_is_told_and_not_carried(
    springfield_at_rest: Springfield, tmp_path: Path
) -> None:
    springfield = springfield_at_rest
    night(springfield)
    shutil.rmtree(springfield.home.batch("springfield", 1) / "files")
    (tmp_path / "users.csv").write_bytes(as_csv("users", EVERYBODY))
    answer = run(springfield, "batch", "upload", "springfield", tmp_path / "users.csv")
    assert (answer.code, "is gone and cannot be carried" in answer.err) == (1, True)

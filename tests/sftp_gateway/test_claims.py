"""Two processes of one gateway on one home, each with a journal of its own: they respect each other's claims."""

import errno
import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import pytest

from config.home import Home
from config.profiles import Quota
from sftp_gateway.drops import drops
from sftp_gateway.drops.arrivals import Journal
from sftp_gateway.drops.drops import Drop
from sftp_gateway.drops.reconciling import take_up_open_writes
from sftp_gateway.drops.uploads import Opening, solid_on_disk
from sftp_gateway.folders import make_private
from sftp_gateway.receiving import DropId
from sftp_gateway.statuses import IN_USE, Refusal

MAIN = DropId("springfield", "main")
NEW = Opening(creates=True, truncates=True)


@dataclass
class Process:
    """What one process of the gateway has of a drop."""

    home: Home
    number: int
    quota: Quota = field(default_factory=Quota)

    def __post_init__(self) -> None:
        self.journal = Journal(self.home.gateway_db, self.home.drops, self.number)
        self.drop = Drop(self.home, MAIN, self.journal, max_file_bytes=2**30, quota=lambda: self.quota)
        self.drop.make_folders()

    def put(self, name: str, content: bytes = b"whole") -> None:
        upload = self.drop.open_for_writing((name,), NEW, "acme")
        upload.get_room(0, len(content))
        upload.add(0, content)
        self.drop.publish(upload)

    def refused(self, name: str, opening: Opening = NEW) -> bool:
        with pytest.raises(Refusal) as caught:
            self.drop.open_for_writing((name,), opening, "office")
        return caught.value.status == IN_USE


def processes(root: Path, quota: Quota = Quota()) -> tuple[Process, Process]:  # noqa: B008 - a frozen value
    home = Home(root)
    make_private(home.drops, home.uploads)
    return Process(home, 1, quota), Process(home, 2, quota)


def test_one_writer_a_path_in_all_processes(tmp_path: Path) -> None:
    one, two = processes(tmp_path)
    upload = one.drop.open_for_writing(("users.csv",), NEW, "acme")
    upload.get_room(0, 4)
    upload.add(0, b"half")
    upload.flush()
    assert two.refused("users.csv")
    with pytest.raises(Refusal, match="in use"):
        two.drop.remove(("users.csv",))
    with pytest.raises(Refusal, match="in use"):
        two.drop.rename(("users.csv",), ("classes.csv",), replace=True, account="office")
    assert two.drop.open_uploads == 1
    assert [(one.name, one.size) for one in two.drop.unfinished()] == [("users.csv", 4)]
    one.drop.publish(upload)
    two.put("users.csv", b"now it is free")


def test_what_one_process_left_another_goes_on_with_and_only_one(tmp_path: Path) -> None:
    one, two = processes(tmp_path)
    upload = one.drop.open_for_writing(("users.csv",), NEW, "acme")
    upload.get_room(0, 4)
    upload.add(0, b"half")
    one.drop.interrupt(upload)
    rest = two.drop.open_for_writing(("users.csv",), Opening(appends=True), "acme")
    assert one.refused("users.csv", Opening(appends=True))
    assert one.refused("users.csv")
    rest.get_room(0, 9)
    rest.add(0, b" and half")
    two.drop.publish(rest)
    assert (two.home.drop("springfield") / "users.csv").read_bytes() == b"half and half"


def test_many_at_once_and_one_gets_the_path(tmp_path: Path) -> None:
    both = processes(tmp_path)

    def tries(number: int) -> bool:
        try:
            both[number % 2].drop.open_for_writing(("users.csv",), NEW, "acme")
        except Refusal as refusal:
            assert refusal.status == IN_USE
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tries, range(16))) == 1


def test_no_scan_sees_a_file_between_its_rename_and_its_entry_in_the_journal(tmp_path: Path) -> None:
    one, two = processes(tmp_path)
    done = threading.Event()
    found = []

    def scan() -> None:
        while not done.is_set():
            look = two.drop.reconcile()
            found.append(look.arrivals or look.growing)

    scanning = threading.Thread(target=scan)
    scanning.start()
    for _ in range(20):
        one.put("users.csv.part")
        one.drop.rename(("users.csv.part",), ("users.csv",), replace=True, account="acme")
    done.set()
    scanning.join()
    assert found
    assert not any(found)
    (standing,) = one.drop.new()
    assert standing.by_gateway


def test_a_scan_waits_for_the_other_process_to_let_go_of_the_names(tmp_path: Path) -> None:
    one, two = processes(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        with one.drop._lock.held():
            scan = pool.submit(two.drop.reconcile)
            with pytest.raises(TimeoutError):
                scan.result(timeout=0.3)
        scan.result(timeout=30)


def test_only_the_writes_of_the_process_that_died_are_interrupted(tmp_path: Path) -> None:
    one, two = processes(tmp_path)
    for process, name in ((one, "users.csv"), (two, "classes.csv")):
        upload = process.drop.open_for_writing((name,), NEW, "acme")
        upload.get_room(0, 4)
        upload.add(0, b"half")
        upload.flush()
    take_up_open_writes(two.home, two.journal, process=1)
    assert [cut.path for cut in two.drop.interrupted()] == ["users.csv"]
    assert [going.path for going in two.journal.under_way(MAIN)] == ["classes.csv"]
    assert len(list(two.home.uploads.iterdir())) == 2


def _fails(*_args: object, **_facts: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "")


def test_an_upload_whose_end_cannot_be_entered_is_over_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = processes(tmp_path)
    upload = one.drop.open_for_writing(("users.csv",), NEW, "acme")
    with monkeypatch.context() as broken:
        broken.setattr(one.journal, "arrive", _fails)
        broken.setattr(one.journal, "end_writing", _fails)
        with pytest.raises(OSError, match="Errno 28"):
            one.drop.publish(upload)
        with pytest.raises(OSError, match="Errno 28"):
            one.drop.interrupt(upload)
    assert one.drop.open_uploads == 1
    one.drop.reconcile()
    assert one.drop.open_uploads == 0


def test_a_cut_that_fails_at_its_last_step_holds_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = processes(tmp_path)
    one.put("users.csv")
    with monkeypatch.context() as broken:
        broken.setattr(one.journal, "arrive", _fails)
        with pytest.raises(OSError, match="Errno 28"):
            one.drop.resize(("users.csv",), 2, "acme")
    assert one.drop.open_uploads == 0


def test_what_comes_twice_again_and_again_is_kept_aside_once(tmp_path: Path) -> None:
    one, _ = processes(tmp_path)
    one.put("users.csv", b"whole")
    for _try in range(3):
        upload = one.drop.open_for_writing(("users.csv",), Opening(), "acme")
        upload.get_room(5, 5)
        upload.add(5, b"whole")
        with pytest.raises(Refusal):
            one.drop.publish(upload)
        one.drop.interrupt(upload)
    assert [cut.repeated for cut in one.drop.interrupted()] == [True]
    assert len(list(one.home.uploads.iterdir())) == 1


def test_of_packets_that_were_lost_with_the_first_that_failed_nothing_counts_as_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = processes(tmp_path)
    upload = one.drop.open_for_writing(("users.csv",), NEW, "acme")
    upload.get_room(0, 250)
    upload.add(200, b"z" * 50)
    upload.flush()
    for start in (0, 100, 50, 150):
        upload.add(start, b"x" * 50)
    real = os.pwrite
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda fd, data, offset: _fails() if offset == 100 else real(fd, data, offset))
        cut = one.drop.interrupt(upload)
    assert cut is not None
    assert cut.size == 50


def test_a_hole_that_begins_inside_a_block_ends_what_is_there_after_a_crash(tmp_path: Path) -> None:
    with (tmp_path / "hidden").open("wb") as file:
        file.write(b"x" * 50_000)
        file.seek(150_000)
        file.write(b"x" * 50_000)
    assert solid_on_disk(tmp_path / "hidden") <= 50_000


def test_a_folder_in_the_place_of_a_file_is_no_file_of_the_set(tmp_path: Path) -> None:
    one, _ = processes(tmp_path)
    one.put("users.csv")
    users = one.home.drop("springfield") / "users.csv"
    users.unlink()
    users.mkdir()
    one.drop.reconcile()
    assert one.drop.new() == ()


def test_nobody_goes_on_with_an_upload_whose_bytes_a_backup_did_not_hold(tmp_path: Path) -> None:
    one, _ = processes(tmp_path)
    upload = one.drop.open_for_writing(("users.csv",), NEW, "acme")
    upload.get_room(0, 4)
    upload.add(0, b"half")
    one.drop.interrupt(upload)
    upload.staging.unlink()
    with pytest.raises(Refusal, match="No such file"):
        one.drop.open_for_writing(("users.csv",), Opening(creates=True, appends=True), "acme")
    one.put("users.csv")
    assert one.drop.interrupted() == ()


def test_a_home_of_the_version_before_is_taken_up(tmp_path: Path) -> None:
    home = Home(tmp_path)
    make_private(home.drops, home.uploads)
    with sqlite3.connect(home.gateway_db) as old:
        old.executescript((files("sftp_gateway") / "sql" / "schema.sql").read_text())
        old.executescript("""
            create table _sqlite_migrations (
                id integer primary key, migration_set text, name text, applied_at text);
            insert into _sqlite_migrations (migration_set, name, applied_at)
            values ('gateway', '_0001_schema', '2026-11-01');
            insert into writing (district, drop_name, path, staging, account, opened_at, copied)
            values ('springfield', 'main', 'users.csv', 'abc', 'acme', '2026-11-01T00:00:00.000000Z', 0);
        """)
    old.close()
    (home.uploads / "abc").write_bytes(b"half")
    process = Process(home, 0)
    assert process.refused("users.csv")
    take_up_open_writes(home, process.journal)
    assert [cut.size for cut in process.drop.unfinished()] == [4]


def test_thousands_of_files_that_came_at_once_are_found_while_clients_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drops, "_SLICE", 20)
    one, two = processes(tmp_path)
    folder = one.home.drop("springfield")
    for number in range(1500):
        (folder / f"{number}.csv").touch()
    one.put("users.csv")
    assert one.drop.reconcile().growing
    time.sleep(1.1)
    with ThreadPoolExecutor(1) as pool:
        scan = pool.submit(one.drop.reconcile)
        puts = 0
        while not scan.done():
            two.put("users.csv")
            puts += 1
        assert len(scan.result().arrivals) == 1500
    assert puts > 1
    names = [file.name for file in two.drop.new()]
    assert len(names) == 1501
    assert [file.by_gateway for file in two.drop.new() if file.name == "users.csv"] == [True]
    for number in range(1500):
        (folder / f"{number}.csv").unlink()
    two.drop.reconcile()
    assert [file.name for file in one.drop.new()] == ["users.csv"]

"""A full disk and a lost output are told as what they are: no fault of ours, no wrong setting, never a trace."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connect_store import ledger
from connect_store.failures import DiskFailed
from connect_store.store import open_store
from processors.failures import write_down
from rosterdrop import __main__ as command_line
from rosterdrop.commands import generate
from tests.asking import change
from tests.rosterdrop.command_line import rosterdrop

NO_SPACE = (28, "No space left on device")


@pytest.fixture
def full_disk(springfield: Path, tmp_path: Path) -> Iterator[Path]:
    """A home on a small disk of its own, without a free byte; only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        home = Path(shutil.copytree(springfield, disk / "home"))
        account = ("account", "add", "acme", "--district", "springfield", "--preset", "vendor", "--generate-password")
        assert rosterdrop(*account, home=home).code == 0
        assert rosterdrop("status", home=home).code == 0
        with pytest.raises(OSError, match="No space left"), (disk / "fill").open("wb", buffering=0) as fill:
            while True:
                fill.write(b"x" * 4096)
        yield home
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.system
@pytest.mark.parametrize(
    "command",
    [
        ("district", "set", "springfield", "guard.at_least=4"),
        ("account", "disable", "acme"),
        ("host-key", "prepare"),
        ("status",),
        ("batch", "list"),
        ("batch", "requeue", "1"),
        ("serve",),
    ],
    ids=" ".join,
)
def test_a_full_disk_is_named_by_every_command(full_disk: Path, command: tuple[str, ...]) -> None:
    answer = rosterdrop(*command, home=full_disk)
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert answer.err.startswith("error: the disk is full: ")
    assert f"(df -h {full_disk}" in answer.err
    assert "on our side" not in answer.err


@pytest.mark.system
def test_a_full_disk_is_named_where_a_district_is_generated(full_disk: Path) -> None:
    answer = rosterdrop("generate", full_disk.parent / "week", "--students", "5")
    assert answer.code == 1
    assert answer.err.startswith(f"error: the disk is full: what belongs into {full_disk.parent}")


def test_a_folder_without_room_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def has_no_room(*_: object, **__: object) -> None:
        raise OSError(*NO_SPACE)

    monkeypatch.setattr(generate, "write_district", has_no_room)
    answer = rosterdrop("generate", tmp_path / "week" / "one", "--students", "5")
    assert (answer.code, answer.err.count(f"df -h {tmp_path} tells")) == (1, 1)


def test_a_failure_that_no_disk_takes_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "failures.log").symlink_to("/dev/full")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert write_down(ValueError("Ana"), tmp_path) is None

    def fails(*_: object, **__: object) -> None:
        raise ValueError("Ana")

    monkeypatch.setattr(command_line.cli, "main", fails)
    answer = rosterdrop("status", home=tmp_path)
    assert (answer.code, answer.err) == (
        1,
        "error: something went wrong on our side; no disk took what we know; ROSTERDROP_DEBUG=1 prints it\n",
    )


def test_a_full_home_leaves_the_log_to_another_disk(tmp_path: Path) -> None:
    (tmp_path / "failures.log").symlink_to("/dev/full")
    log = write_down(ValueError("Ana"), tmp_path)
    assert log is not None
    assert "builtins.ValueError" in log.read_text()
    log.unlink()


def test_a_store_without_room_names_its_disk(tmp_path: Path) -> None:
    file = tmp_path / "store" / "connect.db"
    with pytest.raises(DiskFailed, match="the disk is full: the Connect store") as error, open_store(file) as store:
        change(store, "pragma max_page_count = 1")
        with store.writing():
            for _ in range(1000):
                ledger.open_batch(
                    store,
                    district="d" * 1000,
                    test=False,
                    origin="test",
                    received=ledger.moment("2026-11-24T02:11:09.000Z"),
                    files=[],
                )
    assert (error.value.exit_code, f"df -h {file.parent}" in str(error.value)) == (1, True)


def test_a_store_whose_disk_fails_names_it_too(tmp_path: Path) -> None:
    with (
        pytest.raises(DiskFailed, match=r"failed \(disk I/O error\); see whether") as error,
        open_store(tmp_path / "s"),
    ):
        failed = sqlite3.OperationalError("disk I/O error")
        failed.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise failed
    assert error.value.exit_code == 1


def output_into(end: str, home: Path, *command: str, **environment: str) -> tuple[int, str]:
    script = f'"$0" -m rosterdrop --home {home} {" ".join(command)} {end}'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", [("district", "list"), ("--help",)], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_output_is_one_line(springfield: Path, command: tuple[str, ...], unbuffered: str) -> None:
    assert output_into("> /dev/full", springfield, *command, PYTHONUNBUFFERED=unbuffered) == (
        1,
        "error: the result cannot be written to standard output: No space left on device\n",
    )


def test_a_closed_output_is_one_line(springfield: Path) -> None:
    closed = (1, "error: the result cannot be written to standard output: it is closed\n")
    assert output_into(">&-", springfield, "status") == closed
    assert output_into("<&- >&- 2>&-", springfield, "district", "list") == (1, "")


def test_notes_that_nobody_can_read_are_no_failure(springfield: Path) -> None:
    command = ("district", "add", "shelby", "--name", "Shelby", "--time-zone", "UTC", "--school", "auto")
    assert output_into("2> /dev/full", springfield, *command) == (0, "")


def test_a_reader_that_leaves_ends_a_command_quietly(springfield: Path) -> None:
    assert output_into("| true", springfield, "batch", "list") == (0, "")

"""Folders of our own that somebody removes under a running gateway."""

import errno
import shutil
from pathlib import Path

import pytest

from sftp_gateway.audit.auditing import Audit
from sftp_gateway.processes.presence import processes_present
from sftp_gateway.statuses import FAILED, NO_SUCH_FILE, status_of
from tests.sftp_gateway.harness import running, site_at, story, write


@pytest.mark.parametrize("folder", ["uploads", "locks", "audit"])
def test_a_session_that_is_open_uploads_on_and_an_alarm_tells_it_once(
    folder: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def tell() -> None:
        async with running(tmp_path, scan_s=60.0) as site, site.sftp() as client:
            await write(client, "users.csv", b"first")
            await site.until(lambda: site.receiver.names() == ["users.csv"])
            shutil.rmtree(site.home.root / folder)
            await write(client, "users.csv", b"second")
            await write(client, "classes.csv", b"third")
            await site.until(lambda: len(site.receiver.names()) == 3)
            assert (site.drop / "users.csv").read_bytes() == b"second"
        assert "classes.csv" in site.audit()

    story(tell())
    alarms = [record.getMessage() for record in caplog.records if "was removed" in record.getMessage()]
    assert len(alarms) == 1
    assert f"/{folder} " in alarms[0]


def test_a_folder_that_nobody_misses_comes_back_on_the_tick_and_is_told(tmp_path: Path) -> None:
    async def tell() -> None:
        async with running(tmp_path, scan_s=0.1) as site:
            shutil.rmtree(site.home.uploads)
            await site.until(site.home.uploads.is_dir)
            await site.until(lambda: '"folder_removed", "folder": "uploads"' in site.audit())

    story(tell())


def test_processes_are_seen_again_whose_files_were_removed(tmp_path: Path) -> None:
    async def tell() -> None:
        async with running(tmp_path, scan_s=0.1) as site:
            shutil.rmtree(site.home.locks)
            assert processes_present(site.home) == 0
            await site.until(lambda: processes_present(site.home) == 1)

    story(tell())


def test_only_a_name_of_the_client_is_no_such_file() -> None:
    assert status_of(FileNotFoundError(errno.ENOENT, "", "users.csv")) == NO_SUCH_FILE
    assert status_of(FileNotFoundError(errno.ENOENT, "")) == NO_SUCH_FILE
    assert status_of(FileNotFoundError(errno.ENOENT, "", "/srv/home/uploads/1f")) == FAILED


def test_lines_of_the_audit_that_are_lost_are_counted(tmp_path: Path) -> None:
    home, heard = site_at(tmp_path).home, list[str]()
    home.audit.write_text("somebody's file in the place of our folder")
    audit = Audit(home, accounts=tuple, heard=lambda event, _facts: heard.append(event), keep_days=1)
    audit.note("login")
    audit.close()
    assert heard == ["login", "audit_line_lost"]

"""The gateway as a whole, where something around it is broken: one fault stays one fault."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from sftp_gateway import GatewayError
from sftp_gateway.admission.visitors import Visitors
from sftp_gateway.processes.lead import SessionId
from sftp_gateway.receiving import Districts, DropId
from tests.sftp_gateway.harness import running, site_at, story


def test_a_drop_that_cannot_be_made_keeps_no_other_district_out(tmp_path: Path) -> None:
    async def visit() -> None:
        site = site_at(tmp_path)
        site.home.drops.mkdir(parents=True)
        site.home.drop("shelbyville").write_text("somebody saved a note here")
        async with running(tmp_path) as site:
            await site.puts(users=b"u\n")
            assert (site.drop / "users.csv").exists()

    story(visit())


def test_districts_that_cannot_be_asked_for_are_not_asked_for_without_pause(tmp_path: Path) -> None:
    async def visit() -> None:
        asked = 0

        def broken() -> Districts:
            nonlocal asked
            asked += 1
            raise OSError

        async with running(tmp_path, scan_s=60.0) as site:
            site.gateway._front._lookup_districts = broken
            site.gateway.touched(SessionId(1, 1), DropId("capital", "main"))
            await site.until(lambda: asked)
            await asyncio.sleep(0.2)
            assert asked == 1

    story(visit())


def test_a_book_that_cannot_be_opened_is_told_with_a_remedy_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    async def visit() -> None:
        site = site_at(tmp_path)
        with monkeypatch.context() as broken:
            broken.setattr(Visitors, "forget", locked)
            with pytest.raises(GatewayError, match="database is locked"):
                await site.gateway.start()
        assert not site.gateway._front._opened
        await site.restart_after_stop()
        await site.gateway.stop(grace_s=0.0)

    story(visit())

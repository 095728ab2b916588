"""Every client pushes a night without a complaint (reference 2.5); what a client cannot do is not asked of it.

A client that is absent is skipped with the reason, and the table in the README then says that it was not run.
"""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.profiles import Quota
from sftp_gateway import Receiving
from sftp_gateway.receiving import DropId
from tests.clients.client import Client, Complaint
from tests.clients.matrix import each_client
from tests.clients.night import LONG, REPORT, SHORT, Night, night_for
from tests.sftp_gateway.harness import SOON, story

pytestmark = pytest.mark.clients

SPRINGFIELD = DropId("springfield", "main")
THE_PAST = 1_000_000_000  # a moment that no clock here tells


@each_client()
def test_pushes_a_new_set(client: Client, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            record_property("version", client.version())
            await night.does(client.push, night.folder("first", LONG))
            await night.until_batches(1)
            assert night.contents() == [LONG]
            assert night.standing() == LONG
            assert not night.site.receiver.interruptions
            assert night.ours_stands()

    story(push())


@each_client()
def test_replaces_a_set_with_shorter_files(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            await night.does(client.push, night.folder("first", LONG))
            await night.until_batches(1)
            await night.does(client.push, night.folder("second", SHORT))
            await night.until_batches(2)
            assert night.contents() == [LONG, SHORT]
            assert night.standing() == SHORT
            assert night.ours_stands()

    story(push())


@each_client(that_can="push_by_temp_names")
def test_renames_from_temp_names(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            await night.site.puts(**{name.removesuffix(".csv"): content for name, content in LONG.items()})
            await night.until_batches(1)
            await night.does(client.push_by_temp_names, night.folder("second", SHORT))
            await night.until_batches(2)
            assert night.contents() == [LONG, SHORT]
            assert set(night.site.receiver.names()) == set(LONG)
            assert night.standing() == SHORT

    story(push())


@each_client(that_can="resume")
def test_resumes_what_was_cut_off(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            folder = night.folder("first", {"users.csv": LONG["users.csv"]})
            half = LONG["users.csv"][:100_000]
            name = "users.csv.filepart" if client.notes.get("resume") == "the .filepart" else "users.csv"
            await night.cut_off(name, half)
            assert [(cut.name, cut.size) for cut in night.site.receiver.interruptions] == [(name, len(half))]
            await night.does(client.resume, folder / "users.csv")
            await night.site.until(lambda: night.site.receiver.arrivals)
            assert night.standing() == {"users.csv": LONG["users.csv"]}
            assert night.site.receiver.names() == ["users.csv"]

    story(push())


@each_client(that_can="push_into")
def test_makes_a_folder_that_exists(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            await night.does(client.push_into, night.folder("first", LONG), "test")
            await night.until_batches(1)
            assert [(batch.drop, batch.contents) for batch in night.site.receiver.batches] == [("test", LONG)]
            assert night.standing() == {}
            assert night.ours_stands()

    story(push())


@each_client(that_can="push_dated")
def test_sets_times_and_modes(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            await night.does(client.push_dated, night.folder("first", LONG, THE_PAST))
            await night.until_batches(1)
            assert night.contents() == [LONG]
            times = night.site.gateway._journal.client_times(SPRINGFIELD)
            told = {name: given.mtime for name, given in times.items()}
            assert told == (dict.fromkeys(LONG, THE_PAST) if client.keeps_times else {})
            states = [(night.site.drop / name).stat() for name in LONG]
            assert all(state.st_mode & 0o7777 == 0o600 and state.st_mtime > THE_PAST for state in states)

    story(push())


@each_client(that_can="fetch")
def test_lists_and_fetches_reports(client: Client, tmp_path: Path) -> None:
    async def look() -> None:
        async with night_for(client, tmp_path) as night:
            if client.lists:
                assert "latest.json" in await night.does(client.names_in, "reports")
            target = night.where.folder / "fetched.json"
            await night.does(client.fetch, "reports/latest.json", target)
            assert target.read_bytes() == REPORT

    story(look())


@each_client(that_can="synchronise")
def test_synchronises_with_deletion(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            await night.site.puts(old=b"of last year")
            for batch in (1, 2):
                content = LONG if batch == 1 else SHORT
                await night.does(client.synchronise, night.folder(f"night-{batch}", content))
                await night.until_batches(batch)
                assert night.standing() == content
                assert night.ours_stands()
            assert [set(batch) - {"old.csv"} for batch in night.contents()] == [set(LONG), set(SHORT)]
            assert '"spared"' in night.site.audit()

    story(push())


@each_client()
def test_hits_a_full_quota(client: Client, tmp_path: Path) -> None:
    async def push() -> None:
        async with night_for(client, tmp_path) as night:
            await _allows(night, 150_000)
            with pytest.raises(Complaint) as caught:
                await night.does(client.push, night.folder("first", LONG))
            assert "The drop is full, it may hold 150,000 bytes" in str(caught.value) or not client.repeats
            assert "users.csv" not in night.standing()
            assert "users.csv" not in night.site.receiver.names()
            target = night.where.folder / "fetched.json"
            await night.does(client.fetch, "reports/latest.json", target)
            await _allows(night, 10_000_000)
            await night.does(client.push, night.where.folder / "first")
            await night.until_batches(1)
            assert night.contents() == [LONG]

    story(push())


async def _allows(night: Night, size: int) -> None:
    receiving = Receiving(time_zone=ZoneInfo("UTC"), arrival=SOON, quota=Quota(bytes=size))
    night.site.districts["springfield"] = receiving
    await night.site.asks_for_districts()

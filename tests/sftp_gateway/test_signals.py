"""Nights whose sets are told whole by a manifest, a trigger or a ZIP (reference 7, 15 to 22, 24)."""

import asyncio
import hashlib
import io
import json
import os
import time
import zipfile
from dataclasses import replace
from io import FileIO
from pathlib import Path

import asyncssh
import pytest

from config.tables import TableName
from processors.archives import MOST_ENTRIES, Refusal, names_in
from sftp_gateway.sets.completeness import Wait
from sftp_gateway.sets.evidence import tables_in
from tests.processors.archive_samples import BAD
from tests.sftp_gateway.harness import SOON, Recorder, Site, running, story, write

NIGHT = {"users.csv": b"u1\n", "classes.csv": b"c1\n", "enrollments.csv": b"e1\n"}
USERS: frozenset[TableName] = frozenset({"users"})
# Nothing but a signal ends the wait for a session that stays open.
ONLY_SIGNALS = replace(SOON, quiet_s=3600.0)


def manifest_of(files: dict[str, bytes]) -> bytes:
    entries = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    ]
    return json.dumps({"files": entries}).encode()


def zipped(files: dict[str, bytes], folder: str = "") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in files.items():
            archive.writestr(f"{folder}{name}", each)
    return content.getvalue()


async def write_all(client: asyncssh.SFTPClient, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        await write(client, name, content)


def kinds(receiver: Recorder) -> dict[str, str]:
    """Of the only batch."""
    (batch,) = receiver.batches
    return {file.name: "unexpected" if file.unexpected else file.kind for file in batch.files}


def test_a_manifest_that_is_kept_starts_the_batch_in_an_open_session(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, rule=ONLY_SIGNALS) as site, site.sftp() as client:
            await write(client, "rosterdrop-manifest.json", manifest_of(NIGHT))
            await write_all(client, NIGHT)
            await site.until(lambda: site.receiver.batches)
            assert kinds(site.receiver) == dict.fromkeys(NIGHT, "table") | {"rosterdrop-manifest.json": "manifest"}

    story(night())


def test_a_file_that_its_manifest_contradicts_is_told_once_over_a_restart_and_taken_when_mended(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, scan_s=0.1) as site:
            async with site.sftp() as client:
                await write_all(client, NIGHT | {"users.csv": b"u0\n", "rosterdrop-manifest.json": manifest_of(NIGHT)})
            await site.until(lambda: site.receiver.shortages)
            await site.restart()
            for _ in range(3):
                await site.looks()
            (shortage,) = site.receiver.shortages
            (mismatch,) = shortage.mismatches
            assert shortage.because == "manifest"
            assert (mismatch.manifest, mismatch.file) == ("rosterdrop-manifest.json", "users.csv")
            assert mismatch.promised == hashlib.sha256(b"u1\n").hexdigest()
            assert mismatch.found == hashlib.sha256(b"u0\n").hexdigest()
            assert not site.receiver.batches
            await site.puts(users=b"u1\n")
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents["users.csv"] == b"u1\n"

    story(night())


def test_a_manifest_that_was_cut_off_holds_its_set_back(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as client:
                await write_all(client, NIGHT)
                half = await client.open("rosterdrop-manifest.json", "wb")
                await half.write(b'{"files": [')
            await site.until(lambda: site.receiver.interruptions)
            assert await site.step() == Wait()
            assert not site.receiver.batches
            async with site.sftp() as client:
                await write(client, "Rosterdrop-Manifest.json", manifest_of(NIGHT))
            await site.until(lambda: site.receiver.batches)

    story(night())


def test_a_manifest_is_consumed_and_the_next_night_needs_none(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as client:
                await write_all(client, NIGHT | {"rosterdrop-manifest.json": manifest_of(NIGHT)})
            await site.until(lambda: len(site.receiver.batches) == 1)
            await site.puts(users=b"u2\n", classes=b"c2\n", enrollments=b"e2\n")
            await site.until(lambda: len(site.receiver.batches) == 2)
            assert "rosterdrop-manifest.json" not in site.receiver.batches[1].contents

    story(nights())


def test_a_trigger_starts_the_batch_and_the_same_trigger_of_no_bytes_the_next(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path, rule=ONLY_SIGNALS) as site, site.sftp() as client:
            await write_all(client, NIGHT | {"night.done": b""})
            await site.until(lambda: not site.attendant().drop.new() and site.receiver.batches)
            assert kinds(site.receiver) == dict.fromkeys(NIGHT, "table") | {"night.done": "trigger"}
            await write_all(client, NIGHT)
            assert isinstance(await site.step(), Wait)  # the old trigger stands there still, and says nothing
            await write(client, "night.done", b"")
            await site.until(lambda: len(site.receiver.batches) == 2)

    story(nights())


def test_a_trigger_of_no_bytes_that_is_made_anew_by_other_means_is_seen(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            trigger = site.drop / "night.done"
            trigger.touch()
            await site.until(lambda: site.receiver.names() == ["night.done"])
            with trigger.open("wb"):
                pass
            await site.until(lambda: site.receiver.names() == ["night.done", "night.done"])

    story(nights())


def test_a_trigger_that_comes_first_starts_nothing_before_all_is_closed(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as first:
                await write(first, "night.done", b"")
            async with site.sftp() as second, second.open("enrollments.csv", "wb") as last:
                await write_all(second, {"users.csv": b"u1\n", "classes.csv": b"c1\n"})
                await last.write(b"e1\n")
                assert await site.step() == Wait()
                assert not site.receiver.batches
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents == NIGHT | {"night.done": b""}

    story(night())


@pytest.mark.parametrize("folder", ["", "export/"])
def test_a_zip_starts_the_batch_and_older_loose_files_go_with_it(tmp_path: Path, folder: str) -> None:
    async def night() -> None:
        async with running(tmp_path, rule=ONLY_SIGNALS) as site, site.sftp() as client:
            await write(client, "users.csv", b"old\n")
            await write(client, "Roster.ZIP", zipped(NIGHT, folder))
            await site.until(lambda: site.receiver.batches)
            assert kinds(site.receiver) == {"users.csv": "unexpected", "Roster.ZIP": "archive"}

    story(night())


def test_a_zip_that_nobody_inflates_or_without_a_table_makes_a_batch_that_will_say_why(tmp_path: Path) -> None:
    async def nights() -> None:
        contents = [b"PK no zip at all", b"", BAD["encrypted"].data(), zipped({"photo.jpg": b"x"})]
        async with running(tmp_path, rule=ONLY_SIGNALS) as site, site.sftp() as client:
            for number, content in enumerate(contents, 1):
                await write(client, f"{number}.zip", content)
                await site.until(lambda: len(site.receiver.batches) == number)  # noqa: B023 - awaited in this turn
            taken = [
                [(file.name, file.kind, file.unexpected) for file in batch.files] for batch in site.receiver.batches
            ]
            assert taken == [[(f"{number}.zip", "archive", False)] for number in range(1, 5)]

    story(nights())


def test_a_sound_zip_that_lacks_tables_waits_as_a_partial_set_does(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as client:
                await write(client, "roster.zip", zipped({"night/users.csv": b"u", "__MACOSX/night/._users.csv": b"x"}))
            await site.until(lambda: site.receiver.arrivals)
            assert await site.step() == Wait()
            site.receiver.lends = frozenset({"classes", "enrollments"})
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].carried == {"classes", "enrollments"}

    story(night())


def _seen(folder: Path, content: bytes) -> frozenset[TableName] | None:
    """What the gateway sees of a ZIP in its directory."""
    (folder / "night.zip").write_bytes(content)
    with FileIO(folder / "night.zip") as archive:
        return tables_in(archive)


@pytest.mark.parametrize("what", BAD)
def test_what_a_directory_shows_to_whoever_inflates_it_shows_to_the_gateway(tmp_path: Path, what: str) -> None:
    seen = _seen(tmp_path, BAD[what].data())
    if isinstance(names_in(tmp_path / "night.zip"), Refusal):
        assert not seen  # it is taken at once
    else:
        assert seen == USERS


@pytest.mark.parametrize("folder", ["", "Schüler 2026/"])
def test_of_a_zip_with_as_many_files_as_may_be_the_gateway_sees_the_tables(tmp_path: Path, folder: str) -> None:
    photos = {f"{folder}{number}.jpg": b"x" for number in range(MOST_ENTRIES - 1)}
    assert _seen(tmp_path, zipped({f"{folder}users.csv": b"u", **photos})) == USERS
    assert not isinstance(names_in(tmp_path / "night.zip"), Refusal)


def test_a_file_of_no_bytes_has_arrived_like_any_other(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            async with site.sftp() as client:
                await write_all(client, NIGHT | {"users.csv": b""})
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents == NIGHT | {"users.csv": b""}

    story(night())


def test_times_that_a_vendor_sets_order_nothing(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path, rule=ONLY_SIGNALS) as site, site.sftp() as client:
            await write_all(client, NIGHT)
            await client.utime("users.csv", (4_070_908_800, 4_070_908_800))  # 2099
            await write(client, "night.done", b"")
            await client.utime("night.done", (0, 0))
            await site.until(lambda: site.receiver.batches)
            assert (await client.stat("users.csv")).mtime == 4_070_908_800

    story(night())


def _left_last_week(site: Site) -> None:
    left = site.drop / "users.csv.filepart"
    left.write_bytes(b"half")
    week_ago = time.time() - 7 * 86_400
    os.utime(left, (week_ago, week_ago))


def test_a_temp_name_of_last_week_is_told_once_beside_what_is_missing(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path, scan_s=0.1) as site:
            await asyncio.to_thread(_left_last_week, site)
            for times in (1, 2):
                async with site.sftp() as client:
                    await write_all(client, {"users.csv": b"u1\n", "fresh.csv.filepart": b"h", "night.done": b""})
                await site.until(lambda: len(site.receiver.shortages) == times)  # noqa: B023 - awaited in this turn
                await site.restart()
            first, second = site.receiver.shortages
            assert (first.because, first.missing) == ("trigger", frozenset({"classes", "enrollments"}))
            assert (first.left_over, second.left_over) == (("users.csv.filepart",), ())
            assert not site.receiver.batches

    story(nights())

"""A file whose content came twice, as a client makes it that resumes a finished one (reference 7, 6)."""

from contextlib import nullcontext
from pathlib import Path

import asyncssh
import pytest

from sftp_gateway.drops.uploads import Opening
from sftp_gateway.sets.completeness import Wait
from sftp_gateway.statuses import Refusal
from tests.sftp_gateway.harness import cut_off, refused, running, story, write
from tests.sftp_gateway.test_claims import processes

USERS = b"sourcedId,givenName\r\n" + b"".join(b"%d,name\r\n" % number for number in range(500))
TWICE = "The upload was resumed wrongly and holds its content twice; nothing was taken, send it from its start"


async def _appended(client: asyncssh.SFTPClient, name: str, content: bytes) -> str:
    """Resume at the size that stat tells, and send everything from the start, as phpseclib does; the answer."""
    size = (await client.stat(name)).size
    assert size
    file = await client.open(name, "r+b")
    await file.write(content, size)
    return (await refused(file.close())).reason


def test_a_finished_file_that_is_appended_to_itself_is_kept_aside(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            site.receiver.lends = frozenset({"users"})
            async with site.sftp() as client:
                await write(client, "users.csv", USERS)
                assert await _appended(client, "users.csv", USERS) == TWICE
                await site.until(lambda: site.receiver.interruptions)
                assert [(cut.size, cut.repeated) for cut in site.receiver.interruptions] == [(2 * len(USERS), True)]
                assert (site.drop / "users.csv").read_bytes() == USERS
                assert (await client.stat("users.csv")).size == len(USERS)
                assert {entry.filename: entry.attrs.size for entry in await client.readdir()}["users.csv"] == len(USERS)
                await write(client, "classes.csv", b"c\n")
                await write(client, "enrollments.csv", b"e\n")
            assert await site.step() == Wait()
            assert site.receiver.batches == []
            await site.restart()
            assert await site.step() == Wait()
            await site.puts(users=USERS)
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents["users.csv"] == USERS
            assert not list(site.home.uploads.iterdir())

    story(night())


def test_a_half_file_that_is_resumed_from_its_start_is_kept_aside_and_not_gone_on_with(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await cut_off(site, USERS[:3000])
            async with site.sftp() as client:
                assert await _appended(client, "users.csv", USERS) == TWICE
                assert not await client.exists("users.csv")
                async with client.open("users.csv", "ab") as file:  # makes a new file
                    await file.write(USERS)
            assert (site.drop / "users.csv").read_bytes() == USERS
            await site.until(lambda: site.receiver.arrivals)
            assert not list(site.home.uploads.iterdir())

    story(night())


def test_a_client_may_remove_what_it_sent_twice(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await cut_off(site, USERS[:3000])
            await _appended(client, "users.csv", USERS)
            await client.remove("users.csv")
            assert not list(site.home.uploads.iterdir())

    story(night())


@pytest.mark.parametrize(
    ("before", "more", "repeated"),
    [
        (USERS, USERS, True),
        (USERS.rstrip(), USERS, True),
        (b"no line ends here", b"no line ends here", True),
        (b"x" * 3_000_000, b"x" * 3_000_000, True),
        (b"x" * 3_000_000, b"x" * 2_999_999 + b"y", False),
        (b"x" * 3_000_000, b"x" * 10, False),
        (USERS[:3000], USERS[3000:], False),
        (USERS, b"501,name\r\n", False),
        (b"\n", b"\nusers", False),
    ],
)
def test_what_counts_as_sent_twice(tmp_path: Path, before: bytes, more: bytes, *, repeated: bool) -> None:
    drop = processes(tmp_path)[0].drop
    upload = drop.open_for_writing(("users.csv",), Opening(creates=True), "acme")
    upload.get_room(0, len(before))
    upload.add(0, before)
    drop.interrupt(upload)
    rest = drop.open_for_writing(("users.csv",), Opening(), "acme")
    rest.get_room(len(before), len(more))
    rest.add(len(before), more)
    rest.flush()
    with pytest.raises(Refusal) if repeated else nullcontext():
        rest.refuse_repeated()


def test_writing_a_file_over_that_holds_its_old_content_twice_is_no_resume(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", USERS)
            async with client.open("users.csv", "r+b") as file:  # as scp writes over a file
                await file.write(USERS + USERS, 0)
            assert (site.drop / "users.csv").read_bytes() == USERS + USERS

    story(night())

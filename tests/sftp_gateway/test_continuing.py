"""Going on with a file: one of tonight is continued, one that a batch has taken is never (reference 7, 6)."""

import asyncio
from pathlib import Path

import asyncssh
import pytest

from tests.sftp_gateway.harness import Site, refused, running, story, write

LAST_NIGHT = {"users": b"sourcedId\n1\n2\n", "classes": b"c\n", "enrollments": b"e\n"}
TAIL = b"3\n4\n"
TAKEN = "A batch has taken this file already: send it whole, without resuming"


async def _taken(site: Site) -> None:
    await site.puts(**LAST_NIGHT)
    await site.until(lambda: site.receiver.batches and not site.attendant().drop.new())


def _unharmed(site: Site) -> None:
    assert (site.drop / "users.csv").read_bytes() == LAST_NIGHT["users"]
    assert site.attendant().drop.new() == ()
    assert site.attendant().drop.interrupted() == ()
    assert not list(site.home.uploads.iterdir())


@pytest.mark.parametrize("flags", ["r+b", "ab", asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_APPEND])
def test_a_file_that_a_batch_has_taken_is_not_continued(tmp_path: Path, flags: str | int) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await _taken(site)
            file = await client.open("users.csv", flags, encoding=None)
            for _ in range(2):
                assert (await refused(file.write(TAIL, len(LAST_NIGHT["users"])))).reason == TAKEN
            assert (await refused(file.truncate(0))).reason == TAKEN  # as OpenSSH does after a refusal
            assert (await refused(file.close())).reason == TAKEN
            _unharmed(site)
            assert site.receiver.interruptions == []
            assert TAKEN in site.audit()
            await write(client, "users.csv", LAST_NIGHT["users"] + TAIL)  # as the sentence says
            assert (site.drop / "users.csv").read_bytes() == LAST_NIGHT["users"] + TAIL

    story(night())


def test_a_client_that_does_not_close_after_its_refusal_leaves_nothing(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await _taken(site)
            async with site.sftp() as client:
                file = await client.open("users.csv", "r+b")
                assert (await refused(file.write(TAIL, 100))).reason == TAKEN  # far behind it as well
            await site.until(lambda: site.attendant().drop.open_uploads == 0)
            _unharmed(site)

    story(night())


def test_a_taken_file_is_not_lengthened(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await _taken(site)
            assert (await refused(client.truncate("users.csv", 100))).reason == TAKEN
            _unharmed(site)

    story(night())


def test_a_taken_file_may_be_written_over_without_being_emptied_first(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await _taken(site)
            new = b"x" * 300_000
            async with client.open("users.csv", "r+b") as file:  # its packets may be worked on in any order
                await asyncio.gather(*(file.write(new[at : at + 30_000], at) for at in range(0, len(new), 30_000)))
            assert (site.drop / "users.csv").read_bytes() == new
            await client.truncate("classes.csv", 0)  # as sshfs does
            async with client.open("classes.csv", "r+b") as file:
                await file.write(b"new", 0)
            assert (site.drop / "classes.csv").read_bytes() == b"new"

    story(night())


def test_an_upload_of_tonight_is_resumed_beside_the_taken_file_of_its_name(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await _taken(site)
            connection = await site.connection()
            client = await connection.start_sftp_client()
            file = await client.open("users.csv", "wb")
            await file.write(b"sourcedId\n7\n8\n9\n")
            connection.abort()
            await site.until(lambda: site.receiver.interruptions)
            async with site.sftp() as client, client.open("users.csv", "r+b") as file:
                size = (await client.stat("users.csv")).size
                await file.write(b"10\n", size)
            assert (site.drop / "users.csv").read_bytes() == b"sourcedId\n7\n8\n9\n10\n"

    story(night())


def test_a_whole_file_of_tonight_is_continued_until_a_batch_takes_it(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            await write(client, "users.csv", b"sourcedId\n1\n")
            await write(client, "users.csv", b"2\n", "ab")
            assert (site.drop / "users.csv").read_bytes() == b"sourcedId\n1\n2\n"
            async with client.open("users.csv", "r+b"):
                pass  # as curl does where all is there already
            assert [file.size for file in site.attendant().drop.new()] == [14]

    story(night())

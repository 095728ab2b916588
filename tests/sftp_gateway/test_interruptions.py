"""Half a file is never an arrival, however the connection ended (reference 7, 1 to 5)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from sftp_gateway.drops.arrivals import Writing
from sftp_gateway.drops.drops import Drop
from sftp_gateway.drops.uploads import Upload
from sftp_gateway.receiving import DropId
from sftp_gateway.sets.completeness import Wait
from tests.sftp_gateway.harness import PASSWORD, Site, running, story, write

CONTENT = hashlib.shake_128(b"content").digest(300_000)
NIGHT = {f"{table}.csv": hashlib.sha512(table.encode()).digest() * 400 for table in ("users", "classes", "enrollments")}


@asynccontextmanager
async def cut_after(site: Site, position: int) -> AsyncIterator[int]:
    """A port that leads to the gateway and cuts the connection after so many bytes of the client's."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", site.port)
        answers = asyncio.create_task(_pipe(there, writer, None))
        with suppress(ConnectionError):
            await _pipe(reader, back, position)
        for end in (writer, back):
            end.transport.abort()
        await answers

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None) -> None:
    with suppress(ConnectionError):
        left = limit
        while data := await reader.read(4096 if left is None else min(4096, left)):
            writer.write(data)
            await writer.drain()
            left = None if left is None else left - len(data)
            if left == 0:
                return


async def _push_through(port: int) -> None:
    connecting = asyncssh.connect(
        "127.0.0.1", port, username="acme", password=PASSWORD, known_hosts=None, config=None, client_keys=None
    )
    with suppress(asyncssh.Error, OSError, EOFError):
        async with connecting as connection, connection.start_sftp_client() as client:
            for name, content in NIGHT.items():
                await write(client, name, content)


def test_a_connection_cut_at_any_byte_leaves_no_half_file(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            positions = [*range(200, 4_000, 600), *range(4_000, 84_000, 2_477)]
            for position in positions:
                async with cut_after(site, position) as port:
                    await _push_through(port)
                await site.until(lambda: not site.gateway._sessions)
                for file in site.drop.glob("*.csv"):
                    assert file.read_bytes() == NIGHT[file.name]
            assert all(arrival.file.size == len(NIGHT[arrival.file.name]) for arrival in site.receiver.arrivals)
            assert all(cut.size <= len(NIGHT[cut.name]) for cut in site.receiver.interruptions)
            assert len(site.receiver.interruptions) > 20
            assert all(batch.contents == NIGHT for batch in site.receiver.batches)

    story(nights())


@pytest.mark.parametrize("ending", ["abort", "disconnect", "channel"])
def test_an_upload_without_its_close_is_interrupted(tmp_path: Path, ending: str) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            connection = await site.connection()
            client = await connection.start_sftp_client()
            file = await client.open("users.csv", "wb")
            await file.write(CONTENT)
            if ending == "abort":
                connection.abort()
            elif ending == "disconnect":
                connection.close()
            else:
                client.exit()
            await site.until(lambda: site.receiver.interruptions)
            connection.close()
            (cut,) = site.receiver.interruptions
            assert (cut.name, cut.size, cut.account) == ("users.csv", len(CONTENT), "acme")
            assert not site.receiver.arrivals
            assert not (site.drop / "users.csv").exists()
            await site.until(lambda: '"event": "interrupted"' in site.audit())

    story(night())


async def _cut_off(site: Site, name: str, content: bytes, mode: str = "wb") -> None:
    before = len(site.receiver.interruptions)
    connection = await site.connection()
    client = await connection.start_sftp_client()
    file = await client.open(name, mode)
    await file.write(content)
    connection.abort()
    await site.until(lambda: len(site.receiver.interruptions) > before)


def test_a_client_sees_how_far_it_came_and_goes_on_from_there(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await _cut_off(site, "users.csv", CONTENT[:100_000])
            async with site.sftp() as client:
                assert (await client.stat("users.csv")).size == 100_000
                async with client.open("users.csv", "ab") as file:
                    await file.write(CONTENT[100_000:])
            assert (site.drop / "users.csv").read_bytes() == CONTENT
            await site.until(lambda: site.receiver.arrivals)
            assert not list(site.home.uploads.iterdir())

    story(night())


def test_a_resume_that_is_cut_again_can_be_resumed_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await _cut_off(site, "users.csv", CONTENT[:1_000])
            await _cut_off(site, "users.csv", CONTENT[1_000:2_000], "ab")
            assert [cut.size for cut in site.receiver.interruptions] == [1_000, 2_000]
            async with site.sftp() as client, client.open("users.csv", "ab") as file:
                await file.write(CONTENT[2_000:])
            assert (site.drop / "users.csv").read_bytes() == CONTENT

    story(night())


def test_an_interrupted_member_holds_its_set_until_its_retry_came(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            site.receiver.lends = frozenset({"users"})
            await _cut_off(site, "users.csv.0a1b2c3d.partial", b"half")
            await site.puts(classes=b"c\n", enrollments=b"e\n")
            assert await site.step() == Wait()
            assert not site.receiver.batches
            async with site.sftp() as client:
                await write(client, "users.csv.99999999.partial", b"whole")
                await client.posix_rename("users.csv.99999999.partial", "users.csv")
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents["users.csv"] == b"whole"
            assert not list(site.home.uploads.iterdir())

    story(night())


@pytest.mark.parametrize("spelling", ["USERS.CSV", "user.csv", "Users.csv.filepart"])
def test_a_retry_under_another_spelling_sets_the_drop_free(tmp_path: Path, spelling: str) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await _cut_off(site, spelling, b"half")
            await site.puts(users=b"whole", classes=b"c\n", enrollments=b"e\n")
            await site.until(lambda: site.receiver.batches)
            assert site.receiver.batches[0].contents["users.csv"] == b"whole"
            assert not list(site.home.uploads.iterdir())

    story(night())


def test_a_file_put_there_by_hand_makes_an_interrupted_upload_good(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            await _cut_off(site, "Users.csv", b"half")
            (site.drop / "users.csv").write_bytes(b"whole")
            await site.puts(classes=b"c\n", enrollments=b"e\n")
            await site.until(lambda: site.receiver.batches)
            assert not list(site.home.uploads.iterdir())

    story(night())


def test_last_nights_file_stays_while_tonights_is_cut_off(tmp_path: Path) -> None:
    async def nights() -> None:
        async with running(tmp_path) as site:
            await site.puts(users=b"last night")
            await _cut_off(site, "users.csv", b"to")
            assert (site.drop / "users.csv").read_bytes() == b"last night"
            async with site.sftp() as client:
                assert (await client.stat("users.csv")).size == 2
                await client.remove("users.csv")
                assert not await client.exists("users.csv")

    story(nights())


def test_what_was_open_when_the_process_died_is_interrupted_at_the_next_start(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            (site.home.uploads / "abc").write_bytes(b"half a fi")
            (site.home.uploads / "nobody-knows-this").write_bytes(b"x")
            await asyncio.to_thread(_died_while_writing, site)
            await site.restart()
            await site.until(lambda: site.receiver.interruptions)
            (cut,) = site.receiver.interruptions
            assert (cut.name, cut.size) == ("users.csv", 9)
            assert [file.name for file in site.home.uploads.iterdir()] == ["abc"]
            async with site.sftp() as client, client.open("users.csv", "ab") as file:
                await file.write(b"le")
            assert (site.drop / "users.csv").read_bytes() == b"half a file"

    story(night())


def _died_while_writing(site: Site) -> None:
    site.gateway._journal.begin_writing(
        DropId("springfield", "main"), "users.csv", "abc", account="acme", at=datetime.now(UTC), copied=False
    )


def test_a_stop_lets_a_running_upload_end_and_interrupts_the_rest(tmp_path: Path) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            connection = await site.connection()
            client = await connection.start_sftp_client()
            quick, slow = await client.open("users.csv", "wb"), await client.open("classes.csv", "wb")
            await quick.write(b"whole")
            await slow.write(b"half")
            stopping = asyncio.create_task(site.gateway.stop(grace_s=2.0))
            await site.until(lambda: site.gateway.stopping)
            await quick.close()
            with pytest.raises(OSError, match=r"."):
                await site.connection()
            await stopping
            connection.close()
            assert site.receiver.names() == ["users.csv"]
            assert [(cut.name, cut.size) for cut in site.receiver.interruptions] == [("classes.csv", 4)]
            await site.restart_after_stop()

    story(night())


def test_one_upload_that_cannot_be_given_up_keeps_no_other_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def night() -> None:
        async with running(tmp_path) as site:
            drop, real = site.attendant().drop, Drop.interrupt

            def fails_at_first(self: Drop, upload: Upload) -> Writing | None:
                if upload.writing.path == "users.csv":
                    upload.close()
                    raise ValueError("broken")
                return real(self, upload)

            monkeypatch.setattr(Drop, "interrupt", fails_at_first)
            async with site.sftp() as client:
                for name in ("users.csv", "classes.csv", "enrollments.csv"):
                    await (await client.open(name, "wb")).write(b"half")
            await site.until(lambda: len(drop.interrupted()) == 2)
            await site.until(lambda: not site.attendant()._sessions)

    story(night())

"""Clients that ask too much, too often or for nothing: the limits hold, and nobody else notices (reference 7)."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import asyncssh
import pytest
from asyncssh import constants
from asyncssh.packet import String, UInt32, UInt64

from sftp_gateway.admission.gate import Gate, Visit
from sftp_gateway.sftp.protocol import MOST_HANDLES
from sftp_gateway.ssh import logins
from sftp_gateway.statuses import TOO_QUICK
from tests.sftp_gateway.harness import PASSWORD, PATIENCE_S, Site, account, running, story, write

ELSEWHERE = ("127.0.0.2", 0)  # every address of 127/8 is a source of its own on Linux


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "PAUSE_S", 0.05)


async def _fails(connecting: Any) -> str:
    """What a client is told that is not let in."""
    with pytest.raises((asyncssh.Error, OSError)) as caught:
        async with connecting:
            pass
    return str(caught.value)


async def _first_line(port: int, address: str = "127.0.0.1") -> str:
    """What the server says first to a client from there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    async with asyncio.timeout(PATIENCE_S):
        line = await reader.readline()
    writer.close()
    return line.decode().strip()


async def _idle(port: int, address: str) -> asyncio.StreamWriter:
    """A connection on which nothing is ever said."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    return writer


async def _wrongly(site: Site, times: int, address: str = "127.0.0.1") -> None:
    for _ in range(times):
        await _fails(site.connection(password="wrong", local_addr=(address, 0)))


# Handles, channels, connections (35).


def test_the_handle_after_the_last_is_refused_and_the_others_serve_on(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            files = [await client.open(f"{number}.csv", "wb") for number in range(MOST_HANDLES)]
            with pytest.raises(asyncssh.SFTPFailure, match="Too many files are open in this session"):
                await client.open("one-too-many.csv", "wb")
            await files[0].write(b"x")
            await files[0].close()
            async with client.open("after.csv", "wb"):
                pass

    story(visit())


def test_the_eleventh_channel_is_refused_and_the_others_serve_on(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.connection() as connection, AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(connection.start_sftp_client()) for _ in range(10)]
            with pytest.raises(asyncssh.ChannelOpenError, match="Too many sessions on this connection"):
                await connection.start_sftp_client()
            assert all([await client.exists("reports") for client in clients])
            clients[0].exit()
            await clients[0].wait_closed()
            await stack.enter_async_context(connection.start_sftp_client())

    story(visit())


def test_the_connection_after_the_last_of_a_source_is_told_why_before_ssh_begins(tmp_path: Path) -> None:
    async def visit() -> None:
        limits = {"connections_per_source": 3}
        async with running(tmp_path, limits=limits) as site, site.sftp() as client, AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(site.connection())
            text = await _first_line(site.port)
            assert text == "Too many connections from your address; try again later"
            assert await client.exists("reports")
            async with site.connection(local_addr=ELSEWHERE):
                pass
            await stack.aclose()
            await _eventually_in(site)

    story(visit())


async def _eventually_in(site: Site, **options: Any) -> None:
    """Come in as soon as the server lets us."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with site.connection(**options):
                    return
            except (asyncssh.Error, OSError):
                await asyncio.sleep(0.1)


def test_a_source_that_connects_too_quickly_is_told_to_wait(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, limits={"new_per_second": 2}) as site:
            lines = [await _first_line(site.port) for _ in range(12)]
            assert lines[0].startswith("SSH-2.0-")
            assert "Too many new connections from your address; try again in a second" in lines
            assert (await _first_line(site.port, "127.0.0.2")).startswith("SSH-2.0-")

    story(visit())


def test_a_flood_from_one_net_of_ipv6_does_not_fill_the_audit(tmp_path: Path) -> None:
    """Whoever has such a net has more addresses than any disk has room for."""

    async def visit() -> None:
        async with running(tmp_path) as site:
            door = site.gateway._front._server._door
            for host in range(1, 100):
                door.note_turned_away(f"2001:db8:1:2::{host:x}", TOO_QUICK)
            door.note_turned_away("2001:db8:1:3::1", TOO_QUICK)
            await site.until(lambda: "2001:db8:1:3::1" in site.audit())
            assert site.audit().count('"turned_away"') == 2

    story(visit())


def test_an_account_with_too_many_connections_is_told_so(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, limits={"connections_per_account": 2}) as site:
            async with site.connection(), site.sftp() as client:
                connection = await site.connection(local_addr=ELSEWHERE)
                with pytest.raises(asyncssh.Error):
                    await connection.start_sftp_client()
                await connection.wait_closed()
                assert await client.exists("reports")
                async with site.connection("office"):
                    pass
            await site.until(lambda: '"reason": "connections"' in site.audit())
            await _eventually_in(site)

    story(visit())


# Wrong passwords and bans (36).


def test_a_wrong_password_is_answered_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def visit() -> None:
        monkeypatch.setattr(logins, "PAUSE_S", 1.0)
        async with running(tmp_path) as site:
            began_s = monotonic()
            await _wrongly(site, 1)
            assert monotonic() - began_s >= 1.0

    assert logins.PAUSE_S == 0.05
    story(visit())


def test_wrong_passwords_ban_a_source_until_the_ban_runs_off(tmp_path: Path) -> None:
    async def visit() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        async with running(tmp_path, limits={"longest_ban_s": 2.0}) as site:
            site.accounts["acme"] = account("acme", public_keys=(key.export_public_key().decode(),))
            async with site.sftp() as client:
                await _wrongly(site, 1)
                await site.until(lambda: '"event": "banned"' in site.audit())
                assert await _first_line(site.port) == "Too many failed logins from your address; try again later"
                assert await client.exists("reports")  # who is in stays in
                async with site.connection(password=None, client_keys=[key], local_addr=ELSEWHERE):
                    pass
            await _eventually_in(site)

    story(visit())


def test_a_ban_survives_a_restart(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, limits={"longest_ban_s": 600.0}) as site:
            while '"event": "banned"' not in site.audit():
                await _wrongly(site, 1)
            await site.restart()
            assert await _first_line(site.port) == "Too many failed logins from your address; try again later"
            assert (await _first_line(site.port, "127.0.0.2")).startswith("SSH-2.0-")

    story(visit())


class _Mistyping(asyncssh.SSHClient):
    def __init__(self) -> None:
        self.tries = iter(["wrong", "wrong", "wrong", PASSWORD])

    def password_auth_requested(self) -> str:
        return next(self.tries)


def _mistyped(site: Site) -> Any:
    return site.connection(password=None, client_factory=_Mistyping, preferred_auth=["password"], password_auth=True)


def test_mistyping_before_the_right_password_costs_nothing(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, limits={"longest_ban_s": 600.0}) as site:
            for _ in range(2):
                async with _mistyped(site) as connection, connection.start_sftp_client():
                    pass

    story(visit())


def test_who_hangs_up_right_after_the_login_has_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in = Gate.log_in

    async def slowly(gate: Gate, visit: Visit, account: str) -> bool:
        await asyncio.sleep(0.2)
        return await log_in(gate, visit, account)

    monkeypatch.setattr(Gate, "log_in", slowly)

    async def visit() -> None:
        async with running(tmp_path, limits={"longest_ban_s": 600.0}) as site:
            async with _mistyped(site):
                pass
            await site.until(lambda: '"event": "login"' in site.audit())
            assert '"event": "banned"' not in site.audit()
            await site.until(lambda: not any("_until_idle" in repr(task) for task in asyncio.all_tasks()), 2.0)

    story(visit())


def test_guesses_are_not_forgiven_because_the_own_account_is_full(tmp_path: Path) -> None:
    """Whoever holds an account could guess at another one for ever, if our hanging up cost nothing."""

    async def visit() -> None:
        limits = {"connections_per_account": 1, "longest_ban_s": 600.0}
        async with running(tmp_path, limits=limits) as site, site.connection(local_addr=ELSEWHERE):
            guesser = await _raw(site)
            for guesses in range(1, 5):
                _ask_in(guesser, "office", "wrong")
                await site.until(lambda: site.audit().count('"login_failed"') == guesses)  # noqa: B023 - asked at once
            _ask_in(guesser, "acme", PASSWORD)
            await site.until(lambda: '"event": "banned"' in site.audit())
            assert '"reason": "connections"' in site.audit()

    story(visit())


def test_names_that_nobody_has_are_answered_as_wrong_passwords_are(tmp_path: Path) -> None:
    """Work and answers have one structure; that the times agree is a benchmark (37)."""

    async def visit() -> None:
        async with running(tmp_path) as site:
            site.accounts["disabled"] = account("disabled", enabled=False)
            site.accounts["keyed"] = account("keyed", password_hash=None)
            site.accounts["far"] = account("far", allow_from=("192.0.2.0/24",))
            site.accounts["near"] = account("near", allow_from=("127.0.0.0/8",))
            seen = {}
            for name in ("acme", "nobody", "disabled", "keyed", "far"):
                password = "wrong" if name == "acme" else PASSWORD
                seen[name] = await _conversation(site, name, password)
            assert len(set(seen.values())) == 1
            async with site.connection("near"):
                pass

    story(visit())


async def _conversation(site: Site, name: str, password: str) -> tuple[str, ...]:
    """What a client learns that offers a key and then passwords."""
    told: list[str] = []

    class Curious(asyncssh.SSHClient):
        def password_auth_requested(self) -> str | None:
            told.append("password asked for")
            return password if len(told) < 2 else None

        def auth_banner_received(self, msg: str, lang: str) -> None:
            told.append(f"{msg} {lang}")

    key = asyncssh.generate_private_key("ssh-ed25519")
    methods = ["publickey", "password"]
    connecting = site.connection(
        name, None, client_keys=[key], client_factory=Curious, preferred_auth=methods, password_auth=True
    )
    return (*told, (await _fails(connecting)).replace(name, "NAME"))


def test_both_ways_to_send_a_password_are_counted_together(tmp_path: Path) -> None:
    class Guesser(asyncssh.SSHClient):
        def __init__(self) -> None:
            self.passwords = iter(["wrong"] * 3)
            self.answers = 0

        def password_auth_requested(self) -> str | None:
            return next(self.passwords, None)

        def kbdint_auth_requested(self) -> str:
            return ""

        def kbdint_challenge_received(self, *_: object) -> list[str]:
            self.answers += 1
            return ["wrong"]

    async def visit() -> None:
        guesser = Guesser()
        async with running(tmp_path) as site:
            methods = ["password", "keyboard-interactive"]
            connecting = site.connection(
                password=None, client_factory=lambda: guesser, preferred_auth=methods, password_auth=True
            )
            assert "Too many failed logins" in await _fails(connecting)
        assert guesser.answers == 3

    story(visit())


def test_pipelined_tries_count_although_nobody_waits_for_their_answers(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            connection = await _raw(site)
            for _ in range(20):
                _ask_in(connection, "acme", "wrong")
            with pytest.raises(asyncssh.DisconnectError, match="Too many failed logins"):
                await _outcome(connection)

    story(visit())


def test_a_race_of_two_names_ends_as_whoever_was_proven_last(tmp_path: Path) -> None:
    """A name that was tried first never sticks to a session of the one that came in (39)."""

    async def visit() -> None:
        async with running(tmp_path) as site:
            site.accounts["other"] = account("other", "vendor", "shelbyville")
            for first, last in (("acme", "other"), ("other", "acme"), ("nobody", "other")):
                connection = await _raw(site)
                _ask_in(connection, first, PASSWORD)
                _ask_in(connection, last, PASSWORD)
                await _outcome(connection)
                async with connection.start_sftp_client() as client:
                    await write(client, f"{first}-{last}.csv", b"x")
                district = {"acme": "springfield", "other": "shelbyville"}[last]
                assert (site.home.drop(district) / f"{first}-{last}.csv").exists()
                connection.abort()

    story(visit())


class _Undecided(asyncssh.SSHClient):
    """A client that is asked for a password and thinks for ever, so that a test can send what it likes."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def password_auth_requested(self) -> str:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


class _Raw(asyncssh.SSHClientConnection):
    """A connection that tries nothing by itself once its client was asked."""

    def try_next_auth(self, *, next_method: bool = False) -> None:
        owner = self.get_owner()
        if not (isinstance(owner, _Undecided) and owner.asked.is_set()):
            super().try_next_auth(next_method=next_method)


async def _raw(site: Site) -> _Raw:
    client, loop = _Undecided(), asyncio.get_running_loop()
    options = asyncssh.SSHClientConnectionOptions(
        client_factory=lambda: client,
        username="acme",
        known_hosts=None,
        client_keys=None,
        agent_path=None,
        config=None,
        preferred_auth="password",
    )
    options.waiter = loop.create_future()
    _, connection = await loop.create_connection(lambda: _Raw(loop, options, wait="auth"), "127.0.0.1", site.port)
    async with asyncio.timeout(PATIENCE_S):
        await client.asked.wait()
    return connection


def _ask_in(connection: _Raw, name: str, password: str) -> None:
    connection.send_packet(
        constants.MSG_USERAUTH_REQUEST,
        String(name),
        String("ssh-connection"),
        String("password"),
        b"\0",
        String(password),
    )


async def _outcome(connection: _Raw) -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert connection._waiter
        await connection._waiter


# A crowd before the login (38).


@pytest.mark.parametrize(
    ("crowd", "gate"), [(150, 20), pytest.param(1500, 100, marks=pytest.mark.soak)], ids=["some", "many"]
)
def test_idle_connections_never_keep_a_vendor_out(tmp_path: Path, crowd: int, gate: int) -> None:
    async def visit() -> None:
        async with running(
            tmp_path,
            limits={"logins_at_once": gate, "connections_per_source": 10, "new_per_second": 20},
        ) as site:
            sources = [f"127.0.{number // 200 + 1}.{number % 200 + 1}" for number in range(crowd // 8 + 1)]
            idle = [await _idle(site.port, sources[number // 8]) for number in range(crowd)]
            door = site.gateway._front._server._door
            await site.until(lambda: len(door.waiting) >= gate)
            began_s = monotonic()
            async with site.connection() as connection, connection.start_sftp_client() as client:
                took_s = monotonic() - began_s
                assert await client.exists("reports")
                assert len(door.waiting) <= gate
                if crowd == 1500:  # only the soak has minutes, and the machine for itself
                    assert took_s < 2.0
                    await site.until(lambda: not door.waiting, 2 * PATIENCE_S)
                    assert await client.exists("reports")
            for writer in idle:
                writer.close()

    story(visit())


def test_one_source_cannot_fill_the_gate(tmp_path: Path) -> None:
    async def visit() -> None:
        limits = {"logins_at_once": 10, "connections_per_source": 5}
        async with running(tmp_path, limits=limits) as site:
            idle = [await _idle(site.port, "127.0.0.2") for _ in range(30)]
            door = site.gateway._front._server._door
            await site.until(lambda: len(door.waiting) == 5)
            async with site.connection():
                pass
            assert len(door.waiting) == 5
            for writer in idle:
                writer.close()

    story(visit())


# Idle and busy sessions.


def test_a_session_that_asks_for_nothing_ends(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, server={"idle_s": 0.5}) as site:
            connection = await site.connection()
            async with asyncio.timeout(PATIENCE_S):
                await connection.wait_closed()

    story(visit())


def test_a_slow_upload_is_not_idle(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, server={"idle_s": 3.0}) as site, site.sftp() as client:
            async with client.open("users.csv", "wb") as file:
                for _ in range(16):
                    await file.write(b"x")
                    await asyncio.sleep(0.25)
            assert (await client.stat("users.csv")).size == 16

    story(visit())


# What one request may ask for (33).


@asynccontextmanager
async def _channel(
    connection: asyncssh.SSHClientConnection,
) -> AsyncIterator[tuple["asyncssh.SSHWriter[bytes]", "asyncssh.SSHReader[bytes]"]]:
    """The bytes of an SFTP session, after its greeting."""
    writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None)
    writer.write(_packet(constants.FXP_INIT, UInt32(3)))
    await _answer(reader)
    yield writer, reader
    writer.close()


def _packet(kind: int, *fields: bytes) -> bytes:
    payload = bytes([kind]) + b"".join(fields)
    return UInt32(len(payload)) + payload


async def _answer(reader: "asyncssh.SSHReader[bytes]") -> bytes:
    async with asyncio.timeout(PATIENCE_S):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


async def _open_for_reading(
    writer: "asyncssh.SSHWriter[bytes]", reader: "asyncssh.SSHReader[bytes]", name: str
) -> bytes:
    writer.write(_packet(constants.FXP_OPEN, UInt32(1), String(name), UInt32(constants.FXF_READ), UInt32(0)))
    return (await _answer(reader))[9:]


def test_a_read_of_a_gigabyte_brings_at_most_a_quarter_megabyte(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            async with site.sftp("office") as client:
                await write(client, "users.csv", b"x" * 600_000)
            async with site.connection("office") as connection, _channel(connection) as (writer, reader):
                handle = await _open_for_reading(writer, reader, "users.csv")
                writer.write(_packet(constants.FXP_READ, UInt32(2), String(handle), UInt64(0), UInt32(2**30)))
                assert len(await _answer(reader)) == 256 * 1024 + 9

    story(visit())


def test_a_packet_that_announces_too_much_ends_its_session_before_it_is_sent(tmp_path: Path) -> None:
    async def visit() -> None:
        async with (
            running(tmp_path) as site,
            site.connection() as connection,
            connection.start_sftp_client() as bystander,
            _channel(connection) as (writer, reader),
        ):
            writer.write(UInt32(2**20) + bytes([constants.FXP_WRITE]))
            async with asyncio.timeout(PATIENCE_S):
                assert await reader.read() == b""
            assert await bystander.exists("reports")

    story(visit())


_GATEWAY = """
import asyncio, resource, sys
from pathlib import Path
from tests.sftp_gateway.harness import site_at

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()

async def serve():
    site = site_at(Path(sys.argv[1]))
    await site.gateway.start()
    print(site.port, flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print(resident(), flush=True)
    await site.gateway.stop(grace_s=0.0)

asyncio.run(serve())
"""


async def _resident(gateway: asyncio.subprocess.Process) -> int:
    """The memory of the gateway's process, in bytes."""
    assert gateway.stdin
    gateway.stdin.write(b"\n")
    return await _number(gateway)


async def _number(gateway: asyncio.subprocess.Process) -> int:
    assert gateway.stdout
    async with asyncio.timeout(PATIENCE_S):
        return int(await gateway.stdout.readline())


def _stop_reading(connection: asyncssh.SSHClientConnection) -> None:
    """Leave in the socket whatever the server sends from now on."""
    assert connection._transport
    connection._transport.pause_reading()


@pytest.mark.parametrize(
    ("reads", "patience_s"), [(1200, PATIENCE_S), pytest.param(10_000, 1.0, marks=pytest.mark.soak)]
)
def test_reads_whose_answers_nobody_takes_do_not_fill_the_memory(tmp_path: Path, reads: int, patience_s: float) -> None:
    """A client that announces a window for all of them is stopped at its socket, not at its window."""

    async def visit() -> None:
        gateway = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _GATEWAY, str(tmp_path), stdin=-1, stdout=-1, cwd=Path(__file__).parents[2]
        )
        port = await _number(gateway)
        nobody: dict[str, Any] = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
        login = {"username": "office", "password": PASSWORD, **nobody}
        async with asyncssh.connect("127.0.0.1", port, **login) as calm, calm.start_sftp_client() as bystander:
            await write(bystander, "users.csv", b"x" * 2_000_000)
            before = await _resident(gateway)
            deaf = await asyncssh.connect("127.0.0.1", port, window=2**31 - 1, **login)
            async with _channel(deaf) as (writer, reader):
                handle = await _open_for_reading(writer, reader, "users.csv")
                _stop_reading(deaf)
                for number in range(reads):
                    writer.write(_packet(constants.FXP_READ, UInt32(number), String(handle), UInt64(0), UInt32(2**20)))
                grown = 0
                for _ in range(12):
                    await asyncio.sleep(0.1)
                    grown = max(grown, await _resident(gateway) - before)
                    async with asyncio.timeout(patience_s):
                        assert await bystander.exists("users.csv")
                deaf.abort()
            assert grown < 32 * 2**20
        assert gateway.stdin
        gateway.stdin.close()
        await gateway.wait()

    story(visit())


# Where we listen.


def test_further_ports_speak_their_own_algorithms(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, server={"more_ports": {"0": "legacy-2026-11"}}) as site:
            main, old = site.gateway._front._server.ports
            assert main == site.port
            old_client: dict[str, Any] = {
                "kex_algs": ["ecdh-sha2-nistp256"],
                "server_host_key_algs": ["ecdsa-sha2-nistp256"],
            }
            await _fails(site.connection(**old_client))
            site.gateway.port = old
            async with site.connection(**old_client):
                pass

    story(visit())


def test_a_name_of_both_kinds_of_addresses_is_heard_on_both(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, server={"host": "localhost"}) as site:
            async with site.connection():
                pass
            try:
                async with asyncssh.connect(
                    "::1",
                    site.port,
                    username="acme",
                    password=PASSWORD,
                    known_hosts=None,
                    client_keys=None,
                    config=None,
                ):
                    pass
            except OSError:
                pytest.skip("this machine has no IPv6")

    story(visit())

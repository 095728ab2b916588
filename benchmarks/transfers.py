"""The gateway beside OpenSSH's sshd, with OpenSSH's own client, in one run on one machine.

Both keep their files in memory (/dev/shm where there is one), so that ciphers and protocol are compared; what the fsync
before each of our answers costs on a disk is measured apart. A ratio is how much faster the gateway is: above 1 it
takes less time than sshd. Each figure is the median of pairs that were taken in turn.
"""

import asyncio
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial
from pathlib import Path

import asyncssh

from benchmarks import peers
from benchmarks.peers import Peer

PAIRS = int(os.environ.get("PAIRS", "5"))
MEGABYTES = (50, 200)  # the users.csv of a district of 100,000 students, and what no district sends
SESSIONS, SESSION_MEGABYTES = 50, 10
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes128-ctr")
_READS, _READ_BYTES = 1200, 1024 * 1024


def main() -> int:
    """Measure transfers, many sessions, logins, a bystander, and memory under a client that never reads."""
    if not peers.sshd_is_here():
        print("not run: OpenSSH's server and client are needed (Debian: openssh-server, openssh-client)")
        return 0
    with _scratch() as root, peers.sshd(root) as sshd:
        with peers.rosterdrop(root / "one", processes=1) as ours:
            _compare_streams(ours, sshd, root)
            _compare_logins(ours, sshd)
            _show_known_and_unknown(ours)
            _show_memory(ours)
        with peers.rosterdrop(root / "two", processes=2) as ours:
            _compare_sessions(ours, sshd, root)
    _show_fsync()
    return 0


@contextmanager
def _scratch() -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        root = Path(folder)
        for name in ("one", "two"):
            (root / name).mkdir()
        yield root


def _compare_streams(ours: Peer, sshd: Peer, root: Path) -> None:
    load = root / "load.bin"
    for megabytes in MEGABYTES:
        load.write_bytes(os.urandom(megabytes * 10**6))
        for cipher in CIPHERS if megabytes == MEGABYTES[0] else CIPHERS[:1]:
            _compare(f"up, {megabytes} MB, {cipher}", ours, sshd, partial(_up, load, cipher))
            _compare(f"down, {megabytes} MB, {cipher}", ours, sshd, partial(_down, load, cipher))


def _up(load: Path, cipher: str, peer: Peer) -> float:
    taken_s = _timed(lambda: peer.sftp(f"put {load} load.bin", cipher=cipher))
    time.sleep(1.0)  # the receipt of an arrival is hashed after the answer, and the next one to be timed is a peer
    return taken_s


def _down(load: Path, cipher: str, peer: Peer) -> float:
    return _timed(lambda: peer.sftp(f"get load.bin {load}.back", cipher=cipher))


def _compare_logins(ours: Peer, sshd: Peer) -> None:
    logins = 20
    pairs = [(_logins(ours, logins), _logins(sshd, logins)) for _ in range(PAIRS)]
    _show("logins, one after the other", pairs, lambda taken_s: f"{logins / taken_s:.1f}/s")


def _logins(peer: Peer, times: int) -> float:
    began_s = time.perf_counter()
    for _ in range(times):
        peer.sftp()
    return time.perf_counter() - began_s


def _compare_sessions(ours: Peer, sshd: Peer, root: Path) -> None:
    part = root / "part.bin"
    part.write_bytes(os.urandom(SESSION_MEGABYTES * 10**6))
    title = f"{SESSIONS} sessions of {SESSION_MEGABYTES} MB, two processes"
    _compare(title, ours, sshd, lambda peer: _timed(lambda: _push_at_once(peer, part)))
    waits = asyncio.run(_bystander(ours, part))
    print(f"{'a bystander stats meanwhile':48} median {statistics.median(waits):.3f} s, worst {max(waits):.3f} s")


def _push_at_once(peer: Peer, part: Path) -> None:
    pushing = [_pushing(peer, part, number) for number in range(SESSIONS)]
    for push in pushing:
        assert push.wait() == 0, "a push failed"


def _pushing(peer: Peer, part: Path, number: int) -> "subprocess.Popen[str]":
    push = subprocess.Popen(peer.client(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert push.stdin is not None
    push.stdin.write(f"cd {peer.folder}\nput {part} part-{number}.bin\nbye\n")
    push.stdin.close()
    return push


async def _bystander(peer: Peer, part: Path) -> list[float]:
    """How long somebody who is already logged in waits for each stat while all the others push."""
    waits = []
    async with _connection(peer) as connection, connection.start_sftp_client() as client:
        pushing = asyncio.create_task(asyncio.to_thread(_push_at_once, peer, part))
        while not pushing.done():
            began_s = time.perf_counter()
            await client.stat("/")
            waits.append(time.perf_counter() - began_s)
            await asyncio.sleep(0.02)
        await pushing
    return waits


def _show_known_and_unknown(peer: Peer) -> None:
    """Wrong passwords for a name that exists and for one that does not: nobody can tell them apart by the time."""
    times = asyncio.run(_wrong_passwords(peer))
    known, unknown = (statistics.median(times[name]) for name in (peer.user, "nobody"))
    apart = abs(known - unknown) / unknown
    print(f"{'wrong password, known and unknown name':48} {known:.3f} s and {unknown:.3f} s, {apart:.1%} apart")


async def _wrong_passwords(peer: Peer) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {peer.user: [], "nobody": []}
    for _ in range(10 * PAIRS):
        for name, taken in times.items():
            began_s = time.perf_counter()
            try:
                await asyncio.wait_for(asyncssh.connect("127.0.0.1", peer.port, **_as_stranger(name)), 30)
            except (asyncssh.Error, OSError):
                taken.append(time.perf_counter() - began_s)
    return times


def _as_stranger(name: str) -> "dict[str, object]":
    return {
        "username": name,
        "password": "wrong",
        "known_hosts": None,
        "client_keys": None,
        "agent_path": None,
        "config": None,
        "preferred_auth": "password",
    }


def _show_memory(peer: Peer) -> None:
    before = _resident(peer.pid)
    peak = asyncio.run(_flood(peer))
    grown = (peak - before) / 2**20
    print(f"{f'{_READS} READs of 1 MiB, nothing read':48} memory grows by {grown:.1f} MiB")


async def _flood(peer: Peer) -> int:
    """The most memory that the server has while a client asks for a lot and reads nothing."""
    async with _connection(peer) as connection:
        writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None)
        writer.write(_packet(1, struct.pack(">I", 3)))
        await _answer(reader)
        writer.write(_packet(3, struct.pack(">I", 1) + _string(b"load.bin") + struct.pack(">II", 1, 0)))
        handle = (await _answer(reader))[9:]  # behind the kind, the request's number and the handle's length
        for number in range(_READS):
            asked = struct.pack(">I", 2 + number) + _string(handle) + struct.pack(">QI", 0, _READ_BYTES)
            writer.write(_packet(5, asked))
        peak = 0
        for _ in range(50):
            peak = max(peak, _resident(peer.pid))
            await asyncio.sleep(0.1)
        connection.abort()
    return peak


async def _answer(reader: "asyncssh.SSHReader[bytes]") -> bytes:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return await reader.readexactly(length)


def _packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", 1 + len(body), kind) + body


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _connection(peer: Peer) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    return asyncssh.connect(
        "127.0.0.1",
        peer.port,
        username=peer.user,
        client_keys=[str(peer.key)],
        known_hosts=None,
        agent_path=None,
        config=None,
    )


def _resident(pid: int) -> int:
    """Bytes of memory that a process has in use."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def _show_fsync() -> None:
    """What it costs on this machine's disk to be sure of a file before the answer, beside writing it."""
    megabytes = MEGABYTES[-1]
    data = os.urandom(megabytes * 10**6)
    with tempfile.TemporaryDirectory() as folder:
        pairs = [_written(Path(folder) / str(number), data) for number in range(PAIRS)]
    written_s, synced_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{f'{megabytes} MB to the disk':48} written {written_s:.2f} s, its fsync {synced_s:.2f} s more")


def _written(file: Path, data: bytes) -> tuple[float, float]:
    with file.open("wb") as target:
        written_s = _timed(lambda: target.write(data))
        return written_s, _timed(lambda: os.fsync(target.fileno()))


def _compare(title: str, ours: Peer, sshd: Peer, measured: Callable[[Peer], float]) -> None:
    measured(ours)  # the first one warms both up
    measured(sshd)
    pairs = [(measured(ours), measured(sshd)) for _ in range(PAIRS)]
    _show(title, pairs, lambda taken_s: f"{taken_s:.2f} s")


def _show(title: str, pairs: list[tuple[float, float]], as_text: Callable[[float], str]) -> None:
    ours_s, sshd_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = sorted(sshd / ours for ours, sshd in pairs)
    spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
    ratio = statistics.median(ratios)
    print(f"{title:48} {as_text(ours_s):>9}  sshd {as_text(sshd_s):>9}  ratio {ratio:.2f} ({spread})")


def _timed(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    sys.exit(main())

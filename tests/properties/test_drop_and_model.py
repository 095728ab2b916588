"""Raw SFTP packets of three accounts in two districts, hostile ones among them, against a model of their drops.

The model says word by word what is answered. Beside that: nothing outside of the drops changes, nobody is told a word
of the other district, no fault is logged, no descriptor stays open, and what is hidden is what the journal knows
(reference 7: 29, 30, 31, 32, 34, 44).
"""

import asyncio
import logging
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncssh
import pytest
from asyncssh import constants
from asyncssh.packet import String, UInt32, UInt64
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from config.accounts import PRESETS
from config.profiles import Arrival
from sftp_gateway import statuses
from sftp_gateway.receiving import DropId
from sftp_gateway.sftp.protocol import MOST_HANDLES
from sftp_gateway.statuses import Refusal, Status
from tests.properties.drop_model import LARGEST, Drop, Facts, File, Folder, Held, Names, Person, Reader, Upload, World
from tests.properties.drop_model import normalised as told_path
from tests.properties.wire import Answer, Wire, attributes, extended
from tests.sftp_gateway.harness import Site, account, running

Result = TypeVar("Result")
Expected = Callable[[], Result]

_MANY_STEPS: Final = 20_000
_A_RUN: Final = 200
_PATIENCE_S: Final = 20.0
_NEVER: Final = Arrival(settle_s=10_000, quiet_s=10_000, partial_quiet_s=10_000)
_SECRETS: Final = {"springfield": b"s3cret-of-springfield", "shelbyville": b"s3cret-of-shelbyville"}
_OK: Final = (constants.FX_OK, "")
_END: Final = (constants.FX_EOF, "")

PEOPLE: Final = {
    "office": Person("office", "springfield", "single", PRESETS["district"]),
    "acme": Person("acme", "springfield", "single", PRESETS["vendor"]),
    "globe": Person("globe", "shelbyville", "many", PRESETS["district"]),
}
# Whatever a client writes begins with the letter of its account.
_NOT_FOR: Final = {
    "office": re.compile(rb"s3cret-of-shelbyville|g\d{6}\|"),
    "acme": re.compile(rb"s3cret-of-shelbyville|g\d{6}\||values"),
    "globe": re.compile(rb"s3cret-of-springfield|[oa]\d{6}\|"),
}

_NAMES: Final = (
    b"users.csv", b"users.csv", b"USERS.CSV", b"users.csv.0a1b2c3d.partial", b"test/users.csv", b"classes.csv",
    b"own", b"own/kept.csv", b"own/new.csv", b"test", b"reports", b"reports/latest.txt", b"reports/latest.txt/x",
    b"reports/.hidden", b"test/reports/latest.txt", b"link", b"..\\..\\x", b"summaries", b"1.csv", b"2.csv",
)  # fmt: skip
_HOSTILE: Final = (
    b"", b"/", b".", b"..", b"//etc/passwd", b"///etc/passwd", b"/./../etc/passwd", b"x/../../y", b"/../../outside",
    b"../../outside", b"../shelbyville/own/kept.csv", b"../springfield/own/kept.csv", b"/springfield/own/kept.csv",
    b"shelbyville/own/kept.csv", b"../drops/shelbyville/own/kept.csv", b"../../accounts.toml", b"link/outside",
    b"a\0b", b"a\nb", b"a\x1b[2Jb", b"\xff.csv", "\u2028.csv".encode(), b"x" * 5000, b"/" * 5000, b"x" * 256,
    b"own/" + b"../" * 20 + b"outside", b"reports/../../../outside",
)  # fmt: skip
_SHAPES: Final = ("{}", "{}", "{}", "/{}", "//{}", "./{}", "x/../{}", "../{}", "{}/", "{}/.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A path as it is sent; an account that sees a folder for each district asks for its own, or for just that."""

    path: bytes
    as_it_is: bool

    def of(self, person: Person) -> bytes:
        below = person.layout == "many" and not self.as_it_is
        return b"/" + person.district.encode() + b"/" + self.path if below else self.path


def _shaped(shape: str, name: bytes) -> bytes:
    before, after = shape.encode().split(b"{}")
    return before + name + after


_usual = some.builds(
    Asked, some.builds(_shaped, some.sampled_from(_SHAPES), some.sampled_from(_NAMES)), some.just(value=False)
)
_frequent = some.builds(Asked, some.sampled_from(_NAMES[:6]), some.just(value=False))
_folders = some.builds(Asked, some.sampled_from((b"", b"/test", b"own", b"reports")), some.booleans())
_hostile = some.builds(Asked, some.sampled_from(_HOSTILE), some.booleans())

people = some.sampled_from(sorted(PEOPLE))
paths = some.one_of(_frequent, _frequent, _frequent, _usual, _hostile)
offsets = some.sampled_from((0, 0, 1, 7, 50, 100, 32_768, 65_537, LARGEST - 1, LARGEST, 2**40, 2**63, 2**64 - 1))
lengths = some.sampled_from((0, 1, 3, 50, 100, 40_000))
sizes = some.sampled_from((None, None, 0, 1, 50, 70_000, LARGEST + 1, 2**40, 2**63, 2**64 - 1))
times = some.sampled_from((None, None, (1, 2), (2**32 - 1, 2**32 - 1)))
modes = some.sampled_from((None, 0o6777, 0o100644))
which = some.integers(0, 9)
flags = some.one_of(some.just(1), some.sampled_from((2, 3, 6, 10, 14, 26, 27, 42)), some.integers(0, 63))
_LAST: Final = 0

_A_PATH: Final = String("users.csv")
_A_HANDLE: Final = String(b"\0\0\0\0")
_WHOLE: Final[dict[str, tuple[int, bytes]]] = {
    "open": (constants.FXP_OPEN, _A_PATH + UInt32(26) + attributes(size=1, mode=0o644, times=(1, 2))),
    "close": (constants.FXP_CLOSE, _A_HANDLE),
    "read": (constants.FXP_READ, _A_HANDLE + UInt64(0) + UInt32(9)),
    "write": (constants.FXP_WRITE, _A_HANDLE + UInt64(0) + String(b"data")),
    "stat": (constants.FXP_STAT, _A_PATH),
    "lstat": (constants.FXP_LSTAT, _A_PATH),
    "fstat": (constants.FXP_FSTAT, _A_HANDLE),
    "setstat": (constants.FXP_SETSTAT, _A_PATH + attributes(size=1, mode=0o644, times=(1, 2))),
    "fsetstat": (constants.FXP_FSETSTAT, _A_HANDLE + attributes(size=1, times=(1, 2))),
    "opendir": (constants.FXP_OPENDIR, _A_PATH),
    "readdir": (constants.FXP_READDIR, _A_HANDLE),
    "remove": (constants.FXP_REMOVE, _A_PATH),
    "mkdir": (constants.FXP_MKDIR, _A_PATH + attributes(mode=0o755)),
    "rmdir": (constants.FXP_RMDIR, _A_PATH),
    "realpath": (constants.FXP_REALPATH, _A_PATH),
    "rename": (constants.FXP_RENAME, _A_PATH + String("1.csv")),
    "posix-rename": (constants.FXP_EXTENDED, extended(b"posix-rename@openssh.com", _A_PATH, String("1.csv"))),
    "fsync": (constants.FXP_EXTENDED, extended(b"fsync@openssh.com", _A_HANDLE)),
    "lsetstat": (constants.FXP_EXTENDED, extended(b"lsetstat@openssh.com", _A_PATH, attributes(size=1))),
    "statvfs": (constants.FXP_EXTENDED, extended(b"statvfs@openssh.com", _A_PATH)),
}  # fmt: skip
_ENDING_EXACTLY: Final = sorted(_WHOLE.keys() - {"close", "read", "write", "opendir", "realpath"})
_NOT_OFFERED: Final = (
    (constants.FXP_SYMLINK, String("../outside") + String("l")),
    (constants.FXP_READLINK, String("link")),
    (constants.FXP_LINK, String("a") + String("b") + b"\1"),
    (constants.FXP_EXTENDED, extended(b"hardlink@openssh.com", _A_PATH, String("1.csv"))),
    (constants.FXP_EXTENDED, extended(b"copy-data", _A_HANDLE, UInt64(0), UInt64(0), _A_HANDLE, UInt64(1))),
    (constants.FXP_EXTENDED, extended(b"ranges@asyncssh.com", _A_HANDLE, UInt64(0), UInt64(9))),
    (constants.FXP_EXTENDED, extended(b"fstatvfs@openssh.com", _A_HANDLE)),
    (constants.FXP_EXTENDED, extended(b"nobody@example.org")),
    (constants.FXP_EXTENDED, UInt32(2**31) + b"posix"),
    (constants.FXP_EXTENDED, b""),
    (0, b""), (42, b"whatever"), (255, _A_PATH),
)  # fmt: skip
_UNREADABLE: Final = (
    (constants.FXP_SETSTAT, _A_PATH + UInt32(0x80000000) + UInt32(2**32 - 1)),
    (constants.FXP_SETSTAT, _A_PATH + UInt32(0x10)),
    (constants.FXP_OPEN, UInt32(2**32 - 1) + b"users.csv"),
    (constants.FXP_EXTENDED, String(b"posix-rename@openssh.com")),
)


def _cut_short(request: str, share: float) -> tuple[int, bytes]:
    """A request that ends too early; an extended one behind its name."""
    kind, body = _WHOLE[request]
    kept = 4 + int.from_bytes(body[:4], "big") if kind == constants.FXP_EXTENDED else 0
    return kind, body[: kept + int((len(body) - kept) * share)]


def _lengthened(request: str, more: bytes) -> tuple[int, bytes]:
    kind, body = _WHOLE[request]
    return kind, body + more


nonsense = some.one_of(
    some.tuples(some.sampled_from(_NOT_OFFERED), some.just(statuses.UNSUPPORTED)),
    some.tuples(
        some.one_of(
            some.builds(_cut_short, some.sampled_from(sorted(_WHOLE)), some.floats(0, 1, exclude_max=True)),
            some.builds(_lengthened, some.sampled_from(_ENDING_EXACTLY), some.binary(min_size=1, max_size=9)),
            some.sampled_from(_UNREADABLE),
        ),
        some.just(statuses.BAD_MESSAGE),
    ),
)
_LAST_PACKETS: Final = {"empty": String(b""), "no number": String(b"\x03\0"), "huge": UInt32(2**31) + b"x" * 64}


class _Faults(logging.Handler):
    """What is logged as an error, by whomever."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))

    def of_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.seen.append(repr(context))


class ADropAndItsModel(RuleBasedStateMachine):
    """One gateway, three accounts with a session each, and the model of what they may expect."""

    packets = 0  # of all runs

    def __init__(self) -> None:
        super().__init__()
        self._faults = _Faults()
        logging.getLogger().addHandler(self._faults)
        self._root = Path(tempfile.mkdtemp(prefix="drops-"))
        (self._root / "outside").write_bytes(b"outside")
        self._stack = AsyncExitStack()
        self._runner = asyncio.Runner()
        self._written = 0
        self._connections: dict[str, asyncssh.SSHClientConnection] = {}
        self._wires: dict[str, Wire] = {}
        self._held: dict[str, dict[bytes, Held]] = {}
        self._closed: dict[str, list[bytes]] = {name: [] for name in PEOPLE}
        self._runner.run(self._start())

    async def _start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._faults.of_loop)
        site = running(self._root, rule=_NEVER, server={"max_file_bytes": LARGEST})
        self._site: Site = await self._stack.enter_async_context(site)
        self._site.accounts = {
            one.name: replace(account(one.name, "vendor", one.district), layout=one.layout, rights=one.may)
            for one in PEOPLE.values()
        }
        self._world = World(self._planted_reports(), self._planted_drops())
        for name in PEOPLE:
            self._connections[name] = await self._site.connection(name)
            await self._begin_session(name)
        keys = self._site.home.keys  # the audit makes a key of its own with its first line, beside us
        await self._site.until(lambda: [one.name for one in keys.glob("*audit_key*")] == ["audit_key"])
        self._outside = self._everything_else()

    def _planted_drops(self) -> dict[tuple[str, str], Drop]:
        """A folder, a file in it and a link to the outside, made by other hands than a client's."""
        drops = {}
        for district, secret in _SECRETS.items():
            base = self._site.home.drop(district)
            (base / "own").mkdir()
            (base / "own" / "kept.csv").touch(0o600)
            (base / "own" / "kept.csv").write_bytes(secret)
            (base / "link").symlink_to(self._root)
            files: dict[Names, File] = {("own", "kept.csv"): File(secret, None)}
            drops[district, "main"] = Drop(files, folders={("own",)}, links={("link",)})
            drops[district, "test"] = Drop()
        return drops

    def _planted_reports(self) -> dict[str, dict[str, bytes]]:
        home = self._site.home
        for district, secret in _SECRETS.items():
            (home.reports(district) / "latest.txt").write_bytes(b"values " + secret)
            (home.reports(district) / ".hidden").write_bytes(b"half a report")
            (home.summaries(district) / "latest.txt").write_bytes(b"masked " + secret)
        kinds = {one.name: b"values " if "reports" in one.may else b"masked " for one in PEOPLE.values()}
        return {name: {"latest.txt": kind + _SECRETS[PEOPLE[name].district]} for name, kind in kinds.items()}

    def teardown(self) -> None:
        try:
            for name in PEOPLE:
                self._end_session(name, "channel")
            changed = {file for file, _ in self._everything_else().items() ^ self._outside.items()}
            assert not changed, changed
        finally:
            self._runner.run(self._close())
            self._runner.close()
            logging.getLogger().removeHandler(self._faults)
            shutil.rmtree(self._root)
        assert not self._faults.seen

    async def _close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        await self._stack.aclose()

    # Files and their handles.

    @rule(name=people, asked=paths, flags=flags, times=times, mode=modes)
    def opens(self, name: str, asked: Asked, flags: int, times: tuple[int, int] | None, mode: int | None) -> None:
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        body = String(path) + UInt32(flags) + attributes(times=times, mode=mode)
        if opened := self._expect(
            name, constants.FXP_OPEN, body, lambda: self._world.open(person, path, flags, times), takes_handle=True
        ):
            self._held[name][opened[0].text] = opened[1]

    @rule(name=people, asked=_frequent)
    def uploads(self, name: str, asked: Asked) -> None:
        """As most clients do; chance alone opens few files that can be written."""
        self.opens(name, asked, 26, None, None)
        self.writes(name, _LAST, 0, 100)

    @rule(name=people, number=which, offset=offsets, length=lengths, padding=some.sampled_from((b"", b"\0\0")))
    def writes(self, name: str, number: int, offset: int, length: int, padding: bytes = b"") -> None:
        handle, held = self._handle(name, number)
        data = self._content(name, length)
        body = String(handle) + UInt64(offset) + String(data) + padding
        self._expect_ok(name, constants.FXP_WRITE, body, lambda: _upload(held).write(offset, data))

    @rule(name=people, number=which, offset=offsets, length=some.sampled_from((0, 1, 100, 40_000, 2**30, 2**32 - 1)))
    def reads(self, name: str, number: int, offset: int, length: int) -> None:
        handle, held = self._handle(name, number)
        body = String(handle) + UInt64(offset) + UInt32(length)
        found = self._expect(name, constants.FXP_READ, body, lambda: self._world.read(held, offset, length))
        if found and found[1]:
            assert found[0].text == found[1]
        elif found:
            assert found[0].status == _END

    @rule(name=people, number=which)
    def closes(self, name: str, number: int) -> None:
        handle, held = self._handle(name, number)
        if self._held[name].pop(handle, None):
            self._closed[name].append(handle)
        self._expect_ok(name, constants.FXP_CLOSE, String(handle), lambda: self._model_closes(held))

    @rule(name=people, number=which)
    def closes_twice(self, name: str, number: int) -> None:
        self.closes(name, number)
        if self._closed[name]:
            body = String(self._closed[name][-1])
            self._expect_ok(name, constants.FXP_CLOSE, body, lambda: _refuse(statuses.BAD_HANDLE))

    @rule(name=people, number=which)
    def asks_for_facts_of_a_handle(self, name: str, number: int) -> None:
        handle, held = self._handle(name, number)
        if found := self._expect(name, constants.FXP_FSTAT, String(handle), lambda: _size_of(held)):
            assert found[0].attrs.size == found[1]

    @rule(name=people, number=which, size=sizes, times=times, mode=modes)
    def sets_attributes_of_a_handle(
        self, name: str, number: int, size: int | None, times: tuple[int, int] | None, mode: int | None
    ) -> None:
        handle, held = self._handle(name, number)
        body = String(handle) + attributes(size, mode, times)
        self._expect_ok(name, constants.FXP_FSETSTAT, body, lambda: _set_attributes(held, size, times))

    @rule(name=people, number=which)
    def secures(self, name: str, number: int) -> None:
        handle, held = self._handle(name, number)
        body = extended(b"fsync@openssh.com", String(handle))
        self._expect_ok(name, constants.FXP_EXTENDED, body, lambda: _upload(held).sync())

    # Names.

    @rule(name=people, asked=paths, kind=some.sampled_from((constants.FXP_STAT, constants.FXP_LSTAT)))
    def asks_for_facts(self, name: str, asked: Asked, kind: int) -> None:
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        own = [held for held in self._held[name].values() if isinstance(held, Upload)]
        if found := self._expect(name, kind, String(path), lambda: self._world.facts(person, path, own)):
            _compare(found[0].attrs, found[1])

    @rule(
        name=people, asked=paths, size=sizes, times=times, mode=modes, kind=some.sampled_from(("setstat", "lsetstat"))
    )
    def sets_attributes(
        self, name: str, asked: Asked, size: int | None, times: tuple[int, int] | None, mode: int | None, kind: str
    ) -> None:
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        body = String(path) + attributes(size, mode, times)
        request = constants.FXP_SETSTAT
        if kind == "lsetstat":
            request, body = constants.FXP_EXTENDED, extended(b"lsetstat@openssh.com", body)
        self._expect_ok(name, request, body, lambda: self._world.set_attributes(person, path, size, times))

    @rule(name=people, asked=some.one_of(_folders, paths))
    def lists(self, name: str, asked: Asked) -> None:
        """Open a folder, read it to its end, and leave it open."""
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        opened = self._expect(
            name, constants.FXP_OPENDIR, String(path), lambda: self._world.listing(person, path), takes_handle=True
        )
        if opened:
            self._held[name][opened[0].text] = opened[1]
            self.reads_on(name, _LAST)

    @rule(name=people, number=which)
    def reads_on(self, name: str, number: int) -> None:
        handle, held = self._handle(name, number)
        if found := self._expect(name, constants.FXP_READDIR, String(handle), lambda: _entries(held)):
            answer, entries = found
            if not entries:
                assert answer.status == _END
                return
            told = {told.decode(): (long, attrs) for told, long, attrs in answer.names()}
            assert told.keys() == entries.keys()
            for one, (long, attrs) in told.items():
                _compare(attrs, entries[one])
                assert long.split().count(b"rosterdrop") == 2

    @rule(name=people, asked=paths)
    def removes(self, name: str, asked: Asked) -> None:
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        self._expect_ok(name, constants.FXP_REMOVE, String(path), lambda: self._world.remove(person, path))

    @rule(name=people, asked=paths)
    def makes_a_folder(self, name: str, asked: Asked) -> None:
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        body = String(path) + attributes(mode=0o777)
        self._expect_ok(name, constants.FXP_MKDIR, body, lambda: self._world.make_folder(person, path))

    @rule(name=people, asked=paths)
    def removes_a_folder(self, name: str, asked: Asked) -> None:
        person, path = PEOPLE[name], asked.of(PEOPLE[name])
        self._expect_ok(name, constants.FXP_RMDIR, String(path), lambda: self._world.remove_folder(person, path))

    @rule(name=people, old=paths, new=paths, replace=some.booleans())
    def renames(self, name: str, old: Asked, new: Asked, replace: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        person = PEOPLE[name]
        old_path, new_path = old.of(person), new.of(person)
        kind, body = constants.FXP_RENAME, String(old_path) + String(new_path)
        if replace:
            kind, body = constants.FXP_EXTENDED, extended(b"posix-rename@openssh.com", body)
        self._expect_ok(name, kind, body, lambda: self._world.rename(person, old_path, new_path, replace=replace))

    @rule(name=people, asked=paths)
    def asks_for_the_real_path(self, name: str, asked: Asked) -> None:
        path = asked.of(PEOPLE[name])
        if found := self._expect(name, constants.FXP_REALPATH, String(path), lambda: told_path(path), echoes=True):
            assert [told for told, _, _ in found[0].names()] == [b"/" + "/".join(found[1]).encode()]

    # What is not offered, and what cannot be understood.

    @rule(name=people, asked=nonsense)
    def asks_for_nonsense(self, name: str, asked: tuple[tuple[int, bytes], Status]) -> None:
        packet, status = asked
        self._expect_ok(name, *packet, lambda: _refuse(status))

    # Ends without a CLOSE.

    @rule(name=people, how=some.sampled_from(("channel", "end of input", "abort", *_LAST_PACKETS)))
    def ends_its_session(self, name: str, how: str) -> None:
        self._end_session(name, how)
        if how == "abort":
            self._connections[name] = self._runner.run(self._connect(name))
        self._runner.run(self._begin_session(name))

    def _end_session(self, name: str, how: str) -> None:
        self._runner.run(self._end(name, how))
        for held in self._held.pop(name).values():
            if isinstance(held, Upload):
                self._world.drops[held.place.drop].interrupt(held)
        self._closed[name] = []
        self._all_is_as_the_model_says()

    async def _end(self, name: str, how: str) -> None:
        wire = self._wires[name]
        if how == "abort":
            self._connections[name].abort()
        elif how == "channel":
            wire.writer.close()
        elif how == "end of input":
            wire.writer.write_eof()
        else:
            wire.writer.write(_LAST_PACKETS[how])
        if how != "abort":
            assert not await asyncio.wait_for(wire.ends(), _PATIENCE_S)

    async def _connect(self, name: str) -> asyncssh.SSHClientConnection:
        connection: asyncssh.SSHClientConnection = await self._site.connection(name)
        return connection

    async def _begin_session(self, name: str) -> None:
        self._wires[name] = await Wire.on(self._connections[name])
        self._held[name] = {}

    # What holds after each step.

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        self._all_is_as_the_model_says()
        assert not self._faults.seen

    def _all_is_as_the_model_says(self) -> None:
        """What a session leaves behind is cleared up a moment after it."""
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self._compare_all()
            except (AssertionError, FileNotFoundError):
                if time.monotonic() > give_up:
                    raise
                self._runner.run(asyncio.sleep(0.01))

    def _compare_all(self) -> None:
        home, journal = self._site.home, self._site.gateway._journal
        hidden: set[str] = set()
        for (district, which), drop in self._world.drops.items():
            base = home.drop(district) / ("test" if which == "test" else "")
            files = {names: file.content for names, file in drop.files.items()}
            assert {names: (base / Path(*names)).read_bytes() for names in _files_below(base)} == files
            assert all(stat.S_IMODE((base / Path(*names)).stat().st_mode) == 0o600 for names in files)
            drop_id = DropId(district, "test" if which == "test" else "main")
            assert {one.file.name for one in journal.current(drop_id)} == {one[0] for one in files if len(one) == 1}
            under_way, left = journal.under_way(drop_id), journal.interrupted(drop_id)
            assert {one.path for one in under_way} == drop.uploads.keys()
            told = sorted((one.path, (home.uploads / one.staging).read_bytes(), one.size, one.repeated) for one in left)
            assert told == sorted((one.name, one.content, len(one.content), one.repeated) for one in drop.partials)
            hidden |= {one.staging for one in (*under_way, *left)}
        assert {file.name for file in home.uploads.iterdir()} == hidden
        assert _open_files(home.root) == sum(
            isinstance(held, Upload | Reader) for several in self._held.values() for held in several.values()
        )

    def _everything_else(self) -> dict[str, bytes]:
        """All that no client may change."""
        home = self._site.home
        changing = {home.uploads, home.audit, home.locks}
        reports = {home.reports(district, test=test) for district in _SECRETS for test in (False, True)}
        return {
            str(file): file.read_bytes()
            for file in sorted(self._root.rglob("*"))
            if file.is_file() and not file.is_symlink()
            if not (changing & set(file.parents) or file.name.startswith("gateway.db"))
            if reports & set(file.parents) or home.root / "drops" not in file.parents
        }

    # Asking.

    def _expect(
        self,
        name: str,
        kind: int,
        body: bytes,
        model: Expected[Result],
        *,
        takes_handle: bool = False,
        echoes: bool = False,
    ) -> tuple[Answer, Result] | None:
        """The answer and what the model says, None where the model refuses; then the answer was just that."""
        ADropAndItsModel.packets += 1
        answer = self._runner.run(asyncio.wait_for(self._wires[name].ask(kind, body), _PATIENCE_S))
        assert echoes or not _NOT_FOR[name].search(answer.body)
        try:
            if takes_handle and len(self._held[name]) >= MOST_HANDLES:
                _refuse(statuses.TOO_MANY_HANDLES)
            expected = model()
        except Refusal as refusal:
            assert answer.status == (refusal.status.code, refusal.status.text)
            return None
        assert answer.kind != constants.FXP_STATUS or answer.status in {_OK, _END}, (answer.status, expected)
        return answer, expected

    def _expect_ok(self, name: str, kind: int, body: bytes, model: Expected[object]) -> None:
        if found := self._expect(name, kind, body, model):
            assert found[0].status == _OK

    def _handle(self, name: str, number: int) -> tuple[bytes, Held | None]:
        """One of the last handles of the session, mostly; 8 is one that was closed, 9 one that never was.

        Where there is none, an upload is begun: chance alone would ask for handles that are not there.
        """
        if number >= 8:
            closed = [*self._closed[name], b"", b"\xff" * 4]
            return closed[8 - number], None
        if not self._held[name]:
            self.opens(name, Asked(_NAMES[number % 4], as_it_is=False), 26, None, None)
        held = [*self._held[name].items()]
        return held[-1 - number % min(len(held), 4)] if held else (b"", None)

    def _model_closes(self, held: Held | None) -> None:
        if held is None:
            _refuse(statuses.BAD_HANDLE)
        if isinstance(held, Upload):
            self._world.drops[held.place.drop].close(held)

    def _content(self, name: str, length: int) -> bytes:
        """Bytes that nobody sent before, and that show whose they are."""
        self._written += 1
        return (f"{name[0]}{self._written:06}|".encode() * (length // 8 + 1))[:length]


def _upload(held: Held | None) -> Upload:
    if held is None or isinstance(held, Folder):
        raise Refusal(statuses.BAD_HANDLE)
    if not isinstance(held, Upload):
        raise Refusal(statuses.NOT_WRITABLE)
    return held


def _size_of(held: Held | None) -> int:
    if held is None or isinstance(held, Folder):
        raise Refusal(statuses.BAD_HANDLE)
    return len(held.content)


def _set_attributes(held: Held | None, size: int | None, times: tuple[int, int] | None) -> None:
    if held is None or isinstance(held, Folder):
        raise Refusal(statuses.BAD_HANDLE)
    if isinstance(held, Upload):
        if size is not None:
            held.truncate(size)
        held.times = times or held.times


def _entries(held: Held | None) -> dict[str, Facts]:
    """What is told the first time; after that, that it was all."""
    if not isinstance(held, Folder):
        raise Refusal(statuses.BAD_HANDLE)
    told, held.told = held.told, True
    return {} if told else dict(held.entries)


def _refuse(status: Status) -> None:
    raise Refusal(status)


def _compare(attrs: asyncssh.SFTPAttrs, facts: Facts) -> None:
    kind, may = (stat.S_IFDIR, 0o700) if facts.is_folder else (stat.S_IFREG, 0o600)
    assert attrs.permissions == kind | (may & ~0o222 if facts.read_only else may)
    assert (attrs.uid, attrs.gid) == (0, 0)
    assert facts.size in {None, attrs.size}
    assert facts.times in {None, (attrs.atime, attrs.mtime)}


def _files_below(base: Path, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The files of a drop, without what is ours."""
    found: list[tuple[str, ...]] = []
    with os.scandir(base) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and (above or entry.name not in {"reports", "test"}):
                found += _files_below(base / entry.name, (*above, entry.name))
            elif entry.is_file(follow_symlinks=False):
                found.append((*above, entry.name))
    return found


def _open_files(root: Path) -> int:
    """How many files in the folders of drops and uploads are open in this process."""
    ours = (f"{root}/drops/", f"{root}/uploads/")
    links = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return sum(link.startswith(ours) and not Path(link).is_dir() for link in links)


def _settings(runs: int, steps: int) -> settings:
    # A step takes milliseconds, a run begins with a gateway and three logins.
    checks = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    return settings(max_examples=runs, stateful_step_count=steps, deadline=None, suppress_health_check=checks)


def test_raw_packets_are_answered_as_the_model_says() -> None:
    run_state_machine_as_test(ADropAndItsModel, settings=_settings(8, 50))


@pytest.mark.soak
def test_20_000_raw_packets_are_answered_as_the_model_says() -> None:
    ADropAndItsModel.packets = 0
    while ADropAndItsModel.packets < int(os.environ.get("STEPS", _MANY_STEPS)):
        run_state_machine_as_test(ADropAndItsModel, settings=_settings(25, _A_RUN))

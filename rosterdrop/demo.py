"""A week of nights in a minute: a throw-away home, the service as in production, a vendor with a real SFTP client.

Everything goes over the wire: the vendor's account pushes files, the district's account reads the reports. Somebody's
own nights are about real people, so there the vendor's account reads too, and sees its masked reports.
"""

import asyncio
import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import asyncssh

from config.home import Home
from config.profiles import Arrival
from rosterdrop.generating import generate, truncate

STUDENTS: Final = 2000
DISTRICT: Final = "springfield"
SETTLE_S: Final = 0.5
PART_S: Final = 2
_USUAL: Final = Arrival()
_FAULTS: Final = (
    "role_unknown@3",
    "id_missing@3",
    "id_conflict@3",
    "given_name_missing@3",
    "email_invalid@3",
    "sms_invalid@3",
    "grade_unknown@3",
    "row_short@3",
    "class_title_missing@3",
    "enrollment_user_unknown@3",
    "enrollment_class_unknown@3",
    "agent_unknown@3",
)
_PATIENCE_S: Final = 60.0
_PATIENCE_WITH_OWN_S: Final = 600.0  # a large district's first load on a small machine
_POLL_S: Final = 0.1


class DemoFailed(Exception):
    """The demo did not see what it must show."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One night: what it shows, the files to push, and whether the first upload is cut off."""

    title: str
    files: Sequence[Path]
    cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """What the district found in its drop after a night."""

    evening: Evening
    report: Mapping[str, Any]
    summary: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    account: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A home with a district, its two accounts, and the nights that are to come."""

    home: Home
    port: int
    vendor: _Login
    reader: _Login
    evenings: Sequence[Evening]
    patience_s: float


def prepare(folder: Path, *, say: Callable[[str], None], own_evenings: Sequence[Evening] = ()) -> Week:
    """Make the home, the district and the accounts with the ordinary commands, and the files of the week.

    Raises:
        DemoFailed: a command did not do what it must.
    """
    home = Home(folder / "home")
    say("Making a district and its files")
    if own_evenings:
        evenings, name, zone, schools = own_evenings, "Your district", "UTC", ["auto"]
    else:
        evenings, name, zone, schools = _generated_week(folder)
    _command("init", str(home.root))
    school_options = [part for school in schools for part in ("--school", school)]
    _command("district", "add", DISTRICT, "--name", name, "--time-zone", zone, *school_options, home=home)
    say(
        f"Waiting times are shorter than the defaults: {SETTLE_S} s after the last upload instead of "
        f"{_USUAL.settle_s:g} s, {PART_S} s for the rest of a set instead of {_USUAL.partial_quiet_s / 60:g} minutes"
    )
    _command(
        *("district", "set", DISTRICT, f"arrival.partial_quiet_s={PART_S}", f"arrival.settle_s={SETTLE_S}"), home=home
    )
    vendor = _account(home, "acme-sis", "vendor")
    reader = vendor if own_evenings else _account(home, "springfield-office", "district")
    port = _free_port()
    home.settings_file.write_text(f"[server]\nport = {port}\n", encoding="utf-8")
    patience_s = _PATIENCE_WITH_OWN_S if own_evenings else _PATIENCE_S
    return Week(home=home, port=port, vendor=vendor, reader=reader, evenings=evenings, patience_s=patience_s)


async def live(week: Week) -> AsyncIterator[Morning]:
    """Run the service and let the nights come, one after the other; a morning for each."""
    async with _service(week), _connected(week, week.reader) as reading:
        seen = 0
        for evening in week.evenings:
            started = await _push(week, evening)
            report = await _next_report(reading, after=seen, patience_s=week.patience_s)
            seconds = time.monotonic() - started
            seen = report["batch"]
            text = await _text(reading, "reports/latest.txt")
            yield Morning(evening=evening, report=report, summary=_summary(text), seconds=seconds)


def _generated_week(folder: Path) -> tuple[list[Evening], str, str, list[str]]:
    week = generate(folder / "week", students=STUDENTS, nights=6, faults=_FAULTS)
    repaired = generate(folder / "repaired", students=STUDENTS, nights=3)
    shutil.rmtree(folder / "repaired" / "night-1")
    shutil.rmtree(folder / "repaired" / "night-2")
    first, quiet, faulty, _, short, last = (sorted(night.glob("*.csv")) for night in week.nights)
    truncate(week.nights[4], 0.4)
    evenings = [
        Evening(title="the first load", files=first),
        Evening(title="a quiet night", files=quiet),
        Evening(title=f"a night with {len(_FAULTS)} kinds of faults", files=faulty),
        Evening(title="next morning: the corrected users.csv alone", files=[repaired.nights[2] / "users.csv"]),
        Evening(title="a users.csv that lost six rows in ten", files=short),
        Evening(title="an upload that breaks off, and its retry", files=last, cut_off=True),
    ]
    return evenings, week.name, week.time_zone, [f"{school}={name}" for school, name in week.schools.items()]


def own_evenings(nights: Path) -> list[Evening]:
    """Somebody's own nights: one for each folder with .csv files in it, in the order of the folders' names."""
    folders = sorted(path for path in nights.iterdir() if path.is_dir())
    return [Evening(title=folder.name, files=files) for folder in folders if (files := sorted(folder.glob("*.csv")))]


def _account(home: Home, account: str, preset: str) -> _Login:
    password = secrets.token_urlsafe(24)
    options = ("--district", DISTRICT, "--preset", preset, "--password-stdin")
    _command("account", "add", account, *options, home=home, typed=password)
    return _Login(account=account, password=password)


def _command(*words: str, home: Home | None = None, typed: str = "") -> None:
    where = () if home is None else ("--home", str(home.root))
    command = [sys.executable, "-m", "rosterdrop", "--quiet", *where, *words]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        raise DemoFailed(f"rosterdrop {words[0]} ended with {done.returncode}: {done.stderr.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _service(week: Week) -> AsyncIterator[None]:
    command = [sys.executable, "-m", "rosterdrop", "--home", str(week.home.root), "serve"]
    with (week.home.root / "service.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        try:
            await _listening(week, process)
            yield
        finally:
            process.terminate()
            await process.wait()


async def _listening(week: Week, process: asyncio.subprocess.Process) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up and process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", week.port)
        except OSError:
            await asyncio.sleep(_POLL_S)
        else:
            writer.close()
            await writer.wait_closed()
            return
    log = (week.home.root / "service.log").read_text(encoding="utf-8", errors="replace").splitlines()
    raise DemoFailed(f"the service did not start: {log[-1] if log else 'it said nothing'}")


@asynccontextmanager
async def _connected(week: Week, login: _Login) -> AsyncIterator[asyncssh.SFTPClient]:
    async with _connection(week, login) as connection, connection.start_sftp_client() as client:
        yield client


def _connection(week: Week, login: _Login) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    return asyncssh.connect(
        "127.0.0.1",
        week.port,
        username=login.account,
        password=login.password,
        known_hosts=_host_keys(week),
        client_keys=None,
        config=None,
    )


def _host_keys(week: Week) -> asyncssh.SSHKnownHosts:
    lines = [f"[127.0.0.1]:{week.port} {key.read_text().strip()}" for key in week.home.keys.glob("*.pub")]
    return asyncssh.import_known_hosts("\n".join(lines))


async def _push(week: Week, evening: Evening) -> float:
    """Push as the vendor's job does, and return when the last file was closed."""
    if evening.cut_off:
        await _push_and_vanish(week, evening.files[-1])
    async with _connected(week, week.vendor) as vendor:
        for file in evening.files:
            await vendor.put(str(file), file.name)
    return time.monotonic()


async def _push_and_vanish(week: Week, file: Path) -> None:
    """Half an upload, and then the line is dead."""
    content = await asyncio.to_thread(file.read_bytes)
    async with _connection(week, week.vendor) as connection:
        vendor = await connection.start_sftp_client()
        upload = await vendor.open(file.name, "wb")
        await upload.write(content[: len(content) // 2])
        connection.abort()


async def _next_report(reading: asyncssh.SFTPClient, *, after: int, patience_s: float) -> Mapping[str, Any]:
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        if await reading.exists("reports/latest.json"):
            report = json.loads(await _text(reading, "reports/latest.json"))
            if (report["batch"] or 0) > after:
                return dict(report)
        await asyncio.sleep(_POLL_S)
    raise DemoFailed("no report came back in time")


async def _text(reading: asyncssh.SFTPClient, path: str) -> str:
    async with reading.open(PurePosixPath(path), "r", encoding="utf-8") as file:
        return str(await file.read())


def _summary(text: str) -> list[str]:
    """The first part of report.txt, up to the blank line."""
    lines = text.splitlines()
    return lines[: lines.index("")] if "" in lines else lines

"""One district and its people, as stories tell of them: a real home, the real service, a real SFTP client."""

import asyncio
import atexit
import csv
import io
import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import paramiko

from config.accounts import PRESETS, Account
from config.home import Home
from config.loading import load_profile
from config.writing import add_account, add_district, profile_text, set_values
from connect_store import ledger
from connect_store.directory import Person, find_people
from connect_store.records import ENTITIES
from connect_store.store import open_store
from processors import deliveries, freezing, pipeline
from processors.reporting.json_document import as_json
from rosterdrop.commands.account import hashed
from rosterdrop.commands.home import make_home
from rosterdrop.service import Service
from tests.asking import ask, change

Row = Mapping[str, str]
PASSWORD = "correct horse battery staple"
PATIENCE_S = 45.0  # a loaded machine is slow and not wrong

USERS = (
    "sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role", "username", "userIds",
    "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades",
    "language",
)  # fmt: skip
CLASSES = ("sourcedId", "title", "grades", "schoolSourcedId")
ENROLLMENTS = ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role")
GUARDIANS = (
    "studentSourcedId", "guardianSourcedId", "givenName", "familyName", "email", "sms", "phone", "language",
)  # fmt: skip
ATTRIBUTES = ("studentSourcedId", "house", "bus")
HEADERS = {
    "users": USERS,
    "classes": CLASSES,
    "enrollments": ENROLLMENTS,
    "guardians": GUARDIANS,
    "student_attributes": ATTRIBUTES,
}


def person(key: str, role: str, **fields: str) -> Row:
    given = {"givenName": key.title(), "familyName": "Gray", "orgSourcedIds": "0042"}
    return {"sourcedId": key, "role": role, **given, **fields}


ANA = person("ana", "student", agentSourcedIds="gil", grades="05")
BEN = person("ben", "student", grades="05")
GIL = person("gil", "parent", email="gil@example.org", sms="312-555-0142")
TOM = person("tom", "teacher", email="tom@example.org")
EVERYBODY = (ANA, BEN, GIL, TOM)
MATH = {"sourcedId": "math", "title": "Math 5", "grades": "05", "schoolSourcedId": "0042"}
MEMBERS = tuple(
    {"classSourcedId": "math", "schoolSourcedId": "0042", "userSourcedId": key, "role": role}
    for key, role in (("ana", "student"), ("ben", "student"), ("tom", "teacher"))
)
NIGHT: Mapping[str, Sequence[Row]] = {"users": EVERYBODY, "classes": (MATH,), "enrollments": MEMBERS}


def as_csv(table: str, rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADERS[table], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass
class Report:
    """A report as the district reads it."""

    document: Mapping[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.document["verdict"])

    @property
    def number(self) -> int:
        return int(self.document["batch"])

    def codes_at(self, file: str, line: int) -> list[str]:
        return [
            finding["code"]
            for finding in self.document["findings"]
            if (finding["file"], finding["line"]) == (file, line)
        ]

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.document["findings"]}

    def file(self, name: str) -> Mapping[str, Any]:
        return next(file for file in self.document["files"] if file["file"] == name)


class Listening(Protocol):
    """A service that clients can reach."""

    @property
    def port(self) -> int: ...


@dataclass
class Springfield:
    """The district `springfield` with the schools 0042 and (where a story wants it) more."""

    home: Home
    service: "Listening | None" = None
    seen: int = 0

    def settles(self, **settings: str) -> None:
        """Change settings of the profile: `guard__limit_percent="100"`."""
        set_values(self.home, "springfield", {key.replace("__", "."): value for key, value in settings.items()})

    def pushes(
        self,
        users: Sequence[Row] | bytes | None = EVERYBODY,
        classes: Sequence[Row] | bytes | None = (MATH,),
        enrollments: Sequence[Row] | bytes | None = MEMBERS,
        guardians: Sequence[Row] | bytes | None = None,
        **more: bytes,
    ) -> Report:
        """Push one night over SFTP, and wait for its report."""
        given = {"users": users, "classes": classes, "enrollments": enrollments, "guardians": guardians}
        files = {
            f"{table}.csv": rows if isinstance(rows, bytes) else as_csv(table, rows)
            for table, rows in given.items()
            if rows is not None
        }
        self.uploads({**files, **{f"{name}.csv": content for name, content in more.items()}})
        return self.next_report()

    def uploads_by_hand(self, **tables: Sequence[Row] | bytes) -> Report:
        """One night without a service: the frozen files go through the same pipeline."""
        number = self.leaves_waiting(tables)
        pipeline.finish(self.home, "springfield", number, who="a story")
        self.seen = number
        return Report(json.loads((self.home.reports("springfield") / "latest.json").read_text()))

    def leaves_waiting(
        self, tables: Mapping[str, Sequence[Row] | bytes], *, test: bool = False, spoilt_profile: bool = False
    ) -> int:
        """Freeze a batch that nobody works on yet; its number."""
        folder = self.home.root / "by-hand"
        folder.mkdir()
        try:
            for table, rows in tables.items():
                (folder / f"{table}.csv").write_bytes(rows if isinstance(rows, bytes) else as_csv(table, rows))
            with open_store(self.home.store_db) as store:
                profile = load_profile(self.home, "springfield")
                delivery = deliveries.upload(store, profile, deliveries.files_at([folder]), who="a story")
            if spoilt_profile:
                self.home.profile_file("springfield").write_text("name = ")
            return freezing.deliver(self.home, replace(delivery, test=test))
        finally:
            shutil.rmtree(folder)

    def runs_again(self, number: int) -> int:
        """Run a batch again, as `batch requeue` does; the number of the new one."""
        with open_store(self.home.store_db) as store:
            delivery = deliveries.again(self.home, store, ledger.require(store, number), who="a story")
        again = freezing.deliver(self.home, delivery)
        pipeline.finish(self.home, "springfield", again, who="a story")
        return again

    def turns_back_received(self, number: int, moment: str) -> None:
        """Let a batch have come at another time."""
        with open_store(self.home.store_db) as store, store.writing():
            change(store, "update batch set received = :moment where id = :number", moment=moment, number=number)

    def reports_again(self, number: int) -> dict[str, Any]:
        """The report of a batch, made again from its folder and the ledger."""
        return dict(json.loads(as_json(pipeline.outcome_of(self.home, number).report, masked=False)))

    def forgets_school(self, school: str) -> None:
        """Take a school out of the profile again."""
        profile = self.home.profile_file("springfield")
        lines = profile.read_text().splitlines(keepends=True)
        profile.write_text(
            "".join(line for line in lines if not line.startswith(f"{school} =") and f'"{school}"' not in line)
        )

    def takes_schools_as_they_come(self) -> None:
        """Make the profile say `auto`."""
        self.home.profile_file("springfield").write_text(
            profile_text("Springfield Unified", "America/Chicago", None, None)
        )

    def uploads(self, files: Mapping[str, bytes], *, account: str = "vendor") -> None:
        with self.logged_in(account) as client:
            for name, content in files.items():
                client.putfo(io.BytesIO(content), name)

    @contextmanager
    def logged_in(self, account: str = "vendor") -> Iterator[paramiko.SFTPClient]:
        assert self.service
        transport = paramiko.Transport(socket.create_connection(("127.0.0.1", self.service.port)))
        try:
            transport.connect(username=account, password=PASSWORD)
            client = paramiko.SFTPClient.from_transport(transport)
            assert client
            yield client
        finally:
            transport.close()

    def next_report(self) -> Report:
        """The next report, read over SFTP as the district does."""
        with self.logged_in("office") as client:
            give_up = time.monotonic() + PATIENCE_S
            while time.monotonic() < give_up:
                report = self._newest(client)
                if report and report["batch"] and report["batch"] > self.seen:
                    self.seen = report["batch"]
                    return Report(report)
                time.sleep(0.05)
        raise AssertionError("no report came")

    def _newest(self, client: paramiko.SFTPClient) -> dict[str, Any] | None:
        try:
            with client.open("reports/latest.json") as file:
                return dict(json.loads(file.read()))
        except FileNotFoundError:
            return None

    def reads(self, path: str, *, account: str = "office") -> str:
        with self.logged_in(account) as client:
            return _text(client, path)

    def waits_for(self, path: str) -> str:
        """The text of a file that will come into the drop."""
        with self.logged_in("office") as client:
            give_up = time.monotonic() + PATIENCE_S
            while time.monotonic() < give_up:
                try:
                    return _text(client, path)
                except FileNotFoundError:
                    time.sleep(0.05)
        raise AssertionError(f"{path} did not come")

    def waits_until(self, holds: Callable[[], bool]) -> None:
        """Wait for what the service does by itself."""
        give_up = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < give_up, "it did not come"
            time.sleep(0.1)

    def find(self, key: str) -> Person | None:
        with open_store(self.home.store_db) as store:
            found = find_people(store, "springfield", key=key)
        return found[0] if found else None

    def status_of(self, key: str) -> str | None:
        found = self.find(key)
        return found.status if found else None

    def connect_rows(self) -> dict[str, list[Any]]:
        """Everything in Connect's own tables, with the batch that wrote it last."""
        with open_store(self.home.store_db) as store:
            return {
                name: ask(store, f"select * from {name} order by {', '.join(entity.key)}")
                for name, entity in ENTITIES.items()
            }

    def ledger(self) -> list[tuple[int, str, str | None]]:
        """Every batch: number, state, verdict."""
        with open_store(self.home.store_db) as store:
            rows = ask(store, "select id, state, verdict from batch order by id")
            return [(number, state, verdict) for number, state, verdict in rows]

    def settled_ledger(self) -> list[tuple[int, str, str | None]]:
        """The ledger once its last entry is closed: the report is in the drop a moment before."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and any(state != "reported" for _, state, _ in self.ledger()):
            time.sleep(0.05)
        return self.ledger()

    def history_of(self, number: int) -> list[tuple[str, str, str | None]]:
        """What was done to a batch: event, who, detail."""
        with open_store(self.home.store_db) as store:
            return [(event.event, event.who, event.detail) for event in ledger.events(store, number)]

    def changes_of(self, key: str) -> list[tuple[int, str]]:
        """What was ever done to a person: batch and action."""
        with open_store(self.home.store_db) as store:
            sql = "select batch, action from undo_person where key = :key order by batch"
            return [(batch, action) for batch, action in ask(store, sql, key=key)]

    def bytes_outside(self, *spared: Path) -> bytes:
        """Every byte of the home but those in the spared folders: where a leak would be found."""
        files = (path for path in sorted(self.home.root.rglob("*")) if path.is_file())
        return b"\n".join(path.read_bytes() for path in files if not any(folder in path.parents for folder in spared))


def _text(client: paramiko.SFTPClient, path: str) -> str:
    with client.open(path) as file:
        return file.read().decode()


def settled_home(root: Path, *, port: int = 0) -> Home:
    """A home with springfield, a vendor and the district's office, and waiting times short enough for a test."""
    home = Home(Path(shutil.copytree(_made_home(), root)))
    home.settings_file.write_text(f"[server]\nport = {port}\n[watching]\nscan_s = 1\n", encoding="utf-8")
    add_district(
        home, "springfield", profile_text("Springfield Unified", "America/Chicago", {"0042": "Lincoln High"}, None)
    )
    set_values(
        home,
        "springfield",
        {
            "arrival.settle_s": "0.2",
            "arrival.quiet_s": "1",
            "arrival.partial_quiet_s": "1",
            "guard.limit_percent": "100",
        },
    )
    for name, preset in (("vendor", "vendor"), ("office", "district")):
        add_account(
            home,
            Account(
                id=name,
                districts=("springfield",),
                layout="single",
                rights=PRESETS[preset],
                password_hash=_password_hash(),
            ),
        )
    return home


@cache
def _made_home() -> Path:
    """A home to copy: host keys take too long to make for every story."""
    folder = tempfile.TemporaryDirectory(prefix="rosterdrop-made-")
    atexit.register(folder.cleanup)
    made = Path(folder.name) / "home"
    make_home(Home(made))
    return made


@cache
def _password_hash() -> str:
    return hashed(PASSWORD)


class Running:
    """The service in a thread of this process; its worker is a process of its own, as always."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._loop = asyncio.new_event_loop()
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Running":
        self._thread.start()
        self._ready.wait(PATIENCE_S)
        if self._error:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the service did not stop"

    @property
    def port(self) -> int:
        return self._service.port

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread of the test
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._service = Service(self._home)
        await self._service.run(self._stop, ready=self._ready.set)

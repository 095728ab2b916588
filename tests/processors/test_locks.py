"""Locks name their holder and go with it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.home import Home
from processors.locks import Held, district_lock, service_holder, service_lock

HOLD = """
import sys, time
from pathlib import Path
from config.home import Home
from processors.locks import service_lock
with service_lock(Home(Path(sys.argv[1])), who="the service"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with district_lock(home, "d", who="batch upload", wait_s=0):
        told = pytest.raises(Held, match=f"district d is in use by batch upload .process {os.getpid()}.")
        with told, district_lock(home, "d", who="another", wait_s=0.1):
            pass
        with district_lock(home, "e", who="another", wait_s=0):
            pass


def test_nobody_holds_a_home_that_nobody_serves(tmp_path: Path) -> None:
    assert service_holder(Home(tmp_path)) is None


def test_a_lock_goes_with_a_holder_that_was_killed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert service_holder(home) == f"the service (process {holder.pid})"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with service_lock(home, who="the next"):
            assert service_holder(home) == f"the next (process {os.getpid()})"


def test_a_lock_whose_file_was_removed_is_held_again_on_a_look(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with service_lock(home, who="the service") as lock:
        assert not lock.keep()
        shutil.rmtree(home.locks)
        assert lock.keep()
        assert not lock.keep()
        assert service_holder(home) == f"the service (process {os.getpid()})"
        lock.file.unlink()
        with service_lock(home, who="a second one"), pytest.raises(Held, match="a second one"):
            lock.keep()

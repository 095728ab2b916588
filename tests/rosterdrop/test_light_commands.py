"""What support types all day loads no library that its answer does not need: structure, not time."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rosterdrop.generating import generate
from tests.rosterdrop.command_line import rosterdrop

_RUN = """
import sys
from rosterdrop.__main__ import run

code = run(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""
_HEAVY = {"asyncssh", "jinja2", "phonenumbers", "polars", "rich", "tomlkit"}
_JUDGES_PROFILES = {"jsonschema"}


@pytest.fixture(scope="module")
def waiting(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one batch, which nobody has judged."""
    place = tmp_path_factory.mktemp("light")
    home = Path(shutil.copytree(made_home, place / "home"))
    district = ("springfield", "--name", "Springfield Unified", "--time-zone", "America/Chicago")
    rosterdrop("district", "add", *district, "--school", "0042=Lincoln High", home=home)
    night = generate(place / "week", students=20).nights[0]
    assert rosterdrop("batch", "upload", "springfield", night, home=home).code == 0
    return home


def loaded_by(home: Path, command: str, *, code: int = 0) -> set[str]:
    """The packages that a process has loaded at the end of a command."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "--home", home, *command.split()], check=False, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("command", ["batch list", "batch list springfield", "batch show 1"])
def test_the_history_is_read_without_judging_a_profile(waiting: Path, command: str) -> None:
    assert not loaded_by(waiting, command) & (_HEAVY | _JUDGES_PROFILES)


@pytest.mark.parametrize("command", ["status", "district list", "batch requeue 1"])
def test_what_needs_profiles_loads_nothing_else(waiting: Path, command: str) -> None:
    assert not loaded_by(waiting, command) & _HEAVY


def test_nobody_is_explained_by_making_reports(waiting: Path) -> None:
    loaded = loaded_by(waiting, "person why springfield --id nobody", code=5)
    assert not loaded & {"asyncssh", "jinja2", "tomlkit"}


def test_whoever_looks_somebody_up_needs_no_polars(waiting: Path) -> None:
    assert not loaded_by(waiting, "--json person find springfield --id nobody", code=5) & _HEAVY

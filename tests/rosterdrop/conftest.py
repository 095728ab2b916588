import shutil
from pathlib import Path

import pytest

from tests.rosterdrop.command_line import in_a_process, rosterdrop


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "home"
    assert in_a_process("init", folder).code == 0
    return folder


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """A home of its own for each test; host keys take too long to make for every one."""
    return Path(shutil.copytree(made_home, tmp_path / "home"))


@pytest.fixture
def springfield(home: Path) -> Path:
    """A home with one district."""
    answer = rosterdrop(
        *("district", "add", "springfield", "--name", "Springfield Unified", "--time-zone", "America/Chicago"),
        *("--school", "0042=Lincoln High", "--school", "0043"),
        home=home,
    )
    assert answer.code == 0, answer.err
    return home

"""What the README says is run here, so that it cannot rot."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from processors.lifecycle import TRANSITIONS
from rosterdrop.commands import PLACES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_district_runs_as_it_stands(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (script,) = blocks("sh")
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "users.csv        1,144     1,143         1          0" in done.stdout
    assert "users.csv        1,144     1,143         1          0" in README


def test_the_picture_of_the_lifecycle_is_its_table() -> None:
    (picture,) = blocks("mermaid")
    drawn = set(re.findall(r"(\w+) --> (\w+): (\w+)", picture))

    assert drawn == {(state, target, event) for state, ways in TRANSITIONS.items() for event, target in ways.items()}


@pytest.mark.parametrize("command", PLACES)
def test_every_command_is_named(command: str) -> None:
    assert f"`{command}" in README or f"rosterdrop {command}" in README or f"make {command}" in README


@pytest.mark.parametrize("target", re.findall(r"^make (\S+)", README, re.MULTILINE))
def test_every_make_target_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:processors|sftp_gateway)/\w+\.py)`", README))))
def test_every_module_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()

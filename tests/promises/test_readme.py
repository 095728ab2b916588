"""What the README says is run here, so that it cannot rot."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from config.profiles import Arrival
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


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands_in(text: str, code: str) -> set[str]:
    """Commands as they stand in backticks; after `district add` a mere `list` is `district list`."""
    told, noun = set(), ""
    for first, second in re.findall(code, text):
        noun, verb = (first, second) if first in PLACES else (noun, first)
        told.add(f"{noun} {verb}".strip())
    return told


def all_commands() -> set[str]:
    commands = {name: place.load() for name, place in PLACES.items()}
    return {
        f"{name} {verb}".strip()
        for name, command in commands.items()
        for verb in (command.commands if isinstance(command, click.Group) else [""])
    }


def test_the_table_of_commands_holds_all_of_them() -> None:
    table = "\n".join(line for line in section("Commands").splitlines() if line.startswith("|"))

    assert commands_in(table, r"`([a-z]+)(?: ([a-z]+))?[^`]*`") == all_commands()


def test_a_command_that_is_said_to_be_missing_is_missing() -> None:
    missing = section("Limits of this version").split("- Commands:")[1].split("\n- ")[0]

    assert commands_in(missing, r"`([a-z]+)(?: ([a-z]+))?`").isdisjoint(all_commands())


@pytest.mark.parametrize(("setting", "value"), re.findall(r"\| `arrival\.(\w+)` (\d+) \|", README))
def test_waiting_times_are_the_defaults(setting: str, value: str) -> None:
    assert getattr(Arrival(), setting) == float(value)


@pytest.mark.parametrize("target", re.findall(r"^make (\S+)", README, re.MULTILINE))
def test_every_make_target_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:processors|sftp_gateway|validators|connect_store)(?:/\w+)+\.py)`", README)))
)
def test_every_module_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()

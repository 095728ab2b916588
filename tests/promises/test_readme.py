"""What the README says is run here, so that it cannot rot."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from config.profiles import Arrival, Quota
from config.settings import Audit, Limits, Retention
from processors.archives import ALWAYS_ALLOWED, MOST_BYTES, MOST_ENTRIES, MOST_TIMES
from processors.lifecycle import TRANSITIONS
from rosterdrop.commands import PLACES
from sftp_gateway.names import OUR_MANIFEST
from sftp_gateway.sets.manifests import LARGEST, Promise, parsed
from tests.clients.client import PROFILES
from tests.clients.matrix import CLIENTS, SCENARIOS
from tests.promises.pages import ROOT, Page

PAGE = Page.of("README.md")
README = PAGE.text


def test_the_first_district_runs_as_it_stands(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (script,) = PAGE.blocks("sh")
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
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"/{made.name}/" for made in tmp_path.iterdir()} <= set(ignored)  # who tries it tries it in a checkout


def test_the_picture_of_the_lifecycle_is_its_table() -> None:
    (picture,) = PAGE.blocks("mermaid")
    drawn = set(re.findall(r"(\w+) --> (\w+): (\w+)", picture))

    assert drawn == {(state, target, event) for state, ways in TRANSITIONS.items() for event, target in ways.items()}


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
    table = "\n".join(line for line in PAGE.section("Commands").text.splitlines() if line.startswith("|"))

    assert commands_in(table, r"`([a-z-]+)(?: ([a-z-]+))?[^`]*`") == all_commands()


@pytest.mark.parametrize(("setting", "value"), re.findall(r"\| `arrival\.(\w+)` (\d+) \|", README))
def test_waiting_times_are_the_defaults(setting: str, value: str) -> None:
    assert getattr(Arrival(), setting) == float(value)


def test_the_example_of_a_manifest_is_one() -> None:
    (example,) = PAGE.blocks("json")
    manifest = parsed(OUR_MANIFEST, example.encode())

    assert manifest is not None
    assert manifest.fault is None
    assert Promise(name="classes.csv", size=13825) in manifest.promises


@pytest.mark.parametrize(("setting", "days"), re.findall(r"`(\w+_days)` \| (\d+) \|", README))
def test_days_of_retention_are_the_defaults(setting: str, days: str) -> None:
    assert getattr(Retention(), setting) == int(days)


def as_size(count: int) -> str:
    return f"{count // 1024**3} GiB" if count >= 1024**3 else f"{count // 1024**2} MiB"


@pytest.mark.parametrize(
    "says",
    [
        f"at most 500 files and {as_size(LARGEST)}",
        f"{MOST_ENTRIES} entries that inflate to {as_size(MOST_BYTES)} in all",
        f"more than {as_size(ALWAYS_ALLOWED)} to {MOST_TIMES} times its size",
        f"{Quota().files:,} files and {as_size(Quota().bytes)} and takes {as_size(Quota().daily_bytes)} a day",
        f"{Limits().connections_per_source} connections and {Limits().new_per_second} new ones a second",
        f"for {Audit().keep_days} days",
        f"any file called `{Arrival().trigger}`",
    ],
)
def test_limits_are_those_of_the_code(says: str) -> None:
    assert says in " ".join(README.split())


def test_the_table_of_clients_holds_all_of_them_and_no_failure() -> None:
    head, *rows = PAGE.section("Clients").rows()
    profiles = [profile.split("-")[0] for profile in PROFILES]

    assert head == ["client", *(scenario.column for scenario in SCENARIOS), *profiles]
    assert len(rows) == len(CLIENTS)
    for client, row in zip(CLIENTS, rows, strict=True):
        comes_in = ["yes" if profile in client.connects else "no" for profile in PROFILES]
        assert row[0].startswith(client.name)
        assert set(row[1:]) <= {"yes", "no", "-", "not run"}
        assert row[-len(profiles) :] in ([each] * len(profiles) if each else comes_in for each in ("-", "not run", ""))


@pytest.mark.parametrize("page", ["README.md", "docs/gateway.md", "tests/peers/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target, heading in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", Page.of(page).text):
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), target
        titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("target", re.findall(r"^make (\S+)", README, re.MULTILINE))
def test_every_make_target_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:processors|sftp_gateway|validators|connect_store)(?:/\w+)+\.py)`", README)))
)
def test_every_module_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()

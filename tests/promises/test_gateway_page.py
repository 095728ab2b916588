"""What docs/gateway.md tells operators is what the gateway does."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import asyncssh
import pytest

from config.documents import as_toml, known_keys, mistakes_in, schema
from config.profiles import Quota
from config.settings import Algorithms
from sftp_gateway.admission.penalties import ENFORCED_FROM_S, NO_ATTEMPT_S, TOO_SLOW_S, WRONG_KEYS_S, WRONG_PASSWORD_S
from sftp_gateway.sftp.protocol import MOST_HANDLES
from sftp_gateway.ssh.algorithms import SPOKEN
from sftp_gateway.ssh.connections import _MOST_CHANNELS
from sftp_gateway.ssh.logins import PAUSE_S
from sftp_gateway.statuses import full_for_today, full_of_bytes
from tests.promises.pages import ROOT, Page
from tests.sftp_gateway.harness import story
from tests.sftp_gateway.test_metrics import measured, page

PAGE = Page.of("docs/gateway.md")
SETTINGS = known_keys(schema("settings"))
TABLES = "|".join(sorted({key.partition(".")[0] for key in SETTINGS}))
FIRST_DISTRICT = """
rosterdrop init home
rosterdrop --home home district add springfield --name "Springfield Unified" --time-zone America/Chicago --school 0042
"""


def test_the_commands_run_as_they_stand(tmp_path: Path) -> None:
    for name in ("vendor", "ca"):
        asyncssh.generate_private_key("ssh-ed25519").write_public_key(tmp_path / f"{name}.pub")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (script,) = PAGE.blocks("sh")
    done = subprocess.run(
        ["sh", "-e", "-c", FIRST_DISTRICT + script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "[sftp.example.org]:2222 ssh-ed25519" in done.stdout


def test_all_settings_are_told_with_their_defaults() -> None:
    _, *rows = PAGE.section("All settings").rows()
    defaults = {key: as_toml(node["default"]) if "default" in node else "none" for key, node in SETTINGS.items()}

    assert {key.strip("`"): default.strip("`") for key, default, _ in rows} == defaults


@pytest.mark.parametrize("key", sorted(set(re.findall(rf"`((?:{TABLES})\.\w+)", PAGE.text))))
def test_a_setting_that_is_named_is_there(key: str) -> None:
    assert key in SETTINGS


@pytest.mark.parametrize(("key", "default"), re.findall(r"\| `quota\.(\w+)` \| (\d+) \|", PAGE.text))
def test_quotas_are_the_defaults(key: str, default: str) -> None:
    assert getattr(Quota(), key) == int(default)


def test_settings_that_are_shown_are_valid() -> None:
    (example,) = PAGE.blocks("toml")

    assert mistakes_in(tomllib.loads(example), "settings", "rosterdrop.toml") == ()


def test_the_sets_of_algorithms_are_told_name_by_name() -> None:
    """Each set holds what the columns up to its own say."""
    _, *rows = PAGE.section("Algorithms and further ports").rows()
    for column, name in enumerate(get_args(Algorithms), start=1):
        told = {name for row in rows[:4] for cell in row[1 : column + 1] for name in cell.split(", ") if name}
        spoken = SPOKEN[name]
        assert told == {*spoken.exchanges, *spoken.ciphers, *spoken.macs, *spoken.host_keys}


def test_what_clients_read_is_what_they_are_told() -> None:
    texts = (ROOT / "sftp_gateway/statuses.py").read_text(encoding="utf-8")
    limits = [row[2] for row in PAGE.section("Limits, penalties and bans").rows() if len(row) == 3][1:-1]

    assert len(limits) == 7
    assert [says for says in limits if f'"{says}"' not in texts] == []
    assert full_of_bytes(Quota().bytes).text in PAGE.text
    assert full_for_today(Quota().daily_bytes).text in PAGE.text


def test_penalties_are_those_of_the_code() -> None:
    _, *rows = [row for row in PAGE.section("Limits, penalties and bans").rows() if len(row) == 2]
    penalties = [WRONG_PASSWORD_S, WRONG_KEYS_S, NO_ATTEMPT_S, TOO_SLOW_S, 0.0]

    assert [float(seconds.split()[0]) for _, seconds in rows] == penalties
    assert f"Nothing happens below {ENFORCED_FROM_S:.0f} s" in PAGE.text
    assert f"a pause of {PAUSE_S:.0f} s" in PAGE.text
    assert f"| sessions on a connection | {_MOST_CHANNELS} |" in PAGE.text
    assert f"| open files of a session | {MOST_HANDLES} |" in PAGE.text


def test_every_event_of_the_audit_is_told() -> None:
    written = {
        event
        for module in (ROOT / "sftp_gateway").rglob("*.py")
        for event in re.findall(r'note\(\s*"(\w+)"', module.read_text(encoding="utf-8"))
    }
    _, *rows = PAGE.section("The audit").rows()

    assert {event for cell, _ in rows for event in re.findall(r"`(\w+)`", cell)} == written
    assert json.loads(PAGE.blocks("json")[0])["event"] in written


def test_every_figure_is_told(tmp_path: Path) -> None:
    async def served() -> str:
        site = measured(tmp_path)
        await site.gateway.start()
        try:
            return await page(site)
        finally:
            await site.gateway.stop(grace_s=0.0)

    figures = set(re.findall(r"^# TYPE (\w+)", story(served()), re.MULTILINE))
    assert set(re.findall(r"`(rosterdrop_\w+)`", PAGE.text)) == {
        name for name in figures if not name.endswith("_created")
    }

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from config.home import Home
from tests.rosterdrop.command_line import rosterdrop


def _keys(home: Path, *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What a command tells of each key, by type and standing."""
    answer = rosterdrop("--json", "host-key", *arguments, home=home)
    assert answer.code == 0, answer.err
    return {(key["type"], key["standing"]): key for key in answer.document["keys"]}


def _ages(home: Path, days: int) -> None:
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for file in (Home(home).keys / "next").iterdir():
        os.utime(file, (then, then))


def test_keys_are_shown_with_a_line_for_known_hosts(home: Path) -> None:
    settings = home / "rosterdrop.toml"
    settings.write_text('[server]\nport = 22\nmore_ports = {"2200" = "strict-2026-11"}\n')
    keys = _keys(home, "show", "--name", "sftp.example.org")
    assert {kind: key["ports"] for (kind, _), key in keys.items()} == {
        "ssh-ed25519": [22, 2200],
        "ssh-rsa": [22],
        "ecdsa-sha2-nistp256": [],
    }
    line = keys["ssh-ed25519", "current"]["known_hosts"]
    public = (Home(home).keys / "ssh_host_ed25519_key.pub").read_text().strip()
    assert line == f"sftp.example.org,[sftp.example.org]:2200 {public}"
    assert asyncssh.import_known_hosts(line).match("sftp.example.org", "", 22)[0]
    assert keys["ecdsa-sha2-nistp256", "current"]["known_hosts"] is None


def test_people_see_fingerprints_and_nothing_secret(home: Path) -> None:
    answer = rosterdrop("host-key", "show", home=home)
    key = asyncssh.read_private_key(Home(home).keys / "ssh_host_rsa_key")
    assert key.get_fingerprint() in answer.out
    assert "For known_hosts:" in answer.out
    assert "PRIVATE" not in answer.out + answer.err


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="OpenSSH's ssh-keygen is missing")
def test_fingerprints_are_those_of_ssh_keygen(home: Path) -> None:
    file = Home(home).keys / "ssh_host_ed25519_key"
    said = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True, check=True).stdout
    assert _keys(home, "show")["ssh-ed25519", "current"]["fingerprint"] == said.split()[1]


def test_keys_are_prepared_and_a_week_later_rotated(home: Path) -> None:
    before = _keys(home, "show")
    prepared = _keys(home, "prepare")
    assert _keys(home, "prepare") == prepared
    assert before.items() <= prepared.items()
    early = rosterdrop("host-key", "rotate", home=home)
    assert early.code == 2
    assert "would be told that the server's key has changed" in early.err
    _ages(home, 8)
    rotated = _keys(home, "rotate")
    assert {kind: key["fingerprint"] for (kind, _), key in rotated.items()} == {
        kind: key["fingerprint"] for (kind, standing), key in prepared.items() if standing == "next"
    }
    (retired,) = (Home(home).keys / "retired").iterdir()
    old = asyncssh.read_private_key(retired / "ssh_host_ed25519_key").get_fingerprint()
    assert old == before["ssh-ed25519", "current"]["fingerprint"]
    assert {file.stat().st_mode & 0o077 for file in Home(home).keys.rglob("*")} == {0}


def test_a_leaked_key_is_rotated_at_once(home: Path) -> None:
    nothing = rosterdrop("host-key", "rotate", "--now", home=home)
    assert (nothing.code, "host-key prepare" in nothing.err) == (2, True)
    _keys(home, "prepare")
    answer = rosterdrop("host-key", "rotate", "--now", home=home)
    assert answer.code == 0
    assert "from the next start of the service on" in answer.err


def test_a_home_that_lost_its_keys_gets_new_ones(home: Path) -> None:
    shutil.rmtree(Home(home).keys)
    prepared = _keys(home, "prepare")
    assert len(prepared) == 6

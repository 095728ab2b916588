"""How clients recognise the server, before, while and after its keys are changed."""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from config.home import Home
from sftp_gateway import NoHostKeys
from sftp_gateway.ssh.algorithms import options
from sftp_gateway.ssh.host_keys import host_keys, load_host_keys, prepare_host_keys, rotate_host_keys
from tests.sftp_gateway.harness import PASSWORD, Site, account, running, site_at, story


def _lines(home: Home) -> dict[tuple[str, str], str]:
    """The public halves by type and standing, each as one OpenSSH line."""
    return {(key.kind, key.standing): key.line for key in host_keys(home)}


def _blobs(pairs: list[asyncssh.SSHKeyPair]) -> list[bytes]:
    return [pair.public_data for pair in pairs]


async def _told_keys(site: Site, known: str) -> tuple[set[str], set[str]]:
    """Which keys a client that trusts one learns, and which of its own are no longer announced."""
    told: asyncio.Future[tuple[set[str], set[str]]] = asyncio.get_running_loop().create_future()

    def learn(added: Any, removed: Any, _retained: Any, _revoked: Any) -> None:
        lines = [{key.export_public_key().decode().strip() for key in keys} for keys in (added, removed)]
        told.set_result((lines[0], lines[1]))

    async with asyncssh.connect(
        "127.0.0.1",
        site.port,
        username="acme",
        password=PASSWORD,
        known_hosts=asyncssh.import_known_hosts(
            "".join(f"[127.0.0.1]:{site.port} {line}\n" for line in known.split("\n"))
        ),
        client_keys=None,
        agent_path=None,
        config=None,
        server_host_keys_handler=learn,
    ):
        return await asyncio.wait_for(told, 30)


def test_a_client_learns_the_next_key_and_then_forgets_the_old_one(tmp_path: Path) -> None:
    async def months() -> None:
        async with running(tmp_path, rsa=True) as site:
            await asyncio.to_thread(prepare_host_keys, site.home)
            await site.restart()
            lines = _lines(site.home)
            old, new = lines["ssh-ed25519", "current"], lines["ssh-ed25519", "next"]
            learnt, _ = await _told_keys(site, old)
            assert learnt == {new, lines["ssh-rsa", "current"], lines["ssh-rsa", "next"]}
            await asyncio.to_thread(rotate_host_keys, site.home, datetime.now(UTC))
            await site.restart()
            learnt, forgotten = await _told_keys(site, f"{old}\n{new}")
            assert learnt == {lines["ssh-rsa", "next"]}
            assert forgotten == {old}

    story(months())


def test_two_clients_at_once_get_each_its_own_rsa_signature(tmp_path: Path) -> None:
    pairs = load_host_keys(site_at(tmp_path, rsa=True).home, "default-2026-11")
    chosen = asyncssh.SSHServerConnectionOptions(server_host_keys=pairs, **options("default-2026-11")).server_host_keys
    algorithms = (b"rsa-sha2-256", b"rsa-sha2-512")
    for algorithm in algorithms:
        chosen[algorithm].set_sig_algorithm(algorithm)  # as a connection does when its client has chosen
    assert [chosen[algorithm].sign(b"")[4:16] for algorithm in algorithms] == list(algorithms)


def test_each_set_of_algorithms_offers_its_keys_and_announces_their_next_ones(tmp_path: Path) -> None:
    home = site_at(tmp_path, rsa=True).home
    prepare_host_keys(home)
    blobs = {place: asyncssh.import_public_key(line).public_data for place, line in _lines(home).items()}
    ed25519, rsa, ecdsa = (
        (blobs[kind, "current"], blobs[kind, "next"]) for kind in ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256")
    )
    assert set(_blobs(load_host_keys(home, "strict-2026-11"))) == {*ed25519}
    assert set(_blobs(load_host_keys(home, "default-2026-11"))) == {*ed25519, *rsa}
    assert set(_blobs(load_host_keys(home, "legacy-2026-11"))) == {*ed25519, *rsa, *ecdsa}


def test_a_home_of_the_first_version_gets_the_key_that_legacy_offers_and_no_other(tmp_path: Path) -> None:
    home = site_at(tmp_path, rsa=True).home
    for file in (*home.keys.glob("*ecdsa*"), *home.keys.glob("*ed25519*")):
        file.unlink()
    assert {pair.get_algorithm() for pair in load_host_keys(home, "default-2026-11")} == {
        "rsa-sha2-256",
        "rsa-sha2-512",
    }
    assert not list(home.keys.glob("*ecdsa*"))
    load_host_keys(home, "legacy-2026-11")
    assert [kind for kind, _ in _lines(home)] == ["ssh-rsa", "ecdsa-sha2-nistp256"]
    with pytest.raises(NoHostKeys, match="strict-2026-11"):
        load_host_keys(home, "strict-2026-11")


def test_a_rotation_that_was_cut_off_is_finished_by_the_next_one(tmp_path: Path) -> None:
    home = site_at(tmp_path, rsa=True).home
    prepare_host_keys(home)
    expected = {kind: line for (kind, standing), line in _lines(home).items() if standing == "next"}
    public = home.keys / "next" / "ssh_host_ed25519_key.pub"
    public.replace(home.keys / public.name)
    rotate_host_keys(home, datetime.now(UTC))
    assert {kind: line for (kind, _), line in _lines(home).items()} == expected
    for file in home.keys.glob("*.pub"):
        assert file.read_text().strip() in expected.values()


def test_two_rotations_of_one_second_keep_both_old_keys(tmp_path: Path) -> None:
    home, now = site_at(tmp_path, rsa=True).home, datetime.now(UTC)
    for _ in range(2):
        prepare_host_keys(home)
        rotate_host_keys(home, now)
    first, second = sorted((home.keys / "retired").iterdir())
    assert second.name == f"{first.name}-2"
    names = {file.name for file in first.iterdir()}
    assert names == {file.name for file in second.iterdir()}
    assert "ssh_host_ed25519_key" in names


def test_names_of_keys_are_brought_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    home = site_at(tmp_path, rsa=True).home
    prepare_host_keys(home)
    following = (home.keys / "next").stat().st_ino
    assert synced.count(following) == 3
    synced.clear()
    rotate_host_keys(home, datetime.now(UTC))
    (retired,) = (home.keys / "retired").iterdir()
    assert {retired.stat().st_ino, home.keys.stat().st_ino, following} <= set(synced)


def test_a_key_that_is_damaged_is_named(tmp_path: Path) -> None:
    home = site_at(tmp_path, rsa=True).home
    (home.keys / "ssh_host_rsa_key").write_text("not a key")
    with pytest.raises(NoHostKeys, match="cannot be read"):
        load_host_keys(home, "default-2026-11")
    with pytest.raises(NoHostKeys, match="ssh_host_rsa_key"):
        host_keys(home)


@pytest.mark.system
@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's client is missing")
def test_openssh_learns_the_next_key_and_connects_after_the_rotation_without_a_question(tmp_path: Path) -> None:
    user = asyncssh.generate_private_key("ssh-ed25519")
    identity, known_hosts = tmp_path / "id", tmp_path / "known_hosts"
    identity.touch(mode=0o600)
    identity.write_bytes(user.export_private_key())

    async def lists(site: Site) -> str:
        chosen = ("StrictHostKeyChecking=yes", f"UserKnownHostsFile={known_hosts}", "UpdateHostKeys=yes")
        given = [f"-o{option}" for option in (*chosen, "HostKeyAlias=rosterdrop", "BatchMode=yes", "LogLevel=ERROR")]
        sftp = await asyncio.create_subprocess_exec(
            *("sftp", "-F", "none", "-i", str(identity), "-P", str(site.port), *given, "-b", "-", "acme@127.0.0.1"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "SSH_AUTH_SOCK": ""},
        )
        output, _ = await sftp.communicate(b"ls\nls\n")
        assert sftp.returncode == 0, output.decode()
        return known_hosts.read_text()

    async def months() -> None:
        async with running(tmp_path, rsa=True) as site:
            site.accounts["acme"] = account("acme", public_keys=(user.export_public_key().decode(),))
            await asyncio.to_thread(prepare_host_keys, site.home)
            await site.restart()
            lines = _lines(site.home)
            old, new = lines["ssh-ed25519", "current"], lines["ssh-ed25519", "next"]
            known_hosts.write_text(f"rosterdrop {old}\n")
            known = await lists(site)
            assert old in known
            assert new in known
            assert lines["ssh-rsa", "next"] in known
            await asyncio.to_thread(rotate_host_keys, site.home, datetime.now(UTC))
            await site.restart()
            known = await lists(site)
            assert new in known
            assert old not in known

    story(months())

"""Who comes in and who does not (reference 5.1; 7, 36 and 37)."""

import asyncio
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import asyncssh
import pytest

from config.home import Home
from sftp_gateway import GatewayError, NoHostKeys, PortTaken, make_host_keys
from sftp_gateway.ssh import logins
from sftp_gateway.ssh.accounts import Accounts
from tests.sftp_gateway.harness import PASSWORD, account, running, site_at, story


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "PAUSE_S", 0.05)


def _key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


async def _is_refused(connecting: Any) -> bool:
    try:
        async with connecting:
            return False
    except (asyncssh.PermissionDenied, asyncssh.DisconnectError):
        return True


def test_a_key_of_the_account_comes_in_and_another_does_not(tmp_path: Path) -> None:
    async def visit() -> None:
        known, other = _key(), _key()
        async with running(tmp_path) as site:
            text = known.export_public_key().decode()
            site.accounts["acme"] = account("acme", password_hash=None, public_keys=("not a key", text))
            async with site.connection(password=None, client_keys=[known]):
                pass
            assert await _is_refused(site.connection(password=None, client_keys=[other]))
            assert await _is_refused(site.connection())
            assert await _is_refused(site.connection("office", password=None, client_keys=[known]))

    story(visit())


def test_a_key_that_fits_without_its_signature_is_a_login_that_failed(tmp_path: Path) -> None:
    async def visit() -> None:
        known, other = _key(), _key()
        async with running(tmp_path) as site:
            text = known.export_public_key().decode()
            site.accounts["acme"] = account("acme", public_keys=(text,))
            (forged,) = asyncssh.load_keypairs([other])
            forged.public_data = known.public_data
            assert await _is_refused(site.connection(password=None, client_keys=[forged]))
            await site.until(lambda: '"event": "login_failed"' in site.audit())
            (line,) = [line for line in site.audit().splitlines() if "login_failed" in line]
            assert known.get_fingerprint() in line
            assert '"reason": "not proven"' in line
            async with site.connection(password=None, client_keys=[known]):
                pass
            await site.until(lambda: '"event": "login"' in site.audit())
        assert site.audit().count('"event": "login_failed"') == 1

    story(visit())


def test_without_the_book_of_visitors_a_process_still_limits_who_waits_for_a_login(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, limits={"logins_at_once": 3}) as site:
            site.gateway._front.gate._book.close()
            silent = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(6)]
            door = site.gateway._front._server._door
            await site.until(lambda: len(door.connections) >= 3)
            async with site.connection():
                assert len(door.waiting) <= 3
            said = [await asyncio.wait_for(reader.read(200), 10) for reader, _ in silent[:3]]
            assert all(b"SSH-2.0" in text for text in said)
            await site.until(lambda: len(door.connections) <= 3)
            for _, writer in silent:
                writer.close()

    story(visit())


def test_who_is_not_known_or_not_enabled_stays_out(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            site.accounts["disabled"] = account("disabled", enabled=False)
            site.accounts["homeless"] = replace(account("homeless"), districts=())
            for name in ("nobody", "disabled", "homeless"):
                assert await _is_refused(site.connection(name))
            await site.until(lambda: site.audit().count('"event": "login_failed"') >= 3)

    story(visit())


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_after_six_wrong_passwords_the_connection_ends(tmp_path: Path, method: str) -> None:
    class Guesser(asyncssh.SSHClient):
        guesses = 0

        def password_auth_requested(self) -> str:
            self.guesses += 1
            return "wrong"

        def kbdint_auth_requested(self) -> str:
            return ""

        def kbdint_challenge_received(self, *_: object) -> list[str]:
            self.guesses += 1
            return ["wrong"]

    async def visit() -> None:
        guesser = Guesser()
        async with running(tmp_path) as site:
            with pytest.raises(asyncssh.DisconnectError, match="Too many failed logins"):
                await site.connection(
                    password=None, client_factory=lambda: guesser, preferred_auth=[method], password_auth=True
                )
        assert guesser.guesses == 6

    story(visit())


def test_an_agent_with_many_keys_still_reaches_its_password(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.connection(client_keys=[_key() for _ in range(8)]):
            pass

    story(visit())


def test_an_rsa_key_signs_with_sha2_only(tmp_path: Path) -> None:
    async def visit() -> None:
        key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        async with running(tmp_path) as site:
            site.accounts["acme"] = account("acme", public_keys=(key.export_public_key().decode(),))
            async with site.connection(password=None, client_keys=[key]):
                pass
            sha1: dict[str, Any] = {"signature_algs": ["ssh-rsa"], "server_host_key_algs": ["ssh-ed25519"]}
            assert await _is_refused(site.connection(password=None, client_keys=[key], **sha1))

    story(visit())


def test_an_unknown_name_takes_as_long_as_a_known_one() -> None:
    accounts = Accounts(lambda: {"acme": account("acme", password_hash=accounts_hash)})
    accounts_hash = accounts._nobodys_hash

    def seconds(name: str) -> float:
        began = process_time()
        assert accounts._judge(name, "wrong", "127.0.0.1") is None
        return process_time() - began

    known, unknown = (median(seconds(name) for _ in range(3)) for name in ("acme", "nobody"))
    accounts.close()
    assert 0.5 < known / unknown < 2


def test_nobodys_hash_opens_nothing() -> None:
    accounts = Accounts(lambda: {"keyed": account("keyed", password_hash=None)})
    assert accounts._judge("keyed", "nobody has this password", "127.0.0.1") is None
    accounts.close()


def test_there_is_nothing_behind_a_login_but_sftp(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.connection() as connection:
            for asked in ({"term_type": "xterm"}, {"command": "id"}, {"command": "scp -t ."}, {"subsystem": "netconf"}):
                with pytest.raises(asyncssh.ChannelOpenError):
                    await connection.create_process(**asked)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", site.port)
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)

    story(visit())


def test_a_signal_or_break_ends_no_session(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site, site.sftp() as client:
            channel: Any = client._handler._writer and client._handler._writer.channel
            channel.send_signal("INT")
            channel.send_break(1)
            assert await client.exists("reports")

    story(visit())


def test_the_banner_and_the_algorithms_are_ours(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, rsa=True) as site:
            async with site.connection() as connection:
                assert connection.get_extra_info("server_version") == "SSH-2.0-rosterdrop"
                assert connection.get_extra_info("recv_compression") == "none"
            refused_offers: list[dict[str, Any]] = [
                {"mac_algs": ["hmac-sha1"], "encryption_algs": ["aes128-ctr"]},
                {"server_host_key_algs": ["ssh-rsa"]},
                {"kex_algs": ["ecdh-sha2-nistp256"]},
            ]
            for offer in refused_offers:
                with pytest.raises(asyncssh.KeyExchangeFailed):
                    await site.connection(**offer)
            taken_offers: list[dict[str, Any]] = [
                {"server_host_key_algs": ["rsa-sha2-256"]},
                {"kex_algs": ["curve25519-sha256"]},
                {"mac_algs": ["hmac-sha2-256"], "encryption_algs": ["aes128-ctr"]},
            ]
            for offer in taken_offers:
                async with site.connection(**offer):
                    pass

    story(visit())


def test_a_client_that_never_logs_in_is_shown_the_door(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path, server={"login_timeout_s": 0.3}) as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            async with asyncio.timeout(5):
                while await reader.read(1000):
                    pass
            writer.close()

    story(visit())


def test_host_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    home = Home(tmp_path)
    make_host_keys(home)
    before = {file.name: file.read_bytes() for file in home.keys.iterdir()}
    make_host_keys(home)
    assert {file.name: file.read_bytes() for file in home.keys.iterdir()} == before
    assert [file.stat().st_mode & 0o777 for file in home.keys.glob("*_key")] == [0o600] * 3


def test_without_host_keys_the_gateway_says_what_to_do(tmp_path: Path) -> None:
    async def visit() -> None:
        site = site_at(tmp_path)
        for file in site.home.keys.iterdir():
            file.unlink()
        with pytest.raises(NoHostKeys, match="rosterdrop host-key prepare"):
            await site.gateway.start()

    story(visit())


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path / "one") as site:
            second = site_at(tmp_path / "two", server={"port": site.port})
            with pytest.raises(PortTaken, match=f"port {site.port}") as caught:
                await second.gateway.start()
            assert isinstance(caught.value, GatewayError)
            assert "server.port" in caught.value.remedy

    story(visit())


def test_no_password_reaches_the_audit(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            assert await _is_refused(site.connection("who\xe9 #\u4e16", "a secret that was mistyped"))
            async with site.connection():
                pass
            await site.gateway.stop()
            text = site.audit()
            assert "a secret" not in text
            assert PASSWORD not in text
            assert text.isascii()
            assert text.isprintable() or text.replace("\n", "").isprintable()
            await site.restart_after_stop()

    story(visit())

"""Whose key, certificate or password counts, from where and until when (reference 5.1)."""

import asyncio
import base64
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from argon2 import PasswordHasher, extract_parameters

from config.accounts import Account
from config.home import Home
from config.loading import load_account
from config.writing import renew_hash
from sftp_gateway.ssh.accounts import Accounts, refuse_sha1
from tests.sftp_gateway.harness import PASSWORD, Site, account, running, story

HERE, ELSEWHERE = "127.0.0.0/8", "203.0.113.0/24"
USER, AUTHORITY, OTHER = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
RSA = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
NISTP256 = asyncssh.generate_private_key("ecdsa-sha2-nistp256")


def line(key: asyncssh.SSHKey, options: str = "") -> str:
    return f"{options} {key.export_public_key().decode().strip()}".strip()


def certificate(authority: asyncssh.SSHKey = AUTHORITY, key: asyncssh.SSHKey = USER, **facts: Any) -> Any:
    """A certificate for the account acme, and the key in it, as a client holds them."""
    chosen = {"key_id": "night job", "serial": 7, "principals": ["acme"], **facts}
    return (key, authority.generate_user_certificate(key, **chosen))


@asynccontextmanager
async def site_of(root: Path, **facts: Any) -> AsyncIterator[Site]:
    async with running(root) as site:
        site.accounts["acme"] = account("acme", **{"password_hash": None, **facts})
        yield site


async def comes_in(site: Site, *keys: Any, user: str = "acme", password: str | None = None) -> bool:
    try:
        async with site.connection(user, password, client_keys=list(keys) or None) as connection:
            await connection.start_sftp_client()
            return True
    except (asyncssh.PermissionDenied, asyncssh.DisconnectError):
        return False


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", True),
        ("restrict,no-pty", True),
        (f'from="{ELSEWHERE},127.0.0.1"', True),
        (f'from="{ELSEWHERE}"', False),
        ('from="::1"', False),
        ('expiry-time="29991231Z"', True),
        ('expiry-time="202001010000Z"', False),
        ('command="internal-sftp"', False),
    ],
)
def test_a_key_counts_where_and_until_when_its_options_say(tmp_path: Path, options: str, *, expected: bool) -> None:
    async def visit() -> bool:
        async with site_of(tmp_path, public_keys=(line(USER, options),)) as site:
            return await comes_in(site, USER)

    assert story(visit()) is expected


def test_every_type_of_key_that_we_take_comes_in(tmp_path: Path) -> None:
    async def visit() -> None:
        keys = (USER, RSA, NISTP256, asyncssh.generate_private_key("ecdsa-sha2-nistp521"))
        async with site_of(tmp_path, public_keys=tuple(map(line, keys))) as site:
            for key in keys:
                assert await comes_in(site, key)

    story(visit())


def test_a_hardware_key_counts_and_may_sign_its_way_only() -> None:
    fields = (b"sk-ssh-ed25519@openssh.com", USER.public_data[-32:], b"ssh:")
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    text = f"sk-ssh-ed25519@openssh.com {base64.b64encode(blob).decode()} token"
    key = asyncssh.import_public_key(text)
    refuse_sha1(key)
    assert key.all_sig_algorithms == {b"sk-ssh-ed25519@openssh.com"}
    accounts = Accounts(lambda: {"acme": account("acme", public_keys=(text,))})
    assert asyncio.run(accounts.with_key("acme", key, "127.0.0.1"))
    accounts.close()


REFUSED_CERTIFICATES: dict[str, dict[str, Any]] = {
    "of another authority": {"authority": OTHER},
    "for another account": {"principals": ["office"]},
    "for nobody in particular": {"principals": []},
    "that has expired": {"valid_after": "-2d", "valid_before": "-1d"},
    "that is not valid yet": {"valid_after": "+1d", "valid_before": "+2d"},
    "for use elsewhere": {"source_address": [ELSEWHERE]},
    "that forces a command": {"force_command": "internal-sftp"},
    "whose serial number was revoked": {"serial": 13},
    "whose key was revoked": {"key": OTHER},
}


def test_a_certificate_that_names_the_account_lets_it_in_and_others_do_not(tmp_path: Path) -> None:
    async def visit() -> None:
        options = f'revoked="13,{OTHER.get_fingerprint()}"'
        async with site_of(tmp_path, certificate_authorities=(line(AUTHORITY, options),)) as site:
            site.accounts["office"] = account("office", password_hash=None)
            assert await comes_in(site, certificate())
            assert await comes_in(site, certificate(source_address=[HERE, ELSEWHERE]))
            assert await comes_in(site, certificate(key=RSA))
            assert not await comes_in(site, certificate(), user="office")
            assert not await comes_in(site, USER), "the key alone is not the account's"
            let_in = {
                name for name, facts in REFUSED_CERTIFICATES.items() if await comes_in(site, certificate(**facts))
            }
            assert let_in == set()
            assert await comes_in(site, certificate()), "the others were not refused for having been too many"

    story(visit())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('cert-authority,principals="sis,ops"', {"ops"}),
        (f'from="{ELSEWHERE}"', set()),
        ('expiry-time="20200101Z"', set()),
        ("", {"acme"}),
    ],
)
def test_options_of_an_authority_hold_for_its_certificates(tmp_path: Path, options: str, expected: set[str]) -> None:
    async def visit() -> set[str]:
        async with site_of(tmp_path, certificate_authorities=(line(AUTHORITY, options),)) as site:
            return {name for name in ("acme", "ops", "else") if await comes_in(site, certificate(principals=[name]))}

    assert story(visit()) == expected


def test_certificates_and_their_keys_sign_with_sha2_only(tmp_path: Path) -> None:
    async def visit() -> None:
        async with site_of(tmp_path, certificate_authorities=(line(RSA),)) as site:
            assert await comes_in(site, certificate(authority=RSA))
            assert not await comes_in(site, certificate(authority=RSA, sig_alg="ssh-rsa"))
            site.accounts["acme"] = account("acme", password_hash=None, certificate_authorities=(line(AUTHORITY),))
            short = asyncssh.generate_private_key("ssh-rsa", key_size=1024)
            assert not await comes_in(site, certificate(key=short))
            with pytest.raises(asyncssh.PermissionDenied):
                await site.connection(
                    password=None,
                    client_keys=[certificate(key=RSA)],
                    signature_algs=["ssh-rsa"],
                    server_host_key_algs=["ssh-ed25519"],
                )

    story(visit())


def test_the_audit_tells_which_key_and_which_authority(tmp_path: Path) -> None:
    async def visit() -> None:
        async with site_of(tmp_path, certificate_authorities=(line(AUTHORITY),)) as site:
            assert await comes_in(site, certificate())
            assert not await comes_in(site, certificate(authority=OTHER))
            await site.until(lambda: "login_failed" in site.audit())
            for known in (USER, AUTHORITY, OTHER):
                assert known.get_fingerprint() in site.audit()

    story(visit())


def test_outside_of_its_networks_an_account_is_nobody(tmp_path: Path) -> None:
    async def visit() -> None:
        ways: dict[str, Any] = {"public_keys": (line(USER),), "certificate_authorities": (line(AUTHORITY),)}
        async with running(tmp_path) as site:
            for networks, expected in (((ELSEWHERE,), False), ((ELSEWHERE, HERE), True), ((), True)):
                site.accounts["acme"] = account("acme", allow_from=networks, **ways)
                assert await comes_in(site, USER) is expected
                assert await comes_in(site, certificate(key=OTHER)) is expected
                assert await comes_in(site, password=PASSWORD) is expected

    story(visit())


@pytest.mark.parametrize(
    ("source", "expected"),
    [("203.0.113.9", True), ("::ffff:203.0.113.9", True), ("fe80::1%eth0", True), ("198.51.100.1", False), ("", False)],
)
def test_an_address_is_within_a_network_however_it_is_written(source: str, *, expected: bool) -> None:
    accounts = Accounts(lambda: {"acme": account("acme", allow_from=(ELSEWHERE, "fe80::/10"))})
    assert (accounts._judge("acme", PASSWORD, source) is not None) is expected
    accounts.close()


def test_outside_of_its_networks_a_password_costs_what_an_unknown_name_costs() -> None:
    class Counting(Accounts):
        matched: list[str] = []  # noqa: RUF012 - one test's

        def _matches(self, expected: str, password: str) -> bool:
            self.matched.append(expected)
            return super()._matches(expected, password)

    accounts = Counting(lambda: {"acme": account("acme", allow_from=(ELSEWHERE,))})
    assert accounts._judge("acme", PASSWORD, "127.0.0.1") is None
    assert accounts._judge("nobody", PASSWORD, "127.0.0.1") is None
    assert accounts.matched == [accounts._nobodys_hash] * 2
    accounts.close()


def _home_with(folder: Path, known: Account) -> Home:
    home = Home(folder)
    home.profiles.mkdir(parents=True, exist_ok=True)
    home.profile_file("springfield").write_text('name = "S"\ntime_zone = "UTC"\nschools = "auto"\n')
    home.accounts_file.write_text(
        f'# Ours, and by hand.\n[accounts.acme]\ndistricts = ["springfield"]\nrights = ["upload"]\n'
        f'password_hash = "{known.password_hash}"  # since May\n'
    )
    return home


def test_an_old_hash_is_made_stronger_after_a_login_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    home = _home_with(tmp_path, account("acme"))

    def visit(password: str) -> Account | None:
        accounts = Accounts(lambda: {"acme": load_account(home, "acme")}, lambda *asked: renew_hash(home, *asked))
        try:
            return asyncio.run(accounts.with_password("acme", password, "127.0.0.1"))
        finally:
            accounts.close()

    before = home.accounts_file.read_text()
    assert visit("wrong") is None
    assert home.accounts_file.read_text() == before
    assert visit(PASSWORD)
    stronger = load_account(home, "acme").password_hash or ""
    assert extract_parameters(stronger) == extract_parameters(PasswordHasher().hash("any"))
    assert PasswordHasher().verify(stronger, PASSWORD)
    assert home.accounts_file.read_text() == before.replace(account("acme").password_hash or "", stronger)
    renewed = home.accounts_file.read_text()
    assert visit(PASSWORD)
    assert home.accounts_file.read_text() == renewed


def test_a_password_that_was_changed_meanwhile_is_not_changed_back(tmp_path: Path) -> None:
    home = _home_with(tmp_path, account("acme"))
    before = home.accounts_file.read_text()
    renew_hash(home, "acme", PasswordHasher(1, 8, 1).hash("the one before"), lambda: "never asked")
    renew_hash(home, "gone", "any", lambda: "never asked")
    assert home.accounts_file.read_text() == before


def test_a_file_that_cannot_be_written_keeps_nobody_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    accounts = Accounts(lambda: {"acme": account("acme")}, lambda *asked: renew_hash(home, *asked))
    assert asyncio.run(accounts.with_password("acme", PASSWORD, "127.0.0.1"))
    accounts.close()


def test_a_hash_that_people_made_stronger_than_ours_stays() -> None:
    strong = account("acme", password_hash=PasswordHasher(time_cost=4).hash(PASSWORD))
    asked: list[object] = []
    accounts = Accounts(lambda: {"acme": strong}, lambda *what: asked.append(what))
    assert accounts._judge("acme", PASSWORD, "127.0.0.1")
    accounts.close()
    assert asked == []


def test_a_gateway_makes_the_hashes_in_its_file_stronger(tmp_path: Path) -> None:
    async def visit() -> None:
        async with running(tmp_path) as site:
            _home_with(site.home.root, site.accounts["acme"])
            async with site.sftp():
                await site.until(lambda: load_account(site.home, "acme").password_hash != account("acme").password_hash)

    story(visit())


@pytest.mark.system
@pytest.mark.skipif(not (shutil.which("sftp") and shutil.which("ssh-keygen")), reason="OpenSSH's tools are missing")
def test_openssh_comes_in_by_a_certificate_of_ssh_keygen(tmp_path: Path) -> None:
    for name, key in (("ca", AUTHORITY), ("id", USER)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_bytes(key.export_private_key())
        (tmp_path / f"{name}.pub").write_bytes(key.export_public_key())
    chosen = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes")

    async def exit_code(site: Site) -> int | None:
        sftp = await asyncio.create_subprocess_exec(
            *("sftp", "-F", "none", "-i", str(tmp_path / "id"), "-P", str(site.port)),
            *(f"-o{option}" for option in chosen),
            *("-b", "/dev/null", "acme@127.0.0.1"),
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "SSH_AUTH_SOCK": ""},
        )
        return await sftp.wait()

    async def visit() -> None:
        async with site_of(tmp_path / "site", certificate_authorities=(line(AUTHORITY, 'revoked="13"'),)) as site:
            for facts, expected in (
                (("-n", "acme", "-z", "7"), 0),
                (("-n", "acme", "-z", "13"), 255),
                (("-z", "7"), 255),
            ):
                await asyncio.to_thread(_sign, tmp_path, *facts)
                assert await exit_code(site) == expected, facts

    story(visit())


def _sign(folder: Path, *facts: str) -> None:
    command = ["ssh-keygen", "-q", "-s", "ca", "-I", "job", "-V", "+1d", *facts, "id.pub"]
    subprocess.run(command, cwd=folder, check=True)

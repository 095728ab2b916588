"""The three sets of algorithms: which clients come in, and what ssh-audit says (reference 2.6; 7, 45)."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, get_args

import asyncssh
import pytest

from config.home import Home
from config.settings import Algorithms
from sftp_gateway.ssh.algorithms import SPOKEN, options
from sftp_gateway.ssh.host_keys import load_host_keys
from tests.sftp_gateway.harness import _host_keys, story

ALL: tuple[Algorithms, ...] = get_args(Algorithms)
_ED25519: dict[str, Any] = {"server_host_key_algs": ["ssh-ed25519"]}
_STRICT_ONLY = {"kex_algs": ["mlkem768x25519-sha256"], "mac_algs": ["hmac-sha2-256-etm@openssh.com"]}
# What each client offers, as far as it decides whether it comes in.
CLIENTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "the newest": ({**_STRICT_ONLY, **_ED25519}, {"strict-2026-11", "default-2026-11", "legacy-2026-11"}),
    "OpenSSH 9.2": ({"kex_algs": ["curve25519-sha256"], **_ED25519}, {"default-2026-11", "legacy-2026-11"}),
    "curl with libssh2 1.10": (
        {
            "kex_algs": ["curve25519-sha256"],
            "encryption_algs": ["aes256-ctr"],
            "mac_algs": ["hmac-sha2-256"],
            "server_host_key_algs": ["rsa-sha2-512"],
        },
        {"default-2026-11", "legacy-2026-11"},
    ),
    "JSch 0.1.54": (
        {
            "kex_algs": ["ecdh-sha2-nistp256"],
            "encryption_algs": ["aes128-ctr"],
            "mac_algs": ["hmac-sha2-256"],
            "server_host_key_algs": ["ecdsa-sha2-nistp256"],
        },
        {"legacy-2026-11"},
    ),
    "one that knows SHA-1 host keys only": ({"server_host_key_algs": ["ssh-rsa"]}, set()),
    "one that knows SHA-1 exchanges only": ({"kex_algs": ["diffie-hellman-group14-sha1"]}, set()),
    "one that knows finite fields only": ({"kex_algs": ["diffie-hellman-group14-sha256"]}, set()),
    "one that knows CBC only": ({"encryption_algs": ["aes256-cbc", "3des-cbc"]}, set()),
    "one that knows SHA-1 MACs only": ({"encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-sha1"]}, set()),
}


@pytest.fixture
def keys_of_all() -> Home:
    return Home(_host_keys().parent)


class Anybody(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - the shape is asyncssh's
        return False


@asynccontextmanager
async def speaking(home: Home, name: Algorithms, **changes: Any) -> AsyncIterator[int]:
    """A server that speaks one of the sets, and nothing else of ours."""
    chosen = {"gss_host": None, "server_version": "rosterdrop", **options(name), **changes}
    keys = await asyncio.to_thread(load_host_keys, home, name)
    async with asyncssh.listen("127.0.0.1", 0, server_factory=Anybody, server_host_keys=keys, **chosen) as server:
        yield server.get_port()


async def _comes_in(port: int, **offer: Any) -> bool:
    try:
        async with asyncssh.connect("127.0.0.1", port, known_hosts=None, config=None, agent_path=None, **offer):
            return True
    except asyncssh.KeyExchangeFailed:
        return False


def test_a_client_comes_in_where_its_algorithms_are_spoken(keys_of_all: Home) -> None:
    async def visits() -> dict[str, set[str]]:
        let_in: dict[str, set[str]] = {client: set() for client in CLIENTS}
        for name in ALL:
            async with speaking(keys_of_all, name) as port:
                for client, (offer, _) in CLIENTS.items():
                    let_in[client] |= {name} if await _comes_in(port, **offer) else set()
        return let_in

    assert story(visits()) == {client: expected for client, (_, expected) in CLIENTS.items()}


def test_every_set_holds_what_the_stricter_one_holds() -> None:
    strict, default, legacy = (SPOKEN[name] for name in ALL)
    for part in ("exchanges", "ciphers", "macs", "host_keys"):
        assert set(getattr(strict, part)) <= set(getattr(default, part)) <= set(getattr(legacy, part))


async def _audit(port: int, *arguments: str) -> tuple[int | None, str]:
    """ssh-audit on one of our ports; the rate of connections, which it would try too, is another test's."""
    command = (sys.executable, "-m", "ssh_audit.ssh_audit", "--no-colors", "--skip-rate-test", "-p", str(port))
    audit = await asyncio.create_subprocess_exec(
        *command, *arguments, "127.0.0.1", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await audit.communicate()
    return audit.returncode, output.decode()


def _policy(name: Algorithms) -> str:
    return str(files("sftp_gateway.ssh").joinpath("policies", f"{name}.txt"))


@pytest.mark.parametrize(
    ("name", "exits", "warnings", "failures"),
    [("strict-2026-11", 0, 0, 0), ("default-2026-11", 2, 4, 0), ("legacy-2026-11", 3, 6, 2)],
)
def test_ssh_audit_ends_exactly_as_documented(
    name: Algorithms, exits: int, warnings: int, failures: int, keys_of_all: Home
) -> None:
    async def audits() -> None:
        async with speaking(keys_of_all, name) as port:
            (code, output), (by_policy, verdict) = await asyncio.gather(_audit(port), _audit(port, "-P", _policy(name)))
        assert (code, output.count("[warn]"), output.count("[fail]")) == (exits, warnings, failures), output
        assert by_policy == 0, verdict

    story(audits())


@pytest.mark.parametrize(
    "change",
    [
        {"mac_algs": (*SPOKEN["strict-2026-11"].macs, "hmac-sha2-256")},
        {"encryption_algs": SPOKEN["strict-2026-11"].ciphers[1:]},
        {"server_version": "rosterdrop_1.2.3"},
    ],
)
def test_a_set_that_was_changed_fails_its_policy(change: dict[str, Any], keys_of_all: Home) -> None:
    async def audits() -> None:
        async with speaking(keys_of_all, "strict-2026-11", **change) as port:
            code, output = await _audit(port, "-P", _policy("strict-2026-11"))
        assert code == 3, output

    story(audits())


def test_no_cipher_is_chained_so_that_no_packet_needs_an_empty_one_before_it() -> None:
    """`Connection.send_packet` leaves out what only CBC needs (RFC 4253, 9.3.1)."""
    assert not [cipher for name in SPOKEN for cipher in options(name)["encryption_algs"] if "cbc" in str(cipher)]

"""Who may log in: passwords, keys and certificates of accounts.

A name that nobody has, an account that is disabled, and a client outside of the account's networks get the same answers
after the same time: nobody learns by trying which accounts there are.
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from secrets import token_bytes
from typing import Final

import asyncssh
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError
from asyncssh.public_key import SSHOpenSSHCertificate

from config.accounts import Account
from config.key_lines import KeyLine, KeyLineRefused, Network, parse_key_line
from config.mistakes import ConfigError
from sftp_gateway.ssh.algorithms import SIGNATURES
from sftp_gateway.ssh.certificates import vouches

Renew = Callable[[str, str, Callable[[], str]], object]
"""Takes an account, the hash that was matched, and what makes a stronger one of the same password."""

_MOST_AT_ONCE: Final = 2  # argon2id takes 64 MiB and 0.1 s of a core each
_LONGEST_PASSWORD: Final = 1024
_SIGNATURES: Final = frozenset(name.encode() for name in SIGNATURES)
_NOBODY_RENEWS: Final[Renew] = lambda _account, _old, _stronger: None  # noqa: E731 - a value, as callers pass one

_log = logging.getLogger(__name__)


class Accounts:
    """The accounts as they are at each login; `lookup` may read a file and is asked in a thread.

    Where a password fits whose hash was made with weaker parameters than today's, `renew` is offered a stronger one,
    after the login and in the threads of passwords, so that nobody waits for it.
    """

    def __init__(self, lookup: Callable[[], Mapping[str, Account]], renew: Renew = _NOBODY_RENEWS) -> None:
        self._lookup = lookup
        self._renew = renew
        self._hasher = PasswordHasher()
        self._nobodys_hash = _nobodys_hash(self._hasher)
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "password")

    async def with_password(self, name: str, password: str, source: str) -> Account | None:
        """The account whose password this is, for a client at the address `source`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._judge, name, password, source)

    async def with_key(self, name: str, key: asyncssh.SSHKey, source: str) -> Account | None:
        """The account that this key belongs to; whether the client holds its private half is asked later."""
        return await asyncio.to_thread(self._owner, name, key, source)

    async def with_certificate(self, name: str, certificate: SSHOpenSSHCertificate, source: str) -> Account | None:
        """The account that this certificate is for; whether the client holds the key in it is asked later."""
        refuse_sha1(certificate.key)
        return await asyncio.to_thread(self._certified, name, certificate, source)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=True)

    def _judge(self, name: str, password: str, source: str) -> Account | None:
        account = self._enabled(name, source)
        expected = account.password_hash if account and account.password_hash else self._nobodys_hash
        fits = len(password) <= _LONGEST_PASSWORD and self._matches(expected, password)
        if not fits or account is None or expected is self._nobodys_hash:
            return None
        if self._is_weaker(expected):
            self._threads.submit(self._make_stronger, account.id, expected, password)
        return account

    def _matches(self, expected: str, password: str) -> bool:
        with suppress(Argon2Error, InvalidHashError):
            return self._hasher.verify(expected, password)
        return False

    def _is_weaker(self, expected: str) -> bool:
        """Whether a parameter has risen since; a hash that people made stronger than ours stays."""
        made, today = extract_parameters(expected), self._hasher
        return made.memory_cost < today.memory_cost or made.time_cost < today.time_cost

    def _make_stronger(self, account: str, expected: str, password: str) -> None:
        try:
            self._renew(account, expected, partial(self._hasher.hash, password))
        except (ConfigError, OSError) as error:
            _log.info("the hash of %s could not be made stronger: %s", account, error)

    def _owner(self, name: str, key: asyncssh.SSHKey, source: str) -> Account | None:
        account = self._enabled(name, source)
        if account and any(line.blob == key.public_data for line in _in_force(account.public_keys, source)):
            return account
        return None

    def _certified(self, name: str, certificate: SSHOpenSSHCertificate, source: str) -> Account | None:
        account = self._enabled(name, source)
        lines = _in_force(account.certificate_authorities, source, authority=True) if account else ()
        is_within = partial(_is_within, source)
        return account if any(vouches(line, certificate, name, is_within) for line in lines) else None

    def _enabled(self, name: str, source: str) -> Account | None:
        account = self._lookup().get(name)
        if account is None or not (account.enabled and account.districts):
            return None
        networks = [ip_network(network) for network in account.allow_from]
        return account if not networks or _is_within(source, networks) else None


def refuse_sha1(key: asyncssh.SSHKey) -> None:
    """Let a key sign only by the algorithms that we announce; asyncssh would also verify SHA-1."""
    key.all_sig_algorithms = key.all_sig_algorithms & _SIGNATURES


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """What an unknown name is compared with, so that it takes as long as a known one (reference 5.1): pure chance."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (b64encode(token_bytes(length)).decode().rstrip("=") for length in (16, 32))
    return f"$argon2id$v=19${costs}${salt}${digest}"


def _in_force(lines: Iterable[str], source: str, *, authority: bool = False) -> Iterator[KeyLine]:
    """The lines that count now and for a client from there; what is no line counts for nobody."""
    now = datetime.now(UTC)
    for text in lines:
        with suppress(KeyLineRefused):
            line = parse_key_line(text, authority=authority)
            from_there = not line.sources or _is_within(source, line.sources)
            if from_there and (line.expires is None or now < line.expires):
                yield line


def _is_within(source: str, networks: Iterable[Network]) -> bool:
    """Whether a client's address is in one of the networks; one that cannot be read is in none."""
    address = _address(source)
    return address is not None and any(address in network for network in networks)


def _address(source: str) -> IPv4Address | IPv6Address | None:
    """The address without its zone; an IPv4 client of a socket for both kinds is one of IPv4."""
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address

"""Who may log in: passwords and keys of accounts, with the same time and answers for names that nobody has."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from secrets import token_bytes
from typing import Final

import asyncssh
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from config.accounts import Account

_MOST_AT_ONCE: Final = 2  # argon2id takes 64 MiB and 0.1 s of a core each
_LONGEST_PASSWORD: Final = 1024
_RSA_SHA2: Final = {b"rsa-sha2-256", b"rsa-sha2-512"}


class Accounts:
    """The accounts as they are at each login; `lookup` may read a file and is asked in a thread."""

    def __init__(self, lookup: Callable[[], Mapping[str, Account]]) -> None:
        self._lookup = lookup
        self._hasher = PasswordHasher()
        self._nobodys_hash = _nobodys_hash(self._hasher)
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "password")

    async def with_password(self, name: str, password: str) -> Account | None:
        """The account whose password this is."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._judge, name, password)

    async def with_key(self, name: str, key: asyncssh.SSHKey) -> Account | None:
        """The account that this key belongs to; whether the client holds its private half is asked later."""
        return await asyncio.to_thread(self._owner, name, key)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=True)

    def _judge(self, name: str, password: str) -> Account | None:
        account = self._enabled(name)
        expected = account.password_hash if account and account.password_hash else self._nobodys_hash
        fits = len(password) <= _LONGEST_PASSWORD and self._matches(expected, password)
        return account if fits and expected is not self._nobodys_hash else None

    def _matches(self, expected: str, password: str) -> bool:
        with suppress(Argon2Error, InvalidHashError):
            return self._hasher.verify(expected, password)
        return False

    def _owner(self, name: str, key: asyncssh.SSHKey) -> Account | None:
        account = self._enabled(name)
        if account and any(known.public_data == key.public_data for known in _keys(account)):
            return account
        return None

    def _enabled(self, name: str) -> Account | None:
        account = self._lookup().get(name)
        return account if account and account.enabled and account.districts else None


def refuse_sha1(key: asyncssh.SSHKey) -> None:
    """Let an RSA key sign with SHA-2 only; asyncssh would also verify its SHA-1 signatures."""
    if key.get_algorithm() == "ssh-rsa":
        key.all_sig_algorithms = _RSA_SHA2


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """What an unknown name is compared with, so that it takes as long as a known one (reference 5.1): pure chance."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (b64encode(token_bytes(length)).decode().rstrip("=") for length in (16, 32))
    return f"$argon2id$v=19${costs}${salt}${digest}"


def _keys(account: Account) -> Iterator[asyncssh.SSHKey]:
    for text in account.public_keys:
        with suppress(asyncssh.KeyImportError):
            yield asyncssh.import_public_key(text)

"""Tokens and passwords, from the place that a profile names; they stand in no profile, log, report or argument."""

import os
import stat
from pathlib import Path
from typing import Final

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES: Final = 64 * 1024


class NoSecret(Exception):
    """A secret is not where the profile says, or others can read it."""

    exit_code = 2

    def __init__(self, key: str, says: str) -> None:
        super().__init__(f"{key}: {says}")
        self.key = key


def secret_at(place: str, key: str) -> str:
    """The secret that is kept at a place: `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`; `key` is the setting.

    Raises:
        NoSecret: it is not there, it is empty, or its file can be read by others.
    """
    kind, _, where = place.partition(":")
    if not place:
        raise NoSecret(key, f"it is not set; set it to the place of the secret, such as {key}=env:ROSTER_TOKEN")
    secret = {"env": _from_environment, "file": _from_file, "keyring": _from_keyring}[kind](where, key)
    if not secret.strip():
        raise NoSecret(key, f"{place} is empty")
    return secret.strip()


def _from_environment(name: str, key: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise NoSecret(
            key, f"the environment has no variable {name}; set it for the service and for every command"
        ) from None


def _from_file(path: str, key: str) -> str:
    file = Path(path)
    try:
        if file.stat().st_mode & _OTHERS:
            raise NoSecret(key, f"{path} can be read by others; chmod 600 it")
        with file.open("rb") as content:
            return content.read(_MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise NoSecret(key, f"{path} cannot be read ({reason})") from None


def _from_keyring(where: str, key: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise NoSecret(key, "there is no keyring here; pip install 'rosterdrop[keyring]'") from None
    service, _, name = where.partition("/")
    try:
        secret = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise NoSecret(key, f"the keyring cannot be asked ({type(error).__name__})") from None
    if secret is None:
        raise NoSecret(key, f"the keyring has no {name} of {service}; keyring set {service} {name}")
    return secret

"""Where a secret may be kept."""

import sys
from pathlib import Path

import keyring
import keyring.errors
import pytest

from roster_sources.secrets import NoSecret, secret_at


def held(service: str, name: str) -> str | None:
    """A keyring with one secret; one of its parts is locked."""
    if service == "locked":
        raise keyring.errors.KeyringLocked
    return "t0ken\n" if (service, name) == ("roster", "springfield") else None


def test_a_secret_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_password", held)

    assert secret_at("keyring:roster/springfield", "clever.token") == "t0ken"


@pytest.mark.parametrize(
    ("place", "says"), [("keyring:roster/shelbyville", "has no shelbyville"), ("keyring:locked/it", "cannot be asked")]
)
def test_what_a_keyring_does_not_give_is_said(monkeypatch: pytest.MonkeyPatch, place: str, says: str) -> None:
    monkeypatch.setattr(keyring, "get_password", held)

    with pytest.raises(NoSecret, match=f"clever.token.*{says}"):
        secret_at(place, "clever.token")


def test_without_a_keyring_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(NoSecret, match=r"rosterdrop\[keyring\]"):
        secret_at("keyring:roster/springfield", "clever.token")


def test_a_file_that_others_can_read_keeps_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("t0ken\n")
    file.chmod(0o640)
    with pytest.raises(NoSecret, match="chmod 600"):
        secret_at(f"file:{file}", "clever.token")
    file.chmod(0o600)

    assert secret_at(f"file:{file}", "clever.token") == "t0ken"

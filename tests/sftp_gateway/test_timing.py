"""How long a wrong password takes tells nobody whether its account exists (reference 7, 37)."""

from pathlib import Path
from statistics import median
from time import monotonic

import asyncssh
import pytest

from sftp_gateway.ssh import accounts, logins
from tests.sftp_gateway.harness import Site, account, running, story

_TIMES = 200


@pytest.mark.soak
def test_200_wrong_passwords_take_as_long_for_a_name_that_exists_as_for_one_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "PAUSE_S", 0.0)  # it is the same for both, and would hide what differs

    async def visits() -> dict[str, float]:
        async with running(tmp_path) as site:
            hashed = accounts.Accounts(dict)._nobodys_hash
            site.accounts["acme"] = account("acme", password_hash=hashed)
            taken: dict[str, list[float]] = {"acme": [], "nobody": []}
            for _ in range(_TIMES):
                for name, times in taken.items():
                    times.append(await _a_wrong_password(site, name))
            return {name: median(times) for name, times in taken.items()}

    medians = story(visits())
    assert abs(medians["acme"] - medians["nobody"]) < 0.1 * medians["nobody"], medians


async def _a_wrong_password(site: Site, name: str) -> float:
    """The seconds of one visit."""
    began_s = monotonic()
    with pytest.raises((asyncssh.Error, OSError)):
        async with site.connection(name, password="wrong", preferred_auth=["password"]):
            pass
    return monotonic() - began_s

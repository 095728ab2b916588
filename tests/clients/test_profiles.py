"""Which client comes in under which set of algorithms, exactly as its table says (reference 2.6)."""

from pathlib import Path

import pytest

from config.settings import Algorithms
from tests.clients.client import PROFILES, Client, Complaint
from tests.clients.matrix import each_client
from tests.clients.night import REPORT, night_for
from tests.sftp_gateway.harness import story

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("profile", PROFILES)
@each_client(that_can="fetch", with_own_connection=True)
def test_connects_as_the_table_says(client: Client, profile: Algorithms, tmp_path: Path) -> None:
    async def knock() -> None:
        async with night_for(client, tmp_path, server={"algorithms": profile}) as night:
            target = night.where.folder / "fetched.json"
            if profile in client.connects:
                await night.does(client.fetch, "reports/latest.json", target)
                assert target.read_bytes() == REPORT
            else:
                with pytest.raises(Complaint):
                    await night.does(client.fetch, "reports/latest.json", target)
                assert '"login"' not in night.site.audit()

    story(knock())

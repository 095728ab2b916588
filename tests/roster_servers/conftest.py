"""A small district for the tests of the servers."""

import pytest

from rosterdrop.generating import generate
from tests.roster_servers.district import SourceDistrict, of_night


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> SourceDistrict:
    """About two hundred people."""
    return of_night(generate(tmp_path_factory.mktemp("district") / "d", students=60).nights[0])

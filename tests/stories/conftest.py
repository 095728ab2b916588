from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.springfield import Running, Springfield, settled_home


@pytest.fixture
def springfield(tmp_path: Path) -> Iterator[Springfield]:
    """A district with a running service."""
    district = Springfield(settled_home(tmp_path / "home"))
    with Running(district.home) as running:
        district.service = running
        yield district


@pytest.fixture
def springfield_at_rest(tmp_path: Path) -> Springfield:
    """The same district without a service: each night is a batch upload."""
    return Springfield(settled_home(tmp_path / "home"))

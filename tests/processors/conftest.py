from pathlib import Path

import pytest

from tests.processors.connect import Connect


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    return Connect(tmp_path / "connect.db")

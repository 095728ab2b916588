"""Paramiko's own SFTP tests, from its source package, against the whole service."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.peers.serving import needs, served, tolerated

SOURCE = Path(__file__).parents[2] / ".venv" / "peers" / "paramiko-5.1.0.tar.gz"
# In place of the suite's own fixtures, which start paramiko's server.
_CONFTEST = """
import os
import paramiko
import pytest


@pytest.fixture
def sftp_server():
    transport = paramiko.Transport(("127.0.0.1", int(os.environ["PEER_PORT"])))
    transport.connect(username=os.environ["PEER_USER"], password=os.environ["PEER_PASSWORD"])
    yield transport
    transport.close()


@pytest.fixture
def sftp(sftp_server):
    client = paramiko.SFTP.from_transport(sftp_server)
    client.FOLDER = ""
    yield client
    if not client.sock.closed:
        for name in set(client.listdir("/")) - {"reports", "test"}:
            client.remove("/" + name)
"""

pytestmark = [pytest.mark.system, needs(SOURCE, "paramiko's source package")]


def test_paramiko_s_own_tests_miss_nothing_that_is_not_explained(tmp_path: Path) -> None:
    with tarfile.open(SOURCE) as source:
        source.extractall(tmp_path, filter="data")
    folder = tmp_path / "paramiko-5.1.0"
    (folder / "tests" / "conftest.py").write_text(_CONFTEST)
    with served() as service:
        said = _run(folder, service.peer.port, service.peer.user)

    failed = set(re.findall(r"^(?:FAILED|ERROR) .*::(\w+)", said, re.MULTILINE))
    passed = set(re.findall(r"^PASSED .*::(\w+)", said, re.MULTILINE))
    assert failed == set(tolerated("paramiko")), said
    assert len(passed) >= 33


def _run(folder: Path, port: int, user: str) -> str:
    from benchmarks.peers import PASSWORD

    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder), "-q", "-rA"]
    command += ["-p", "no:randomly", "-p", "no:cacheprovider", "tests/test_sftp.py", "tests/test_sftp_big.py"]
    peer = {"PEER_PORT": str(port), "PEER_USER": user, "PEER_PASSWORD": PASSWORD}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=folder, env={**environment, **peer}, capture_output=True, text=True, timeout=600, check=False
    )
    return done.stdout + done.stderr

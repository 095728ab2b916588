"""The client tests of Go's pkg/sftp against the whole service."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.peers.serving import needs, needs_root, served, tolerated

GOCODE = Path("/usr/share/gocode")
PACKAGE = Path("src/github.com/pkg/sftp")

pytestmark = [pytest.mark.system, needs_root, needs(GOCODE / PACKAGE, "golang-github-pkg-sftp-dev")]


def test_the_client_of_pkg_sftp_misses_nothing_that_is_not_explained(tmp_path: Path) -> None:
    _build(tmp_path)
    with served() as service:
        shutil.copy(tmp_path / "client.test", service.work)
        said = service.in_view(
            "/peer/client.test", "-test.v", "-integration", "-sftp", "/peer/bridge.sh", "-test.run", "TestClient",
            seconds=600, TMPDIR="/",
        )  # fmt: skip

    failed = set(re.findall(r"^--- FAIL: (\w+)", said, re.MULTILINE))
    passed = set(re.findall(r"^--- PASS: (\w+)", said, re.MULTILINE))
    assert failed == set(tolerated("Go")), said
    assert len(passed) >= 18


def _build(folder: Path) -> None:
    """Debian's source of the package, built where it may be written."""
    source = folder / "go" / PACKAGE
    shutil.copytree(GOCODE / PACKAGE, source)
    go = {"GO111MODULE": "off", "GOPATH": f"{folder}/go:{GOCODE}", "GOCACHE": f"{folder}/cache", "CGO_ENABLED": "0"}
    command = ["go", "test", "-c", "-o", str(folder / "client.test"), "."]
    subprocess.run(command, cwd=source, env={**os.environ, **go}, check=True)

"""The whole service on a free port for a peer's suite, the view in which its drop is the root, and what may fail."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import peers

_HERE = Path(__file__).parent
_README = (_HERE / "README.md").read_text(encoding="utf-8")
_BRIDGE = """#!/bin/sh
exec ssh -q -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p {port} -i /peer/key -s {login} sftp
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace needs root")


def needs(path: Path, package: str) -> pytest.MarkDecorator:
    """Not run where a package is not installed."""
    return pytest.mark.skipif(not path.exists(), reason=f"{package} is missing")


def tolerated(suite: str) -> Mapping[str, str]:
    """What may fail in a suite, and must: the test's name to the reason, as the table in README.md says."""
    (section,) = re.findall(rf"^## {suite}.*?\n(.*?)(?=^## |\Z)", _README, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (?!fails)([^|]+?) \| ([^|]+?) \|$", section, re.MULTILINE)
    return {name: reason for names, reason in rows for name in names.split(", ")}


@dataclass(frozen=True, kw_only=True)
class Served:
    """A service that takes the key of `peer`; `work` is seen as /peer in the view."""

    peer: peers.Peer
    drop: Path
    work: Path

    def in_view(self, *command: str, seconds: float = 300, **environment: str) -> str:
        """What a command prints where the drop is the root."""
        view = ["unshare", "--mount", "sh", str(_HERE / "view.sh"), str(self.drop), str(self.work), *command]
        environment = {**os.environ, "HOME": "/root", **environment}
        done = subprocess.run(view, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
        return done.stdout + done.stderr


@contextmanager
def served() -> Iterator[Served]:
    """A service with one district, whose account has every right."""
    with tempfile.TemporaryDirectory(prefix="rosterdrop-peers-") as folder:
        root = Path(folder)
        with peers.rosterdrop(root) as peer:
            shutil.copy(peer.key, root / "key")
            bridge = root / "bridge.sh"
            bridge.write_text(_BRIDGE.format(port=peer.port, login=peer.login))
            bridge.chmod(0o700)
            yield Served(peer=peer, drop=root / "home" / "drops" / "d", work=root)

"""What `rclone test info` finds out about the names that the service keeps."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.peers.serving import needs, served

RCLONE = Path(shutil.which("rclone") or "/usr/bin/rclone")

pytestmark = [pytest.mark.system, needs(RCLONE, "rclone")]


def test_rclone_finds_names_kept_as_documented() -> None:
    with served() as service:
        peer = service.peer
        where = ("--sftp-host", "127.0.0.1", "--sftp-port", str(peer.port), "--sftp-user", peer.user)
        asked = ("--check-normalization", "--check-control", "--check-length", "--check-streaming")
        command = [
            str(RCLONE),
            "--config",
            "",
            *where,
            "--sftp-key-file",
            str(peer.key),
            "test",
            "info",
            *asked,
            ":sftp:/",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for expected in (
        "maxFileLength = 255 // for 1 byte",
        "maxFileLength = 63 // for 4 byte",
        "canWriteUnnormalized = true",
        "canReadUnnormalized   = true",
        "canReadRenormalized   = false",
        "canStream = true",
    ):
        assert expected in said, said
    assert r"'\n'" in said, "control characters are refused"
    assert r"'\xfe'" in said, "what is not UTF-8 is refused"

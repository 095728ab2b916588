"""OpenSSH's own SFTP scripts against the whole service."""

import re
import shutil
from pathlib import Path

import pytest

from tests.peers.serving import needs, needs_root, served, tolerated

REGRESS = Path("/usr/lib/openssh/regress")
SCRIPTS = ("sftp", "sftp-cmds", "sftp-badcmds", "sftp-batch", "sftp-glob")
_MAKE = """
cd /peer/regress && exec make .OBJDIR=/ .CURDIR=/peer/regress BUILDDIR=/peer/regress OBJ=/ SUDO= TEST_SHELL=sh \
    TEST_SSH_SSH=ssh TEST_SSH_SFTPSERVER=/peer/bridge.sh TEST_SSH_UNSAFE_PERMISSIONS=1 LTESTS="$1" t-exec
"""

pytestmark = [pytest.mark.system, needs_root, needs(REGRESS, "openssh-tests")]


@pytest.mark.parametrize("script", SCRIPTS)
def test_openssh_s_script_complains_of_nothing_that_is_not_explained(script: str) -> None:
    with served() as service:
        shutil.copytree(REGRESS, service.work / "regress")
        said = service.in_view("/bin/sh", "-c", _MAKE, "sh", script, seconds=900)

    expected = {name.removeprefix(f"{script}: ") for name in tolerated("OpenSSH") if name.startswith(f"{script}: ")}
    assert complaints(said) == expected, said
    assert re.search(r"^failed " if expected else r"^ok ", said, re.MULTILINE), said


def complaints(said: str) -> set[str]:
    """The lines of a script that are neither its steps nor those of the tools it uses."""
    steps = re.compile(r"^(run test|sftp |test |ok |failed |make|cmp: |\s*$)")
    return {line for line in said.splitlines() if not steps.match(line)}

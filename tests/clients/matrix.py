"""Which clients there are, what is asked of them, and how the README names both."""

from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.clients.client import Client
from tests.clients.curl import Curl
from tests.clients.lftp import LftpMirror, LftpPut
from tests.clients.openssh import OpensshScp, OpensshSftp
from tests.clients.putty import Pscp, Psftp
from tests.clients.python_libraries import Asyncssh, Paramiko
from tests.clients.rclone import DebianRclone, Rclone
from tests.clients.scripted import Jsch, NetSftpForeign, NodeSftp, Phpseclib, RubyNetSftp
from tests.clients.sshfs import Sshfs
from tests.clients.winscp import Winscp

CLIENTS: Final[tuple[Client, ...]] = (
    OpensshSftp(),
    OpensshScp(),
    Psftp(),
    Pscp(),
    Winscp(),
    LftpPut(),
    LftpMirror(),
    Curl(),
    Rclone(),
    DebianRclone(),
    Sshfs(),
    Paramiko(),
    Asyncssh(),
    NodeSftp(),
    Jsch(),
    Phpseclib(),
    NetSftpForeign(),
    RubyNetSftp(),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that clients are asked for: its test, what a client must be able to do, and its column."""

    test: str
    verb: str
    column: str


SCENARIOS: Final = (
    Scenario("test_pushes_a_new_set", "push", "new set"),
    Scenario("test_replaces_a_set_with_shorter_files", "push", "replace"),
    Scenario("test_renames_from_temp_names", "push_by_temp_names", "temp name"),
    Scenario("test_resumes_what_was_cut_off", "resume", "resume"),
    Scenario("test_makes_a_folder_that_exists", "push_into", "folder"),
    Scenario("test_sets_times_and_modes", "push_dated", "times, modes"),
    Scenario("test_lists_and_fetches_reports", "fetch", "reports"),
    Scenario("test_synchronises_with_deletion", "synchronise", "sync"),
    Scenario("test_hits_a_full_quota", "push", "full quota"),
)
CONNECTING: Final = "test_connects_as_the_table_says"


def each_client(*, that_can: str = "push", with_own_connection: bool = False) -> pytest.MarkDecorator:
    """A test for each client that has a way to do this."""
    clients = (client for client in CLIENTS if client.has_own_connection or not with_own_connection)
    return pytest.mark.parametrize("client", [_parameter(client) for client in clients if client.can(that_can)])


def _parameter(client: Client) -> Any:
    return pytest.param(client, id=client.name, marks=(pytest.mark.system,) if client.system else ())

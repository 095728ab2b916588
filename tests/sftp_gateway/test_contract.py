"""What we rely on inside asyncssh, because its public hooks cannot tell a CLOSE packet from a lost connection.

The version is pinned; should one of these fail after an update, read `protocol.py` against the new source.
"""

import inspect

import asyncssh
import pytest
from asyncssh import sftp
from asyncssh.stream import SSHServerStreamSession

from sftp_gateway.protocol import Handler


@pytest.mark.parametrize(
    "method", ["open", "close", "read", "write", "opendir", "readdir", "limits", "posix_rename", "fsync", "lsetstat"]
)
def test_the_handler_answers_packets_with_these_methods(method: str) -> None:
    answer = getattr(sftp.SFTPServerHandler, f"_process_{method}")
    assert list(inspect.signature(answer).parameters) == ["self", "packet"]


def test_the_handler_looks_its_methods_up_by_packet() -> None:
    assert sftp.SFTPServerHandler._packet_handlers[4] is sftp.SFTPServerHandler._process_close
    assert "self._packet_handlers.get(handler_type)" in inspect.getsource(sftp.SFTPServerHandler._process_packet)


def test_only_what_is_left_open_reaches_the_close_hook() -> None:
    cleanup = inspect.getsource(sftp.SFTPServerHandler._cleanup)
    assert "self._server.close(file_obj)" in cleanup
    assert "_server.close" not in inspect.getsource(Handler._process_close)


def test_a_stream_session_is_started_by_this_hook() -> None:
    assert "_chan" in inspect.getsource(SSHServerStreamSession.session_started)
    assert next(iter(inspect.signature(SSHServerStreamSession).parameters)) == "session_factory"


def test_an_rsa_key_can_be_kept_from_sha1() -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    public = asyncssh.import_public_key(key.export_public_key())
    signature = key.sign(b"data", b"ssh-rsa")
    assert public.verify(b"data", signature)
    public.all_sig_algorithms = {b"rsa-sha2-256", b"rsa-sha2-512"}
    assert not public.verify(b"data", signature)

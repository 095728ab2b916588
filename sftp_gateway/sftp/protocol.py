"""The packets of SFTP v3 as this server answers them: asyncssh's handler with our corrections.

The handler class is not public in asyncssh, but only it knows a CLOSE packet from a lost connection, which is what
the promise never to take half a file rests on. The version is pinned and `tests/sftp_gateway/test_contract.py` holds
what this module relies on.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, suppress
from typing import Any, Final, Protocol, cast

import asyncssh
from asyncssh import constants, sftp
from asyncssh.packet import PacketDecodeError, SSHPacket, String
from asyncssh.stream import SSHServerStreamSession

from sftp_gateway.sftp.answers import Gathering
from sftp_gateway.statuses import (
    BAD_HANDLE,
    BAD_MESSAGE,
    FAILED,
    NO_SUCH_FILE,
    TOO_MANY_HANDLES,
    UNSUPPORTED,
    Refusal,
    Status,
    status_of,
)

SFTP_VERSION: Final = 3
MOST_HANDLES: Final = 64
_MOST_READ: Final = 256 * 1024
_MOST_PACKET: Final = 256 * 1024 + 1024

log = logging.getLogger(__name__)

Answer = Callable[[Any, SSHPacket], Awaitable[object]]


class Served(Protocol):
    """What the handler needs of a session beyond asyncssh's own hooks."""

    async def finish(self, handle: object) -> None:
        """The client closed a handle with a CLOSE packet."""

    async def listing(self, path: bytes) -> Iterable[asyncssh.SFTPName]:
        """What a folder holds."""

    def refused(self, request: str, status: Status) -> None:
        """The client was told that it does not get what it asked for."""

    async def end(self) -> None:
        """The session is over, however it ended."""


class Line(Protocol):
    """What the handler needs of the connection that carries a session."""

    def working(self) -> AbstractContextManager[None]:
        """A request is being worked on."""

    async def room(self) -> None:
        """Wait until the client has taken most of what the connection sent."""

    def answer_taken(self) -> None:
        """The client has room for the next answer."""

    def session_ended(self) -> None:
        """The channel of a session is closed."""


class Handler(sftp.SFTPServerHandler):
    """One SFTP session on the wire.

    Left out of what asyncssh offers: links of all kinds, copy-data and ranges (reference 2.3, 4 to 6), fstatvfs.
    """

    _extensions = [  # noqa: RUF012 - asyncssh declares it so
        (b"posix-rename@openssh.com", b"1"),
        (b"fsync@openssh.com", b"1"),
        (b"lsetstat@openssh.com", b"1"),
        (b"limits@openssh.com", b"1"),
        (b"statvfs@openssh.com", b"2"),
    ]

    def __init__(
        self, session: Served, line: Line, reader: "asyncssh.SSHReader[bytes]", writer: "asyncssh.SSHWriter[bytes]"
    ) -> None:
        super().__init__(cast("asyncssh.SFTPServer", session), reader, writer, SFTP_VERSION)
        self._session = session
        self._line = line
        self._packet_handlers = _Answers({request: _answered(method) for request, method in _SERVED.items()})

    def refuse(self, request: str, status: Status) -> asyncssh.SFTPError:
        """The answer to a request that is refused; what was named wrongly is none, and a broken upload is told once."""
        if status not in {NO_SUCH_FILE, BAD_HANDLE} and request not in {"read", "write"}:
            self._session.refused(request, status)
        return asyncssh.SFTPError(status.code, status.text)

    async def recv_packet(self) -> SSHPacket:
        """Receive one request; one that announces more than we take ends the session before it is read."""
        assert self._reader is not None
        length = int.from_bytes(await self._reader.readexactly(4), "big")
        if length > _MOST_PACKET:
            raise asyncssh.SFTPBadMessage(BAD_MESSAGE.text)
        return SSHPacket(await self._reader.readexactly(length))

    async def _process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        """Answer one request, then wait until the client has taken its answers (reference 2.3, 8).

        The channel waits for the client's window and the connection for its socket: a window may be as large as the
        client likes.
        """
        with self._line.working():
            await super()._process_packet(
                pkttype, pktid, _named(packet) if pkttype == constants.FXP_EXTENDED else packet
            )
        if self._writer:
            with suppress(OSError, asyncssh.Error):  # a lost connection is noticed where its packets are read
                await self._writer.drain()
        await self._line.room()
        self._line.answer_taken()

    async def _process_open(self, packet: SSHPacket) -> bytes:
        self._refuse_many_handles()
        return await super()._process_open(packet)

    async def _process_close(self, packet: SSHPacket) -> None:
        """Close a handle. Only this way an upload is whole; asyncssh's `close` hook is for all that is left open."""
        handle = packet.get_string()
        if (held := self._file_handles.pop(handle, None)) is not None:
            await self._session.finish(held)
        elif self._dir_handles.pop(handle, None) is None:
            raise Refusal(BAD_HANDLE)

    async def _process_read(self, packet: SSHPacket) -> tuple[bytes, bool]:
        handle, offset, length = packet.get_string(), packet.get_uint64(), packet.get_uint32()
        held = self._held(handle)
        data = await cast("Awaitable[bytes]", self._server.read(held, offset, min(length, _MOST_READ)))
        if not data:
            raise asyncssh.SFTPEOFError
        return data, False

    async def _process_write(self, packet: SSHPacket) -> int:
        """Write; bytes after the data are padding of pkg/sftp up to 1.13.5 and are ignored (reference 2.3, 3)."""
        handle, offset, data = packet.get_string(), packet.get_uint64(), packet.get_string()
        return await cast("Awaitable[int]", self._server.write(self._held(handle), offset, data))

    async def _process_opendir(self, packet: SSHPacket) -> bytes:
        """Open a folder: it is read at once, so that a folder that is not there is refused here and not later."""
        path = packet.get_string()
        self._refuse_many_handles()
        names = await self._session.listing(path)
        handle = self._get_next_handle()
        self._dir_handles[handle] = _one_by_one(names)
        return handle

    async def _process_limits(self, packet: SSHPacket) -> sftp.SFTPLimits:
        packet.check_end()
        return sftp.SFTPLimits(_MOST_PACKET, _MOST_READ, _MOST_READ, MOST_HANDLES)

    def _held(self, handle: bytes) -> object:
        if (held := self._file_handles.get(handle)) is None:
            raise Refusal(BAD_HANDLE)
        return held

    def _refuse_many_handles(self) -> None:
        if len(self._file_handles) + len(self._dir_handles) >= MOST_HANDLES:
            raise Refusal(TOO_MANY_HANDLES)


class SftpOnly(SSHServerStreamSession[bytes]):
    """A channel on which nothing but the sftp subsystem can be asked for.

    A client's break or signal would end asyncssh's own session without its cleaning up; here both mean nothing.
    """

    def __init__(
        self, session_for: "Callable[[asyncssh.SSHServerChannel[bytes]], Awaitable[Served]]", line: Line
    ) -> None:
        super().__init__(None)
        self._session_for = session_for
        self._line = line

    def subsystem_requested(self, subsystem: str) -> bool:
        """Whether this subsystem is offered."""
        return subsystem == "sftp"

    def break_received(self, msec: int) -> bool:  # noqa: ARG002 - the shape is asyncssh's
        """Ignore a break."""
        return False

    def signal_received(self, signal: str) -> None:
        """Ignore a signal."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed."""
        self._line.session_ended()
        super().connection_lost(exc)

    def session_started(self) -> None:
        """Serve the session in a task of the connection."""
        assert self._chan is not None
        assert self._conn is not None
        self._conn.create_task(self._serve(cast("asyncssh.SSHServerChannel[bytes]", self._chan)))

    async def _serve(self, channel: "asyncssh.SSHServerChannel[bytes]") -> None:
        session = await self._session_for(channel)
        try:
            reader, writer = asyncssh.SSHReader(self, channel), Gathering(self, channel)
            await Handler(session, self._line, reader, writer).run()
        finally:
            await session.end()


def _answered(method: str) -> Answer:
    """The answer of a method, with every fault turned into one of our texts (reference 2.3, 14)."""
    answer: Answer = getattr(Handler, method)
    request = method.removeprefix("_process_")

    async def answered(handler: Handler, packet: SSHPacket) -> object:
        try:
            return await answer(handler, packet)
        except Refusal as refusal:
            raise handler.refuse(request, refusal.status) from None
        except asyncssh.SFTPEOFError:
            raise
        except (PacketDecodeError, asyncssh.SFTPBadMessage):
            raise handler.refuse(request, BAD_MESSAGE) from None
        except asyncssh.SFTPInvalidHandle:
            raise handler.refuse(request, BAD_HANDLE) from None
        except OSError as error:
            raise handler.refuse(request, status_of(error)) from None
        except Exception as fault:
            log.exception("A request could not be answered")
            raise handler.refuse(request, FAILED) from fault

    return answered


class _Answers(dict[int | bytes, Answer | None]):
    """What is answered to each request; to one that is not served, that it is not offered."""

    def get(self, request: int | bytes, default: object = None) -> Answer:  # noqa: ARG002 - the shape is dict's
        """The answer to a request."""
        return super().get(request) or _unsupported


def _named(packet: SSHPacket) -> SSHPacket:
    """An extended request; one whose name cannot be read has none, and is not offered."""
    content = packet.get_remaining_payload()
    try:
        SSHPacket(content).get_string()
    except PacketDecodeError:
        return SSHPacket(String(b""))
    return SSHPacket(content)


async def _unsupported(handler: Handler, _packet: SSHPacket) -> None:
    raise handler.refuse("another", UNSUPPORTED)


_SERVED: Final[dict[int | bytes, str]] = {
    constants.FXP_OPEN: "_process_open",
    constants.FXP_CLOSE: "_process_close",
    constants.FXP_READ: "_process_read",
    constants.FXP_WRITE: "_process_write",
    constants.FXP_LSTAT: "_process_lstat",
    constants.FXP_FSTAT: "_process_fstat",
    constants.FXP_SETSTAT: "_process_setstat",
    constants.FXP_FSETSTAT: "_process_fsetstat",
    constants.FXP_OPENDIR: "_process_opendir",
    constants.FXP_READDIR: "_process_readdir",
    constants.FXP_REMOVE: "_process_remove",
    constants.FXP_MKDIR: "_process_mkdir",
    constants.FXP_RMDIR: "_process_rmdir",
    constants.FXP_REALPATH: "_process_realpath",
    constants.FXP_STAT: "_process_stat",
    constants.FXP_RENAME: "_process_rename",
    b"posix-rename@openssh.com": "_process_posix_rename",
    b"fsync@openssh.com": "_process_fsync",
    b"lsetstat@openssh.com": "_process_lsetstat",
    b"limits@openssh.com": "_process_limits",
    b"statvfs@openssh.com": "_process_statvfs",
}


async def _one_by_one(names: Iterable[asyncssh.SFTPName]) -> AsyncIterator[asyncssh.SFTPName]:
    for name in names:
        yield name

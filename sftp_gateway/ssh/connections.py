"""One SSH connection of asyncssh with what the library leaves open: its limits once somebody has logged in.

asyncssh ignores when its transport is full: a client with a large window that never reads from its socket would have
every answer kept in memory (reference 2.3, 8). Here answers wait for the transport too. `run_server` of the library
would serve an accepted socket as well, but does not announce the host keys that follow a rotation. And phpseclib
answers that announcement although no answer is wanted, which the library takes for a fault that ends the connection.
"""

import asyncio
from contextlib import AbstractContextManager
from typing import Final

import asyncssh
from asyncssh.constants import MSG_IGNORE, MSG_REQUEST_FAILURE, MSG_REQUEST_SUCCESS
from asyncssh.packet import SSHPacket, SSHPacketLogger

from sftp_gateway.admission.gate import Visit
from sftp_gateway.ssh.certificates import TakesCertificates
from sftp_gateway.ssh.idling import Idling
from sftp_gateway.statuses import IDLE_TOO_LONG, TOO_MANY_CHANNELS

_MOST_CHANNELS: Final = 10  # as OpenSSH's MaxSessions
_MOST_UNSENT: Final = 512 * 1024  # bytes in the transport; one answer of 256 KiB of each session may come on top
_MOST_UNTAKEN: Final = 8 * 1024**2  # so much is never reached by answers of SFTP, only by those of SSH itself
_MOST_PROOFS: Final = 12  # of host keys: a current and a next one of three types, twice
_LOOK_AGAIN_S: Final = 0.02


class Connection(TakesCertificates):
    """A client that the gate let in."""

    def __init__(self, options: asyncssh.SSHServerConnectionOptions, visit: Visit, *, idle_s: float) -> None:
        super().__init__(asyncio.get_running_loop(), options)
        self.visit = visit
        self.idling = Idling(idle_s, self._end_idle)
        answered = Connection._take_answer
        self._packet_handlers = {**self._packet_handlers, MSG_REQUEST_SUCCESS: answered, MSG_REQUEST_FAILURE: answered}
        self._sessions = 0
        self._proofs = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours; limit what may wait to be sent."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=_MOST_UNSENT)
        super().connection_made(transport)

    def send_packet(self, pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None) -> None:
        """Send a packet, without the empty one that the library sends before each.

        That one hides the vector of a chained cipher (RFC 4253, 9.3.1), and we speak none; it cost a third of the time.
        """
        if pkttype != MSG_IGNORE:
            super().send_packet(pkttype, *args, handler=handler)

    def connection_lost(self, exc: Exception | None = None) -> None:
        """The socket is gone; whoever waits for it goes on to see that."""
        self._has_room.set()
        self.idling.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        """The client has sent something; end it where it asks on and on and takes no answers.

        The library answers requests of SSH itself, such as a keepalive, whatever still waits to be sent.
        """
        super().data_received(data, datatype)
        if self._transport and self._transport.get_write_buffer_size() > _MOST_UNTAKEN:
            self.abort()

    def pause_writing(self) -> None:
        """The client does not take what it was sent."""
        self._has_room.clear()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        self._has_room.set()

    @property
    def has_spoken(self) -> bool:
        """Whether the client has sent its first line."""
        return bool(self.get_extra_info("client_version"))

    def working(self) -> AbstractContextManager[None]:
        """A request is being worked on."""
        return self.idling.working()

    def answer_taken(self) -> None:
        """The client has room for the next answer."""
        self.idling.noticed()

    async def room(self) -> None:
        """Wait until the client has taken most of what it was sent.

        While keys are exchanged it is sent nothing, and the library keeps all answers in memory: a client that never
        ends an exchange would have it filled.
        """
        while not (self._kex_complete or self.is_closed()):  # noqa: ASYNC110 - the library tells its end to nobody
            await asyncio.sleep(_LOOK_AGAIN_S)
        await self._has_room.wait()

    def open_session(self) -> None:
        """Count one more session.

        Raises: ChannelOpenError, where there are too many.
        """
        if self._sessions >= _MOST_CHANNELS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, TOO_MANY_CHANNELS)
        self._sessions += 1

    def session_ended(self) -> None:
        """One session less."""
        self._sessions -= 1

    def _end_idle(self) -> None:
        self.disconnect(asyncssh.DISC_BY_APPLICATION, IDLE_TOO_LONG)

    def _process_hostkeys_prove_00_at_openssh_dot_com_global_request(self, packet: SSHPacket) -> None:
        """Prove host keys; the library signs as often as a packet asks, and everybody waits (600 times RSA: 4.8 s)."""
        asked = packet.get_remaining_payload()
        self._proofs += _count_of_strings(asked)
        if self._proofs > _MOST_PROOFS:
            self._report_global_response(False)  # noqa: FBT003 - the shape is asyncssh's
        else:
            super()._process_hostkeys_prove_00_at_openssh_dot_com_global_request(SSHPacket(asked))

    def _take_answer(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        """An answer to a request of ours; one that nobody asked for is let go, as OpenSSH does."""
        if self._global_request_waiters:
            self._process_global_response(pkttype, pktid, packet)


def _count_of_strings(content: bytes) -> int:
    packet, count = SSHPacket(content), 0
    while packet:
        packet.get_string()
        count += 1
    return count

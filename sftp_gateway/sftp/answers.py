"""Answers on their way to the client, gathered so that the packets of SSH are full.

A DATA answer to a READ of 32 KiB is 13 bytes longer than the largest packet that OpenSSH takes: asyncssh, which sends
each answer at once, makes two packets of it, and each costs as much as the other. Several answers as one stream fill
their packets.
"""

import asyncio
from typing import Final

import asyncssh

_MOST_GATHERED: Final = 64 * 1024  # bytes of a session that wait here; an answer may come on top


class Gathering(asyncssh.SSHWriter[bytes]):
    """A channel's writer that sends what was written when the loop has nothing else to do, or enough has gathered."""

    def __init__(
        self, session: "asyncssh.stream.SSHStreamSession[bytes]", channel: "asyncssh.SSHServerChannel[bytes]"
    ) -> None:
        super().__init__(session, channel)
        self._gathered: list[bytes] = []
        self._waiting = 0

    def write(self, data: bytes) -> None:
        """Take an answer; it is sent soon."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._send)
        self._gathered.append(data)
        self._waiting += len(data)

    async def drain(self) -> None:
        """Wait until the client has room for more."""
        if self._waiting >= _MOST_GATHERED:
            self._send()
        await super().drain()

    def close(self) -> None:
        """Send what is left and close the channel."""
        self._send()
        super().close()

    def _send(self) -> None:
        if self._gathered and not self.channel.is_closing():
            super().write(b"".join(self._gathered))
        self._gathered.clear()
        self._waiting = 0

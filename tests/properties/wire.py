"""SFTP v3 as bytes on a channel: any packet can be sent, also one that no library would make."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import asyncssh
from asyncssh import constants
from asyncssh.packet import SSHPacket, String, UInt32, UInt64

_VERSION: Final = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its type and all behind the number of the request."""

    kind: int
    body: bytes

    @property
    def status(self) -> tuple[int, str]:
        """The code and the text of a status."""
        assert self.kind == constants.FXP_STATUS, f"no status but an answer of type {self.kind}"
        packet = SSHPacket(self.body)
        return packet.get_uint32(), packet.get_string().decode()

    @property
    def is_ok(self) -> bool:
        return self.kind == constants.FXP_STATUS and self.status[0] == constants.FX_OK

    @property
    def text(self) -> bytes:
        """A handle, or data."""
        assert self.kind in {constants.FXP_HANDLE, constants.FXP_DATA}, self
        return SSHPacket(self.body).get_string()

    @property
    def attrs(self) -> asyncssh.SFTPAttrs:
        assert self.kind == constants.FXP_ATTRS, self
        return asyncssh.SFTPAttrs.decode(SSHPacket(self.body), _VERSION)

    def names(self) -> Iterator[tuple[bytes, bytes, asyncssh.SFTPAttrs]]:
        """Names with their long names and attributes."""
        assert self.kind == constants.FXP_NAME, self
        packet = SSHPacket(self.body)
        for _ in range(packet.get_uint32()):
            yield packet.get_string(), packet.get_string(), asyncssh.SFTPAttrs.decode(packet, _VERSION)


@dataclass
class Wire:
    """One channel with the sftp subsystem."""

    writer: "asyncssh.SSHWriter[bytes]"
    reader: "asyncssh.SSHReader[bytes]"
    extensions: tuple[bytes, ...] = ()
    _number: int = field(default=0, init=False)

    @classmethod
    async def on(cls, connection: asyncssh.SSHClientConnection) -> "Wire":
        writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None)
        wire = cls(writer, reader)
        wire.send(bytes([constants.FXP_INIT]) + UInt32(_VERSION))
        packet = SSHPacket(await wire._receive())
        assert (packet.get_byte(), packet.get_uint32()) == (constants.FXP_VERSION, _VERSION)
        names = []
        while packet:
            names.append(packet.get_string())
            packet.get_string()
        wire.extensions = tuple(names)
        return wire

    async def ask(self, kind: int, body: bytes) -> Answer:
        """One request and its answer."""
        self._number += 1
        self.send(bytes([kind]) + UInt32(self._number) + body)
        packet = SSHPacket(await self._receive())
        answer = packet.get_byte()
        assert packet.get_uint32() == self._number, "the answer to another request"
        return Answer(answer, packet.get_remaining_payload())

    def send(self, packet: bytes) -> None:
        self.writer.write(String(packet))

    async def ends(self) -> bytes:
        """Wait for the end of the channel; what came before it."""
        return await self.reader.read()

    async def _receive(self) -> bytes:
        length = int.from_bytes(await self.reader.readexactly(4), "big")
        return await self.reader.readexactly(length)


def extended(name: bytes, *parts: bytes) -> bytes:
    """The body of an extended request."""
    return String(name) + b"".join(parts)


def attributes(size: int | None = None, mode: int | None = None, times: tuple[int, int] | None = None) -> bytes:
    """The attributes of SFTP v3; with a mode comes an owner."""
    flags, parts = 0, []
    if size is not None:
        flags |= constants.FILEXFER_ATTR_SIZE
        parts.append(UInt64(size))
    if mode is not None:
        flags |= constants.FILEXFER_ATTR_UIDGID | constants.FILEXFER_ATTR_PERMISSIONS
        parts += [UInt32(0), UInt32(0), UInt32(mode)]
    if times is not None:
        flags |= constants.FILEXFER_ATTR_ACMODTIME
        parts += [UInt32(time) for time in times]
    return UInt32(flags) + b"".join(parts)

"""A push of some files by one client, which tells what it was answered; also as a process of its own, to be killed.

python -m tests.sftp_gateway.pushing PORT FOLDER
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import asyncssh

from tests.sftp_gateway.harness import PASSWORD

Tell = Callable[[Literal["opened", "acknowledged"], str], object]


def connecting(port: int, user: str = "acme", **options: Any) -> Any:
    nobody = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
    return asyncssh.connect("127.0.0.1", port, username=user, password=PASSWORD, **nobody, **options)


async def push(client: asyncssh.SFTPClient, files: Mapping[str, bytes], tell: Tell) -> None:
    """Bring the files one after the other, until something goes wrong."""
    with suppress(asyncssh.Error, OSError, EOFError):
        for name, content in files.items():
            file = await client.open(name, "wb")
            tell("opened", name)
            await file.write(content)
            await file.close()
            tell("acknowledged", name)


async def _main(port: int, files: Mapping[str, bytes]) -> None:
    async with connecting(port) as connection, connection.start_sftp_client() as client:
        await push(client, files, lambda answer, name: print(answer, name, flush=True))  # noqa: T201 - it is read


if __name__ == "__main__":
    with suppress(asyncssh.Error, OSError):
        asyncio.run(
            _main(int(sys.argv[1]), {file.name: file.read_bytes() for file in sorted(Path(sys.argv[2]).iterdir())})
        )

"""A gateway as a process of its own that can be killed at any moment; what its service was told stands in a file.

python -m tests.sftp_gateway.mortal ROOT
"""

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from config.profiles import Arrival as ArrivalRule
from config.tables import TableName
from sftp_gateway import Arrival, ArrivedFile, DropName, Interruption
from tests.sftp_gateway.harness import Recorder, site_at

QUICK = ArrivalRule(settle_s=0.05, quiet_s=0.1, partial_quiet_s=0.1)


class Chronicle(Recorder):
    """A receiver whose lines outlive its process."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._batch = sum('"batch"' in line for line in _lines(file))

    def write(self, what: str, **facts: Any) -> None:
        with self._file.open("a") as lines:
            lines.write(json.dumps({"what": what, **facts}) + "\n")

    async def arrived(self, arrival: Arrival) -> None:
        self.write("arrival", name=arrival.file.name, generation=arrival.file.generation)

    async def interrupted(self, interruption: Interruption) -> None:
        self.write("interruption", name=interruption.name, size=interruption.size)

    async def complete(
        self,
        district: str,  # noqa: ARG002 - the protocol's
        drop: DropName,  # noqa: ARG002 - the protocol's
        files: tuple[ArrivedFile, ...],
        carried: frozenset[TableName],  # noqa: ARG002 - the protocol's
    ) -> int:
        self._batch += 1
        taken = {file.name: [file.generation, _sha256(file.path.read_bytes())] for file in files}
        self.write("batch", files=taken)
        return self._batch


def chronicle(file: Path) -> list[dict[str, Any]]:
    """What was written, in its order."""
    return [json.loads(line) for line in _lines(file)]


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def _serve(root: Path) -> None:
    site = site_at(root, rule=QUICK)
    site.receiver = receiver = Chronicle(root / "chronicle")
    site.gateway = site._new_gateway()
    receiver.write("start")
    await site.gateway.start()
    print(site.port, flush=True)  # noqa: T201 - it is read
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))

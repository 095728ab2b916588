"""The SFTP gateway: accounts, the SSH server, the folder an account sees, uploads, arrivals, when a set is complete.

It knows nothing of what is inside a file. The service hands it a `Receiver`; a gateway alone runs without polars.
"""

from typing import TYPE_CHECKING

from config.doors import door

if TYPE_CHECKING:
    from sftp_gateway.drops.forgetting import forget_district
    from sftp_gateway.gateway import Gateway
    from sftp_gateway.processes.presence import processes_present
    from sftp_gateway.receiving import (
        Arrival,
        ArrivedFile,
        Districts,
        DropName,
        FileKind,
        FilesChanged,
        GatewayError,
        Interruption,
        Mismatch,
        NoHostKeys,
        NotYet,
        PortTaken,
        Receiver,
        Receiving,
        Shortage,
        receiving_of,
    )
    from sftp_gateway.ssh.host_keys import make_host_keys
else:
    __getattr__ = door(
        __name__,
        {
            "drops.forgetting": "forget_district",
            "gateway": "Gateway",
            "processes.presence": "processes_present",
            "receiving": "Arrival ArrivedFile Districts DropName FileKind FilesChanged GatewayError Interruption "
            "Mismatch NoHostKeys NotYet PortTaken Receiver Receiving Shortage receiving_of",
            "ssh.host_keys": "make_host_keys",
        },
    )

__all__ = [
    "Arrival",
    "ArrivedFile",
    "Districts",
    "DropName",
    "FileKind",
    "FilesChanged",
    "Gateway",
    "GatewayError",
    "Interruption",
    "Mismatch",
    "NoHostKeys",
    "NotYet",
    "PortTaken",
    "Receiver",
    "Receiving",
    "Shortage",
    "forget_district",
    "make_host_keys",
    "processes_present",
    "receiving_of",
]

"""The SFTP gateway: accounts, the SSH server, the folder an account sees, uploads, arrivals, when a set is complete.

It knows nothing of what is inside a file. The service hands it a `Receiver`; a gateway alone runs without polars.
"""

from sftp_gateway.gateway import Gateway
from sftp_gateway.host_keys import make_host_keys
from sftp_gateway.receiving import (
    Arrival,
    ArrivedFile,
    Districts,
    DropName,
    FilesChanged,
    GatewayError,
    Interruption,
    NoHostKeys,
    PortTaken,
    Receiver,
    Receiving,
)

__all__ = [
    "Arrival",
    "ArrivedFile",
    "Districts",
    "DropName",
    "FilesChanged",
    "Gateway",
    "GatewayError",
    "Interruption",
    "NoHostKeys",
    "PortTaken",
    "Receiver",
    "Receiving",
    "make_host_keys",
]

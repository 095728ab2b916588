"""`rosterdrop host-key`: the keys by which clients recognise the server, and how they change without alarming any."""

import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final

import click

from config.home import Home
from config.loading import load_settings
from config.mistakes import ConfigError
from config.settings import Algorithms, Server
from processors.locks import service_holder
from rosterdrop.console import Console
from sftp_gateway.ssh.algorithms import SPOKEN
from sftp_gateway.ssh.host_keys import HostKey, host_keys, prepare_host_keys, rotate_host_keys

ANNOUNCED_FOR: Final = timedelta(days=7)  # a vendor who pushes every school night has come by then

AS_DOCUMENT: Final = """{"keys": [{"type": text, "standing": "current" or "next", "fingerprint": text, "made": moment,
           "ports": [number], "known_hosts": line or null}], "restart": true where a service runs}"""


class NothingPrepared(ConfigError):
    """A rotation without next keys."""

    def __init__(self) -> None:
        super().__init__("there are no next keys; make and announce them first: rosterdrop host-key prepare")


class TooEarly(ConfigError):
    """A rotation of which hardly any client can know yet."""

    def __init__(self, made: datetime) -> None:
        super().__init__(
            f"the next keys were made on {made:%Y-%m-%d %H:%M} UTC; clients that have not come since would be told "
            f"that the server's key has changed. Wait until {made + ANNOUNCED_FOR:%Y-%m-%d %H:%M}, or give --now"
        )


@click.group("host-key", epilog="\b\nExample:\n  rosterdrop --home home host-key show --name sftp.example.org")
def host_key() -> None:
    """Show the keys by which clients recognise the server, and change them without alarming any client.

    `prepare` makes the next keys. The service announces them at every login from its next start on, and clients that
    follow (OpenSSH with UpdateHostKeys) trust them from then on. `rotate`, a week or more later, puts them to use.
    """


@host_key.command(
    epilog=f"""\b
Examples:
  rosterdrop --home home host-key show
  rosterdrop --home home host-key show --name sftp.example.org

\b
With --json: {AS_DOCUMENT}"""
)
@click.option("--name", metavar="HOST", help="The name by which clients reach the server.  [default: server.host]")
@click.pass_obj
def show(console: Console, name: str | None) -> None:
    """Show each key: its type, its fingerprint as ssh-keygen -l shows it, and the line for a client's known_hosts.

    Send the fingerprints, or the lines, to vendors by another way than the server itself.
    """
    _tell(console, name)


@host_key.command(
    epilog=f"""\b
Example:
  rosterdrop --home home host-key prepare

\b
With --json: {AS_DOCUMENT}"""
)
@click.pass_obj
def prepare(console: Console) -> None:
    """Make the next keys, which are announced to clients while the current ones are in use.

    Next keys that are there already stay. A current key that is missing is made too.
    """
    prepare_host_keys(console.home)
    _tell(console, None)
    console.terminal.note(f"The next keys are announced {_from_when(console.home)}.")
    console.terminal.note(f"Put them to use in {ANNOUNCED_FOR.days} days or later: rosterdrop host-key rotate")


@host_key.command(
    epilog=f"""\b
Examples:
  rosterdrop --home home host-key rotate
  rosterdrop --home home host-key rotate --now

\b
With --json: {AS_DOCUMENT}"""
)
@click.option("--now", "at_once", is_flag=True, help="Also where the next keys are younger than a week: a key leaked.")
@click.pass_obj
def rotate(console: Console, *, at_once: bool) -> None:
    """Put the next keys to use; the old ones are kept in keys/retired and are no longer announced.

    Clients that were told of the next keys connect without a question, and forget the old ones.
    """
    home, now = console.home, datetime.now(UTC)
    following = [key for key in host_keys(home) if key.standing == "next"]
    if not following:
        raise NothingPrepared
    youngest = max(key.made for key in following)
    if now - youngest < ANNOUNCED_FOR and not at_once:
        raise TooEarly(youngest)
    rotate_host_keys(home, now)
    _tell(console, None)
    console.terminal.note(f"The new keys are in use {_from_when(home)}.")


def _tell(console: Console, name: str | None) -> None:
    server = load_settings(console.home).server
    keys = [_as_document(key, server, name or _own_name(server)) for key in host_keys(console.home)]
    console.terminal.json({"keys": keys, "restart": service_holder(console.home) is not None})
    console.terminal.table(("type", "standing", "fingerprint", "made (UTC)", "ports"), [_row(key) for key in keys])
    lines = [key["known_hosts"] for key in keys if key["known_hosts"]]
    console.terminal.line("\n".join(("", "For known_hosts:", *lines)) if lines else "")


def _as_document(key: HostKey, server: Server, name: str) -> dict[str, Any]:
    ports = [port for port, algorithms in _spoken(server).items() if key.kind in SPOKEN[algorithms].host_keys]
    return {
        "type": key.kind,
        "standing": key.standing,
        "fingerprint": key.fingerprint,
        "made": f"{key.made:%Y-%m-%dT%H:%M:%SZ}",
        "ports": ports,
        "known_hosts": f"{_patterns(name, ports)} {key.line}" if ports else None,
    }


def _row(key: Mapping[str, Any]) -> tuple[str, ...]:
    made = f"{datetime.fromisoformat(key['made']):%Y-%m-%d %H:%M}"
    return key["type"], key["standing"], key["fingerprint"], made, ", ".join(map(str, key["ports"])) or "none"


def _spoken(server: Server) -> dict[int, Algorithms]:
    """What is spoken on each port, the main one first."""
    return {server.port: server.algorithms, **{int(port): name for port, name in server.more_ports.items()}}


def _patterns(name: str, ports: Sequence[int]) -> str:
    """As known_hosts names a server: port 22 goes without saying."""
    return ",".join(name if port == 22 else f"[{name}]:{port}" for port in ports)


def _own_name(server: Server) -> str:
    """The address that is listened on, or the machine's name where nobody could reach that from elsewhere."""
    try:
        address = ip_address(server.host)
    except ValueError:
        return server.host
    return socket.gethostname() if address.is_unspecified or address.is_loopback else server.host


def _from_when(home: Home) -> str:
    runs = service_holder(home) is not None
    return "once the running service is started again" if runs else "from the next start of the service on"

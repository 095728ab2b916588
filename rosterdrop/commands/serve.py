"""`rosterdrop serve`: run the service until it is told to stop."""

import asyncio
import signal

import click

from config.home import Home
from rosterdrop.console import Console
from rosterdrop.logs import log_to_stderr
from rosterdrop.service import Service
from rosterdrop.terminal import Terminal


@click.command(epilog="\b\nExample:\n  rosterdrop --home home serve")
@click.pass_obj
def serve(console: Console) -> None:
    """Run the service: take uploads over SFTP, judge, apply and report, until SIGTERM or Ctrl-C.

    A clean stop refuses new logins, lets running transfers and the batch in work finish, and loses nothing.
    """
    log_to_stderr()
    asyncio.run(_serve(console.home, console.terminal))


async def _serve(home: Home, terminal: Terminal) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service(home)
    await service.run(stop, ready=lambda: terminal.note(f"listening on port {service.port}; stop with Ctrl-C"))

"""`rosterdrop serve`: run the service until it is told to stop."""

import asyncio
import signal

import click

from config.home import Home
from rosterdrop.commands.backup import finish_restore
from rosterdrop.console import Console
from rosterdrop.logs import log_to_stderr
from rosterdrop.service import Service
from rosterdrop.terminal import Terminal


@click.command(epilog="\b\nExamples:\n  rosterdrop --home home serve\n  rosterdrop --home home serve --host 0.0.0.0")
@click.option("--host", help="Listen on this address instead of the settings' server.host.")
@click.pass_obj
def serve(console: Console, host: str | None) -> None:
    """Run the service: take uploads over SFTP, judge, apply and report, until SIGTERM or Ctrl-C.

    A clean stop refuses new logins, lets running transfers and the batch in work finish, and loses nothing.
    """
    log_to_stderr()
    finish_restore(console)
    asyncio.run(_serve(console.home, host, console.terminal))


async def _serve(home: Home, host: str | None, terminal: Terminal) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service(home, host=host)
    await service.run(stop, ready=lambda: terminal.note(f"listening on port {service.port}; stop with Ctrl-C"))

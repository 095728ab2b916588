"""Start of the command line: the options before the command, and errors as one line and an exit code.

Any exception may carry an `exit_code`; its sentence is then for people and is printed as it is. One without is ours to
mend: people read where the log is, and with ROSTERDROP_DEBUG=1 the whole trace.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path

import click

from processors.failures import write_down
from rosterdrop.commands import LazyGroup
from rosterdrop.console import Console
from rosterdrop.terminal import Terminal

EXAMPLE = """\b
Example:
  rosterdrop init home
  rosterdrop --home home district add springfield --name "Springfield Unified" \\
      --time-zone America/Chicago --school 0042="Lincoln High"
  rosterdrop --home home batch upload springfield night1/ --wait

\b
Exit codes: 0 accepted or done · 1 unexpected failure · 2 wrong usage or settings
3 accepted with rejections · 4 withheld, held or refused
5 no such batch, district, person or rule"""


@click.group(
    cls=LazyGroup,
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--home", type=click.Path(path_type=Path), envvar="ROSTERDROP_HOME", help="The home to work on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print results only, no notes and no progress.")
@click.option("--no-color", is_flag=True, help="No colour, also in a terminal.")
@click.version_option(package_name="rosterdrop", prog_name="rosterdrop")
@click.pass_context
def cli(context: click.Context, /, home: Path | None, *, as_json: bool, quiet: bool, no_color: bool) -> None:
    """Take school rosters over SFTP, judge them, bring what is safe into Connect, report back."""
    terminal = Terminal(as_json=as_json, quiet=quiet, colour=not no_color)
    context.obj = Console(folder=home, json=as_json, quiet=quiet, terminal=terminal)


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # rosters are personal data: nothing that we write is for other users of the machine
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not fail in a terminal that is not UTF-8
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    say = Terminal(colour="--no-color" not in arguments)  # the parsed options are gone when an error arrives here
    try:
        code = cli.main(list(arguments), prog_name="rosterdrop", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as helpful:
        click.echo(helpful.format_message(), err=True)
        return 2
    except click.ClickException as wrong:
        return _ends(say, _usage(wrong), 2)
    except click.Abort:
        return _ends(say, "stopped", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        return 1
    except Exception as error:  # noqa: BLE001  # the one place where every failure becomes a line and an exit code
        return _failed(say, error, arguments)
    return code if isinstance(code, int) else 0


def _ends(say: Terminal, text: str, code: int) -> int:
    """Say why, on one line, or one for each mistake where there are several."""
    for line in text.splitlines():
        say.error(line)
    return code


def _usage(wrong: click.ClickException) -> str:
    message = " ".join(wrong.format_message().split())
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    return f"{message} See: {context.command_path} --help" if context else message


def _failed(say: Terminal, error: Exception, arguments: Sequence[str]) -> int:
    code = getattr(error, "exit_code", None)
    if isinstance(code, int):
        return _ends(say, str(error), code)
    if os.environ.get("ROSTERDROP_DEBUG") == "1":
        raise error
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    log = write_down(error, _home_in(arguments))
    return _ends(say, f"something went wrong on our side{reason}; what we know is in {log}", 1)


def _home_in(arguments: Sequence[str]) -> Path | None:
    """The home as it was named."""
    named = [after for option, after in pairwise(arguments) if option == "--home"]
    named += [argument.removeprefix("--home=") for argument in arguments if argument.startswith("--home=")]
    home = named[0] if named else os.environ.get("ROSTERDROP_HOME")
    return Path(home) if home else None


if __name__ == "__main__":
    main()

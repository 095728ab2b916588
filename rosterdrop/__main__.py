"""Start of the command line: the options before the command, and errors as one line and an exit code.

Any exception may carry an `exit_code`; its sentence is then for people and is printed as it is. One without is ours to
mend: people read where the log is, and with ROSTERDROP_DEBUG=1 the whole trace.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import Final

import click

from processors.failures import write_down
from rosterdrop.commands import LazyGroup
from rosterdrop.console import Console
from rosterdrop.shortages import drop, full_disk, lost_help, open_what_is_closed
from rosterdrop.terminal import Terminal

EXAMPLE = """\b
Example:
  rosterdrop init home
  rosterdrop --home home district add springfield --name "Springfield Unified" \\
      --time-zone America/Chicago --school 0042="Lincoln High"
  rosterdrop --home home batch upload springfield night1/ --wait

\b
Exit codes: 0 accepted or done · 1 failed, by us or by a full disk · 2 wrong usage or settings
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


_OF_THE_PROGRAM: Final = {
    name: option for option in cli.params if isinstance(option, click.Option) for name in option.opts
}
_NAMES: Final = ("--home", "--json", "--quiet", "--no-color")


def main() -> None:
    """Run the command line."""
    open_what_is_closed()
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
        return _ends(say, _usage(wrong, arguments), 2)
    except click.Abort:
        return _ends(say, "stopped", 130)
    except BrokenPipeError:
        drop(sys.stdout)
        return 1
    except Exception as error:  # noqa: BLE001  # the one place where every failure becomes a line and an exit code
        return _failed(say, error, arguments)
    return code if isinstance(code, int) else 0


def _ends(say: Terminal, text: str, code: int) -> int:
    """Say why, on one line, or one for each mistake where there are several."""
    for line in text.splitlines():
        say.error(line)
    return code


def _usage(wrong: click.ClickException, arguments: Sequence[str]) -> str:
    if isinstance(wrong, click.NoSuchOption) and wrong.option_name in _OF_THE_PROGRAM:
        return (
            f"{wrong.option_name} is an option of the program; those ({', '.join(_NAMES)}) stand before the command: "
            f"{_with_options_first(arguments)}"
        )
    message = " ".join(wrong.format_message().split())
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    return f"{message} See: {context.command_path} --help" if context else message


def _with_options_first(arguments: Sequence[str]) -> str:
    """The command line as it was meant."""
    first, then, rest = [], [], iter(arguments)
    for argument in rest:
        option = _OF_THE_PROGRAM.get(argument.partition("=")[0])
        if option is None:
            then.append(argument)
        elif option.is_flag or "=" in argument:
            first.append(argument)
        else:
            first += [argument, next(rest, "DIR")]
    return shlex.join(("rosterdrop", *dict.fromkeys(first), *then))


def _failed(say: Terminal, error: Exception, arguments: Sequence[str]) -> int:
    code, home = getattr(error, "exit_code", None), _home_in(arguments)
    told = lost_help(error) or (full_disk(error, home) if code in (None, 2) else None)  # full is no wrong setting
    if told:
        return _ends(say, told, 1)
    if isinstance(code, int):
        return _ends(say, str(error), code)
    if os.environ.get("ROSTERDROP_DEBUG") == "1":
        raise error
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    log = write_down(error, home)
    known = f"what we know is in {log}" if log else "no disk took what we know; ROSTERDROP_DEBUG=1 prints it"
    return _ends(say, f"something went wrong on our side{reason}; {known}", 1)


def _home_in(arguments: Sequence[str]) -> Path | None:
    """The home as it was named."""
    named = [after for option, after in pairwise(arguments) if option == "--home"]
    named += [argument.removeprefix("--home=") for argument in arguments if argument.startswith("--home=")]
    home = named[0] if named else os.environ.get("ROSTERDROP_HOME")
    return Path(home) if home else None


if __name__ == "__main__":
    main()

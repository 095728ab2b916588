"""What people and programs see: tables and colour in a terminal, plain text when piped, one JSON document with --json.

A command gives both, the document and the text; only the one that was asked for is printed. Results go to standard
output; notes and progress go to standard error, so that a pipe carries nothing but the result.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, TextIO

from config.unseen import ESCAPES, visible_in_json
from rosterdrop.shortages import drop, no_output

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.table import Table as RichTable

Cell = str | float | None

# Roster files and file names may hold anything; a terminal must not obey an escape sequence from there.
_CONTROLS: Final = {code: spelt for code, spelt in ESCAPES.items() if chr(code) not in "\n\t"}


class OutputLost(Exception):
    """Standard output is closed, or the disk behind it is full."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """How to print, by the options before the command."""

    as_json: bool = False
    quiet: bool = False
    colour: bool = True

    @property
    def asks(self) -> bool:
        """Whether somebody sits there who can be asked."""
        return not (self.as_json or self.quiet) and self._is_terminal(sys.stdin) and self._is_terminal(sys.stdout)

    def json(self, document: object) -> None:
        """The result for programs; printed only with --json."""
        if self.as_json:
            text = json.dumps(document, ensure_ascii=False, indent=2, default=_for_programs)
            _write(sys.stdout, visible_in_json(text))

    def json_text(self, document: str) -> None:
        """The result for programs where it is JSON already; printed only with --json."""
        if self.as_json:
            _write(sys.stdout, document.rstrip("\n"))

    def line(self, text: str = "", *, style: str | None = None) -> None:
        """A line or more of the result for people; `style` as rich names it (`bold`, `red`)."""
        if not self.as_json:
            self._print(sys.stdout, text, style)

    def note(self, text: str) -> None:
        """Something beside the result; not printed with --quiet or --json."""
        if not (self.as_json or self.quiet):
            self._print(sys.stderr, text, "dim")

    def error(self, text: str) -> None:
        """Why the command ends here, on standard error."""
        self._print(sys.stderr, f"error: {text}", "red")

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        title: str | None = None,
        spare: Sequence[str] = (),
    ) -> None:
        """A table of the result for people, `none` where it has no row; columns of numbers stand to the right.

        On a narrow screen the columns in `spare` are left out, one after the other; where a row is too wide even then,
        each cell gets a line of its own. What is piped is never cut.
        """
        if self.as_json:
            return
        if not rows:
            self.line(f"{title}: none" if title else "none")
            return
        texts = [[_cell(value) for value in row] for row in rows]
        right = [all(isinstance(row[at], int | float) for row in rows) for at in range(len(columns))]
        if self._is_terminal(sys.stdout):
            self._draw(columns, texts, right, title, spare)
        else:
            _write(sys.stdout, "\n".join(_plain_table(columns, texts, right, title)))

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """How far a long work is, in a terminal only; gives a function that takes how many more are done."""
        if self.as_json or self.quiet or not self._is_terminal(sys.stderr):
            yield _nobody_watches
            return
        from rich.progress import Progress

        with Progress(console=self._rich(sys.stderr), transient=True) as bar:
            task = bar.add_task(safe(title), total=total)
            yield lambda more: bar.update(task, advance=more)

    @contextmanager
    def working(self, title: str) -> Iterator[Callable[[str], None]]:
        """What a work of unknown length is at, in a terminal only; gives a function that takes the newest step."""
        if self.as_json or self.quiet or not self._is_terminal(sys.stderr):
            yield _nobody_watches
            return
        from rich.text import Text

        with self._rich(sys.stderr).status(Text(safe(title))) as status:
            yield lambda step: status.update(Text(safe(f"{title}: {step}")))

    def _is_terminal(self, stream: TextIO) -> bool:
        return stream.isatty()

    def _print(self, stream: TextIO, text: str, style: str | None) -> None:
        if style and self._is_terminal(stream):
            self._rich(stream).print(safe(text), style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            _write(stream, safe(text))

    def _draw(
        self,
        columns: Sequence[str],
        texts: Sequence[Sequence[str]],
        right: Sequence[bool],
        title: str | None,
        spare: Sequence[str],
    ) -> None:
        from rosterdrop.fitting import columns_that_fit

        screen = self._rich(sys.stdout)
        staying = columns_that_fit(columns, texts, screen.width, spare)
        if not staying:
            _write(sys.stdout, "\n".join(_blocks(columns, texts, title)))
            return
        kept = [[row[place] for place in staying] for row in (columns, *texts)]
        screen.print(_drawn(kept[0], kept[1:], [right[place] for place in staying], title, screen.width))

    def _rich(self, stream: TextIO) -> "RichConsole":
        from rich.console import Console

        return Console(file=stream, no_color=not self.colour or None)


def safe(text: str) -> str:
    """A text without control characters: they are spelt out."""
    return text.translate(_CONTROLS)


def _cell(value: Cell) -> str:
    return "" if value is None else safe(str(value)).replace("\n", "\\n").replace("\t", " ")


def _plain_table(
    columns: Sequence[str], texts: Sequence[Sequence[str]], right: Sequence[bool], title: str | None
) -> Iterator[str]:
    if title:
        yield safe(title)
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    for row in (columns, *texts):
        cells = zip(row, widths, right, strict=True)
        yield "  ".join(
            text.rjust(width) if to_right else text.ljust(width) for text, width, to_right in cells
        ).rstrip()


def _drawn(
    columns: Sequence[str], texts: Sequence[Sequence[str]], right: Sequence[bool], title: str | None, room: int
) -> "RichTable":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from rosterdrop.fitting import widths_in

    name = Text(safe(title)) if title else None
    drawn = Table(
        title=name, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column, is_number, width in zip(columns, right, widths_in(columns, texts, room), strict=True):
        drawn.add_column(Text(column), justify="right" if is_number else "left", width=width)
    for row in texts:
        drawn.add_row(*map(Text, row))
    return drawn


def _blocks(columns: Sequence[str], texts: Sequence[Sequence[str]], title: str | None) -> Iterator[str]:
    """A row that is too wide for the screen, a line for each cell that holds something."""
    if title:
        yield safe(title)
    widest = max(map(len, columns))
    for row in texts:
        yield ""
        yield from (f"{column:<{widest}}  {text}" for column, text in zip(columns, row, strict=True) if text)


def _write(stream: TextIO, text: str) -> None:
    """Write at once. Notes and errors that nobody can read are no reason to fail; a result is one."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is sys.stdout:
            raise OutputLost(no_output(error)) from error
        drop(stream)


def _for_programs(value: object) -> Any:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")


def _nobody_watches(_done: object) -> None:
    """Progress that is not shown."""

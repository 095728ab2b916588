import io
import json
import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from rosterdrop.terminal import Terminal, safe

COLUMNS = ("school", "students")
ROWS = (("Lincoln High", 501), ("Adams", 7))


class AScreen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> AScreen:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return AScreen()


def test_a_piped_table_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().table(COLUMNS, ROWS, title="Tonight")
    assert (
        capsys.readouterr().out == "Tonight\nschool        students\nLincoln High       501\nAdams                7\n"
    )


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().table(COLUMNS, (), title="Tonight")
    assert capsys.readouterr().out == "Tonight: none\n"


def test_a_terminal_gets_a_drawn_table(screen: AScreen) -> None:
    with redirect_stdout(screen):
        Terminal().table(COLUMNS, ROWS)
    assert "─" in screen.getvalue()
    assert "\x1b[" in screen.getvalue()


def on_a_screen_of(
    width: int, screen: AScreen, monkeypatch: pytest.MonkeyPatch, spare: Sequence[str] = ()
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    columns = ("batch", "received", "verdict", "what changed")
    row = (1, "2026-11-24", "accepted with rejections", "33 created, 4 archived")
    with redirect_stdout(screen):
        Terminal(colour=False).table(columns, [row], spare=spare)
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9]*m", "", screen.getvalue()).splitlines()]


def test_a_narrow_screen_breaks_between_words(screen: AScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = on_a_screen_of(44, screen, monkeypatch)
    words = set(" ".join(lines).split())
    assert {"2026-11-24", "accepted", "with", "rejections", "created,", "archived"} <= words
    assert max(map(len, lines)) <= 44


def test_a_narrower_one_leaves_out_what_can_be_spared(screen: AScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = on_a_screen_of(30, screen, monkeypatch, spare=("received",))
    assert "received" not in " ".join(lines)
    assert "rejections" in " ".join(lines)


def test_one_that_holds_no_row_gets_a_line_for_each_cell(screen: AScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = on_a_screen_of(16, screen, monkeypatch)
    assert "verdict       accepted with rejections" in lines


def test_a_terminal_without_colour_gets_none(screen: AScreen) -> None:
    with redirect_stdout(screen):
        Terminal(colour=False).line("held", style="red")
        Terminal(colour=False).table(COLUMNS, ROWS)
    assert "held" in screen.getvalue()
    assert "\x1b[3" not in screen.getvalue()


def test_markup_in_a_name_is_a_name(screen: AScreen) -> None:
    with redirect_stdout(screen):
        Terminal(colour=False).table(("name",), [("[red]Ana[/red] :smile:",)])
        Terminal(colour=False).line("[b]Ben[/b]", style="red")
    assert "[red]Ana[/red] :smile:" in screen.getvalue()
    assert "[b]Ben[/b]" in screen.getvalue()


def test_a_terminal_does_not_obey_a_file() -> None:
    assert safe("a\x1b[2Jb\x9bc\r\x7f\u202e") == "a\\x1b[2Jb\\x9bc\\r\\x7f\\u202e"


def test_a_terminal_does_not_obey_what_programs_get(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[2Jb\x9bc\u202e"
    Terminal(as_json=True).json({"name": name})
    told = capsys.readouterr().out
    assert not set(told) & set("\x1b\x9b\u202e")
    assert json.loads(told) == {"name": name}


def test_programs_get_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(as_json=True)
    terminal.line("text")
    terminal.note("note")
    terminal.table(COLUMNS, ROWS)
    with terminal.progress("work", 3) as advance:
        advance(1)
    terminal.json(
        {"name": "Ána", "at": datetime(2026, 11, 24, tzinfo=UTC), "by": time(6), "of": {2, 1}, "in": Path("x")}
    )
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "name": "Ána",
        "at": "2026-11-24T00:00:00+00:00",
        "by": "06:00:00",
        "of": [1, 2],
        "in": "x",
    }
    assert ("Ána" in out, err) == (True, "")


def test_what_has_no_place_in_a_document_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="object has no place"):
        Terminal(as_json=True).json(object())


def test_people_get_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().json({"a": 1})
    assert capsys.readouterr().out == ""


def test_quiet_keeps_results(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(quiet=True).note("aside")
    Terminal(quiet=True).line("result")
    assert capsys.readouterr() == ("result\n", "")

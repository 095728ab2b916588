import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import pytest

from rosterdrop import __main__ as command_line
from rosterdrop.commands import PLACES, Place
from tests.rosterdrop.command_line import rosterdrop


class NoSuchBatch(Exception):
    exit_code = 5


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Exception]:
    """A command `demo` that raises what the list holds."""
    raised: list[Exception] = []

    @click.command()
    def fails() -> NoReturn:
        raise raised[0]

    monkeypatch.setattr(Place, "load", lambda _: fails)
    monkeypatch.delenv("ROSTERDROP_DEBUG", raising=False)
    monkeypatch.setenv("ROSTERDROP_HOME", str(tmp_path))
    return raised


def test_help_shows_every_command_without_importing_any() -> None:
    answer = rosterdrop("--help")
    assert answer.code == 0
    assert all(f"\n  {name} " in answer.out for name in PLACES)
    code = (
        "import sys; from rosterdrop.__main__ import run; run(['--help'])\n"
        "heavy = {'polars', 'asyncssh', 'rich', 'jsonschema', 'tomlkit'} & set(sys.modules)\n"
        "sys.exit(bool(heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("distrct",), "No such command 'distrct'. Did you mean 'district'?"),
        (("district", "sho"), "No such command 'sho'. Did you mean 'show'?"),
        (("--homme", "x", "status"), "No such option '--homme'"),
        (("district", "list", "--jsn"), "No such option '--jsn'"),
        (("district", "show"), "Missing argument 'ID'. See: rosterdrop district show --help"),
        (("district", "list"), "this command needs a home: rosterdrop --home DIR COMMAND, or set ROSTERDROP_HOME"),
        (
            ("--home", "/nowhere", "district", "list"),
            "/nowhere is not a rosterdrop home; make one with: rosterdrop init",
        ),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], says: str) -> None:
    answer = rosterdrop(*arguments)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert says in answer.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("batch", "list", "--json"), "rosterdrop --json batch list"),
        (("batch", "list", "-q", "d1", "--home", "my home"), "rosterdrop -q --home 'my home' batch list d1"),
        (("--json", "status", "--home=h", "--json"), "rosterdrop --json --home=h status"),
        (("status", "--no-color"), "rosterdrop --no-color status"),
    ],
)
def test_an_option_of_the_program_is_put_where_it_belongs(arguments: tuple[str, ...], meant: str) -> None:
    answer = rosterdrop(*arguments)
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert "(--home, --json, --quiet, --no-color) stand before the command" in answer.err
    assert answer.err.endswith(f": {meant}\n")


def test_without_a_command_help_is_shown() -> None:
    answer = rosterdrop()
    assert (answer.code, answer.out) == (2, "")
    assert "Commands:" in answer.err


def test_every_mistake_in_settings_is_a_line(springfield: Path) -> None:
    (springfield / "districts" / "springfield.toml").write_text("nam = 5")
    answer = rosterdrop("district", "list", home=springfield)
    assert answer.code == 2
    keys = ("nam", "name", "schools", "time_zone")
    for line, key in zip(answer.err.splitlines(), keys, strict=True):
        assert line.startswith(f"error: districts/springfield.toml, {key}: ")


def test_an_error_names_its_own_exit_code(failing: list[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    failing.append(NoSuchBatch("there is no batch 42"))
    assert command_line.run(["demo"]) == 5
    assert capsys.readouterr() == ("", "error: there is no batch 42\n")


def test_an_unexpected_failure_leaves_places_and_no_values(
    failing: list[Exception], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(ValueError("Ana Alvarez"))
    assert command_line.run(["--home", str(tmp_path), "demo"]) == 1
    log = tmp_path / "failures.log"
    assert capsys.readouterr().err == f"error: something went wrong on our side; what we know is in {log}\n"
    assert "builtins.ValueError" in log.read_text()
    assert "in fails" in log.read_text()
    assert "Ana" not in log.read_text()


def test_a_failure_without_a_home_has_a_log_too(
    failing: list[Exception], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROSTERDROP_HOME")
    failing.append(OSError(5, "Input/output error"))
    assert command_line.run(["demo"]) == 1
    said = capsys.readouterr().err
    assert "on our side (Input/output error); what we know is in" in said
    Path(said.split(" is in ")[1].strip()).unlink()


def test_developers_see_the_whole_trace(failing: list[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTERDROP_DEBUG", "1")
    failing.append(ValueError("Ana Alvarez"))
    with pytest.raises(ValueError, match="Ana Alvarez"):
        command_line.run(["demo"])


def test_an_interrupted_command_says_so(failing: list[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    failing.append(click.Abort())
    assert command_line.run(["demo"]) == 130
    assert capsys.readouterr().err == "error: stopped\n"


def test_a_reader_that_leaves_is_no_failure_of_ours(springfield: Path) -> None:
    shell = f"{sys.executable} -m rosterdrop --home {springfield} --json district show springfield | true"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("name", PLACES)
def test_every_command_has_help_with_an_example(name: str) -> None:
    answer = rosterdrop(name, "--help")
    assert answer.code == 0, answer.err
    assert "Example" in answer.out

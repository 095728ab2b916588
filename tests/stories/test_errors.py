"""A person can act on every error: one line, what and where, no traceback, nothing lost."""

import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.home import Home
from processors.locks import service_lock
from rosterdrop import demo
from rosterdrop.__main__ import cli
from tests.rosterdrop.command_line import Answer, in_a_process, rosterdrop
from tests.stories.springfield import settled_home

Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return settled_home(tmp_path_factory.mktemp("errors") / "home")


@pytest.fixture
def run(home: Home) -> Run:
    return lambda *words: rosterdrop("--home", home.root, *words)


def says(done: Answer, code: int, *words: str) -> None:
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1
    for word in words:
        assert word in done.err


def test_an_unknown_district_names_the_near_one(run: Run) -> None:
    says(run("batch", "list", "springfeld"), 5, "springfeld", "springfield")


def test_an_unknown_batch_says_where_to_look(run: Run) -> None:
    says(run("batch", "show", "99"), 5, "no batch 99", "batch list")
    says(run("batch", "requeue", "99"), 5, "no batch 99")


@pytest.mark.parametrize(
    "words",
    [
        ("batch", "show", "1" + "0" * 30),
        ("batch", "requeue", "0"),
        ("batch", "list", "--most", "0"),
        ("batch", "list", "--most", "-1"),
        ("batch", "list", "--before", "1" + "0" * 30),
        ("person", "find", "springfield", "--name", "Ana", "--most", "0"),
        ("generate", "week", "--students", "1" + "0" * 30),
    ],
)
def test_a_number_out_of_range_is_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    says(run(*words), 2, "is not in the range")


def test_a_demo_that_cannot_be_makes_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "nights" / "monday").mkdir(parents=True)
    says(run("demo", "--from", str(tmp_path / "nowhere")), 2, "nowhere", "does not exist")
    says(run("demo", "--from", str(tmp_path / "nights")), 2, "no folders with .csv files")
    says(run("demo", "--keep", str(tmp_path)), 2, "is not empty")
    (tmp_path / "nights" / "monday" / "users.csv").write_text("sourcedId\n")
    says(run("demo", "--from", str(tmp_path / "nights")), 2, "monday", "classes.csv, enrollments.csv")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_demo_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo, "generate", fails)
    with pytest.raises(OSError, match="no disk"):
        CliRunner().invoke(cli, ["demo"], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_person_is_exit_five(run: Run) -> None:
    says(run("person", "find", "springfield", "--name", "Nobody Atall"), 5, "nobody in springfield")


def test_a_person_is_not_looked_for_without_a_word(run: Run) -> None:
    says(run("person", "find", "springfield"), 2, "--name")


def test_a_folder_without_roster_files_is_named(run: Run, tmp_path: Path) -> None:
    says(run("check", str(tmp_path)), 2, str(tmp_path), ".csv")
    says(run("batch", "upload", "springfield", str(tmp_path), "--wait"), 2, ".csv")


def test_a_missing_file_is_named(run: Run, tmp_path: Path) -> None:
    says(run("check", str(tmp_path / "users.csv")), 2, "users.csv", "is not there")


def test_a_file_that_may_not_be_read_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "users.csv").mkdir()
    says(run("check", str(tmp_path / "users.csv")), 2, "users.csv")


def test_two_files_for_one_table_are_named(run: Run, tmp_path: Path) -> None:
    for name in ("users.csv", "user.csv"):
        (tmp_path / name).write_text("sourcedId\n")
    says(run("check", str(tmp_path)), 2, "user.csv", "users.csv")


def serve(home: Home) -> Answer:
    return in_a_process("--home", home.root, "serve")


def test_the_service_refuses_a_port_in_use(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = home.settings_file.read_text()
        home.settings_file.write_text(f"[server]\nport = {taken.getsockname()[1]}\n")
        done = serve(home)
        home.settings_file.write_text(settings)

    assert done.code == 2
    assert "Traceback" not in done.err
    assert "error:" in done.err.splitlines()[-1]


def test_the_service_refuses_a_home_that_another_one_holds(home: Home) -> None:
    with service_lock(home, who="the service"):
        done = serve(home)

    assert done.code == 2
    assert "in use by the service" in done.err
    assert "Traceback" not in done.err


def test_the_service_refuses_settings_that_are_not_valid(home: Home) -> None:
    settings = home.settings_file.read_text()
    home.settings_file.write_text("[server]\nprt = 2222\n")
    done = serve(home)
    home.settings_file.write_text(settings)

    says(done, 2, "rosterdrop.toml", "server.prt", "port")


def test_a_folder_that_is_no_home_is_named(tmp_path: Path) -> None:
    says(rosterdrop("--home", tmp_path, "status"), 2, str(tmp_path), "rosterdrop init")

import stat
from pathlib import Path

from config.home import Home
from config.loading import load_all
from tests.rosterdrop.command_line import rosterdrop


def everything_in(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.rglob("*") if file.is_file()}


def test_a_new_home_is_valid_and_ours_alone(home: Path) -> None:
    assert load_all(Home(home)).mistakes == ()
    assert {folder.name for folder in home.iterdir() if folder.is_dir()} >= {
        *("districts", "keys", "drops", "uploads", "batches", "store", "audit", "locks"),
    }
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (home, *home.rglob("*")) if folder.is_dir()} == {0o700}
    assert stat.S_IMODE((home / "accounts.toml").stat().st_mode) == 0o600
    assert list((home / "keys").glob("*.pub"))


def test_a_second_init_changes_nothing(home: Path) -> None:
    before = everything_in(home)
    answer = rosterdrop("init", home)
    assert (answer.code, everything_in(home)) == (0, before)
    assert "is a rosterdrop home already" in answer.out


def test_init_tells_programs_whether_a_home_was_made(home: Path) -> None:
    answer = rosterdrop("--json", "init", home)
    assert answer.document == {"home": str(home), "made": False}
    assert answer.err == ""


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    answer = rosterdrop("init", tmp_path)
    assert answer.code == 2
    assert "holds files and is no rosterdrop home" in answer.err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_place_for_a_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert rosterdrop("init", tmp_path / "home").code == 2


def test_an_empty_folder_becomes_a_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert rosterdrop("init", tmp_path).code == 0
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_nothing_of_a_home_is_for_other_users(springfield: Path, tmp_path: Path) -> None:
    made = rosterdrop("generate", tmp_path / "week", "--students", "20")
    assert made.code == 0, made.err
    rosterdrop("batch", "upload", "springfield", tmp_path / "week" / "night-1", "--wait", home=springfield)
    open_to_others = {path for path in springfield.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077}
    assert {path for path in open_to_others if path.suffix != ".pub"} == set()
    assert (springfield / "store" / "connect.db").is_file()

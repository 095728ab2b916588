"""A ZIP brings its files, or nothing at all and the reason."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.archives import ALWAYS_ALLOWED, Inflated, Limits, NoArchive, Refusal, inflate, names_in, require_archive
from tests.processors.archive_samples import BAD, CLASSES, USERS, lying_about_its_size, zipped
from validators import catalogue
from validators.findings import as_frame

_SMALL: Final = 4 * len(USERS)


def inflated(folder: Path, data: bytes, **limits: int) -> Inflated | Refusal:
    (folder / "night.zip").write_bytes(data)
    return inflate(folder / "night.zip", folder / "files", Limits(**limits))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "files").iterdir()}


def test_nothing_is_inflated_into_what_the_disk_keeps_for_reports(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        inflated(tmp_path, zipped({"users.csv": USERS}), reserve_bytes=2**62)
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize("folder", ["", "Springfield 2026/"])
def test_files_come_out_as_they_went_in(tmp_path: Path, folder: str) -> None:
    """connect-behaviour 9.5: ZIP with folders."""
    files = {"users.csv": USERS, "classes.csv": CLASSES, "Ünï.csv": b""}
    archive = zipped({f"{folder}{name}": content for name, content in files.items()})

    assert inflated(tmp_path, archive) == Inflated(names=tuple(files), folder=folder.strip("/") or None)
    assert contents(tmp_path) == files
    assert names_in(tmp_path / "night.zip") == tuple(files)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "files").iterdir()} == {0o600}


def test_leavings_of_a_mac_are_skipped_and_counted(tmp_path: Path) -> None:
    """connect-behaviour 9.5: ZIP with folders."""
    junk = ("__MACOSX/night/._users.csv", "night/.DS_Store", "night/Thumbs.db")
    archive = zipped({"night/": b"", "night/users.csv": USERS, **dict.fromkeys(junk, b"x")})

    assert inflated(tmp_path, archive) == Inflated(names=("users.csv",), skipped=3, folder="night")
    assert contents(tmp_path) == {"users.csv": USERS}


def test_a_small_file_of_commas_is_no_bomb(tmp_path: Path) -> None:
    assert inflated(tmp_path, zipped({"users.csv": b"," * ALWAYS_ALLOWED})) == Inflated(names=("users.csv",))


@pytest.mark.parametrize("what", BAD)
def test_a_bad_archive_is_refused_with_its_reason_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    """connect-behaviour 9.5: ZIP with folders."""
    bad = BAD[what]

    refusal = inflated(tmp_path, bad.data())

    assert isinstance(refusal, Refusal)
    assert refusal.code == bad.code
    assert bad.entry in {None, refusal.entry}
    assert [path.name for path in tmp_path.iterdir()] == ["night.zip"]
    told = catalogue.described(as_frame([refusal.as_finding("night.zip")]), masked=False).to_dicts()[0]
    assert "night.zip" in told["message"]
    assert told["rejects"] == "batch"
    assert str(refusal.limit or refusal.number or "") in told["message"]


def test_sizes_are_counted_and_not_believed(tmp_path: Path) -> None:
    assert inflated(tmp_path, lying_about_its_size(USERS * 5, 10), most_bytes=_SMALL) == Refusal(
        code="archive.broken", entry="users.csv", number=1
    )


def test_all_entries_together_have_one_limit(tmp_path: Path) -> None:
    archive = zipped({f"{place}.csv": USERS for place in range(5)})

    assert inflated(tmp_path, archive, most_bytes=_SMALL) == Refusal(code="archive.size", limit=f"{_SMALL} bytes")
    assert not (tmp_path / "files").exists()


def test_every_code_is_played() -> None:
    refusing = {code for code in catalogue.codes() if code.startswith("archive.")} - {
        "archive.skipped",
        "archive.older",
    }
    assert refusing - {"archive.size"} == {bad.code for bad in BAD.values()}


def test_what_is_no_archive_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(USERS)
    with pytest.raises(NoArchive, match=r"x\.zip is no ZIP archive"):
        require_archive(tmp_path / "x.zip")


VALID: Final = zipped({"night/users.csv": USERS * 3, "night/classes.csv": CLASSES})


@settings(max_examples=300, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, len(VALID)),
)
def test_flipped_bytes_never_escape_nor_exceed_the_limits(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(VALID)
    for place, byte in flips:
        data[place] = byte
    folder = tmp_path_factory.mktemp("fuzz")

    found = inflated(folder, bytes(data[:cut] if cut % 3 == 0 else data), most_bytes=_SMALL)

    inside = {path.name for path in folder.iterdir()}
    if isinstance(found, Refusal):
        assert inside == {"night.zip"}
        assert found.code in catalogue.codes()
    else:
        assert inside == {"night.zip", "files"}
        assert sum(path.stat().st_size for path in (folder / "files").rglob("*")) <= _SMALL
        assert all(path.parent == folder / "files" and path.is_file() for path in (folder / "files").rglob("*"))

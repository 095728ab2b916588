"""How a single file is frozen, where its disk does not do what most do."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processors.frozen import FileMoved, take
from processors.unpacking import DeliveredFile


@pytest.fixture
def file(tmp_path: Path) -> DeliveredFile:
    path = tmp_path / "users.csv"
    path.write_bytes(b"sourcedId")
    state = path.stat()
    return DeliveredFile(
        path=path,
        name="users.csv",
        kind="table",
        table="users",
        generation="1",
        arrived=datetime(2026, 11, 24, tzinfo=UTC),
        link=True,
        seen=(state.st_size, state.st_ino, state.st_mtime_ns),
    )


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_what_cannot_be_linked_is_copied(
    file: DeliveredFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "frozen").mkdir()
    assert take(file, tmp_path / "frozen").bytes == 9
    assert (tmp_path / "frozen" / "users.csv").read_bytes() == b"sourcedId"


def test_another_file_of_the_same_size_and_moment_is_not_taken_for_the_one_that_was_seen(
    file: DeliveredFile, tmp_path: Path
) -> None:
    assert file.seen is not None
    other = tmp_path / "other.csv"
    other.write_bytes(b"SOURCEDID")
    os.utime(other, ns=(file.seen[2], file.seen[2]))
    other.rename(file.path)
    (tmp_path / "frozen").mkdir()
    with pytest.raises(FileMoved):
        take(file, tmp_path / "frozen")

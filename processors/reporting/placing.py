"""Files and folders that appear whole or not at all, readable by the service alone."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from config.disk import sync

Make = Callable[[Path], object]
"""Makes a file where none is, or fills an empty folder."""

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, for the service alone."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def keep_file(path: Path, content: str) -> None:
    """Place a file that seldom changes; where it says so already, the disk is left alone."""
    if not path.is_file() or path.read_bytes() != content.encode():
        place_file(path, content)


def place_file(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and move it there, so that nobody ever reads half of it."""
    place(path, lambda beside: write(beside, content))


def place(path: Path, make: Make) -> None:
    """Let a file be made beside its place and move it there."""
    make_folder(path.parent)
    beside = _beside(path)
    beside.unlink(missing_ok=True)  # of an earlier try that died
    make(beside)
    _settle(beside)
    beside.replace(path)
    sync(path.parent)


def place_folder(folder: Path, fill: Make) -> Path:
    """Make a folder hold exactly what it is filled with, whatever it held before.

    A new folder appears at once. One that is there already is never missing for a moment: its files are replaced one
    by one, each whole.
    """
    make_folder(folder.parent)
    beside = _beside(folder)
    shutil.rmtree(beside, ignore_errors=True)  # of an earlier try that died
    make_folder(beside)
    fill(beside)
    for name in files_in(beside):
        _settle(beside / name)
    _sync_all(beside)
    if folder.is_dir():
        _replace_each(folder, beside)
    else:
        beside.rename(folder)
    sync(folder.parent)
    return folder


def write(path: Path, content: str | bytes) -> None:
    """Write a file for the service alone."""
    with open(path, "wb", opener=_for_the_service) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def files_in(folder: Path) -> list[Path]:
    """The files of a folder, by their paths in it."""
    return [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]


def _replace_each(folder: Path, beside: Path) -> None:
    names = files_in(beside)
    for name in names:
        make_folder((folder / name).parent)
        (beside / name).replace(folder / name)
    for name in set(files_in(folder)).difference(names):
        (folder / name).unlink()
    for inside in _folders_in(folder):
        if not any(inside.iterdir()):
            inside.rmdir()
    _sync_all(folder)
    shutil.rmtree(beside)


def _folders_in(folder: Path) -> Iterator[Path]:
    """Its folders, those within others first."""
    yield from (path for path in sorted(folder.rglob("*"), reverse=True) if path.is_dir())


def _beside(path: Path) -> Path:
    """The hidden place from which something moves to its own; always the same, so that a dead try is written over."""
    return path.with_name(f".{path.name}.part")


def _for_the_service(path: str, flags: int) -> int:
    return os.open(path, flags, _FILE_MODE)


def _settle(path: Path) -> None:
    """Let a file be for the service alone, whoever made it, and wait until it is safe on the disk.

    A link leads to one that is; its name is safe with its folder.
    """
    if path.stat().st_nlink == 1:
        path.chmod(_FILE_MODE)
        sync(path)


def _sync_all(folder: Path) -> None:
    for inside in (*_folders_in(folder), folder):
        sync(inside)

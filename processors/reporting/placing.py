"""Files and folders that appear whole or not at all, readable by the service alone."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, for the service alone."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def place_file(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and move it there, so that nobody ever reads half of it."""
    make_folder(path.parent)
    beside = _beside(path)
    _write(beside, content.encode() if isinstance(content, str) else content)
    beside.replace(path)
    _sync(path.parent)


def place_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make a folder hold exactly these files (by their path in it), whatever it held before.

    A new folder appears at once. One that is there already is never missing for a moment: its files are replaced one
    by one, each whole.
    """
    make_folder(folder.parent)
    beside = _beside(folder)
    shutil.rmtree(beside, ignore_errors=True)  # of an earlier try that died
    _write_all(beside, files)
    if folder.is_dir():
        _replace_each(folder, beside, files)
    else:
        beside.rename(folder)
    _sync(folder.parent)
    return folder


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    make_folder(folder)
    for name, content in files.items():
        make_folder((folder / name).parent)
        _write(folder / name, content)
    for inside in {folder, *((folder / name).parent for name in files)}:
        _sync(inside)


def _replace_each(folder: Path, beside: Path, files: Mapping[str, bytes]) -> None:
    for name in files:
        make_folder((folder / name).parent)
        (beside / name).replace(folder / name)
    for path in sorted(folder.rglob("*"), reverse=True):  # what a folder holds comes before the folder
        if path.is_dir():
            _remove_if_empty(path)
        elif path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for inside in {folder, *((folder / name).parent for name in files)}:
        _sync(inside)
    shutil.rmtree(beside)


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _beside(path: Path) -> Path:
    """The hidden place from which something moves to its own; always the same, so that a dead try is written over."""
    return path.with_name(f".{path.name}.part")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

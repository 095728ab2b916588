"""Folders of a home: nobody else on the machine may look into them."""

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder, and the ones above it that are not there, for us only; `mkdir` would open those above to all."""
    if not folder.parent.is_dir():
        make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)

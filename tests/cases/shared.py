"""What lies beside the project and is never copied into it: the pages of the formats, and samples of other people."""

from pathlib import Path


def shared(folder: str) -> Path:
    """The folder of this name, beside the project or above it; a path that is not there where there is none."""
    beside = [parent / "shared" / folder for parent in Path(__file__).resolve().parents]
    return next((path for path in beside if path.is_dir()), beside[0])

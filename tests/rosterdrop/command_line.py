"""The real command, from its arguments to its exit code.

Python's start and the imports take ten times as long as most commands: `rosterdrop` runs `main` in this process, and
`in_a_process` starts one where that is what a test shows.
"""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connect_store.places import VARIABLE
from rosterdrop.__main__ import main


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


def rosterdrop(*arguments: str | Path, home: Path | None = None, stdin: str = "") -> Answer:
    typed, out, err = (io.TextIOWrapper(io.BytesIO(text), encoding="utf-8") for text in (stdin.encode(), b"", b""))
    with pytest.MonkeyPatch.context() as process:
        for name in filter(_is_ours, list(os.environ)):
            process.delenv(name)
        if home:
            process.setenv("ROSTERDROP_HOME", str(home))
        process.setattr(sys, "argv", ["rosterdrop", *map(str, arguments)])
        for name, stream in (("stdin", typed), ("stdout", out), ("stderr", err)):
            process.setattr(sys, name, stream)
        mask = os.umask(0o022)  # as a shell has it; main narrows it
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            os.umask(mask)
    assert isinstance(ended.value.code, int)
    return Answer(ended.value.code, _written(out), _written(err))


def _is_ours(name: str) -> bool:
    """Whether a variable would change what the command does; the store lies where that of the test does."""
    return name.startswith("ROSTERDROP_") and name != VARIABLE


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def in_a_process(*arguments: str | Path, home: Path | None = None, stdin: str = "", **environment: str) -> Answer:
    kept = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    chosen = {"ROSTERDROP_HOME": str(home)} if home else {}
    done = subprocess.run(
        [sys.executable, "-m", "rosterdrop", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=kept | chosen | environment,
    )
    return Answer(done.returncode, done.stdout, done.stderr)

"""The real command in a process of its own, as scripts start it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


def rosterdrop(*arguments: str | Path, home: Path | None = None, stdin: str = "", **environment: str) -> Answer:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROSTERDROP_")}
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

"""The service's log tells what happened and never what stood in a file."""

import json
import subprocess
import sys

SCRIPT = """
import logging
import structlog
from rosterdrop.logs import log_to_stderr
log_to_stderr()
structlog.get_logger("rosterdrop").info("batch done", batch=42)
try:
    raise ValueError("Ana Gray, ana@example.org")
except ValueError:
    logging.getLogger("sftp_gateway").exception("The service could not take a set")
    structlog.get_logger("rosterdrop").exception("batch failed")
logging.getLogger("asyncssh").info("Beginning auth for user ana")
"""


def test_an_exception_is_told_by_its_kind_alone() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stderr.splitlines()]

    assert [event["event"] for event in events] == ["batch done", "The service could not take a set", "batch failed"]
    assert [event.get("error") for event in events] == [None, "ValueError", "ValueError"]
    assert "Ana" not in done.stderr

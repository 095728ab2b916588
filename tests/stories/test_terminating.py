"""A service that is told to end lets uploads end that end soon, and takes nobody new (reference 7, 48)."""

import os
import signal
import socket
import time

import pytest

from tests.stories.springfield import PATIENCE_S, Springfield
from tests.stories.test_dying import Killable, killable

__all__ = ["killable"]


def test_a_clean_stop_lets_running_uploads_end_and_interrupts_the_rest(killable: tuple[Springfield, Killable]) -> None:
    springfield, service = killable
    service.start()
    with springfield.logged_in() as client:
        quick, slow = client.open("users.csv", "wb"), client.open("classes.csv", "wb")
        for file in (quick, slow):
            file.write(b"half")
            file.flush()
        os.kill(service._process.pid, signal.SIGTERM)
        _until_nobody_is_let_in(service.port)
        quick.write(b" and whole")
        quick.close()

        assert service.ends() == 0

    drop = springfield.home.drop("springfield")
    assert (drop / "users.csv").read_bytes() == b"half and whole"
    assert not (drop / "classes.csv").exists()
    (receipt,) = drop.glob("reports/receipts/*classes.csv*")
    assert "interrupted at 4 bytes" in receipt.read_text()


def _until_nobody_is_let_in(port: int) -> None:
    """Only connects: on a busy machine a login takes so long that the grace would be over."""
    give_up = time.monotonic() + PATIENCE_S
    with pytest.raises(ConnectionError):
        while time.monotonic() < give_up:
            with socket.create_connection(("127.0.0.1", port)):
                time.sleep(0.1)

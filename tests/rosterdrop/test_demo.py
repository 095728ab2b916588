"""Somebody's own nights in the demo are about real people: no value is printed, and nothing stays."""

import csv
from pathlib import Path

from rosterdrop.generating import generate
from tests.rosterdrop.command_line import in_a_process


def test_own_nights_are_shown_masked_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    week = generate(tmp_path / "week", students=40, nights=2, faults=["role_unknown", "email_invalid"])
    answer = in_a_process("--json", "demo", "--from", week.folder, TMPDIR=str(tmp_path / "tmp"))

    assert answer.code == 0, answer.err
    assert answer.document["home"] is None
    assert [night["verdict"] for night in answer.document["nights"]] == ["accepted", "accepted_with_rejections"]
    with (week.nights[1] / "users.csv").open(newline="") as users:
        emails = {user["email"] for user in csv.DictReader(users)} - {"", None}
    assert not [email for email in emails if email in answer.out]
    assert list((tmp_path / "tmp").iterdir()) == []

"""An answer is understood as people's editors write it, in each language of the reports."""

import pytest

from processors.answers import NoAnswer, answer_in


@pytest.mark.parametrize(
    ("content", "does"),
    [
        (b"approve 42 K7Q2-M9XD", "approve"),
        (b"\r\n  DISCARD 42 k7q2m9xd\r\n", "discard"),
        (b"aprobar 42 K7Q2-M9XD", "approve"),
        (b"Descartar 42 K7Q2-M9XD", "discard"),
        ("“approve 42 K7Q2\u2013M9XD”".encode(), "approve"),
        ("approve 42 K7Q2-M9XD\r\n".encode("utf-16"), "approve"),
        (b"\xfe\xff" + "aprobar 42 K7Q2-M9XD\r\n".encode("utf-16-be"), "approve"),
        ("approve 42 K7Q2-M9XD".encode("utf-8-sig"), "approve"),
    ],
)
def test_a_line_is_understood(content: bytes, does: str) -> None:
    answer = answer_in(content)
    assert (answer.does, answer.batch, answer.code, answer.why) == (does, 42, "K7Q2-M9XD", "by answer.txt")


def test_what_follows_the_code_is_the_reason() -> None:
    assert answer_in("aprobar 42 K7Q2-M9XD: se mudaron".encode("utf-16")).why == "se mudaron"


@pytest.mark.parametrize("content", [b"", b"yes", b"approve 42", b"approve K7Q2-M9XD", b"disapprove 42 K7Q2-M9XD"])
def test_what_is_no_answer_is_none(content: bytes) -> None:
    with pytest.raises(NoAnswer):
        answer_in(content)

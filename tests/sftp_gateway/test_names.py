"""Which names count, and which stand for a file that is still on its way (reference 2.5, 3.2)."""

import pytest

from sftp_gateway.names import final_name, is_sound, is_temporary


@pytest.mark.parametrize(
    ("name", "final"),
    [
        ("users.csv.filepart", "users.csv"),
        ("users.csv.part", "users.csv"),
        ("users.csv.partial", "users.csv"),
        ("users.csv.0a1b2c3d.partial", "users.csv"),
        ("users.csv.TMP", "users.csv"),
        ("users.csv.writing", "users.csv"),
        ("users.csv(1234).tmp", "users.csv"),
        (".in.users.csv", "users.csv"),
        (".in.users.csv.", "users.csv"),
        ("users.csv~", "users.csv"),
    ],
)
def test_a_temp_name_tells_the_final_one(name: str, final: str) -> None:
    assert is_temporary(name)
    assert final_name(name) == final


@pytest.mark.parametrize("name", ["users.csv", "Users.CSV", "in.users.csv", "part.csv", "~users.csv", ".tmp", "~"])
def test_other_names_are_final(name: str) -> None:
    assert not is_temporary(name)


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\x00", "a\u2028b", "\udcff", "", ".", "..", "a/b", "é" * 128])
def test_names_that_nobody_can_use(name: str) -> None:
    assert not is_sound(name)


@pytest.mark.parametrize("name", ["users.csv", "é" * 127, "a\\b", "...", " spaced "])
def test_odd_names_that_are_only_names(name: str) -> None:
    assert is_sound(name)

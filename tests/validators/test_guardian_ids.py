"""One ID of guardians.csv and the names that rows give with it."""

import pytest

from tests.validators.examples import SPRINGFIELD, base, tables
from validators.judging import judge

CONFLICT = "guardian.guardianSourcedId.conflict"


def lines_in_conflict(given: str, family: str) -> list[int]:
    """Of guardians.csv, where the ID of Rosa Delgado comes with another name for another child."""
    rosa = {"studentSourcedId": "s-1", "guardianSourcedId": "h-3", "givenName": "Rosa", "familyName": "Delgado"}
    other = {**rosa, "studentSourcedId": "s-2", "givenName": given, "familyName": family}
    contacts = [{**row, "email": "rosa@example.org"} for row in (rosa, other)]
    findings = judge(tables(users=base("users"), guardians=contacts), SPRINGFIELD).findings
    return findings.filter(code=CONFLICT)["line"].sort().to_list()


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ("Rosa", "Delgado"),
        ("ROSA", "DELGADO"),
        ("Rósa", "Delgado"),
        ("Rosa M.", "Delgado"),
        ("Rosa María", "Delgado"),
        ("Rosa", "Delgado-Ruiz"),
        ("Delgado", "Rosa"),
    ],
)
def test_one_person_may_be_spelt_otherwise_for_another_child(given: str, family: str) -> None:
    assert lines_in_conflict(given, family) == []


@pytest.mark.parametrize(
    ("given", "family"),
    [("Juan", "Delgado"), ("Rosa", "Kim"), ("J", "Delgado"), ("Rosa Maria", "Kim"), ("Kim", "O")],
)
def test_a_parent_of_the_same_household_is_another_person(given: str, family: str) -> None:
    """Rows that differ are an error on all."""
    assert lines_in_conflict(given, family) == [2, 3]

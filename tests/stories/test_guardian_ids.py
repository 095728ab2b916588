"""An ID of guardians.csv that is given to two people, as an ID of the household is."""

from tests.stories.springfield import ANA, BEN, MATH, MEMBERS, TOM, Row, Springfield

ROSTER = {"users": (ANA, BEN, TOM), "classes": (MATH,), "enrollments": MEMBERS}


def contact(student: str, given: str, family: str, **fields: str) -> Row:
    return {"studentSourcedId": student, "guardianSourcedId": "h1", "givenName": given, "familyName": family, **fields}


ROSA = contact("ana", "Rosa", "Delgado", email="rosa@example.org")


def test_two_people_under_one_id_never_become_one(springfield_at_rest: Springfield) -> None:
    """Rows that differ are an error on all, and the record is left as it was."""
    springfield_at_rest.uploads_by_hand(**ROSTER, guardians=(ROSA,))
    before = springfield_at_rest.connect_rows()
    kim = contact("ben", "Kim", "O", email="kim@example.org", sms="312-555-0177")

    report = springfield_at_rest.uploads_by_hand(**ROSTER, guardians=(ROSA, kim))

    assert [report.codes_at("guardians.csv", line) for line in (2, 3)] == [["guardian.guardianSourcedId.conflict"]] * 2
    assert springfield_at_rest.connect_rows() == before

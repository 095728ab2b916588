"""Nobody is archived because something is missing, and nobody else's data comes in."""

import pytest

from tests.stories.springfield import EVERYBODY, MATH, MEMBERS, Springfield, as_csv, person

pytestmark = pytest.mark.sqlite  # one home lives through all of these; a schema lives for one test

SOMEBODY_ELSES = (
    person("zz-secret-1", "student", orgSourcedIds="ZQ-77-XY", givenName="Xanthippe", email="xanthippe@example.org"),
    person("zz-secret-2", "teacher", orgSourcedIds="ZQ-77-XY", familyName="Quackenbush"),
)
HEADER = as_csv("users", ())

UNUSABLE_USERS = {
    "an empty file": b"",
    "only a header": HEADER,
    "not UTF-8": as_csv("users", EVERYBODY).replace(b"Ana", b"\xc1na"),
    "no header": as_csv("users", EVERYBODY).split(b"\n", 1)[1],
    "a web page": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "an archive": b"PK\x03\x04 and so on",
    "a header without the role": as_csv("users", EVERYBODY).replace(b",role,", b",rolle,"),
    "half a row at the end": as_csv("users", EVERYBODY)[:-40],
}


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> "Springfield":
    """A district with a first night in Connect, worked on without a service: each story is a batch upload."""
    from tests.stories.springfield import settled_home

    district = Springfield(settled_home(tmp_path_factory.mktemp("safety") / "home"))
    assert district.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS).verdict == "accepted"
    return district


@pytest.mark.parametrize("case", UNUSABLE_USERS)
def test_an_unusable_users_file_refuses_the_night_and_changes_nothing(lived_in: Springfield, case: str) -> None:
    """connect-behaviour 2.2, T7; 2.2, T8; 9.1: file missing or unusable."""
    before = lived_in.connect_rows()
    report = lived_in.uploads_by_hand(users=UNUSABLE_USERS[case], classes=[MATH], enrollments=MEMBERS)

    assert report.verdict == "refused"
    assert any(finding["rejects"] in ("file", "batch") for finding in report.document["findings"])
    assert all(finding["fix"] for finding in report.document["findings"])
    assert lived_in.connect_rows() == before


@pytest.mark.parametrize("table", ["classes", "enrollments"])
def test_a_header_without_rows_withholds_at_any_limit(lived_in: Springfield, table: str) -> None:
    """connect-behaviour 9.1: classes or enrollments without rows."""
    before = lived_in.connect_rows()
    files = {"users": EVERYBODY, "classes": [MATH], "enrollments": MEMBERS, table: ()}
    report = lived_in.uploads_by_hand(**files)

    assert report.verdict == "withheld"
    assert f"{table}.none" in report.codes
    assert lived_in.connect_rows() == before


def test_a_set_of_another_district_writes_no_row_or_value_of_it_anywhere(lived_in: Springfield) -> None:
    """connect-behaviour 2.2, T8; 2.2, T9."""
    before = lived_in.connect_rows()
    report = lived_in.uploads_by_hand(
        users=SOMEBODY_ELSES, classes=[MATH | {"schoolSourcedId": "ZQ-77-XY"}], enrollments=()
    )

    assert report.verdict == "refused"
    assert report.codes == {"set.other_district"}
    assert lived_in.connect_rows() == before
    frozen = lived_in.home.batches.glob("*/*/files")
    everything = lived_in.bytes_outside(*frozen)
    for word in (b"zz-secret", b"Xanthippe", b"Quackenbush", b"ZQ-77-XY"):
        assert word not in everything


def test_somebody_elses_users_beside_our_own_classes_are_refused(lived_in: Springfield) -> None:
    before = lived_in.connect_rows()
    report = lived_in.uploads_by_hand(users=SOMEBODY_ELSES, classes=[MATH], enrollments=MEMBERS)

    assert report.verdict == "refused"
    assert report.codes == {"set.other_district"}
    assert lived_in.connect_rows() == before


def test_a_configured_school_that_is_missing_is_named(lived_in: Springfield) -> None:
    """connect-behaviour 3.0: school; 3.1: configured school missing; 9.4: configured school missing."""
    lived_in.settles(schools__0043="Roosevelt Middle")
    try:
        before = lived_in.connect_rows()
        report = lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    finally:
        lived_in.forgets_school("0043")

    assert report.verdict == "refused"
    assert "0043" in next(f["message"] for f in report.document["findings"] if f["code"] == "school.missing")
    assert lived_in.connect_rows() == before


def test_a_set_of_changes_alone_is_refused_and_archives_nobody(lived_in: Springfield) -> None:
    """connect-behaviour 9.3: delta."""
    before = lived_in.connect_rows()
    manifest = b"propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.users,delta\nfile.classes,bulk\n"
    report = lived_in.uploads_by_hand(users=EVERYBODY[:1], classes=[MATH], enrollments=MEMBERS, manifest=manifest)

    assert (report.verdict, report.codes) == ("refused", {"set.delta"})
    assert lived_in.connect_rows() == before


def test_a_password_reaches_nothing_but_the_frozen_file(lived_in: Springfield) -> None:
    users = as_csv("users", EVERYBODY).splitlines()
    with_passwords = b"\n".join([users[0] + b",password", *(row + b",Tr0ub4dor" for row in users[1:]), b""])
    broken = with_passwords + b"eve,too,short,Tr0ub4dor\n"
    report = lived_in.uploads_by_hand(users=broken, classes=[MATH], enrollments=MEMBERS)

    assert "file.password_dropped" in report.codes
    assert report.verdict == "accepted_with_rejections"
    spared = lived_in.home.batch("springfield", report.number) / "files"
    assert b"Tr0ub4dor" not in lived_in.bytes_outside(spared)


def test_summaries_hold_no_value_of_a_person(lived_in: Springfield) -> None:
    odd = person("odd-id-77", "studnt", givenName="Bartholomew", familyName="Zwingli", email="not-an-address-77")
    report = lived_in.uploads_by_hand(users=[*EVERYBODY, odd], classes=[MATH], enrollments=MEMBERS)

    assert "user.role.unknown" in report.codes
    masked = b"\n".join(
        path.read_bytes() for path in lived_in.home.summaries("springfield").rglob("*") if path.is_file()
    )
    for word in (b"odd-id-77", b"Bartholomew", b"Zwingli", b"not-an-address-77"):
        assert word not in masked


@pytest.mark.parametrize("left", ["", "1.2E+05", "Ben 5"])
def test_a_row_that_lost_its_id_archives_nobody(lived_in: Springfield, left: str) -> None:
    lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    without_id = [{**row, "sourcedId": left} if row["sourcedId"] == "ben" else row for row in EVERYBODY]
    report = lived_in.uploads_by_hand(users=without_id, classes=[MATH], enrollments=MEMBERS)

    assert report.verdict == "accepted_with_rejections"
    assert report.document["changes"]["student"]["archived"] == 0
    assert lived_in.status_of("ben") == "active"


@pytest.mark.parametrize("left", ["", "4.2E+11", "Art 5"])
def test_a_class_that_lost_its_id_stays_open(lived_in: Springfield, left: str) -> None:
    art = MATH | {"sourcedId": "art", "title": "Art 5"}
    lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH, art], enrollments=MEMBERS)
    report = lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH, art | {"sourcedId": left}], enrollments=MEMBERS)

    assert report.document["changes"]["classroom"]["archived"] == 0


def test_who_is_named_without_zeros_stays_in_class_and_family(lived_in: Springfield) -> None:
    zoe = person("007", "student", agentSourcedIds="gil")
    members = [*MEMBERS, MEMBERS[0] | {"userSourcedId": "007"}]
    lived_in.uploads_by_hand(users=[*EVERYBODY, zoe], classes=[MATH], enrollments=members)
    shorn = [*MEMBERS, MEMBERS[0] | {"userSourcedId": "7"}]
    users = [*EVERYBODY, person("007", "student", agentSourcedIds="GIL")]
    report = lived_in.uploads_by_hand(users=users, classes=[MATH], enrollments=shorn)

    assert {"ids.zeros_lost", "ids.case_differs"} <= report.codes
    assert report.document["changes"]["membership"]["archived"] == 0
    assert report.document["changes"]["guardianship"]["archived"] == 0


def test_a_class_that_lost_id_and_name_is_known_by_its_enrollments(lived_in: Springfield) -> None:
    art = MATH | {"sourcedId": "art", "title": "Art"}
    members = [*MEMBERS, MEMBERS[0] | {"classSourcedId": "art"}]
    lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH, art], enrollments=members)
    renamed = art | {"sourcedId": "", "title": "Painting"}
    report = lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH, renamed], enrollments=members)

    assert report.document["changes"]["classroom"]["archived"] == 0


def test_a_class_that_stays_archived_is_told(lived_in: Springfield) -> None:
    """connect-behaviour 9.1: class back."""
    art = MATH | {"sourcedId": "art", "title": "Art"}
    lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH, art], enrollments=MEMBERS)
    lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH], enrollments=MEMBERS)
    report = lived_in.uploads_by_hand(users=EVERYBODY, classes=[MATH, art], enrollments=MEMBERS)

    assert "class.archived.kept" in report.codes
    assert report.document["changes"]["classroom"]["restored"] == 0

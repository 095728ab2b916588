"""From tables and a profile to the fate of every row."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import pytest

from config.profiles import Arrival, Classes, Guard, Guardians, Profile, Reading
from config.tables import TABLES, TableName
from tests.validators.examples import SPRINGFIELD, Row, base, codes_of, table, tables
from validators.catalogue import described
from validators.findings import Finding, as_frame, folded
from validators.judging import REJECTED, SET_ASIDE, Judgement, Known, judge
from validators.sifting import LostRowsError

AUTO = replace(SPRINGFIELD, schools=None)


def with_users(*rows: Row, **cells: Row) -> list[Row]:
    """The valid users with other cells (`s_1={...}`) and more rows."""
    changed = {name.replace("_", "-"): cell for name, cell in cells.items()}
    return [row | changed.get(row["sourcedId"], {}) for row in base("users")] + list(rows)


def standing(judgement: Judgement, name: str, column: str) -> list[object]:
    return judgement.standing[next(each for each in TABLES if each == name)][column].to_list()


def judged_users(users: Sequence[Row], profile: Profile = SPRINGFIELD, known: Known | None = None) -> Judgement:
    return judge(tables(users=users), profile, known or Known())


def aside(judgement: Judgement) -> list[tuple[str, int, str]]:
    rows: list[tuple[str, int, str]] = judgement.set_aside.select("file", "line", "reason").rows()
    return rows


def test_rows_that_stand_carry_what_connect_will_hold() -> None:
    judgement = judge(tables(), SPRINGFIELD)

    assert standing(judgement, "users", "kind") == ["student", "student", "staff", "guardian", "staff"]
    assert standing(judgement, "users", "schools") == [["0042"]] * 5
    assert standing(judgement, "users", "agents") == [["g-1"], ["g-1"], [], [], []]
    assert standing(judgement, "users", "sms")[4] == "+12125550143"
    assert standing(judgement, "enrollments", "kind") == ["student", "student", "staff", "staff"]
    assert judgement.guardians_from == "users"
    assert judgement.schools == {"0042": "Lincoln High"}
    assert not judgement.refused


def test_a_column_that_the_file_lacks_is_not_there_and_unknown_ones_are_not_either() -> None:
    users = with_users(s_1={"shoeSize": "38"})
    columns = judged_users(users).standing["users"].columns

    assert "language" not in columns
    assert "shoeSize" not in columns
    assert "email" in columns


def test_every_row_has_exactly_one_fate() -> None:
    users = with_users(
        {"sourcedId": "t-2", "orgSourcedIds": "0042", "role": "aide", "givenName": "Tia", "familyName": "Old"},
        {"sourcedId": "x-1", "orgSourcedIds": "0077", "role": "aide", "givenName": "Far", "familyName": "Off"},
        {"sourcedId": "x-1", "orgSourcedIds": "0077", "role": "aide", "givenName": "Far", "familyName": "Off"},
        {"role": "studnt"},
        s_2={"status": "tobedeleted"},
    )
    made = tables(guardians=base("guardians"), users=users)
    made["users"] = table("users", users, broken={4: "torn,row"})
    judgement = judge(made, SPRINGFIELD)

    for name, one in made.items():
        file = one.facts.file
        fates = [
            judgement.standing[name]["line"],
            *(frame.filter(file=file)["line"] for frame in (judgement.rejected, judgement.set_aside)),
        ]
        lines = pl.concat(fates).sort().to_list()
        assert lines == list(range(2, one.facts.rows + 2))


def test_a_row_without_a_fate_is_a_mistake_of_ours() -> None:
    torn = table("users", base("users"))
    doubled = replace(torn, rows=pl.concat([torn.rows, torn.rows.head(1)]))
    with pytest.raises(LostRowsError):
        judge({**tables(), "users": doubled}, SPRINGFIELD)


def test_rejected_rows_name_key_codes_and_whether_they_only_follow() -> None:
    judgement = judged_users(with_users(s_1={"role": "pupil", "givenName": ""}))

    assert judgement.rejected.schema == pl.Schema(REJECTED)
    assert judgement.set_aside.schema == pl.Schema(SET_ASIDE)
    assert judgement.rejected.rows() == [
        ("users.csv", 2, "s-1", ["user.givenName.missing", "user.role.unknown"], False),
        ("enrollments.csv", 2, "c-1/s-1", ["enrollment.user.rejected"], True),
    ]


def test_what_follows_points_at_the_finding_that_it_follows_from() -> None:
    findings = judged_users(with_users(s_1={"role": "pupil"})).findings
    follower = findings.filter(code="enrollment.user.rejected")

    assert findings["code"][follower["cause"].item()] == "user.role.unknown"


def test_findings_of_reading_stand_among_the_others_and_can_be_causes() -> None:
    made = tables()
    made["classes"] = table("classes", base("classes")[:1], broken={3: "c-2,Art, advanced,0042"})
    read = as_frame([Finding(code="row.cells", file="classes.csv", line=3)])
    findings = judge(made, SPRINGFIELD, read_findings=read).findings

    assert findings["code"].to_list() == ["row.cells", "enrollment.class.rejected", "enrollment.class.rejected"]
    assert findings["cause"].to_list() == [None, 0, 0]


def test_a_rejected_value_is_empty_and_kept() -> None:
    judgement = judged_users(with_users(t_1={"email": "tom@", "sms": "555"}))
    row = judgement.standing["users"].row(2, named=True)

    assert (row["email"], row["sms"], row["kept"]) == (None, None, ["email", "sms"])
    values = judgement.findings.select("code", "value").rows()
    assert values == [("user.email.invalid", "tom@"), ("user.sms.invalid", "555")]


def test_identical_rows_count_once_and_differing_ones_not_at_all() -> None:
    """connect-behaviour 9.3: repeated sourcedId."""
    twin = base("users")[4]
    judgement = judged_users(with_users(twin, base("users")[2] | {"familyName": "Old"}))

    assert aside(judgement) == [("users.csv", 7, "duplicate")]
    assert judgement.rejected.filter(file="users.csv")["line"].to_list() == [4, 8]
    conflict = judgement.findings.filter(code="user.sourcedId.conflict")
    assert conflict["detail"].to_list() == ["familyName"] * 2


def test_a_deleted_enrollment_beside_an_active_one_is_no_double() -> None:
    rows = base("enrollments")
    old = rows[1] | {"status": "tobedeleted", "role": "teacher"}
    judgement = judge(tables(enrollments=[old, *rows]), SPRINGFIELD)

    assert aside(judgement) == [("enrollments.csv", 2, "absent")]
    assert judgement.rejected.is_empty()


def test_what_points_at_a_deleted_person_is_absent_too() -> None:
    """connect-behaviour 9.3: tobedeleted."""
    judgement = judge(tables(guardians=base("guardians"), users=with_users(s_2={"status": "tobedeleted"})), SPRINGFIELD)
    reasons = aside(judgement)

    assert ("enrollments.csv", 3, "absent") in reasons
    assert ("guardians.csv", 3, "absent") in reasons
    assert judgement.rejected.is_empty()


def test_rows_of_other_schools_are_set_aside_and_counted_by_school() -> None:
    """connect-behaviour 3.1: schools with an ID take part; 3.1: the ID is that of orgSourcedIds; 9.4: other schools;
    9.4: person in several schools.
    """
    far = {"role": "aide", "givenName": "Far", "familyName": "Off"}
    users = with_users(
        {"sourcedId": "x-1", "orgSourcedIds": "0077", **far},
        {"sourcedId": "x-2", "orgSourcedIds": "0077,0078", **far},
        {"sourcedId": "x-3", "orgSourcedIds": "0078,0042,0042", **far},
    )
    judgement = judged_users(users)

    assert judgement.findings.select("code", "detail", "count").rows() == [("user.school.other", "0077", 2)]
    assert aside(judgement) == [("users.csv", 7, "other_school"), ("users.csv", 8, "other_school")]
    assert standing(judgement, "users", "schools")[-1] == ["0042"]


def test_nothing_is_said_of_the_values_of_other_schools_rows() -> None:
    far = {"sourcedId": "x 1", "orgSourcedIds": "0077", "role": "pupil", "email": "secret@", "givenName": "Far"}
    rooms = [*base("classes"), {"sourcedId": "c 9", "schoolSourcedId": "0077", "grades": "upper"}]
    judgement = judge(tables(users=with_users(far, far), classes=rooms), SPRINGFIELD)

    assert set(codes_of(judgement)) == {"user.school.other", "class.school.other"}
    assert judgement.rejected.is_empty()
    assert judgement.findings["value"].null_count() == judgement.findings.height


def test_a_row_of_another_school_still_contradicts_one_of_ours() -> None:
    judgement = judged_users(with_users(base("users")[4] | {"orgSourcedIds": "0077"}))

    assert judgement.rejected.filter(file="users.csv")["line"].to_list() == [6, 7]


def test_another_districts_files_leave_no_trace() -> None:
    profile = replace(SPRINGFIELD, schools={"9001": "Elsewhere"})
    read = as_frame([Finding(code="header.column_unknown", file="users.csv", detail="secret")])
    judgement = judge(
        tables(guardians=base("guardians"), users=with_users(s_1={"role": "pupil"})), profile, read_findings=read
    )

    assert judgement.refused
    assert judgement.findings.to_dicts() == as_frame([Finding(code="set.other_district")]).to_dicts()
    assert judgement.rejected.is_empty()
    assert judgement.set_aside.is_empty()
    assert judgement.standing == {}
    assert judgement.protected == {}
    assert judgement.schools == {}
    assert [facts.file for facts in judgement.facts] == ["users.csv", "classes.csv", "enrollments.csv", "guardians.csv"]


def test_a_school_named_only_in_a_torn_row_is_no_other_district() -> None:
    made = tables(classes=[])
    made["users"] = table("users", [], broken={2: 's-1,"0042,student'})
    assert "set.other_district" not in codes_of(judge(made, SPRINGFIELD))


def test_a_configured_school_that_nobody_is_of_refuses_and_is_named() -> None:
    """connect-behaviour 3.1: the ID is that of orgSourcedIds; 9.4: configured school missing."""
    profile = replace(SPRINGFIELD, schools={"0042": "Lincoln High", "043": "Adams"})
    judgement = judge(
        tables(classes=[*base("classes"), base("classes")[0] | {"sourcedId": "c-3", "schoolSourcedId": "43"}]), profile
    )

    assert judgement.refused
    missing = judgement.findings.filter(code="school.missing")
    assert missing.select("detail", "hint").rows() == [("043", "43")]


def reading(**settings: object) -> Profile:
    return replace(SPRINGFIELD, reading=Reading(**settings))  # type: ignore[arg-type]  # settings of any type


def test_a_school_that_is_part_of_another_one_brings_its_rows_there() -> None:
    """connect-behaviour 3.1: two schools into one."""
    users = with_users(s_1={"orgSourcedIds": "0043"}, s_2={"orgSourcedIds": "0043, 0042"})
    classes = [row | {"schoolSourcedId": "0043"} for row in base("classes")]
    judgement = judge(tables(users=users, classes=classes), reading(same_school=("0043=0042",)))

    assert standing(judgement, "users", "schools") == [["0042"]] * 5
    assert set(standing(judgement, "classes", "schoolSourcedId")) == {"0042"}
    assert judgement.set_aside.is_empty()


def without(column: str, rows: Sequence[Row]) -> list[Row]:
    return [{name: cell for name, cell in row.items() if name != column} for row in rows]


def test_files_of_a_district_with_one_school_need_not_name_it() -> None:
    """connect-behaviour 3.1: school level without school IDs."""
    users, classes = without("orgSourcedIds", base("users")), without("schoolSourcedId", base("classes"))
    judgement = judge(tables(users=users, classes=classes), SPRINGFIELD)

    assert standing(judgement, "users", "schools") == [["0042"]] * 5
    assert set(standing(judgement, "classes", "schoolSourcedId")) == {"0042"}
    assert judgement.findings.select("code", "file", "detail", "count").rows() == [
        ("school.assumed", "users.csv", "0042", 5),
        ("school.assumed", "classes.csv", "0042", 2),
    ]


def test_a_column_of_schools_that_was_lost_is_not_filled() -> None:
    users = without("orgSourcedIds", base("users"))
    classes = [*base("classes"), base("classes")[0] | {"sourcedId": "c-9", "schoolSourcedId": "0077"}]
    judgement = judge(tables(users=users, classes=classes), SPRINGFIELD)

    assert judgement.refused
    lost = judgement.findings.filter(code="header.column_missing")
    assert lost.select("file", "column").rows() == [("users.csv", "orgSourcedIds")]


def test_the_whole_part_of_a_school_missing_refuses() -> None:
    judgement = judged_users(base("users"), reading(same_school=("0043=0042",)))

    assert judgement.refused
    assert judgement.findings.filter(code="school.missing")["detail"].to_list() == ["0043"]


def test_staff_of_the_district_belong_to_it_and_nobody_else_does() -> None:
    """connect-behaviour 3.4: district-level staff; 9.4: district-level staff."""
    of_district = {"orgSourcedIds": "9000"}
    users = with_users(s_2=of_district, t_2=of_district, g_1={"orgSourcedIds": "9000,0042"})
    judgement = judged_users(users, reading(district_ids=("9000",)))

    people = dict(zip(standing(judgement, "users", "sourcedId"), standing(judgement, "users", "schools"), strict=True))
    assert people == {"s-1": ["0042"], "t-1": ["0042"], "g-1": ["0042"], "t-2": ["9000"]}
    assert ("users.csv", 3, "other_school") in aside(judgement)
    assert not any(code.startswith("school.without") for code in judgement.findings["code"])


def test_guardians_of_the_district_are_attached_through_their_students_where_the_profile_says_so() -> None:
    """connect-behaviour 9.4: guardians of the district."""
    users = with_users(
        {"sourcedId": "g-9", "orgSourcedIds": "9000", "role": "parent", "givenName": "Far", "familyName": "Off"}
        | {"email": "far@example.org"},
        g_1={"orgSourcedIds": "9000"},
    )
    off = judged_users(users)
    on = judged_users(users, replace(SPRINGFIELD, guardians=Guardians(schools_from_students=True)))

    assert "g-1" not in standing(off, "users", "sourcedId")
    assert "guardian.school.district" in off.findings["code"]
    people = dict(zip(standing(on, "users", "sourcedId"), standing(on, "users", "schools"), strict=True))
    assert people["g-1"] == ["0042"]
    assert "g-9" not in people
    assert on.set_aside["key"].to_list() == ["g-9"]
    assert "guardian.school.district" not in on.findings["code"]


def test_the_number_to_log_in_with_may_stand_in_the_other_column() -> None:
    """connect-behaviour 2.1: phone credential column; 6, G8."""
    reached = {"email": "", "phone": "212-555-0143", "sms": ""}
    newcomer = {"sourcedId": "g-9", "orgSourcedIds": "0042", "role": "parent", "givenName": "New", "familyName": "One"}
    users = with_users(newcomer | reached, s_1={"phone": "12"}, s_2={"sms": "212-555-0144"})
    judgement = judged_users(users, reading(phone_credential="phone"))

    rows = {row["sourcedId"]: row for row in judgement.standing["users"].iter_rows(named=True)}
    assert (rows["g-9"]["sms"], rows["g-9"]["phone"]) == ("+12125550143", None)
    assert (rows["s-2"]["sms"], rows["s-2"]["phone"]) == (None, "+12125550144")
    assert "sms" in rows["s-1"]["kept"]
    wrong = judgement.findings.filter(pl.col("code").str.contains("sms|phone"))
    assert wrong.select("line", "column", "value").rows() == [(2, "phone", "12")]
    assert [key for _, _, reason in aside(judged_users(users)) if (key := reason)] == ["no_contact"]


@pytest.mark.parametrize("is_column_there", [True, False])
def test_a_profile_may_require_the_grades_of_classes(*, is_column_there: bool) -> None:
    """connect-behaviour 9.3: class without grades."""
    classes = [row | {"grades": ""} for row in base("classes")]
    if is_column_there:
        classes[1] |= {"grades": "upper"}  # a wrong value keeps what is stored, and its class
    else:
        classes = without("grades", classes)
    judgement = judge(tables(classes=classes), replace(SPRINGFIELD, classes=Classes(grades="required")))

    lost = judgement.rejected.filter(file="classes.csv")
    assert lost["codes"].to_list() == [["class.grades.missing"]] * (1 if is_column_there else 2)
    assert set(judgement.protected["classes"]["key"]) == set(lost["key"])


def test_schools_are_adopted_where_the_profile_says_auto() -> None:
    judgement = judge(tables(users=with_users(s_1={"orgSourcedIds": "0042,0043"})), AUTO)

    assert judgement.schools == {"0042": "0042", "0043": "0043"}
    assert "schools.adopted" in codes_of(judgement)


@pytest.mark.parametrize(
    ("name", "refused", "withholds"),
    [("users", True, ()), ("classes", False, ("classes.none",)), ("enrollments", False, ("enrollments.none",))],
)
def test_a_file_without_rows_never_means_that_everybody_left(
    name: str, withholds: tuple[str, ...], *, refused: bool
) -> None:
    """connect-behaviour 9.1: file missing or unusable; 9.1: classes or enrollments without rows."""
    judgement = judge(tables(**{name: []}), SPRINGFIELD)

    assert judgement.refused is refused
    assert judgement.withholds == withholds


def test_what_points_into_an_empty_file_follows_from_that() -> None:
    findings = judge(tables(classes=[]), SPRINGFIELD).findings
    causes = findings.filter(code="enrollment.class.unknown")["cause"].unique().to_list()

    assert [findings["code"][cause] for cause in causes] == ["classes.none"]
    assert folded(findings).filter(code="enrollment.class.unknown")["count"].to_list() == [4]


def test_an_expected_file_that_did_not_come_refuses() -> None:
    """connect-behaviour 9.1: file missing or unusable."""
    made = tables()
    del made["classes"]
    judgement = judge(made, SPRINGFIELD, missing=frozenset({"classes"}))

    assert judgement.refused
    assert codes_of(judgement) == ["file.missing"]


def test_a_table_that_is_not_expected_is_never_missed() -> None:
    profile = replace(SPRINGFIELD, arrival=Arrival(expected=("users",)))
    judgement = judge({"users": table("users", base("users"))}, profile)

    assert not judgement.refused
    assert codes_of(judgement) == []


def test_a_file_that_cannot_be_read_refuses_only_where_it_is_expected() -> None:
    made = tables()
    unreadable = as_frame([Finding(code="file.nul", file="guardians.csv")])
    judgement = judge(made, SPRINGFIELD, read_findings=unreadable)

    assert not judgement.refused
    assert judgement.guardians_from is None
    assert "guardians" not in judgement.standing

    del made["classes"]
    assert judge(made, SPRINGFIELD, read_findings=as_frame([Finding(code="file.nul", file="classes.csv")])).refused


def test_guardians_come_from_their_own_file_once_it_has_come() -> None:
    """connect-behaviour 6, G2; 9.3: source of guardians."""
    tonight = judge(tables(guardians=base("guardians")), SPRINGFIELD)
    assert tonight.guardians_from == "guardians"
    assert ("users.csv", 5, "other_source") in aside(tonight)

    later = judge(tables(), SPRINGFIELD, Known(guardians_file_seen=True))
    assert later.guardians_from is None
    assert "guardians.missing" in codes_of(later)
    assert ("users.csv", 5, "other_source") in aside(later)
    assert standing(later, "users", "agents") == [[]] * 4


def test_a_guardians_file_without_rows_keeps_all_guardians() -> None:
    judgement = judge(tables(guardians=[]), SPRINGFIELD)

    assert "guardians.none" in codes_of(judgement)
    assert judgement.guardians_from is None
    assert "guardians" not in judgement.standing


def test_a_profile_may_take_guardians_from_nowhere() -> None:
    """connect-behaviour 2.1: guardians of the sync or not; 6, G2; 9.3: source of guardians."""
    judgement = judge(tables(guardians=base("guardians")), replace(SPRINGFIELD, guardians=Guardians(source="none")))

    assert judgement.guardians_from is None
    assert {reason for _, _, reason in aside(judgement)} == {"other_source"}


def test_a_newcomer_without_contact_is_set_aside_and_an_old_friend_is_not() -> None:
    """connect-behaviour 6, G3."""
    users = with_users(g_1={"email": "gia@"})

    assert aside(judged_users(users)) == [("users.csv", 5, "no_contact")]
    known = judged_users(users, known=Known(guardians=frozenset({"g-1"})))
    assert aside(known) == []
    assert standing(known, "users", "agents")[0] == ["g-1"]


def test_too_many_rejected_rows_are_told() -> None:
    """connect-behaviour 9.2: too many rejected rows."""
    nameless = {"orgSourcedIds": "0042", "role": "aide", "familyName": "Doe"}
    few = [nameless | {"sourcedId": f"n-{place}"} for place in range(9)]

    assert "rows.rejected_share" not in codes_of(judged_users(with_users(*few)))
    judgement = judged_users(with_users(*few, nameless | {"sourcedId": "n-9"}))
    told = judgement.findings.filter(code="rows.rejected_share")
    assert told.select("file", "detail", "count").rows() == [("users.csv", "67", 10)]


def test_how_few_rejected_rows_never_hold_a_batch_is_a_setting() -> None:
    users = with_users(s_1={"role": "pupil"}, s_2={"role": "pupil"})

    assert "rows.rejected_share" not in codes_of(judged_users(users))
    strict = replace(SPRINGFIELD, guard=Guard(rejected_at_least=2))
    assert "rows.rejected_share" in codes_of(judged_users(users, strict))


def test_what_falls_with_a_rejected_row_counts_for_no_share_and_what_points_nowhere_does() -> None:
    strict = replace(SPRINGFIELD, guard=Guard(rejected_at_least=1))
    with_rejected = judge(tables(classes=[row | {"title": ""} for row in base("classes")]), strict)
    assert with_rejected.findings.filter(code="rows.rejected_share")["file"].to_list() == ["classes.csv"]

    elsewhere = [row | {"classSourcedId": "c-404"} for row in base("enrollments")]
    nowhere = judge(tables(enrollments=elsewhere), strict).findings.filter(code="rows.rejected_share")
    assert nowhere.select("file", "count").rows() == [("enrollments.csv", 3)]  # one of four says the same again

    assert "rows.rejected_share" not in codes_of(judge(tables(classes=[]), strict))


@pytest.mark.parametrize("name", ["classes", "enrollments"])
@pytest.mark.parametrize("spoilt", [{"status": "tobedeleted"}, {"status": "gone"}])
def test_a_file_of_which_nothing_stands_never_means_that_all_is_gone(name: TableName, spoilt: Row) -> None:
    judgement = judge(tables(**{name: [row | spoilt for row in base(name)]}), SPRINGFIELD)

    assert f"{name}.nothing_stands" in judgement.withholds
    assert not judgement.refused


def test_a_row_that_shows_no_owner_withholds_archiving() -> None:
    made = tables()
    made["users"] = table("users", base("users"), broken={3: "", 4: "s-9,active"})
    judgement = judge(made, SPRINGFIELD)

    assert judgement.withholds == ("rows.unknown_owner",)
    told = judgement.findings.filter(code="rows.unknown_owner")
    assert told.select("file", "line", "count").rows() == [("users.csv", 3, 1)]


def test_an_id_that_lost_a_letter_withholds_archiving() -> None:
    judgement = judge(tables(users=with_users(s_1={"sourcedId": "s-\ufffd"})), SPRINGFIELD)

    assert "user.sourcedId.characters" in codes_of(judgement)
    assert judgement.withholds == ("rows.unknown_owner",)


@pytest.mark.parametrize(
    "damaged",
    ["s\u200b-1", "s-\u00ad1", "s\0-1", "s\n-1", "s\u00a0-1", "“s-1”", "'s-1'", "\u202es-1", "s-\u009d1", "\u2018s-1"],
)
def test_an_id_with_a_character_that_nobody_sees_is_rejected(damaged: str) -> None:
    """connect-behaviour 9.3: quotation mark in an ID."""
    judgement = judge(tables(users=with_users(s_1={"sourcedId": damaged})), SPRINGFIELD)

    assert "user.sourcedId.characters" in codes_of(judgement)
    assert {damaged, "s-1"} <= set(judgement.protected["users"]["key"])


@pytest.mark.parametrize("column", ["agentSourcedIds", "orgSourcedIds"])
@pytest.mark.parametrize(("length", "is_cut"), [(254, False), (255, True), (256, True), (257, False)])
def test_a_list_of_ids_that_was_probably_cut_keeps_its_record(column: str, length: int, *, is_cut: bool) -> None:
    ids = ("0042," * 60)[:length]
    judgement = judge(tables(users=with_users(s_1={column: ids})), SPRINGFIELD)

    assert ("user.list.cut" in codes_of(judgement)) == is_cut
    assert ("s-1" in judgement.protected["users"]["key"]) == is_cut


def test_rows_of_one_guardian_reach_them_together_so_that_two_nights_are_alike() -> None:
    bare = {"studentSourcedId": "s-2", "guardianSourcedId": "h-1", "givenName": "Gia", "familyName": "Lopez"}
    made = tables(guardians=[bare, *base("guardians")])
    first = judge(made, SPRINGFIELD)

    assert standing(first, "guardians", "line") == [2, 3, 4]
    assert "guardian.contact.none" not in codes_of(first)
    second = judge(made, SPRINGFIELD, Known(guardians=frozenset(first.standing["guardians"]["guardianSourcedId"])))
    assert second.standing["guardians"].equals(first.standing["guardians"])


def test_a_row_that_falls_reaches_no_guardian() -> None:
    bare = {"studentSourcedId": "s-2", "guardianSourcedId": "h-1", "givenName": "Gia", "familyName": "Lopez"}
    users = with_users(s_1={"role": "pupil"})
    judgement = judge(tables(users=users, guardians=[bare, *base("guardians")]), SPRINGFIELD)

    assert ("guardians.csv", 2, "no_contact") in aside(judgement)


def test_damaged_ids_protect_the_pairs_of_the_ids_that_they_were() -> None:
    rows = [*base("enrollments"), {"classSourcedId": "c-1", "userSourcedId": "03.0", "role": "student"}]
    made = tables(enrollments=rows, guardians=[*base("guardians"), base("guardians")[0] | {"studentSourcedId": 's-4"'}])
    protected = judge(made, SPRINGFIELD).protected

    assert {("c-1", "03.0"), ("c-1", "03")} <= set(protected["enrollments"].rows())
    assert {('s-4"', "h-1"), ("s-4", "h-1")} <= set(protected["guardians"].rows())


def test_a_rejected_row_of_a_guardian_protects_every_child_of_theirs() -> None:
    rows = [*base("guardians"), base("guardians")[0] | {"studentSourcedId": "s-404"}]
    protected = judge(tables(guardians=rows), SPRINGFIELD).protected["guardians"]

    assert set(protected.rows()) == {("s-404", "h-1"), (None, "h-1")}


def test_keys_of_rejected_rows_are_protected() -> None:
    users = with_users(
        {"sourcedId": '1"0', "orgSourcedIds": "0042", "role": "aide", "givenName": "A", "familyName": "B"},
        {"orgSourcedIds": "0042", "role": "aide", "givenName": "A", "familyName": "B", "identifier": "n-77"},
        s_1={"role": "pupil"},
        s_2={"sourcedId": "10234.0"},
    )
    made = tables(users=users)
    made["users"] = table("users", users, broken={4: 't-9,active,"0042,teacher,Tom;Tim\tx|y'})
    protected = judge(made, SPRINGFIELD).protected["users"]["key"].to_list()

    assert {"s-1", '1"0', "10", "10234.0", "10234", "n-77", "t-9", "Tom", "Tim", "x", "y"} <= set(protected)
    assert len(protected) == len(set(protected))
    assert "t-1" not in protected


def test_pairs_of_rejected_rows_are_protected_also_where_half_is_missing() -> None:
    rows = [*base("enrollments"), {"classSourcedId": "c-1", "role": "aide"}]
    made = tables(users=with_users(s_1={"role": "pupil"}))
    made["enrollments"] = table("enrollments", rows, broken={2: "e-9,c-2,0042,t-2,aide,x,x"})
    pairs = judge(made, SPRINGFIELD).protected["enrollments"].rows()

    assert ("c-1", "s-1") in pairs
    assert ("c-1", None) in pairs
    assert ("c-2", "t-2") in pairs


def test_a_torn_row_of_very_many_words_is_protected_word_by_word() -> None:
    made = tables()
    words = ",".join(f"w{place}" for place in range(5000))
    made["enrollments"] = table("enrollments", base("enrollments"), broken={2: words})
    pairs = judge(made, SPRINGFIELD).protected["enrollments"]

    assert pairs.height == 10000
    assert ("w1", None) in pairs.rows()


def test_notes_fold_and_faults_stay_apart() -> None:
    twins = [base("users")[4]] * 3
    judgement = judged_users(
        with_users(*twins, s_1={"role": "pupil"}, t_1={"email": "x"}, t_2={"email": "tia@example.org"})
    )
    told = folded(described(judgement.findings, masked=False))

    counts = dict(told.select("code", "count").rows())
    assert counts["user.sourcedId.repeated"] == 3
    assert told.filter(code="enrollment.user.rejected")["cause"].to_list() == [
        told["code"].to_list().index("user.role.unknown")
    ]

"""A generated district: the same for everybody, shaped as promised, and faulty exactly where it says."""

import csv
import hashlib
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.tables import table_of
from rosterdrop.generating import (
    ALL_FAULTS,
    EVENTS,
    GROUPS,
    FaultImpossible,
    FaultUnknown,
    FolderInUse,
    Generated,
    GeneratingError,
    Implied,
    NightUnknown,
    Planted,
    SizeUnusable,
    generate,
    plantable,
    truncate,
)
from rosterdrop.generating.chance import Dice
from rosterdrop.generating.district import District, new_district
from rosterdrop.generating.families import GRADES, MAIL_HOSTS, student
from rosterdrop.generating.names import CULTURES
from rosterdrop.generating.nights import next_night
from rosterdrop.generating.numbers import Numbers, phone_number
from rosterdrop.generating.people import Person, School

Rows = list[dict[str, str]]


def rows_of(night: Path, file: str) -> Rows:
    with (night / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def digest_of(folder: Path) -> str:
    return hashlib.sha256(json.dumps(hashes(folder)).encode()).hexdigest()[:16]


def silence(_: str) -> None: ...


@pytest.fixture(scope="module")
def district() -> District:
    return new_district(3, 2000, silence)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("clean") / "district", students=1200, seed=5).nights[0]


# The same for everybody.


@pytest.mark.parametrize(
    ("separate", "digest"),
    [(False, "38b02b406bfcad34"), (True, "96f97708ef973c6c")],
    ids=["guardians in users.csv", "guardians.csv"],
)
def test_a_seed_is_a_district_byte_for_byte(tmp_path: Path, *, separate: bool, digest: str) -> None:
    faults = ("role_unknown", "id_conflict", "line_break")
    made = generate(tmp_path / "district", students=150, seed=7, nights=2, faults=faults, separate_guardians=separate)

    # Pinned: it changes only where the generator is changed on purpose.
    assert digest_of(made.folder) == digest


def test_another_seed_is_another_district(tmp_path: Path) -> None:
    one, other = (generate(tmp_path / str(seed), students=50, seed=seed) for seed in (1, 2))

    assert hashes(one.nights[0]) != hashes(other.nights[0])


def test_faults_and_separate_guardians_leave_the_people_as_they_are(tmp_path: Path) -> None:
    together = generate(tmp_path / "together", students=300, faults=("email_invalid",))
    apart = generate(tmp_path / "apart", students=300, separate_guardians=True)

    def students(night: Path) -> list[tuple[str, str]]:
        return [(row["sourcedId"], row["givenName"]) for row in rows_of(night, "users.csv") if row["role"] == "student"]

    assert students(together.nights[0]) == students(apart.nights[0])


# The files.


def test_headers_are_those_of_oneroster_without_the_password(night: Path) -> None:
    headers = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in night.iterdir()}

    assert headers == {
        "users.csv": "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,"
        "familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,language",
        "classes.csv": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
        "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
        "enrollments.csv": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,"
        "primary,beginDate,endDate",
    }


def test_every_reference_finds_its_row(night: Path) -> None:
    people = {row["sourcedId"]: row for row in rows_of(night, "users.csv")}
    classes = {row["sourcedId"]: row for row in rows_of(night, "classes.csv")}
    named = {agent for row in people.values() for agent in row["agentSourcedIds"].split(",") if agent}

    assert named == {key for key, row in people.items() if row["role"] in ("parent", "guardian", "relative")}
    for seat in rows_of(night, "enrollments.csv"):
        assert seat["schoolSourcedId"] == classes[seat["classSourcedId"]]["schoolSourcedId"]
        assert seat["schoolSourcedId"] in people[seat["userSourcedId"]]["orgSourcedIds"].split(",")
        assert (seat["role"] == "student") == (people[seat["userSourcedId"]]["role"] == "student")


def test_the_paper_of_the_district_names_its_schools(night: Path) -> None:
    paper = json.loads((night.parent / "district.json").read_text(encoding="utf-8"))

    assert (paper["name"], paper["time_zone"]) == ("Springfield Unified", "America/Chicago")
    assert paper["schools"]["0042"] == "Lincoln High"
    assert set(paper["schools"]) == {row["schoolSourcedId"] for row in rows_of(night, "classes.csv")}


def test_lists_and_quotes_come_quoted(night: Path) -> None:
    text = (night / "classes.csv").read_bytes().decode()

    assert '"3,8"' in text  # periods
    assert '"U.S. History: ""Then, Now & Next"""' in text
    assert text.count("\n") == text.count("\r\n") == len(rows_of(night, "classes.csv")) + 1


def test_older_students_have_six_or_seven_classes_and_younger_ones_a_homeroom(night: Path) -> None:
    classes = Counter(row["userSourcedId"] for row in rows_of(night, "enrollments.csv") if row["role"] == "student")
    counts: dict[bool, set[int]] = defaultdict(set)
    for row in rows_of(night, "users.csv"):
        if row["role"] == "student":
            counts[row["grades"] in ("KG", "01", "02", "03", "04", "05")].add(classes[row["sourcedId"]])

    assert counts == {True: {1}, False: {6, 7}}


def test_every_class_has_one_teacher_in_charge(night: Path) -> None:
    in_charge = Counter(row["classSourcedId"] for row in rows_of(night, "enrollments.csv") if row["primary"] == "true")

    assert set(in_charge) == {row["sourcedId"] for row in rows_of(night, "classes.csv")}
    assert set(in_charge.values()) == {1}
    assert any(row["primary"] == "false" for row in rows_of(night, "enrollments.csv"))


# The people.


def households(district: District) -> Iterator[tuple[list[Person], list[Person]]]:
    for family in district.families.values():
        yield [district.students[one] for one in family.students], [district.guardians[one] for one in family.guardians]


def test_siblings_share_guardians_name_and_phone(district: District) -> None:
    families = [children for children, _ in households(district) if len(children) > 1]

    assert len(families) > 300
    assert all(len({(child.family, child.phone, child.home) for child in children}) == 1 for children in families)


def test_some_families_have_two_households(district: District) -> None:
    apart = [
        guardians
        for _, guardians in households(district)
        if len(guardians) > 1 and guardians[0].family != guardians[-1].family
        if guardians[0].phone != guardians[-1].phone or not guardians[0].phone
    ]

    assert len(apart) > 80


def test_guardians_are_reached_in_different_ways(district: District) -> None:
    ways = Counter((bool(one.email), bool(one.sms)) for one in district.guardians.values())
    partners = [guardians for _, guardians in households(district) if len(guardians) > 1]

    assert ways[True, True] > ways[False, True] > ways[True, False] > 0
    assert ways[False, False] == 0
    assert sum(one[0].sms == one[1].sms != "" for one in partners) > 10


def test_guardians_ask_for_many_languages(district: District) -> None:
    asked = {one.language for one in district.guardians.values()}

    assert {"en", "es", "vi", "zh", "so", "ar"} <= asked <= {culture.language for culture in CULTURES}


def test_some_staff_are_guardians_under_another_id(district: District) -> None:
    staff = {one.email: one for one in district.staff.values()}
    both = [one for one in district.guardians.values() if one.email in staff]

    assert both
    assert all(one.id != staff[one.email].id and one.family == staff[one.email].family for one in both)


def test_some_staff_work_in_two_schools(district: District) -> None:
    assert any(len(one.schools) == 2 for one in district.staff.values())


def test_no_student_names_more_guardians_than_connect_links(district: District) -> None:
    assert max(len(family.guardians) for family in district.families.values()) <= 6


def test_cultures_add_up() -> None:
    assert sum(culture.share for culture in CULTURES) == pytest.approx(1)


def test_names_are_as_different_as_people(district: District) -> None:
    names = " ".join(f"{one.given} {one.family}" for one in (*district.students.values(), *district.guardians.values()))

    assert all(letter in names for letter in "ñéüĐłØ'-\u2019\u02bb")
    assert any(len(one.given) == 1 for one in district.guardians.values())
    assert any(len(one.family) > 30 for one in district.guardians.values())


@pytest.mark.parametrize("script", ["CJK", "HANGUL", "ARABIC", "CYRILLIC", "DEVANAGARI", "LATIN"])
def test_names_come_in_many_scripts(district: District, script: str) -> None:
    letters = {letter for one in district.students.values() for letter in one.given + one.family if letter.isalpha()}

    assert any(unicodedata.name(letter).startswith(script) for letter in letters)


def test_ids_and_schools_begin_with_zeros(district: District) -> None:
    assert {len(one) for one in district.students} == {6}
    assert all(one.isdigit() and one.startswith("0") for one in district.students)
    assert [school.id for school in district.schools][:2] == ["0042", "0043"]


def test_addresses_are_of_hosts_kept_for_examples(district: District) -> None:
    people = (*district.students.values(), *district.guardians.values(), *district.staff.values())
    hosts = {one.email.partition("@")[2] for one in people if one.email}

    assert all(host.endswith(MAIL_HOSTS) for host in hosts)


@given(st.integers(min_value=0, max_value=176 * 100 * 98 - 1))
@settings(max_examples=200, deadline=None)
def test_telephone_numbers_are_valid_and_nobodys(position: int) -> None:
    number = phone_number(position)

    assert phonenumbers.is_valid_number(phonenumbers.parse(number, "US"))
    assert number[3:8] == "-555-"
    assert number[8:10] != "12"  # directory assistance


def test_the_first_telephone_numbers_are_fictional_and_all_differ() -> None:
    numbers = [phone_number(position) for position in range(176 * 100)]

    assert all(number[8:10] == "01" for number in numbers)
    assert len(set(numbers)) == len(numbers)


# From night to night.


def changed(before: Mapping[str, Person], after: Mapping[str, Person]) -> int:
    return sum(after[key] != person for key, person in before.items() if key in after)


def test_an_ordinary_night_changes_a_little(district: District) -> None:
    after = next_night(district, 3, 2, 1.0)
    students, seats = len(district.students), len(district.enrollments)

    assert 1 <= len(district.students.keys() - after.students.keys()) <= students * 0.002
    assert 1 <= len(after.students.keys() - district.students.keys()) <= students * 0.002
    assert 1 <= changed(district.students, after.students) <= students * 0.002
    assert 2 <= changed(district.guardians, after.guardians) <= len(district.guardians) * 0.005
    assert seats * 0.003 <= len(district.enrollments.keys() - after.enrollments.keys()) <= seats * 0.01
    assert len(district.staff.keys() - after.staff.keys()) == 1
    assert sum(after.classrooms[key] != room for key, room in district.classrooms.items()) == 1


def test_a_night_leaves_no_loose_ends(district: District) -> None:
    after = district
    for night in range(2, 8):
        after = next_night(after, 3, night, 5.0)

    linked = {guardian for family in after.families.values() for guardian in family.guardians}
    assert linked == after.guardians.keys()
    assert {one.home for one in after.students.values()} == after.families.keys()
    assert {person for _, person in after.enrollments} <= after.students.keys() | after.staff.keys()
    for children, guardians in households(after):
        assert all(set(one.schools) == {child.schools[0] for child in children} for one in guardians)


def test_the_night_before_stays_as_it_was(district: District) -> None:
    copy = district.copied()
    next_night(district, 3, 2, 3.0)

    assert copy == district


def test_without_churn_all_nights_are_the_same_bytes(tmp_path: Path) -> None:
    quiet = generate(tmp_path / "quiet", students=80, nights=3, churn=0)

    assert len({tuple(hashes(night).values()) for night in quiet.nights}) == 1


def test_a_school_of_one_child_never_closes() -> None:
    district = new_district(1, 1, silence)
    for night in range(2, 6):
        district = next_night(district, 1, night, 1.0)

    assert district.students


# Nights of another kind.


def people_in(night: Path, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in columns) for row in rows_of(night, "users.csv")]


def test_a_new_year_moves_everybody_up_and_leaves_no_loose_ends() -> None:
    before = new_district(3, 400, silence)
    (rollover,) = (event for event in EVENTS if event.name == "rollover")
    after = rollover.happens([before], Dice(3, "rollover"))
    graduates = {one.id for one in before.students.values() if one.grade == "12"}
    stayed = before.students.keys() & after.students.keys()

    assert before.students.keys() - after.students.keys() == graduates
    assert all(
        GRADES.index(after.students[one].grade) == GRADES.index(before.students[one].grade) + 1 for one in stayed
    )
    assert all(school_of(after, one).grades.count(one.grade) for one in after.students.values())
    assert not before.classrooms.keys() & after.classrooms.keys()
    assert {person for _, person in after.enrollments} <= after.students.keys() | after.staff.keys()
    assert len(before.staff.keys() & after.staff.keys()) > len(before.staff) * 0.8
    assert {guardian for family in after.families.values() for guardian in family.guardians} == after.guardians.keys()


def school_of(district: District, student: Person) -> School:
    return next(school for school in district.schools if school.id in student.schools)


def test_renumbering_gives_everybody_another_id_and_tells_which(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=60, nights=2, faults=("renumbering",))
    (event,) = json.loads((made.folder / "planted.json").read_text(encoding="utf-8"))["events"]
    new = {old: one for group in event["ids"].values() for old, one in group.items()}

    before, after = (people_in(night, "sourcedId", "givenName", "familyName", "email") for night in made.nights)
    assert [(new[one], *others) for one, *others in before] == after
    assert not {one for one, *_ in before} & {one for one, *_ in after}
    seats = [
        {(row["classSourcedId"], row["userSourcedId"]) for row in rows_of(night, "enrollments.csv")}
        for night in made.nights
    ]
    assert {(new[room], new[person]) for room, person in seats[0]} == seats[1]


@pytest.mark.parametrize(("event", "as_night"), [("same_files", 2), ("wrong_database", 1)])
def test_old_files_come_again(tmp_path: Path, event: str, as_night: int) -> None:
    made = generate(tmp_path / "district", students=60, nights=3, faults=(event,))

    assert hashes(made.nights[2]) == hashes(made.nights[as_night - 1])


def test_training_data_has_the_ids_and_other_names(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=60, nights=2, faults=("other_names",))
    ids, names = ([people_in(night, column) for night in made.nights] for column in ("sourcedId", "givenName"))

    assert ids[0] == ids[1]
    assert names[0] != names[1]


def test_a_night_of_another_kind_needs_one_before_it(tmp_path: Path) -> None:
    with pytest.raises(FaultImpossible, match="a night before"):
        generate(tmp_path / "district", students=20, faults=("rollover",))


# Faults.

EVERYTHING = {
    False: tuple(plantable(separate_guardians=False)),
    True: tuple(plantable(separate_guardians=True)),
}


@pytest.fixture(scope="module", params=[False, True], ids=["guardians in users.csv", "guardians.csv"])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    folder = tmp_path_factory.mktemp("faulty") / "district"
    faults = EVERYTHING[request.param]
    return generate(folder, students=800, faults=faults, nights=2, separate_guardians=request.param)


def lines_of(night: Path, file: str) -> list[str]:
    (path,) = (one for one in night.iterdir() if table_of(one.name) == table_of(file))
    return path.read_bytes().decode("utf-8").split("\n")


def line_at(night: Path, place: Planted | Implied) -> str:
    """The text of the line where something was planted."""
    assert place.file
    assert place.line
    return lines_of(night, place.file)[place.line - 1]


def test_every_fault_can_be_ordered_and_half_stand_together() -> None:
    alone = {fault.name for group in GROUPS.values() for fault in group if fault.alone}

    assert set(EVERYTHING[False]) | set(EVERYTHING[True]) == set(ALL_FAULTS) - alone
    assert min(len(names) for names in EVERYTHING.values()) >= 80


def test_planted_lines_hold_their_keys(faulty: Generated) -> None:
    for one in faulty.planted:
        if one.key:
            line = line_at(faulty.nights[-1], one)
            assert all(part.replace('"', '""') in line for part in one.key.split("/")), (one, line)


def test_what_is_implied_names_what_it_fell_with(faulty: Generated) -> None:
    for one in faulty.planted:
        for other in one.implied:
            assert other.code
            assert other.code.endswith(("rejected", "unknown"))
            lost_id = one.column == "sourcedId" and not str(one.code).endswith("conflict")
            lost_id = lost_id or one.fault in ("zeros_lost", "case_differs")
            assert lost_id or str(one.key) in line_at(faulty.nights[-1], other), (one, other)


def test_faults_keep_out_of_each_others_way(faulty: Generated) -> None:
    of_rows = [one for one in faulty.planted if one.line and not str(one.code).startswith(("header.", "file."))]
    touched = {(one.fault, one.file, one.line) for one in of_rows}
    touched |= {(one.fault, other.file, other.line) for one in of_rows for other in one.implied}
    places = Counter((file, line) for _, file, line in touched)

    assert set(places.values()) == {1}


def test_a_rejected_student_takes_every_enrollment_along(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=400, faults=("role_unknown",), separate_guardians=True)
    (one,) = made.planted
    assert one.key
    fallen = Counter(other.code for other in one.implied)

    def naming(file: str) -> int:
        return sum(one.key in line.split(",") for line in lines_of(made.nights[0], file))

    assert fallen == {
        "enrollment.user.rejected": naming("enrollments.csv"),
        "guardian.student.rejected": naming("guardians.csv"),
    }


def test_a_rejected_guardian_is_missing_at_the_child_only(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=400, faults=("family_name_missing",))
    (one,) = made.planted
    assert one.key

    assert [other.code for other in one.implied] == ["user.agent.rejected"]
    assert one.key in line_at(made.nights[0], one.implied[0])


def test_a_line_break_moves_the_lines_below(tmp_path: Path) -> None:
    made = generate(tmp_path / "district", students=400, faults=("line_break", "row_repeated"))
    moved = next(one for one in made.planted if one.fault == "row_repeated")

    assert moved.line == made.rows["users.csv"] + 2  # the header, and the broken line


def test_faults_stand_in_the_last_night_only(faulty: Generated) -> None:
    assert {one.night for one in faulty.planted} == {2}
    assert "studnt" not in (faulty.nights[0] / "users.csv").read_text(encoding="utf-8")


def test_a_fault_can_be_planted_in_a_night_by_number(tmp_path: Path) -> None:
    made = generate(tmp_path / "faulty", students=90, nights=3, faults=("status_absent@2", "enrollment_repeated@2"))
    clean = generate(tmp_path / "clean", students=90, nights=3)

    assert [one.night for one in made.planted] == [2, 2]
    assert [hashes(one) == hashes(other) for one, other in zip(made.nights, clean.nights, strict=True)] == [
        True,
        False,
        True,
    ]


def test_the_paper_lists_what_was_planted(faulty: Generated) -> None:
    listed = json.loads((faulty.folder / "planted.json").read_text(encoding="utf-8"))["planted"]

    assert len(listed) == len(faulty.planted)
    assert set(listed[0]) == {"night", "fault", "file", "line", "column", "code", "key", "implied"}
    assert {one["fault"] for one in listed} == {one.fault for one in faulty.planted}


# Orders that cannot be carried out.


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ({"faults": ("role_unknwn",)}, FaultUnknown),
        ({"faults": ("role_unknown@3",)}, NightUnknown),
        ({"faults": ("role_unknown@last",)}, NightUnknown),
        ({"faults": ("guardian_repeated",)}, FaultImpossible),
        ({"faults": ("agent_self",), "separate_guardians": True}, FaultImpossible),
        ({"faults": ("utf16", "role_unknown")}, FaultImpossible),
        ({"students": 0}, SizeUnusable),
        ({"nights": 0}, SizeUnusable),
    ],
)
def test_an_order_that_cannot_be_carried_out_writes_nothing(
    tmp_path: Path, order: dict[str, object], kind: type[GeneratingError]
) -> None:
    with pytest.raises(kind):
        generate(tmp_path / "district", **{"students": 20, **order})  # type: ignore[arg-type]  # wrong on purpose

    assert not (tmp_path / "district").exists()


def test_a_misspelt_fault_is_told_which_was_meant() -> None:
    with pytest.raises(FaultUnknown, match="Did you mean role_unknown"):
        generate(Path("nowhere"), students=5, faults=("role_unknwn",))


def test_a_fault_that_finds_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(FaultImpossible, match="the district has one school"):
        generate(tmp_path / "district", students=30, faults=("enrollment_school_mismatch",))


def test_two_districts_never_mix_in_a_folder(tmp_path: Path) -> None:
    generate(tmp_path / "district", students=5)

    with pytest.raises(FolderInUse):
        generate(tmp_path / "district", students=6)


# Cutting a file.


def test_a_cut_file_ends_with_a_whole_line(tmp_path: Path) -> None:
    (night,) = generate(tmp_path / "district", students=100).nights
    whole = (night / "users.csv").read_bytes()
    left = truncate(night, 0.5)

    assert whole.startswith((night / "users.csv").read_bytes())
    assert left == len(rows_of(night, "users.csv")) == (whole.count(b"\n") - 1) // 2
    assert (night / "users.csv").read_bytes().endswith(b"\r\n")


# Dice.


def test_dice_are_fair_enough() -> None:
    dice = Dice(1, "fairness")

    assert 900 < sum(dice.chance(0.1) for _ in range(10_000)) < 1100
    assert 22_000 < sum(dice.whole(2.3) for _ in range(10_000)) < 24_000
    assert set(dice.sample("abcdef", 3)) < set("abcdef")
    assert sorted(dice.sample("abc", 9)) == ["a", "b", "c"]


def test_students_alike_have_user_names_of_their_own() -> None:
    """Of a district with more than ten thousand students, whose IDs agree in their last digits."""
    alike = [
        student(Dice(1, "people"), Numbers(student=number), CULTURES[0], "Lee", "09", "0042", 1, "")
        for number in (101, 10_101)
    ]

    assert alike[0].given == alike[1].given
    assert alike[0].username != alike[1].username

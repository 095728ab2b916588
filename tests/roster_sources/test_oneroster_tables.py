"""What the records of a OneRoster server become (clever-classlink D2)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from config.profiles import Guardians, OneRosterApi, Reading, Source
from roster_sources.failures import PullFailed
from roster_sources.oneroster_tables import Collected, files_of
from roster_sources.pages import read_page
from roster_sources.roster_files import RosterFiles

Record = dict[str, Any]
SOURCE = Source(kind="oneroster")
ORGS = [
    {"sourcedId": "0042", "type": "school"},
    {"sourcedId": "0043", "type": "school"},
    {"sourcedId": "2", "type": "district"},
]


def ref(key: str) -> Record:
    return {"href": f"https://other.example.org/{key}", "sourcedId": key, "type": "user"}


def user(key: str, role: str, *, agents: tuple[str, ...] = (), org: str = "0042", **more: Any) -> Record:
    return {
        "sourcedId": key,
        "status": "active",
        "role": role,
        "givenName": key.title(),
        "familyName": "Gray",
        "orgs": [ref(org)],
        "agents": [ref(agent) for agent in agents],
        **more,
    }


OF_THE_DISTRICT = (
    user("ana", "student", agents=("gil",)),
    user("gil", "parent", org="2"),
    user("ida", "administrator", org="2"),
)


def files(
    *users: Record,
    settings: OneRosterApi | None = None,
    source: Source = SOURCE,
    guardians: Guardians | None = None,
    reading: Reading | None = None,
    **collections: list[Record],
) -> RosterFiles:
    collected = Collected(settings or OneRosterApi())
    for name, records in {"orgs": ORGS, "users": list(users), **collections}.items():
        body = json.dumps({name: records}).encode()
        collected.keep(name, read_page(body, collected.form(name)).records)
    return files_of(collected, source, guardians or Guardians(), reading or Reading())


def links(made: RosterFiles) -> dict[str, str | None]:
    return dict(made.users.select("sourcedId", "agentSourcedIds").iter_rows())


@pytest.mark.parametrize(
    ("of_student", "of_guardian"), [(("gil",), ()), ((), ("ana",)), (("gil",), ("ana",))], ids=["his", "hers", "both"]
)
def test_guardians_are_linked_from_either_side(of_student: tuple[str, ...], of_guardian: tuple[str, ...]) -> None:
    """clever-classlink B6."""
    made = files(user("ana", "student", agents=of_student), user("gil", "parent", agents=of_guardian))

    assert links(made) == {"ana": "gil", "gil": None}


def test_an_agent_who_is_not_shared_is_still_named_and_is_told() -> None:
    made = files(user("ana", "student", agents=("gone", "tom")), user("tom", "teacher"))

    assert links(made) == {"ana": "gone", "tom": None}
    assert [(found.code, found.count) for found in made.found()] == [("source.guardian.hidden", 1)]


def test_enrollments_of_people_who_are_not_shared_are_left_out_and_many_of_them_refuse_the_pull() -> None:
    """clever-classlink E 22."""

    def made(hidden: int) -> RosterFiles:
        people = ["ana", *(f"hidden{number}" for number in range(hidden))]
        enrollments = [
            {"sourcedId": f"e-{one}", "class": ref("c1"), "user": ref(one), "school": ref("0042"), "role": "student"}
            for one in people
        ]
        classes = [{"sourcedId": "c1", "title": "Math", "school": ref("0042")}]
        return files(user("ana", "student"), classes=classes, enrollments=enrollments)

    assert made(1).enrollments["userSourcedId"].to_list() == ["ana"]
    assert [(found.code, found.count) for found in made(1).found()] == [("source.hidden", 1)]
    with pytest.raises(PullFailed, match="not shared"):
        made(20).require_shared()


def test_a_school_that_is_not_shared_is_nobodys() -> None:
    """clever-classlink E 3: it is still named by those who are at another too."""
    both = user("ana", "student")
    both["orgs"] = [ref("0044"), ref("0042")]

    brought = files(both, user("ben", "student", org="0044"))

    assert [row["orgSourcedIds"] for row in brought.users.to_dicts()] == ["0042", None]
    assert [(found.code, found.count) for found in brought.findings] == [("source.unplaced", 1)]


def test_roles_of_1_2_are_the_primary_one_with_its_school() -> None:
    """clever-classlink C3."""
    roles = [
        {"roleType": "secondary", "role": "teacher", "org": ref("0043")},
        {"roleType": "primary", "role": "principal", "org": ref("0042")},
    ]
    record = {"sourcedId": "ida", "givenName": "Ida", "familyName": "Gray", "roles": roles}

    (ida,) = files(record).users.to_dicts()

    assert (ida["role"], ida["orgSourcedIds"]) == ("administrator", "0042,0043")


@pytest.mark.parametrize("told", [True, "true", "True"])
def test_booleans_are_text_however_they_come(told: object) -> None:
    (ana,) = files(user("ana", "student", enabledUser=told)).users.to_dicts()

    assert ana["enabledUser"].lower() == "true"


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "objects"])
def test_references_come_as_objects_or_flat(*, flat: bool) -> None:
    """clever-classlink B5."""
    whose = {"classSourcedId": "m5", "userSourcedId": "ana", "schoolSourcedId": "0042"}
    as_objects = {"class": ref("m5"), "user": ref("ana"), "school": ref("0042")}
    enrollment = {"sourcedId": "e1", "role": "student", **(whose if flat else as_objects)}
    classes = [{"sourcedId": "m5", "title": "Math", "grades": ["05", "06"], "school": ref("0042")}]

    made = files(user("ana", "student"), classes=classes, enrollments=[enrollment])

    assert made.enrollments.select("classSourcedId", "userSourcedId", "schoolSourcedId").row(0) == ("m5", "ana", "0042")
    assert made.classes.select("grades", "schoolSourcedId").row(0) == ("05,06", "0042")


def test_staff_and_guardians_of_the_district_alone_are_told_plainly() -> None:
    """Section 5 of connect-behaviour: such guardians are not attached."""
    codes = [found.code for found in files(*OF_THE_DISTRICT).found()]

    assert codes == ["source.staff_of_district", "source.guardians_of_district"]


def test_where_the_profile_knows_the_district_nothing_is_to_be_told() -> None:
    assert not files(*OF_THE_DISTRICT, reading=Reading(district_ids=("2",))).found()


def test_guardians_stay_out_where_they_come_from_elsewhere() -> None:
    people = (user("ana", "student", agents=("gil",)), user("gil", "parent"))

    made = files(*people, source=replace(SOURCE, guardians=False))

    assert made.users["sourcedId"].to_list() == ["ana"]


def test_guardians_who_stand_in_demographics_alone_become_guardians_csv() -> None:
    """clever-classlink B6: two districts in Texas."""
    told = {"Guardian1FullName": "Rosa Delgado", "Guardian1Email": "rosa@example.org", "Guardian2FullName": ""}
    columns = ("Guardian1FullName,Guardian1Email,Guardian1Phone", "Guardian2FullName,Guardian2Email,Guardian2Phone")

    made = files(
        user("ana", "student"),
        settings=OneRosterApi(guardian_columns=columns),
        demographics=[{"sourcedId": "ana", "metadata": told}, {"sourcedId": "ben"}],
    )

    assert made.guardians is not None
    assert made.guardians.to_dicts() == [
        {
            "studentSourcedId": "ana",
            "guardianSourcedId": None,
            "givenName": "Rosa",
            "familyName": "Delgado",
            "email": "rosa@example.org",
            "sms": None,
            "phone": None,
            "language": None,
        }
    ]


def test_a_record_that_came_twice_counts_once_as_it_changed_last() -> None:
    """clever-classlink E 13, 14."""
    older = user("ana", "student", grades=["05"], dateLastModified="2026-11-01T00:00:00Z")
    newer = user("ana", "student", grades=["06"], dateLastModified="2026-11-02T00:00:00Z")

    made = files(newer, older)

    assert made.users["grades"].to_list() == ["06"]
    assert [(one.code, one.count) for one in made.found()] == [("source.repeated", 1)]


def test_the_language_stands_where_the_profile_says() -> None:
    record = user("gil", "parent", metadata={"homeLanguage": "es"})

    (gil,) = files(record, settings=OneRosterApi(language="homeLanguage")).users.to_dicts()

    assert gil["language"] == "es"


@pytest.mark.parametrize("rule", ["term=S2", "term=Semester 2", "term=semester*", "subject=Advisory", "title=Math, B"])
def test_a_class_of_several_terms_or_subjects_is_left_out_by_each_of_them(rule: str) -> None:
    terms = [{"sourcedId": "S1", "title": "Semester 1"}, {"sourcedId": "S2", "title": "Semester 2"}]
    several = {
        "sourcedId": "m5",
        "title": "Math, B",
        "subjects": ["Math", "Advisory"],
        "terms": [ref("S1"), ref("S2")],
        "school": ref("0042"),
    }
    other = {"sourcedId": "a5", "title": "Art", "subjects": ["Art"], "school": ref("0042")}
    leaving = replace(SOURCE, leave_classes=(rule,))

    made = files(user("ana", "student"), source=leaving, classes=[several, other], academicSessions=terms)

    assert made.classes["sourcedId"].to_list() == ["a5"]


def test_guardians_of_a_district_that_is_not_listed_keep_its_id() -> None:
    """B6: only schools are listed, and a row without any would be wrong."""
    schools = [org for org in ORGS if org["type"] == "school"]
    hidden = user("ben", "student", org="0044")

    made = files(*OF_THE_DISTRICT[:2], hidden, user("kim", "parent", org="0044"), orgs=schools)

    places = dict(made.users.select("sourcedId", "orgSourcedIds").iter_rows())
    assert places == {"ana": "0042", "gil": "2", "ben": None, "kim": None}
    assert {"source.guardians_of_district", "source.unplaced"} == {found.code for found in made.found()}

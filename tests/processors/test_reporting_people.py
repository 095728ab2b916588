"""Whom a report names: those a cause concerns, and nobody where values are hidden."""

from collections.abc import Sequence
from typing import Final

import polars as pl
import pytest

from config.tables import TableName
from processors.reporting.contents import Report
from processors.reporting.html_page import as_html
from processors.reporting.people import told_people
from processors.reporting.publishing import write_report
from processors.reporting.story import story_of
from processors.reporting.text_page import as_text, summary_lines
from tests.processors.reporting_samples import facts, judgement, rejected, report
from validators.findings import Finding
from validators.no_roster import OTHER_DISTRICT
from validators.tables import BROKEN, Table

PEOPLE: Final = {
    "s-1042": ("Ana", "Ruiz"),
    "s-2": ("Ben", "Okafor"),
    "s-3": (None, "Ng"),
    "s-4": (None, None),
    **{f"s-{number}": ("Kim", f"N{number}") for number in range(10, 20)},
}


def table(name: TableName, **columns: Sequence[str | None]) -> Table:
    rows = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String())).with_row_index("line", offset=2)
    return Table(name=name, facts=facts(f"{name}.csv", rows.height), rows=rows, broken=pl.DataFrame(schema=BROKEN))


def tables() -> dict[TableName, Table]:
    given, family = zip(*PEOPLE.values(), strict=True)
    users = table("users", sourcedId=list(PEOPLE), givenName=list(given), familyName=list(family))
    classes = table("classes", sourcedId=[None, "c-2"], title=["Algebra 1", "Art"])
    enrollments = table(
        "enrollments", classSourcedId=["c-2"] * len(PEOPLE) + ["c-9"], userSourcedId=[*PEOPLE, "s-gone"]
    )
    return {"users": users, "classes": classes, "enrollments": enrollments}


def told(*found: Finding) -> dict[str, list[str]]:
    """By code of the cause whom a report names."""
    made = report(judgement(findings=found))
    story = story_of(made, masked=False, tables=tables())
    return {code: told_people(concerned, file, story.say) for (code, file), concerned in story.people.by_cause.items()}


def a_role(line: int) -> Finding:
    return Finding(code="user.role.unknown", file="users.csv", line=line, column="role", value="x")


def a_night() -> Report:
    rows = rejected(("users.csv", 2, "s-1042", ["user.role.unknown"], False))
    return report(
        judgement(files=[facts("users.csv", 14)], findings=[a_role(2)], rejected_rows=rows),
        verdict="accepted_with_rejections",
        changes={},
    )


def test_people_are_named_as_far_as_their_rows_go() -> None:
    assert told(*map(a_role, (2, 4, 5)))["user.role.unknown"] == [
        "Ana Ruiz (s-1042), line 2",
        "Ng (s-3), line 4",
        "s-4, line 5",
    ]


def test_those_beyond_the_first_are_counted() -> None:
    named = told(*map(a_role, range(2, 14)))["user.role.unknown"]
    assert (len(named), named[-1]) == (6, "7 more")


def test_a_class_that_lost_its_id_concerns_those_who_are_in_it_each_once() -> None:
    found = [
        Finding(code="class.sourcedId.missing", file="classes.csv", line=2, column="sourcedId"),
        *(
            Finding(code="enrollment.class.rejected", file="enrollments.csv", line=line, cause=0, value="c-1")
            for line in (2, 2, 3, 16)
        ),
    ]

    assert told(*found)["class.sourcedId.missing"] == [
        "Algebra 1 (no ID), line 2",
        "Ana Ruiz (s-1042), enrollments.csv line 2",
        "Ben Okafor (s-2), enrollments.csv line 3",
        "s-gone, enrollments.csv line 16",
    ]


def test_page_text_and_terminal_name_whom_the_first_step_is_about() -> None:
    made = a_night()
    story = story_of(made, masked=False, tables=tables())
    name = "Ana Ruiz (s-1042)"

    page = as_html(story, made, tables())

    assert page.count(name) >= 3
    assert f"Who: {name}, line 2" in as_text(story)
    assert name in "\n".join(summary_lines(made, masked=False, tables=tables()))


@pytest.mark.parametrize("foreign", [False, True])
def test_nobody_is_named_where_values_are_hidden(tmp_path_factory: pytest.TempPathFactory, *, foreign: bool) -> None:
    made = report(judgement(findings=[a_role(2), Finding(code=OTHER_DISTRICT)])) if foreign else a_night()
    folder = tmp_path_factory.mktemp("report") / "out"

    write_report(folder, made, tables(), masked=not foreign)

    every = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    shown = "\n".join([*every, *summary_lines(made, tables=tables())])
    assert not [name for name in ("Ana", "Ruiz", "s-1042") if name in shown]


def test_rows_are_counted_with_the_reasons_they_have() -> None:
    rows = rejected(
        ("users.csv", 2, "s-1042", ["user.role.unknown"], False),
        *(("enrollments.csv", line, None, ["enrollment.user.rejected"], True) for line in (2, 3)),
    )
    found = [
        a_role(2),
        *(Finding(code="enrollment.user.rejected", file="enrollments.csv", line=line, cause=0) for line in (2, 3)),
    ]
    files = [facts("users.csv", 14), facts("enrollments.csv", 15)]
    made = report(
        judgement(files=files, findings=found, rejected_rows=rows), verdict="accepted_with_rejections", changes={}
    )

    story = story_of(made, masked=True)

    assert "3 rows were left out, for 1 reason." in story.headline
    assert (story.left_out["enrollments.csv"].rows, story.left_out["enrollments.csv"].reasons) == (2, 1)

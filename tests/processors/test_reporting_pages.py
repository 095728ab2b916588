import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.repairs import COLUMNS, RAW
from config.tables import TableName
from processors.guarding import Limit
from processors.reporting.affected import affected
from processors.reporting.charts import by_worst, guard_bar, stacked
from processors.reporting.contents import Report
from processors.reporting.csv_files import findings_cells, rejected_cells
from processors.reporting.escaping import guarded
from processors.reporting.html_page import as_html
from processors.reporting.ordering import findings_in_order
from processors.reporting.story import story_of
from tests.processors.reporting_samples import (
    USERS,
    a_full_night,
    facts,
    judgement,
    rejected,
    report,
    tables_of_a_full_night,
    users_table,
)
from validators.findings import Finding
from validators.tables import BROKEN, Table

VOID: Final = {"meta", "rect", "circle", "path", "use", "line", "link", "br", "img", "input", "hr"}
FORMULA: Final = "[=+\\-@\t\r\n\uff1d]"
NASTY: Final = '"><script>alert(1)</script><img src=http://x.example/>\x1b[2J\u202e'


class Page(HTMLParser):
    """What a browser would make of a page, and whether every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str, *tags: str) -> list[str]:
        return [value or "" for tag, key, value in self.attributes if key == name and (not tags or tag in tags)]


def page_of(made: Report, tables: Mapping[TableName, Table] | None = None, *, masked: bool = False) -> tuple[str, Page]:
    text = as_html(story_of(made, masked=masked), made, tables or {})
    return text, Page(text)


def with_value(value: str) -> Report:
    found = [Finding(code="user.role.unknown", file="users.csv", line=2, column="role", value=value, detail=value)]
    return report(judgement(files=[facts("users.csv", 1)], findings=found), district_name=value)


def test_the_page_has_landmarks_language_and_a_way_past_them() -> None:
    _, page = page_of(a_full_night())

    assert all(page.tags[tag] == 1 for tag in ("html", "header", "nav", "main", "footer", "h1"))
    assert page.values("lang", "html") == ["en"]
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in page.values("href")} <= set(ids)
    assert {name for names in page.values("aria-labelledby") for name in names.split()} <= set(ids)


def test_tables_have_scopes_and_those_of_numbers_a_caption() -> None:
    _, page = page_of(a_full_night(), tables_of_a_full_night())

    assert page.tags["caption"] == len(page.values("tabindex", "div")) == 4
    assert len(page.values("scope", "th")) == page.tags["th"]


def test_the_page_needs_and_runs_nothing() -> None:
    text, page = page_of(a_full_night())

    assert not set(page.tags) & {"script", "link", "img", "iframe", "form", "object"}
    assert not page.values("src")
    assert not page.values("style")
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "http" not in re.sub(r"http-equiv", "", text)
    policy = page.values("content", "meta")[0]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_the_badge_says_the_verdict_in_words() -> None:
    text, _ = page_of(a_full_night(verdict="refused", changes=None, guard=None))

    assert "Verdict: Refused, nothing applied" in text


def test_values_never_become_markup() -> None:
    text, page = page_of(with_value(NASTY))

    assert page.tags["script"] == page.tags["img"] == 0
    assert not set(text) & set("\x1b\u202e")
    assert "\\x1b[2J" in text


def test_bars_have_words_for_those_who_cannot_see_them() -> None:
    text, page = page_of(a_full_night())

    drawn = page.values("role", "svg").count("img")
    assert drawn == page.tags["desc"] == page.tags["title"] - 1 == 4 + 4 + 2
    assert "1,171 accepted, 1 rejected, 32 set aside." in text
    assert "80 of 501 are missing from the files; 50 may be." in text


@pytest.mark.parametrize(
    ("accepted", "rejected", "aside"), [(0, 0, 0), (0, 1, 0), (1, 1, 1), (5_308, 2, 0), (1, 1, 1_999_998), (9, 0, 0)]
)
def test_a_bar_is_as_wide_as_it_may_be_and_shows_every_kind(accepted: int, rejected: int, aside: int) -> None:
    numbers = {"accepted": accepted, "rejected": rejected, "aside": aside}

    parts = stacked(numbers)

    assert [part.name for part in parts] == [name for name, count in numbers.items() if count]
    assert all(part.width >= 0.5 for part in parts)
    assert not parts or sum(part.width for part in parts) == pytest.approx(100, abs=0.1)


def test_bars_of_one_scale_are_as_long_as_their_numbers() -> None:
    assert [part.width for part in stacked({"created": 20, "updated": 5}, whole=50)] == [40.0, 10.0]


@pytest.mark.parametrize(("vanishing", "allowed"), [(80, 50), (50, 50), (1, 1_000), (3, 0), (0, 0)])
def test_a_limit_is_passed_in_the_picture_only_where_it_tripped(vanishing: int, allowed: int) -> None:
    limit = Limit(school="0042", type="student", managed=2_000, vanishing=vanishing, allowed=allowed)

    drawn = guard_bar(limit)

    assert (drawn.vanishing > drawn.allowed) == limit.tripped
    assert max(drawn.vanishing, drawn.allowed) <= 100


def test_limits_that_tripped_come_first_and_quiet_ones_not_at_all() -> None:
    limits = [
        Limit(school=school, type="student", managed=100, vanishing=vanishing, allowed=10)
        for school, vanishing in {"quiet": 0, "near": 9, "over": 12, "far": 1, "far over": 90}.items()
    ]

    assert [limit.school for limit in by_worst(limits)] == ["far over", "over", "near", "far"]


def test_who_is_affected_is_told_by_school_and_kind() -> None:
    who = affected(a_full_night(), tables_of_a_full_night())

    assert {one.school: dict(one.counts) for one in who.left_out} == {
        "0042": {"person": 1},
        None: {"classroom": 1, "membership": 2},
    }
    assert {one.school: dict(one.counts) for one in who.vanishing} == {"0042": {"student": 80}, "0043": {"student": 40}}


def test_enrollments_belong_to_the_school_of_their_class() -> None:
    classes = other_table("classes", sourcedId=["c-1", "c-2"], schoolSourcedId=["0043", "0099"])
    enrollments = other_table("enrollments", classSourcedId=["c-1", "c-2", "c-9"], userSourcedId=["u-1"] * 3)
    rows = rejected(*(("enrollments.csv", line, None, ["row.cells"], True) for line in (2, 3, 4)))

    who = affected(report(judgement(rejected_rows=rows)), {"classes": classes, "enrollments": enrollments})

    assert {one.school: dict(one.counts) for one in who.left_out} == {
        "0043": {"membership": 1},
        None: {"membership": 2},
    }


def test_people_whose_role_nobody_knows_are_counted_in_all_files() -> None:
    users = other_table("users", sourcedId=["u-1"], orgSourcedIds=["0042"], role=["?"])
    attributes = other_table("student_attributes", studentSourcedId=["u-1"])
    rows = rejected(*((file, 2, None, ["row.cells"], False) for file in ("users.csv", "student_attributes.csv")))

    who = affected(report(judgement(rejected_rows=rows)), {"users": users, "student_attributes": attributes})

    assert {one.school: dict(one.counts) for one in who.left_out} == {"0042": {"person": 2}}


def other_table(name: TableName, **columns: list[str]) -> Table:
    rows = pl.DataFrame(columns).with_row_index("line", offset=2)
    return Table(name=name, facts=facts(f"{name}.csv", rows.height), rows=rows, broken=pl.DataFrame(schema=BROKEN))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "480 removals were held back"),
        (
            {"verdict": "accepted", "changes": {"student": {"archived": 3}}},
            "3 students left the files and were archived",
        ),
        ({"verdict": "accepted", "changes": {"membership": {"archived": 1}}}, "Nobody was deleted, and nobody was"),
        ({"verdict": "refused", "changes": None, "guard": None}, "Nothing was applied"),
        ({"verdict": "held"}, "Nothing was applied"),
        ({"test": True}, "This was a test"),
        ({"number": None, "received": None}, "These files were only checked"),
    ],
)
def test_whether_anybody_was_deleted_is_answered(more: dict[str, Any], said: str) -> None:
    text, _ = page_of(a_full_night(**more))

    assert f"<strong>No.</strong> {said}" in text


def test_a_step_leads_to_its_details() -> None:
    told = story_of(a_full_night(), masked=False)
    text, page = page_of(a_full_night())

    role = next(step for step in told.first if "Teachr" in step)
    assert told.anchors[role] == "users.user.role.unknown"
    assert '<a href="#users.user.role.unknown">Show where</a>' in text
    assert page.values("id").count("users.user.role.unknown") == 1


def test_what_follows_from_a_finding_stands_under_it() -> None:
    users, classes, enrollments = story_of(a_full_night(), masked=False).details

    assert (users.file, classes.file, enrollments.file) == ("users.csv", "classes.csv", "enrollments.csv")
    role = next(detail for detail in users.details if detail.code == "user.role.unknown")
    assert [(one.code, one.count, one.lines) for one in role.consequences] == [("enrollment.user.rejected", 1, (12,))]
    assert enrollments.details == ()
    assert [(detail.code, count) for detail, count in enrollments.follows] == [
        ("user.role.unknown", 1),
        ("class.title.missing", 1),
    ]


def test_what_follows_from_several_findings_is_told_of_all_of_them() -> None:
    found = [
        *(Finding(code="user.role.unknown", file="users.csv", line=line, column="role", value="x") for line in (2, 3)),
        *(
            Finding(
                code="enrollment.user.rejected", file="enrollments.csv", line=place, value=f"u-{place}", cause=place
            )
            for place in (0, 1)
        ),
    ]

    (users, _) = story_of(report(judgement(findings=found)), masked=False).details

    (consequence,) = users.details[0].consequences
    assert consequence.count == 2
    assert "u-0" not in consequence.message


def test_a_chain_of_causes_ends_at_its_root() -> None:
    found = [
        Finding(code="user.role.unknown", file="users.csv", line=2, column="role", value="x"),
        Finding(code="class.title.missing", file="classes.csv", line=3, column="title", cause=0),
        Finding(code="enrollment.class.rejected", file="enrollments.csv", line=4, cause=1),
    ]

    users, *others = story_of(report(judgement(findings=found)), masked=False).details

    assert [one.count for one in users.details[0].consequences] == [1, 1]
    assert [file.details for file in others] == [(), ()]


def test_a_page_of_a_hundred_thousand_findings_stays_small_and_counts_all() -> None:
    one = judgement(
        files=[facts("users.csv", 100_000)],
        findings=[Finding(code="user.phone.invalid", file="users.csv", column="phone", value="x" * 300)],
    )
    every = pl.select(line=pl.int_range(2, 100_002, dtype=pl.UInt32))
    found = one.findings.drop("line").join(every, how="cross").select(one.findings.columns)

    text, _ = page_of(report(replace(one, findings=found)))

    assert len(text) < 200_000
    assert "100,000 warnings" in text
    assert "99,800 more are not listed here; all of them stand in findings.csv." in text


def test_what_is_missing_is_named_where_it_has_no_line() -> None:
    found = [
        Finding(code="file.unexpected", file=name, detail=name, value=name) for name in ("orgs.csv", "notes.csv")
    ] + [Finding(code="school.missing", detail=school, value=school) for school in ("0043", "0044")]

    text, _ = page_of(report(judgement(files=[facts("users.csv", 9)], findings=found)))

    assert all(name in text for name in ("orgs.csv", "notes.csv", "0043", "0044"))


def test_files_come_in_the_order_of_repair() -> None:
    found = [
        Finding(code="file.unexpected", file="notes.csv"),
        Finding(code="enrollment.role.missing", file="enrollments.csv", line=2, column="role"),
        Finding(code="class.title.missing", file="classes.csv", line=2, column="title"),
        Finding(code="user.phone.invalid", file="users.csv", line=2, column="phone", value="x"),
        Finding(code="school.missing", detail="0043"),
    ]

    told = story_of(report(judgement(findings=found)), masked=False).details

    assert [file.file for file in told] == [None, "users.csv", "classes.csv", "enrollments.csv", "notes.csv"]


def test_places_that_say_different_things_each_say_theirs() -> None:
    names = ("Teachr", "studnt")
    found = [
        Finding(code="user.role.unknown", file="users.csv", line=line, column="role", value=name)
        for line, name in enumerate(names, start=2)
    ]

    text, _ = page_of(report(judgement(files=[facts("users.csv", 9)], findings=found)))

    assert "\u201c\u2026\u201d is not a role we know." in text
    assert all(f"\u201c{name}\u201d is not a role we know." in text for name in names)


def findings_csv(made: Report) -> str:
    return findings_cells(findings_in_order(made, masked=False)).write_csv()


def rejected_csv(made: Report, table: Table) -> str | None:
    rows = rejected_cells(made, table)
    return None if rows is None else rows.write_csv()


def test_findings_csv_cuts_nothing_off() -> None:
    found = [
        Finding(code="user.phone.invalid", file="users.csv", line=line, column="phone", value="x")
        for line in range(2, 3_002)
    ]

    lines = list(csv.reader(io.StringIO(findings_csv(report(judgement(findings=found))))))

    assert lines[0] == ["file", "line", "column", "code", "level", "rejects", "value", "message", "fix", "count"]
    assert len(lines) == 3_001


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", " =1", "\t=1", "'=1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(value: str) -> None:
    plain = users_table({2: ("u-1", "0042", "pilot", value, "Li", None)})
    table = replace(plain, rows=plain.rows.with_columns(pl.lit("x").alias(value)))
    rows = rejected(("users.csv", 2, "u-1", ["user.role.unknown"], False))
    found = [Finding(code="user.role.unknown", file="users.csv", line=2, column="role", value=value)]
    made = report(judgement(files=[table.facts], findings=found, rejected_rows=rows))

    for text in (findings_csv(made), rejected_csv(made, table) or ""):
        cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
        assert not [cell for cell in cells if re.match(r"\s*[=+\-@\uff1d]", cell)]


def test_rejected_rows_come_as_they_were_with_batch_line_and_reason() -> None:
    text = rejected_csv(a_full_night(), tables_of_a_full_night()["users"])

    assert text is not None
    head, row = list(csv.reader(io.StringIO(text)))
    assert head == [*COLUMNS, *USERS]
    assert row[:2] == ["42", "17"]
    assert row[2].startswith("user.role.unknown: ")
    assert row[3:] == ["u-17", "0042", "Teachr", "Ana", "López", "'+15555550100"]
    assert "\r" not in text


def test_a_file_without_rejected_rows_gives_none() -> None:
    assert rejected_csv(report(), users_table({2: (None,) * len(USERS)})) is None


def broken_night(*findings: Finding) -> tuple[Report, str | None]:
    table = users_table({}, broken={5: '=u-5,"open'})
    rows = rejected(("users.csv", 5, None, ["row.cells"], False))
    made = report(judgement(files=[table.facts], findings=findings, rejected_rows=rows))
    return made, rejected_csv(made, table)


def test_a_row_that_could_not_be_read_comes_as_its_text() -> None:
    _, text = broken_night(Finding(code="row.cells", file="users.csv", line=5))

    head, row = list(csv.reader(io.StringIO(text or "")))
    assert head[-1] == RAW
    assert row[-1] == "'=u-5,\"open"
    assert row[3:-1] == [""] * len(USERS)


def test_the_text_of_an_unread_row_stays_away_where_it_may_hold_a_password() -> None:
    _, text = broken_night(Finding(code="file.password_dropped", file="users.csv"))

    assert text is not None
    assert RAW not in text
    assert "open" not in text


def test_columns_of_an_earlier_repair_do_not_come_twice() -> None:
    plain = users_table({2: ("u-1", "0042", "pilot", "Bo", "Li", None)})
    table = replace(plain, rows=plain.rows.with_columns(rosterdrop_line=pl.lit("2")))
    rows = rejected(("users.csv", 2, "u-1", ["user.role.unknown"], False))

    text = rejected_csv(report(judgement(files=[table.facts], rejected_rows=rows)), table)

    assert (text or "").splitlines()[0].count("rosterdrop_line") == 1


cells = st.lists(st.none() | st.text(st.sampled_from("'=+-@ a\t\r\n\uff1d\x00"), max_size=6) | st.text(max_size=6))


@settings(max_examples=100, deadline=None)
@given(given_cells=cells)
def test_what_is_guarded_for_a_spreadsheet_can_be_had_back(given_cells: list[str | None]) -> None:
    """Property of "Sending repaired rows back" (INTERFACES): nothing of a rejected row is lost."""
    values = pl.DataFrame({"cell": given_cells}, schema={"cell": pl.String})

    safe = values.select(guarded(pl.col("cell")))

    assert not [cell for cell in safe["cell"] if cell and re.match(rf"\s*{FORMULA}", cell)]
    assert [re.sub(rf"^'('*\s*{FORMULA})", r"\1", cell) if cell else cell for cell in safe["cell"]] == given_cells

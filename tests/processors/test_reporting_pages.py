import csv
import io
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.reporting.contents import FileCounts, Report
from processors.reporting.csv_files import RAW, REPAIR_COLUMNS, findings_csv, rejected_csv
from processors.reporting.escaping import guarded
from processors.reporting.html_page import as_html, bar_segments
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

VOID: Final = {"meta", "rect", "link", "br", "img", "input", "hr"}
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


def page_of(made: Report, *, masked: bool = False) -> tuple[str, Page]:
    text = as_html(story_of(made, masked=masked))
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


def test_tables_have_captions_and_scopes() -> None:
    _, page = page_of(a_full_night())

    assert page.tags["table"] == page.tags["caption"] == 2
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

    assert page.tags["svg"] == page.tags["desc"] == 4
    assert "1,171 accepted, 1 rejected, 32 set aside." in text


@pytest.mark.parametrize(
    ("rows", "bad", "aside"), [(0, 0, 0), (1, 1, 0), (3, 1, 1), (5_310, 2, 0), (2_000_000, 1, 1_999_998), (9, 0, 0)]
)
def test_a_bar_is_as_wide_as_it_may_be_and_shows_every_kind(rows: int, bad: int, aside: int) -> None:
    counts = FileCounts(facts=facts("users.csv", rows), rejected=bad, set_aside={"absent": aside})

    parts = bar_segments(counts)

    there = {"accepted": counts.accepted, "rejected": bad, "aside": aside}
    assert [name for name, _, _ in parts] == [name for name, count in there.items() if count]
    assert all(width > 0 for _, _, width in parts)
    assert sum(width for _, _, width in parts) == (1_000 if rows else 0)


def test_findings_csv_cuts_nothing_off() -> None:
    found = [
        Finding(code="user.phone.invalid", file="users.csv", line=line, column="phone", value="x")
        for line in range(2, 3_002)
    ]

    lines = list(csv.reader(io.StringIO(findings_csv(report(judgement(findings=found)), masked=False))))

    assert lines[0] == ["file", "line", "column", "code", "level", "rejects", "value", "message", "fix", "count"]
    assert len(lines) == 3_001


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", " =1", "\t=1", "'=1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(value: str) -> None:
    table = users_table({2: ("u-1", "0042", "pilot", value, "Li", None)})
    rows = rejected(("users.csv", 2, "u-1", ["user.role.unknown"], False))
    found = [Finding(code="user.role.unknown", file="users.csv", line=2, column="role", value=value)]
    made = report(judgement(files=[table.facts], findings=found, rejected_rows=rows))

    for text in (findings_csv(made, masked=False), rejected_csv(made, table) or ""):
        cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
        assert not [cell for cell in cells if re.match(r"\s*[=+\-@\uff1d]", cell)]


def test_rejected_rows_come_as_they_were_with_batch_line_and_reason() -> None:
    text = rejected_csv(a_full_night(), tables_of_a_full_night()["users"])

    assert text is not None
    head, row = list(csv.reader(io.StringIO(text)))
    assert head == [*REPAIR_COLUMNS, *USERS]
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

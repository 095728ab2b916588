"""A district that other people published, in a format of its own, comes as OneRoster over SFTP.

The counts are those of the published tables: the sample's README, and `sort | uniq -c` on the columns.
"""

from collections import Counter
from pathlib import Path

import pytest

from connect_store.store import open_store
from processors.conformance import check_conformance
from tests.asking import ask
from tests.stories.insights_k12 import BASE_TABLES, INSIGHTS, delivery
from tests.stories.springfield import Springfield
from validators import catalogue

pytestmark = pytest.mark.skipif(
    not (INSIGHTS.is_dir() and BASE_TABLES.is_dir()), reason="the samples are not beside the project"
)

MITCHELL = "ab2a9665-ce87-4120-a8b5-edd392875e42"
HAMPTON = "79ab1377-61f3-4462-95c8-284cb10201b8"
GALLAGHER = "00b46bad-eb1d-41d3-ad11-16095144a56f"
ROBINSON = "421b6506-5b1c-45b1-8f9f-d65a35bbcf32"
THOMPSON = "c4a80b3b-710f-4207-bf05-7688c6b6d5c5"
SCHOOLS = (MITCHELL, HAMPTON, GALLAGHER, ROBINSON, THOMPSON)


def test_insights_k12_comes_over_sftp_and_stands_in_the_store(springfield: Springfield) -> None:
    springfield.takes_schools_as_they_come()
    springfield.uploads(delivery())
    report = springfield.next_report()

    assert report.verdict == "accepted"
    assert {name: made["created"] for name, made in report.document["changes"].items()} == {
        "student": 600, "guardian": 0, "staff": 40, "classroom": 87, "membership": 3687, "guardianship": 0,
    }  # fmt: skip
    rows = {file["file"]: (file["rows"], file["accepted"]) for file in report.document["files"]}
    assert rows == {"users.csv": (640, 640), "classes.csv": (87, 87), "enrollments.csv": (3687, 3687)}

    assert _counted(springfield, "select school from attachment where kind = 'student'") == dict.fromkeys(SCHOOLS, 120)
    assert _counted(springfield, "select school from attachment where kind = 'staff'") == _at_schools(9, 9, 8, 8, 6)
    assert _counted(springfield, "select school from classroom") == _at_schools(19, 19, 19, 15, 15)
    assert _counted(
        springfield,
        "select c.school from membership m join classroom c on c.key = m.classroom where m.kind = 'student'",
    ) == dict.fromkeys(SCHOOLS, 720)
    assert _counted(springfield, "select grades from person where kind = 'student'") == {
        "09": 153, "10": 156, "11": 135, "12": 156,
    }  # fmt: skip
    of_each = _counted(springfield, "select key from membership where kind = 'student'")
    assert Counter(of_each.values()) == {6: 600}


def test_insights_k12_keeps_the_specification(tmp_path: Path) -> None:
    for name, content in delivery().items():
        (tmp_path / name).write_bytes(content)

    report = check_conformance([tmp_path], None, lambda _: None).report

    assert (report.verdict, report.version, report.mode) == ("accepted", "1.1", "bulk")
    findings = report.judgement.findings.select("code", "file", "line", "column").rows()
    # The sample's year ends in December 2021, before its spring term begins, and is called 2022.
    assert {finding for finding in findings if catalogue.entry(finding[0]).level != "info"} == {
        ("oneroster.session.outside_parent", "academicSessions.csv", 2, "parentSourcedId"),
        ("oneroster.session.school_year", "academicSessions.csv", 3, "schoolYear"),
    }


def _at_schools(*counts: int) -> dict[str, int]:
    return dict(zip(SCHOOLS, counts, strict=True))


def _counted(springfield: Springfield, sql: str) -> dict[str, int]:
    """How often each value stands in the rows that a statement finds in the store."""
    with open_store(springfield.home.store_db) as store:
        rows = ask(store, sql)
    return dict(Counter(value for (value,) in rows))

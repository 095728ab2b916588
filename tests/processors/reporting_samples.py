"""Reports of an invented district, built by hand so that a test can say what is in every cell."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from config.tables import TableName
from processors.guarding import GuardOutcome, Limit
from processors.reporting.contents import Report
from validators.findings import Finding, as_frame
from validators.judging import REJECTED, SET_ASIDE, Judgement
from validators.tables import BROKEN, FileFacts, Table

RECEIVED = datetime(2026, 11, 24, 2, 11, 9, tzinfo=UTC)

USERS = ("sourcedId", "orgSourcedIds", "role", "givenName", "familyName", "phone")


def facts(file: str, rows: int, **more: Any) -> FileFacts:
    return FileFacts(file=file, bytes=rows * 80, sha256=f"{rows:064x}", rows=rows, **more)


def rejected(*rows: tuple[str, int, str | None, list[str], bool]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=REJECTED, orient="row")


def set_aside(*rows: tuple[str, int, str | None, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SET_ASIDE, orient="row")


def judgement(
    *,
    files: Iterable[FileFacts] = (),
    findings: Iterable[Finding] = (),
    rejected_rows: pl.DataFrame | None = None,
    set_aside_rows: pl.DataFrame | None = None,
    schools: Mapping[str, str] | None = None,
    refused: bool = False,
) -> Judgement:
    return Judgement(
        facts=tuple(files),
        standing={},
        findings=as_frame(findings),
        rejected=rejected() if rejected_rows is None else rejected_rows,
        set_aside=set_aside() if set_aside_rows is None else set_aside_rows,
        schools={"0042": "Lincoln High", "0043": "Roosevelt Middle"} if schools is None else schools,
        refused=refused,
    )


def report(judged: Judgement | None = None, **more: Any) -> Report:
    given: dict[str, Any] = {
        "verdict": "accepted",
        "judgement": judged or judgement(files=[facts("users.csv", 180)]),
        "district": "springfield",
        "district_name": "Springfield Unified",
        "time_zone": "America/Chicago",
        "number": 42,
        "received": RECEIVED,
    }
    return Report(**given | more)


def users_table(rows: Mapping[int, tuple[str | None, ...]], broken: Mapping[int, str] | None = None) -> Table:
    lines = list(rows)
    cells = {name: [rows[line][place] for line in lines] for place, name in enumerate(USERS)}
    return Table(
        name="users",
        facts=facts("users.csv", len(rows) + len(broken or {})),
        rows=pl.DataFrame({"line": lines} | cells, schema={"line": pl.UInt32()} | dict.fromkeys(USERS, pl.String())),
        broken=pl.DataFrame([(line, raw, "row.cells") for line, raw in (broken or {}).items()], BROKEN, orient="row"),
    )


def a_full_night(**more: Any) -> Report:
    """Everything that a report can show at once."""
    files = (
        facts("users.csv", 1_204),
        facts("classes.csv", 96, newline="CRLF"),
        facts("enrollments.csv", 5_310),
        facts("guardians.csv", 801, carried_from=41),
    )
    findings = (
        Finding(code="enrollment.class.rejected", file="enrollments.csv", line=70, column="classSourcedId", cause=4),
        Finding(code="enrollment.user.rejected", file="enrollments.csv", line=12, column="userSourcedId", cause=2),
        Finding(code="user.role.unknown", file="users.csv", line=17, column="role", value="Teachr", hint="teacher"),
        Finding(code="user.school.other", file="users.csv", detail="0099", count=31),
        Finding(code="class.title.missing", file="classes.csv", line=8, column="title"),
        *(
            Finding(code="user.phone.invalid", file="users.csv", line=line, column="phone", value=f"{line}-n/a")
            for line in range(200, 214)
        ),
        Finding(code="file.password_dropped", file="users.csv", column="password"),
    )
    rows = rejected(
        ("users.csv", 17, "u-17", ["user.role.unknown"], False),
        ("classes.csv", 8, "c-8", ["class.title.missing"], False),
        ("enrollments.csv", 12, "c-1/u-17", ["enrollment.user.rejected"], True),
        ("enrollments.csv", 70, "c-8/u-3", ["enrollment.class.rejected"], True),
    )
    aside = set_aside(
        *(("users.csv", 300 + number, f"u-{300 + number}", "other_school") for number in range(31)),
        ("users.csv", 9, "u-9", "duplicate"),
        ("guardians.csv", 5, "s-5/g-5", "no_contact"),
    )
    given: dict[str, Any] = {
        "verdict": "withheld",
        "changes": {
            "student": {"created": 12, "updated": 40, "unchanged": 950, "withheld": 80},
            "staff": {"created": 1, "unchanged": 70},
            "classroom": {"created": 2, "unchanged": 93},
            "membership": {"created": 31, "unchanged": 5_270, "withheld": 400},
        },
        "guard": GuardOutcome(
            limits=(
                Limit(school="0042", type="student", managed=501, vanishing=80, allowed=50),
                Limit(school="0043", type="student", managed=480, vanishing=40, allowed=48),
                Limit(school="0043", type="staff", managed=30, vanishing=0, allowed=3),
            )
        ),
        "carried": {41: datetime(2026, 11, 23, 9, 11, 9, tzinfo=UTC)},
    }
    judged = judgement(files=files, findings=findings, rejected_rows=rows, set_aside_rows=aside)
    return report(judged, **given | more)


def tables_of_a_full_night() -> dict[TableName, Table]:
    return {"users": users_table({17: ("u-17", "0042", "Teachr", "Ana", "López", "+15555550100")})}

"""Clever's CSV files told as users, classes, enrollments and guardians (clever-classlink A11, D1).

Every row says in two columns of its own where it stood (`config.origins`), so that whatever is found in it is told of
the file that was sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.clever_files import CLEVER_FILES, NEEDED, CleverFile
from config.origins import FILE
from config.origins import LINE as SENT_LINE
from config.profiles import Clever
from config.tables import TableName
from validators.clever.columns import COLUMNS, CONTACT, TEACHERS
from validators.clever.vocabulary import GRADES, HOMEROOM, contacts_taken
from validators.findings import Finding
from validators.tables import LINE, Sheet

_STAFF_PREFIX: Final = "staff-"
_REACHED_BY: Final = ("contactEmail", "phone")
_NAME: Final = ("givenName", "middleName", "familyName")
_SAID_OF_A_PERSON: Final = (*_NAME, "identifier", "email", "grades", "username")

Sheets = Mapping[CleverFile, Sheet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The tables that Clever's files make, each with the columns of its file, and what there is to say about them."""

    tables: Mapping[TableName, pl.DataFrame]
    findings: tuple[Finding, ...]


def converted(sheets: Sheets, settings: Clever, *, guardians: bool) -> Converted:
    """The tables that Clever's files make; none where a file or what it is for is missing.

    Args:
        sheets: the files, with the columns of `validators.clever.columns`; every row could be read.
        settings: which contacts are taken.
        guardians: whether contacts become guardians.csv, because no other file brings guardians.
    """
    rows = {file: sheet.rows for file, sheet in sheets.items()}
    if lacking := [*_lacking(rows)]:
        return Converted(tables={}, findings=tuple(lacking))
    adults = _adults(rows)
    tables: dict[TableName, pl.DataFrame] = {
        "users": _users(rows["students"], adults),
        "classes": _classes(rows["sections"]),
        "enrollments": _enrollments(rows, adults),
    }
    findings = [Finding(code="clever.taken", detail=", ".join(f"{file}.csv" for file in CLEVER_FILES if file in rows))]
    findings += [*_differing(rows), *_sharing(adults)]
    if guardians:
        found, said = _guardians(rows["students"], settings)
        findings += said
        if found is not None:
            tables["guardians"] = found
    return Converted(tables=tables, findings=tuple(findings))


def _lacking(rows: Mapping[CleverFile, pl.DataFrame]) -> Iterator[Finding]:
    """What is not there without which everybody of a kind would seem to have left."""
    for file in CLEVER_FILES:
        if file in NEEDED and file not in rows:
            yield Finding(code="clever.missing", file=f"{file}.csv")
        elif file in NEEDED and rows[file].is_empty():
            yield Finding(code="clever.no_rows", file=f"{file}.csv")
    sections = rows.get("sections")
    if sections is not None and not sections.is_empty() and _is_without_teachers(sections):
        yield Finding(code="clever.no_rows", file="sections.csv", column="Teacher_id")


def _is_without_teachers(sections: pl.DataFrame) -> bool:
    return bool(sections.select(pl.all_horizontal(pl.col(_teachers_of(sections)).is_null()).all()).item())


def _teachers_of(sections: pl.DataFrame) -> list[str]:
    return [name for name in TEACHERS if name in sections.columns]


def _column(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, pl.String)


def _placed(rows: pl.DataFrame, file: CleverFile) -> pl.DataFrame:
    """Rows that say where they stand."""
    return rows.with_columns(pl.lit(f"{file}.csv").alias(FILE), pl.col(LINE).cast(pl.String).alias(SENT_LINE))


def _each_once(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a person, where its first one stood; without an ID no row is of another's person.

    Args:
        rows: placed, with `key`, `role`, and `apart`, by which people are told apart.

    Returns: `sourcedId`, `key`, `role`, `schools` (list of str: of all rows), what is said of a person as far as the
    rows have it, and the origin.
    """
    said = [name for name in (*_SAID_OF_A_PERSON, "language") if name in rows.columns]
    alone = pl.coalesce("apart", pl.concat_str(pl.lit("\n"), FILE, SENT_LINE))
    return rows.group_by(alone.alias("alone"), maintain_order=True).agg(
        pl.col("sourcedId", "key", "role").first(),
        pl.col("orgSourcedIds").drop_nulls().unique(maintain_order=True).alias("schools"),
        pl.col(said).drop_nulls().first(),
        pl.col(FILE, SENT_LINE).first(),
    )


def _differing(rows: Mapping[CleverFile, pl.DataFrame]) -> Iterator[Finding]:
    """People of whom two rows say different things: the first row counts."""
    for file in ("students", "teachers", "staff"):
        if file not in rows:
            continue
        people = rows[file].filter(pl.col("sourcedId").is_not_null())
        said = [name for name in _SAID_OF_A_PERSON if name in people.columns and name not in _NAME]
        if not said:
            continue
        several = people.group_by("sourcedId", maintain_order=True).agg(
            pl.col(LINE).first(), *(pl.col(name).drop_nulls().n_unique() > 1 for name in said)
        )
        odd = several.filter(pl.any_horizontal(said))
        if not odd.is_empty():
            headers = {name: header for header, name in COLUMNS[file].items()}
            columns = [headers[name] for name in said if odd[name].any()]
            yield Finding(
                code="clever.rows_differ",
                file=f"{file}.csv",
                line=odd[LINE].item(0),
                detail=", ".join(columns),
                count=odd.height,
            )


def _adults(rows: Mapping[CleverFile, pl.DataFrame]) -> pl.DataFrame:
    """Teachers and staff, each person once, as `_each_once` tells them.

    Clever's students, teachers and staff have IDs of their own, so one number may stand for three people; a prefix
    tells them apart then. Who has the ID and the family name of a teacher is that teacher.
    """
    teachers = _placed(rows["teachers"], "teachers").with_columns(role=pl.lit("teacher"), key="sourcedId")
    parts = [teachers]
    if "staff" in rows:
        staff = _placed(rows["staff"], "staff").with_columns(role=pl.lit("administrator"))
        names = teachers.select(who=_id_and_name())["who"].drop_nulls().unique().implode()
        is_other = _is_in(teachers["sourcedId"]) & ~_id_and_name().is_in(names).fill_null(value=False)
        parts.append(staff.with_columns(key=_prefixed(is_other)))
    adults = pl.concat(parts, how="diagonal")
    is_student = _is_in(rows["students"]["sourcedId"])
    key = pl.when(is_student).then(_prefixed(is_student)).otherwise("key")
    return _each_once(adults.with_columns(key=key, apart=key))


def _id_and_name() -> pl.Expr:
    return pl.concat_str("sourcedId", pl.lit("\n"), pl.col("familyName").str.to_lowercase())


def _is_in(ids: pl.Series) -> pl.Expr:
    return pl.col("sourcedId").is_in(ids.drop_nulls().unique().implode()).fill_null(value=False)


def _prefixed(is_taken: pl.Expr) -> pl.Expr:
    return pl.when(is_taken).then(pl.lit(_STAFF_PREFIX) + pl.col("sourcedId")).otherwise("sourcedId")


def _sharing(adults: pl.DataFrame) -> Iterator[Finding]:
    """IDs that stand for several people."""
    apart = adults.filter(pl.col("key") != pl.col("sourcedId"))
    if not apart.is_empty():
        yield Finding(code="clever.ids_shared", file=apart[FILE].item(0), count=apart.height, detail=_STAFF_PREFIX)


def _users(students: pl.DataFrame, adults: pl.DataFrame) -> pl.DataFrame:
    """users.csv: without phones, which Clever does not know of students and staff: an empty cell would clear them."""
    name = pl.concat_str(pl.col("givenName", "familyName").str.to_lowercase(), separator="\n", ignore_nulls=True)
    pupils = _placed(students, "students").with_columns(
        role=pl.lit("student"),
        key="sourcedId",
        apart=pl.concat_str("sourcedId", name, separator="\n"),  # two children under one ID: the rules reject both
    )
    people = pl.concat([_each_once(pupils), adults], how="diagonal")
    told = ("username", "givenName", "familyName", "middleName", "identifier", "email", "language")
    grades = {"grades": pl.col("grades").replace(GRADES)} if "grades" in people.columns else {}
    return people.select(
        sourcedId="key",
        status=pl.lit("active"),
        orgSourcedIds=pl.col("schools").list.join(","),
        role="role",
        **{name: pl.col(name) for name in told if name in people.columns},
        **grades,
        **_origin(),
    )


def _origin() -> dict[str, pl.Expr]:
    return {name: pl.col(name) for name in (FILE, SENT_LINE)}


def _classes(sections: pl.DataFrame) -> pl.DataFrame:
    rows = _placed(sections, "sections")
    course = pl.concat_str(_column(rows, "courseName"), _column(rows, "periods"), separator=" ", ignore_nulls=True)
    grades = {"grades": pl.col("grades").replace(GRADES)} if "grades" in rows.columns else {}
    told = ("classCode", "termSourcedIds", "subjects", "periods")
    is_homeroom = _column(rows, "subjects").str.to_lowercase() == HOMEROOM
    return rows.select(
        sourcedId="sourcedId",
        status=pl.lit("active"),
        title=pl.coalesce(_column(rows, "title"), course.replace("", None)),
        schoolSourcedId="schoolSourcedId",
        classType=pl.when(is_homeroom).then(pl.lit("homeroom")).otherwise(pl.lit("scheduled")),
        **{name: pl.col(name) for name in told if name in rows.columns},
        **grades,
        **_origin(),
    )


def _enrollments(rows: Mapping[CleverFile, pl.DataFrame], adults: pl.DataFrame) -> pl.DataFrame:
    """Members of classes: students as enrollments.csv names them, teachers as sections.csv does."""
    students = _placed(rows["enrollments"], "enrollments").select(
        classSourcedId="classSourcedId",
        userSourcedId="userSourcedId",
        role=pl.lit("student"),
        primary=pl.lit("false"),
        **_origin(),
    )
    sections = _placed(rows["sections"], "sections")
    columns = _teachers_of(sections)
    teachers = (
        sections.select(pl.col("sourcedId").alias("classSourcedId"), *columns, FILE, SENT_LINE)
        .unpivot(columns, index=["classSourcedId", FILE, SENT_LINE], value_name="teacher", variable_name="place")
        .filter(pl.col("teacher").is_not_null())
    )
    keys = (
        adults.select(teacher="sourcedId", key="key")
        .drop_nulls("teacher")
        .unique("teacher", keep="first", maintain_order=True)
    )
    teaching = teachers.join(keys, on="teacher", how="left", maintain_order="left").select(
        classSourcedId="classSourcedId",
        userSourcedId=pl.coalesce("key", "teacher"),
        role=pl.lit("teacher"),
        primary=pl.when(pl.col("place") == TEACHERS[0]).then(pl.lit("true")).otherwise(pl.lit("false")),
        **_origin(),
    )
    members = pl.concat([students, teaching])
    once = members.unique(["classSourcedId", "userSourcedId", "role"], keep="first", maintain_order=True)
    own_id = pl.concat_str("classSourcedId", "userSourcedId", separator=":")
    return once.select(own_id.alias("sourcedId"), pl.lit("active").alias("status"), pl.all())


def _guardians(students: pl.DataFrame, settings: Clever) -> tuple[pl.DataFrame | None, Sequence[Finding]]:
    """guardians.csv, or why its columns make none; an empty file would say that all guardians left."""
    if unusable := _unusable(students):
        return None, [unusable]
    telling = [name for name in ("contact", "guardianSourcedId", *_REACHED_BY) if name in students.columns]
    contacts = students.filter(pl.any_horizontal(pl.col(telling).is_not_null()))  # without a name it is told, not lost
    if contacts.is_empty():
        return None, [Finding(code="clever.no_contacts", file="students.csv", detail="Contact_name")]
    full = contacts.with_columns(
        pl.lit(None, pl.String).alias(name) for name in CONTACT.values() if name not in contacts.columns
    )
    named = _placed(full, "students").with_columns(first=pl.lit(None, pl.String), last="contact")
    guardians = contacts_taken(named, settings).select(
        studentSourcedId="sourcedId",
        guardianSourcedId="guardianSourcedId",
        givenName="given",
        familyName="family",
        email="contactEmail",
        sms="sms",
        phone="phone",
        **_origin(),
    )
    same = [name for name in guardians.columns if name not in (FILE, SENT_LINE)]
    once = guardians.unique(same, keep="first", maintain_order=True)
    if once.is_empty():
        return None, [Finding(code="clever.no_contacts", file="students.csv", detail="Contact_type")]
    return once, [Finding(code="clever.contacts", file="students.csv", count=once.height)]


def _unusable(students: pl.DataFrame) -> Finding | None:
    """Why nobody can be made of the contacts of students.csv."""
    there = [name for name in CONTACT.values() if name in students.columns]
    if not there:
        return Finding(code="clever.no_contact_columns", file="students.csv")
    headers = {name: header for header, name in CONTACT.items()}
    if "contact" not in there:
        return Finding(code="clever.contacts_unusable", file="students.csv", column=headers["contact"])
    if not set(_REACHED_BY) & set(there):
        both = " or ".join(headers[name] for name in _REACHED_BY)
        return Finding(code="clever.contacts_unusable", file="students.csv", column=both)
    return None

"""What Clever's records mean as OneRoster files (clever-classlink D1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from config.profiles import Clever, Source
from roster_sources.frames import framed, joined
from roster_sources.roster_files import RosterFiles, without_classes
from validators.clever.vocabulary import GRADES, HOMEROOM, is_wanted, rank_of, with_names
from validators.findings import Finding

_KINDS: Final = {"students": "student", "teachers": "teacher", "staff": "staff", "district_admins": "district_admin"}

_SCHOOL: Final = {"id": pl.String, "sis_id": pl.String, "number": pl.String}
_TERM: Final = {"id": pl.String, "name": pl.String}
_SECTION: Final = {
    **dict.fromkeys(("id", "sis_id", "name", "school", "subject", "grade", "period", "number", "term"), pl.String),
}
_MEMBER: Final = {"section": pl.String, "user": pl.String, "teaches": pl.Boolean, "primary": pl.Boolean}
_PERSON: Final = {
    **dict.fromkeys(
        ("id", "kind", "first", "middle", "last", "email", "sis_id", "number", "username", "grade", "primary"),
        pl.String,
    ),
    "schools": pl.List(pl.String),
    "language": pl.String,
    "modified": pl.String,
}
_RELATION: Final = {
    **dict.fromkeys(
        ("contact", "student", "relationship", "type", "sis_id", "first", "last", "email", "phone", "phone_type"),
        pl.String,
    ),
}


@dataclass(slots=True)
class Collected:
    """The records of a walk as frames, a page at a time: what is kept of each is little."""

    schools: list[pl.DataFrame] = field(default_factory=list)
    terms: list[pl.DataFrame] = field(default_factory=list)
    sections: list[pl.DataFrame] = field(default_factory=list)
    members: list[pl.DataFrame] = field(default_factory=list)
    people: list[pl.DataFrame] = field(default_factory=list)
    relations: list[pl.DataFrame] = field(default_factory=list)

    def keep(self, collection: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Take the records of one page."""
        if collection == "schools":
            self.schools.append(framed(map(_school, records), _SCHOOL))
        elif collection == "terms":
            self.terms.append(framed(map(_term, records), _TERM))
        elif collection == "sections":
            self.sections.append(framed(map(_section, records), _SECTION))
            self.members.append(framed((one for record in records for one in _members(record)), _MEMBER))
        elif collection == "contacts":
            self.relations.append(framed((one for record in records for one in _relations(record)), _RELATION))
        else:
            kind = _KINDS[collection]
            self.people.append(framed((_person(record, kind) for record in records), _PERSON))


def files_of(collected: Collected, settings: Clever, source: Source) -> RosterFiles:
    """The OneRoster files of a walk."""
    schools = joined(collected.schools, _SCHOOL).unique("id", keep="last", maintain_order=True)
    school_ids = schools.select("id", school=_first_of(_SCHOOL_IDS[settings.school_ids]))
    people = _people(joined(collected.people, _PERSON), joined(collected.members, _MEMBER), settings)
    sections = joined(collected.sections, _SECTION).unique("id", keep="last", maintain_order=True)
    terms = joined(collected.terms, _TERM).select(term="id", term_name="name")
    classes = _classes(sections.join(terms, on="term", how="left"), school_ids, settings)
    classes, left = without_classes(classes, source.leave_classes)
    members, hidden = _enrollments(joined(collected.members, _MEMBER), classes, people)
    guardians, dangling = _guardians(joined(collected.relations, _RELATION), people, settings)
    users, unplaced = _users(people, school_ids, settings)
    return RosterFiles(
        users=users,
        classes=classes.drop("section", "term_name"),
        enrollments=members,
        guardians=guardians if source.guardians else None,
        links=joined(collected.members, _MEMBER).height + guardians.height + dangling,
        hidden=hidden + dangling,
        findings=(*left, *unplaced),
    )


_SCHOOL_IDS: Final = {
    "sis_id": ("sis_id", "id"),
    "clever_id": ("id",),
    "school_number": ("number", "sis_id", "id"),
}
_PEOPLE_IDS: Final = {"sis_id": ("sis_id", "id"), "clever_id": ("id",), "student_number": ("number", "sis_id", "id")}


def _first_of(columns: Sequence[str]) -> pl.Expr:
    """The first of these columns that holds anything."""
    return pl.coalesce(pl.col(column).replace("", None) for column in columns)


def _people(found: pl.DataFrame, members: pl.DataFrame, settings: Clever) -> pl.DataFrame:
    """One row a person with the column `key`: a teacher who is staff too is one person (clever-classlink A8)."""
    teaching = members.filter("teaches").select(id="user").unique()
    adult = pl.col("kind") != "student"
    merged = (
        found.sort("modified", nulls_last=False, maintain_order=True)
        .group_by("id", adult.alias("adult"), maintain_order=True)
        .agg(
            pl.col("kind").unique(maintain_order=True),
            pl.col("schools").explode().drop_nulls().unique(maintain_order=True),
            pl.exclude("id", "adult", "kind", "schools").drop_nulls().last(),
        )
        .join(teaching.with_columns(teaches=True), on="id", how="left")
    )
    role = (
        pl.when(~pl.col("adult"))
        .then(pl.lit("student"))
        .when(pl.col("kind").list.contains("teacher") & (pl.col("teaches") | (pl.col("kind").list.len() == 1)))
        .then(pl.lit("teacher"))
        .otherwise(pl.lit("administrator"))
    )
    keyed = merged.with_columns(role=role, key=_first_of(_PEOPLE_IDS[settings.people_ids]))
    taken = pl.col("adult") & pl.col("key").is_in(keyed.filter(~pl.col("adult"))["key"].implode())
    return keyed.with_columns(key=pl.when(taken).then("id").otherwise("key"))


def _users(
    people: pl.DataFrame, school_ids: pl.DataFrame, settings: Clever
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """users.csv, and how many people are of no school that is shared.

    It has no columns for phones, which Clever does not know of students and staff: an empty cell would clear them.
    """
    primary = pl.col("primary").replace("", None)
    alone = primary.is_not_null() & pl.lit(settings.schools == "primary")
    of_schools = pl.when(alone).then(pl.concat_list(primary)).otherwise(pl.col("schools"))
    named = (
        people.select("id", "adult", schools=of_schools)
        .explode("schools", empty_as_null=True, keep_nulls=True)
        .join(school_ids, left_on="schools", right_on="id", how="left")
        .group_by("id", "adult", maintain_order=True)
        .agg(pl.col("school").drop_nulls().unique(maintain_order=True), named=pl.col("schools").drop_nulls().len())
    )
    placed = people.join(named.rename({"school": "orgs"}), on=("id", "adult"), how="left", maintain_order="left")
    unplaced = placed.filter((pl.col("orgs").list.len() == 0) & (pl.col("named") > 0)).height
    users = placed.select(
        sourcedId="key",
        status=pl.lit("active"),
        dateLastModified="modified",
        enabledUser=pl.lit("true"),
        orgSourcedIds=pl.col("orgs").list.join(","),
        role="role",
        username="username",
        givenName="first",
        familyName="last",
        middleName="middle",
        identifier="number",
        email="email",
        grades=pl.col("grade").replace(GRADES),
        language="language",
    )
    return users, (Finding(code="source.unplaced", count=unplaced),) if unplaced else ()


def _classes(sections: pl.DataFrame, school_ids: pl.DataFrame, settings: Clever) -> pl.DataFrame:
    placed = sections.join(school_ids.rename({"id": "of"}), left_on="school", right_on="of", how="left")
    columns = ("id",) if settings.class_ids == "clever_id" else ("sis_id", "id")
    homeroom = pl.col("subject") == HOMEROOM
    return placed.select(
        section="id",
        term_name="term_name",
        sourcedId=_first_of(columns),
        status=pl.lit("active"),
        title="name",
        grades=pl.col("grade").replace(GRADES),
        classCode="number",
        classType=pl.when(homeroom).then(pl.lit("homeroom")).otherwise(pl.lit("scheduled")),
        schoolSourcedId="school_right",
        termSourcedIds="term",
        subjects="subject",
        periods="period",
    )


def _enrollments(members: pl.DataFrame, classes: pl.DataFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """enrollments.csv, and how many members are nobody that is shared."""
    of_class = members.unique(["section", "user", "teaches"], maintain_order=True).join(
        classes.select("section", classSourcedId="sourcedId", schoolSourcedId="schoolSourcedId"), on="section"
    )
    known = people.select("id", "adult", "role", "key")
    placed = of_class.join(
        known, left_on=("user", "teaches"), right_on=("id", "adult"), how="left", maintain_order="left"
    )
    rows = placed.filter(pl.col("key").is_not_null()).select(
        sourcedId=pl.col("section") + ":" + pl.col("user"),
        status=pl.lit("active"),
        classSourcedId="classSourcedId",
        schoolSourcedId="schoolSourcedId",
        userSourcedId="key",
        role=pl.when("teaches").then(pl.lit("teacher")).otherwise(pl.lit("student")),
        primary=pl.col("primary").cast(pl.String),
    )
    return rows, placed["key"].null_count()


def _guardians(relations: pl.DataFrame, people: pl.DataFrame, settings: Clever) -> tuple[pl.DataFrame, int]:
    """guardians.csv, and how many relations name a student who is not shared.

    A contact without an ID in the SIS has none here either: Clever gives it a new one whenever its phone changes, and
    Connect knows such a guardian by name and contact (clever-classlink A8).
    """
    cell = pl.col("phone_type") == "Cell"
    kept = relations.filter(
        is_wanted("type", settings.contact_types), is_wanted("relationship", settings.contact_relationships)
    ).with_columns(phone=pl.when(is_wanted("phone_type", settings.phone_types)).then("phone"))
    students = people.filter(~pl.col("adult")).select("id", "key")
    placed = kept.with_columns(rank=rank_of("type")).join(students, left_on="student", right_on="id", how="left")
    named = with_names(placed.filter(pl.col("key").is_not_null()).sort("rank", maintain_order=True))
    rows = named.unique(["contact", "student"], keep="first", maintain_order=True).select(
        studentSourcedId="key",
        guardianSourcedId=pl.col("sis_id").replace("", None),
        givenName="given",
        familyName="family",
        email="email",
        sms=pl.when(cell).then("phone"),
        phone=pl.when(~cell.fill_null(value=False)).then("phone"),
        language=pl.lit(None, dtype=pl.String),
    )
    return rows, placed["key"].null_count()


def _text(value: Any) -> str | None:
    """A value as text; absent, null and empty are one (clever-classlink A3)."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)


def _school(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return _text(record.get("id")), _text(record.get("sis_id")), _text(record.get("school_number"))


def _term(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return _text(record.get("id")), _text(record.get("name"))


def _section(record: Mapping[str, Any]) -> tuple[Any, ...]:
    named = ("id", "sis_id", "name", "school", "subject", "grade", "period", "section_number", "term_id")
    return tuple(_text(record.get(name)) for name in named)


def _members(record: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    section, first = record.get("id"), record.get("teacher") or None
    for student in record.get("students") or ():
        yield section, student, False, False
    for teacher in dict.fromkeys([*([first] if first else []), *(record.get("teachers") or ())]):
        yield section, teacher, True, teacher == first


def _person(record: Mapping[str, Any], kind: str) -> tuple[Any, ...]:
    name = record.get("name") or {}
    role = (record.get("roles") or {}).get(kind) or {}
    numbers = {"student": "student_number", "teacher": "teacher_number", "staff": "staff_id"}
    primary, schools = _text(role.get("school")), [school for school in role.get("schools") or () if school]
    return (
        _text(record.get("id")),
        kind,
        _text(name.get("first")),
        _text(name.get("middle")),
        _text(name.get("last")),
        _text(record.get("email")),
        _text(role.get("sis_id") or (role.get("staff_id") if kind == "staff" else None)),
        _text(role.get(numbers.get(kind, ""))) or (_text(role.get("state_id")) if kind == "student" else None),
        _text((role.get("credentials") or {}).get("district_username")),
        _text(role.get("grade")),
        primary,
        [*([primary] if primary else []), *schools],
        _language(role),
        _text(record.get("last_modified")),
    )


def _language(role: Mapping[str, Any]) -> str | None:
    """The code, since 3.1; where that is `other`, the name says more (clever-classlink A4)."""
    code = _text(role.get("home_language_code"))
    return code if code and code != "other" else _text(role.get("home_language"))


def _relations(record: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    name = record.get("name") or {}
    role = (record.get("roles") or {}).get("contact") or {}
    for relation in role.get("student_relationships") or ():
        yield (
            _text(record.get("id")),
            _text(relation.get("student")),
            _text(relation.get("relationship")),
            _text(relation.get("type")),
            _text(role.get("sis_id")),
            _text(name.get("first")),
            _text(name.get("last")),
            _text(record.get("email")),
            _text(role.get("phone")),
            _text(role.get("phone_type")),
        )

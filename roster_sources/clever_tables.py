"""What Clever's records mean as OneRoster files (clever-classlink D1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from config.profiles import Clever, Source
from roster_sources.failures import PullFailed
from roster_sources.pages import Form, joined, newest_of, told
from roster_sources.roster_files import RosterFiles, repeated, without_classes
from validators.clever.vocabulary import GRADES, HOMEROOM, contacts_taken
from validators.distinct import all_differ
from validators.findings import Finding

_KINDS: Final = {"students": "student", "teachers": "teacher", "staff": "staff", "district_admins": "district_admin"}

_SCHOOL: Final = {"id": pl.String, "sis_id": pl.String, "number": pl.String}
_TERM: Final = {"id": pl.String, "name": pl.String}
_SECTION: Final = {
    **dict.fromkeys(("id", "sis_id", "name", "school", "subject", "grade", "period", "number", "term"), pl.String),
    **dict.fromkeys(("teacher", "modified"), pl.String),
    **dict.fromkeys(("students", "teachers"), pl.List(pl.String)),
}
_PERSON: Final = {
    **dict.fromkeys(
        (
            "id",
            "kind",
            "first",
            "middle",
            "last",
            "email",
            "sis_id",
            "staff_id",
            "number",
            "username",
            "grade",
            "primary",
        ),
        pl.String,
    ),
    "schools": pl.List(pl.String),
    "language": pl.String,
    "modified": pl.String,
}
_RELATION: Final = {
    **dict.fromkeys(
        (
            *("contact", "student", "relationship", "type", "sis_id", "first", "last", "email", "phone", "phone_type"),
            "modified",
        ),
        pl.String,
    ),
}

_NAME: Final = pl.Struct(dict.fromkeys(("first", "middle", "last"), pl.String))
_ROLE: Final = pl.Struct(
    {
        **dict.fromkeys(("sis_id", "staff_id", "student_number", "teacher_number", "state_id", "grade"), pl.String),
        **dict.fromkeys(("school", "home_language", "home_language_code"), pl.String),
        "schools": pl.List(pl.String),
        "credentials": pl.Struct({"district_username": pl.String}),
    }
)
_RELATIONS: Final = pl.List(pl.Struct(dict.fromkeys(("student", "relationship", "type"), pl.String)))
_CONTACT: Final = pl.Struct(
    {**dict.fromkeys(("sis_id", "phone", "phone_type"), pl.String), "student_relationships": _RELATIONS}
)
_NUMBERS: Final = {"student": "student_number", "teacher": "teacher_number", "staff": "staff_id"}


def _form(*texts: str, **others: pl.DataType) -> Form:
    return Form("data", {**dict.fromkeys(("id", *texts, "last_modified"), pl.String()), **others}, inside="data")


def _users(kind: str, role: pl.DataType) -> Form:
    return _form("email", name=_NAME, roles=pl.Struct({kind: role}))


_IDS: Final = pl.List(pl.String)
_FORMS: Final[Mapping[str, Form]] = {
    "schools": _form("sis_id", "school_number"),
    "terms": _form("name"),
    "sections": _form(
        *("sis_id", "name", "school", "subject", "grade", "period", "section_number", "term_id", "teacher"),
        students=_IDS,
        teachers=_IDS,
    ),
    **{collection: _users(kind, _ROLE) for collection, kind in _KINDS.items()},
    "contacts": _users("contact", _CONTACT),
}


COLLECTIONS: Final = frozenset(_FORMS)
"""What Clever is asked for."""


@dataclass(slots=True)
class Collected:
    """The records of a walk as frames, a page at a time: what is kept of each is little."""

    schools: list[pl.DataFrame] = field(default_factory=list)
    terms: list[pl.DataFrame] = field(default_factory=list)
    sections: list[pl.DataFrame] = field(default_factory=list)
    people: list[pl.DataFrame] = field(default_factory=list)
    relations: list[pl.DataFrame] = field(default_factory=list)

    def form(self, collection: str) -> Form:
        """What is read of the pages of a collection."""
        return _FORMS[collection]

    def keep(self, collection: str, records: pl.DataFrame) -> None:
        """Take the records of one page."""
        if collection == "schools":
            self.schools.append(records.select(_texts(id="id", sis_id="sis_id", number="school_number")))
        elif collection == "terms":
            self.terms.append(records.select(_texts(id="id", name="name")))
        elif collection == "sections":
            self.sections.append(_sections(records))
        elif collection == "contacts":
            self.relations.append(_relations(records))
        else:
            self.people.append(_persons(records, _KINDS[collection]))


def files_of(collected: Collected, settings: Clever, source: Source) -> RosterFiles:
    """The OneRoster files of a walk."""
    schools = joined(collected.schools, _SCHOOL).unique("id", keep="last", maintain_order=True)
    school_ids = schools.select("id", school=_first_of(_SCHOOL_IDS[settings.school_ids]))
    sections, sections_again = newest_of(joined(collected.sections, _SECTION), "id", modified="modified")
    records, people_again = newest_of(joined(collected.people, _PERSON), "id", "kind", modified="modified")
    relations, contacts_again = _newest_contacts(joined(collected.relations, _RELATION))
    told_members = _members(sections)
    people = _people(records, told_members, settings)
    terms = joined(collected.terms, _TERM).unique("id", keep="last", maintain_order=True)
    terms = terms.select(term="id", term_name="name")
    classes = _classes(sections.join(terms, on="term", how="left"), school_ids, settings)
    classes, left = without_classes(classes, source.leave_classes)
    members, hidden = _enrollments(told_members, classes, people)
    guardians, dangling = _guardians(relations, people, settings)
    unwanted = relations.height if not guardians.height and not dangling else 0
    none_left = (Finding(code="source.contacts_unwanted", count=unwanted),) if unwanted and source.guardians else ()
    users, unplaced = _placed(people, school_ids, settings)
    return RosterFiles(
        users=users,
        classes=classes.drop("section", "term_name"),
        enrollments=members,
        guardians=guardians if source.guardians else None,
        memberships=told_members.height,
        links=told_members.height + guardians.height + dangling,
        hidden=hidden + dangling,
        findings=(*repeated(sections_again, people_again, contacts_again), *left, *unplaced, *none_left),
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
    of_staff = pl.col("sis_id").is_null() & pl.col("staff_id").is_not_null()
    known = merged.with_columns(role=role, of_staff=of_staff, sis_id=pl.coalesce("sis_id", "staff_id"))
    return _with_own_keys(known.with_columns(key=_first_of(_PEOPLE_IDS[settings.people_ids])))


def _with_own_keys(people: pl.DataFrame) -> pl.DataFrame:
    """People of whom nobody has the key of somebody else: students, teachers and staff are numbered apart.

    The record that Clever made first keeps it, whoever comes later: Clever's IDs ascend (clever-classlink A3). Two
    records of a kind with one ID of the SIS stay so, for that is a fault to tell.
    """
    if all_differ(people["key"]):
        return people
    owners = people.sort("id", "adult").unique("key", keep="first", maintain_order=True)
    beside = people.join(
        owners.select("key", "id", "adult", "of_staff"), on="key", how="left", suffix="_first", maintain_order="left"
    )
    is_other_kind = pl.col("adult") != pl.col("adult_first")
    is_later = is_other_kind | (pl.col("id") != pl.col("id_first"))
    is_apart = is_other_kind | pl.col("of_staff") | pl.col("of_staff_first")
    key = pl.when(is_later & is_apart).then("id").otherwise("key")
    return beside.with_columns(key=key).select(people.columns)


def _placed(
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
        userIds=_sis_ids(),
        givenName="first",
        familyName="last",
        middleName="middle",
        identifier="number",
        email="email",
        grades=pl.col("grade").replace(GRADES),
        language="language",
    )
    return users, (Finding(code="source.unplaced", count=unplaced),) if unplaced else ()


def _sis_ids() -> pl.Expr:
    """The ID of the SIS, as OneRoster writes further IDs: it tells who is who where people are known by another one."""
    known = pl.col("sis_id").replace("", None)
    return pl.concat_str(pl.lit("{sisId:"), known, pl.lit("}"))


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
    of_class = members.join(classes.select("section", "schoolSourcedId", classSourcedId="sourcedId"), on="section")
    known = people.select("id", "adult", "key")
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
    students = people.filter(~pl.col("adult")).select("id", "key")
    placed = contacts_taken(relations, settings).join(
        students, left_on="student", right_on="id", how="left", maintain_order="left"
    )
    known = placed.filter(pl.col("key").is_not_null())
    rows = known.unique(["contact", "student"], keep="first", maintain_order=True).select(
        studentSourcedId="key",
        guardianSourcedId=pl.col("sis_id").replace("", None),
        givenName="given",
        familyName="family",
        email="email",
        sms="sms",
        phone="phone",
    )
    return rows, placed["key"].null_count()


def _newest_contacts(relations: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The relations of each contact as it changed last, and how many came otherwise before: one has a row a student."""
    latest = pl.col("modified").max().over("contact")
    older = relations.filter(pl.col("modified") < latest)
    if older.is_empty():
        return relations, 0
    return relations.filter(pl.col("modified").eq_missing(latest)), older.select("contact", "modified").n_unique()


def _texts(**columns: str | pl.Expr) -> list[pl.Expr]:
    return [told(value).alias(name) for name, value in columns.items()]


def _sections(records: pl.DataFrame) -> pl.DataFrame:
    """Sections, each with its list of students, which Clever always gives (clever-classlink A4).

    Raises:
        PullFailed: one has none; that is no section without students.
    """
    if records["students"].null_count():
        raise PullFailed("source.unusable", "no list of students")
    same = ("id", "sis_id", "name", "school", "subject", "grade", "period")
    texts = _texts(**{name: name for name in same}, number="section_number", term="term_id")
    return records.select(*texts, *_texts(teacher="teacher", modified="last_modified"), "students", "teachers")


def _members(sections: pl.DataFrame) -> pl.DataFrame:
    """Students and teachers of each section, in this order; `teacher` is the primary one (clever-classlink A4)."""
    first, nobody = pl.col("teacher"), pl.lit([], dtype=_IDS)
    lead = pl.when(first.is_null()).then(nobody).otherwise(pl.concat_list(first))
    teachers = pl.concat_list(lead, pl.col("teachers").fill_null(nobody))
    of_section = sections.with_row_index("row").select(
        "row",
        section="id",
        first=first,
        students=pl.col("students").list.unique(maintain_order=True),
        teachers=teachers.list.unique(maintain_order=True),
    )
    columns = ("section", "user", "teaches", "primary")
    students = of_section.select("row", "section", user="students", teaches=False, primary=False)
    teaching = of_section.select("row", "section", "first", user="teachers", teaches=True)
    members = [
        students.explode("user", keep_nulls=False).select("row", *columns),
        teaching.explode("user", keep_nulls=False)
        .with_columns(primary=pl.col("user").eq_missing(pl.col("first")))
        .select("row", *columns),
    ]
    return pl.concat(members).sort("row", "teaches", maintain_order=True).select(columns)


def _persons(records: pl.DataFrame, kind: str) -> pl.DataFrame:
    name = pl.col("name").struct
    role = pl.col("roles").struct.field(kind).struct
    staff_id = told(role.field("staff_id")) if kind == "staff" else pl.lit(None, dtype=pl.String)
    state_id = [told(role.field("state_id"))] if kind == "student" else []
    number = [told(role.field(_NUMBERS[kind]))] if kind in _NUMBERS else [pl.lit(None, dtype=pl.String)]
    primary = told(role.field("school"))
    others = role.field("schools").list.eval(told(pl.element())).list.drop_nulls()
    code = told(role.field("home_language_code"))
    return records.select(
        *_texts(id="id"),
        pl.lit(kind).alias("kind"),
        *_texts(first=name.field("first"), middle=name.field("middle"), last=name.field("last"), email="email"),
        *_texts(sis_id=role.field("sis_id")),
        staff_id.alias("staff_id"),
        pl.coalesce(*number, *state_id).alias("number"),
        *_texts(username=role.field("credentials").struct.field("district_username"), grade=role.field("grade")),
        primary.alias("primary"),
        pl.concat_list(primary, others.fill_null(pl.lit([], dtype=_IDS))).list.drop_nulls().alias("schools"),
        # The code, since 3.1; where that is `other`, the name says more (clever-classlink A4).
        pl.when(code != "other").then(code).otherwise(told(role.field("home_language"))).alias("language"),
        *_texts(modified="last_modified"),
    )


def _relations(records: pl.DataFrame) -> pl.DataFrame:
    name = pl.col("name").struct
    role = pl.col("roles").struct.field("contact").struct
    relation = pl.col("relation").struct
    contacts = records.select(
        "email",
        contact="id",
        relation=role.field("student_relationships"),
        sis_id=role.field("sis_id"),
        first=name.field("first"),
        last=name.field("last"),
        phone=role.field("phone"),
        phone_type=role.field("phone_type"),
        modified="last_modified",
    )
    return contacts.explode("relation", keep_nulls=False).select(
        _texts(
            contact="contact",
            student=relation.field("student"),
            relationship=relation.field("relationship"),
            type=relation.field("type"),
            **{name: name for name in ("sis_id", "first", "last", "email", "phone", "phone_type", "modified")},
        )
    )

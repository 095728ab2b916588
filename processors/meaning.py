"""What the rows that stand mean in Connect's terms: schools, people, guardianships, classrooms, memberships."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from connect_store.records import ATTACHMENT, ATTRIBUTE, CLASSROOM, GUARDIANSHIP, MEMBERSHIP, PERSON, EntityName
from validators.judging import KEPT, Judgement
from validators.values import ATTRIBUTES

# Connect's fields and the columns of a file that fill them.
_PERSON_COLUMNS: Final[Mapping[str, str]] = {
    "given_name": "givenName",
    "family_name": "familyName",
    "email": "email",
    "sms": "sms",
    "phone": "phone",
    "language": "language",
    "grades": "grades",
    "identifier": "identifier",
}
_CLASSROOM_COLUMNS: Final[Mapping[str, str]] = {"school": "schoolSourcedId", "title": "title", "grades": "grades"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """One night's roster.

    Attributes:
        records: for each entity a frame of its columns and `kept` (list of str): fields that keep what is stored,
            because their column is not in the file or their value was rejected.
        brought: the entities that tonight's files speak about; what is not here is neither changed nor missing.
        users_came: whether users.csv is in the set; without it nothing is said about students and staff.
        guardians_from: which file brings guardians tonight; guardians of the other one are left alone.
    """

    records: Mapping[EntityName, pl.DataFrame]
    brought: frozenset[EntityName]
    users_came: bool
    guardians_from: Literal["users", "guardians"] | None


def roster(judgement: Judgement, before: Mapping[EntityName, pl.DataFrame]) -> Roster:
    """The standing rows of a judgement as Connect's records (connect-behaviour 3).

    `before` is what the sync last brought, by entity: a guardian without an ID is looked for in it.
    """
    users = judgement.standing.get("users", _no_rows("sourcedId", "kind"))
    contacts = judgement.standing.get("guardians")
    people = [_people(users)]
    attachments = [_attachments(users)]
    links = [_agents(users if judgement.guardians_from == "users" else users.clear())]
    if contacts is not None and judgement.guardians_from == "guardians":
        contacts = _with_guardian_ids(contacts, before)
        people.append(_people_of(contacts))
        links.append(_links_of(contacts))
        attachments.append(_schools_through_students(contacts, attachments[0]))
    return Roster(
        records={
            "person": _once(pl.concat(people, how="diagonal"), PERSON.key),
            "attachment": _once(pl.concat(attachments), ATTACHMENT.key),
            "classroom": _classrooms(judgement),
            "membership": _memberships(judgement, users),
            "guardianship": _once(pl.concat(links), GUARDIANSHIP.key),
            "attribute": _attributes(judgement, before),
        },
        brought=_brought(judgement),
        users_came="users" in judgement.standing,
        guardians_from=judgement.guardians_from if _guardians_came(judgement) else None,
    )


def _people(users: pl.DataFrame) -> pl.DataFrame:
    role = pl.when(pl.col("kind") == "staff").then(
        pl.when(pl.col("role") == "administrator").then(pl.lit("admin")).otherwise(pl.lit("teacher"))
    )
    source = pl.when(pl.col("kind") == "guardian").then(pl.lit("users"))
    return users.select(
        "kind",
        pl.col("sourcedId").alias("key"),
        *_fields(users, _PERSON_COLUMNS),
        role.alias("role"),
        source.alias("source"),
        _kept_fields(users, _PERSON_COLUMNS),
    )


def _people_of(contacts: pl.DataFrame) -> pl.DataFrame:
    """Guardians of guardians.csv, each once: a field counts as in the first row of the file that fills it."""
    rows = contacts.select(
        pl.lit("guardian").alias("kind"),
        pl.col("guardianSourcedId").alias("key"),
        *_fields(contacts, _PERSON_COLUMNS),
        pl.lit(None, pl.String).alias("role"),
        pl.lit("guardians").alias("source"),
        _kept_fields(contacts, _PERSON_COLUMNS),
    )
    filled = [pl.col(field).drop_nulls().first() for field in _PERSON_COLUMNS]
    return rows.group_by("kind", "key", maintain_order=True).agg(*filled, pl.col("role", "source", KEPT).first())


def _attachments(users: pl.DataFrame) -> pl.DataFrame:
    return users.select(
        "kind",
        pl.col("sourcedId").alias("key"),
        pl.col("schools").alias("school"),
        pl.when(pl.col("kind") == "guardian").then(pl.lit("users")).alias("source"),
    ).explode("school")


def _schools_through_students(contacts: pl.DataFrame, attachments: pl.DataFrame) -> pl.DataFrame:
    """guardians.csv names no school: a guardian belongs to the schools of the student (connect-behaviour 9.4)."""
    students = attachments.filter(pl.col("kind") == "student")
    return (
        contacts.select("studentSourcedId", "guardianSourcedId")
        .join(students, left_on="studentSourcedId", right_on="key")
        .select(
            pl.lit("guardian").alias("kind"),
            pl.col("guardianSourcedId").alias("key"),
            "school",
            pl.lit("guardians").alias("source"),
        )
    )


def _agents(users: pl.DataFrame) -> pl.DataFrame:
    """Links that stand in users.csv, on whichever side; judging has put both on the student's row."""
    return (
        users.filter(pl.col("kind") == "student")
        .select(
            pl.col("sourcedId").alias("student"), pl.col("agents").alias("guardian"), pl.lit("users").alias("source")
        )
        .explode("guardian")
        .drop_nulls("guardian")
    )


def _links_of(contacts: pl.DataFrame) -> pl.DataFrame:
    """A student who has six guardians already is not named: the guardian is brought, the link is not."""
    return contacts.drop_nulls("studentSourcedId").select(
        pl.col("studentSourcedId").alias("student"),
        pl.col("guardianSourcedId").alias("guardian"),
        pl.lit("guardians").alias("source"),
    )


def _with_guardian_ids(contacts: pl.DataFrame, before: Mapping[EntityName, pl.DataFrame]) -> pl.DataFrame:
    """An ID for guardians that have none: the SIS ID of a guardian is optional (connect-behaviour 6, G5).

    Somebody of this name whom the student has already, or who has the same e-mail or mobile, is the same person
    (connect-behaviour 9.2); only a newcomer gets an ID, made of name and contact.
    """
    rows = contacts.with_columns(
        _column(contacts, "guardianSourcedId").alias("guardianSourcedId"),
        _column(contacts, "email").alias("email"),
        _column(contacts, "sms").alias("sms"),
        _name(pl.col("givenName"), pl.col("familyName")).alias("who"),
    )
    guardians = (
        before["person"]
        .filter(pl.col("kind") == "guardian")
        .with_columns(_name(pl.col("given_name"), pl.col("family_name")).alias("who"))
    )
    families = before["guardianship"].join(guardians, left_on="guardian", right_on="key").rename({"guardian": "key"})
    rows = _found(rows, families, {"studentSourcedId": "student"}, "of_student")
    rows = _found(rows, guardians, {"email": "email"}, "of_email")
    rows = _found(rows, guardians, {"sms": "sms"}, "of_sms")
    made = pl.concat_str(["who", pl.coalesce("email", "sms", pl.lit(""))], separator="|")
    return rows.with_columns(
        pl.coalesce(
            "guardianSourcedId",
            "of_student",
            "of_email",
            "of_sms",
            made.map_elements(_made_id, return_dtype=pl.String),
        ).alias("guardianSourcedId")
    ).drop("who", "of_student", "of_email", "of_sms")


def _found(rows: pl.DataFrame, known: pl.DataFrame, by: Mapping[str, str], name: str) -> pl.DataFrame:
    """Rows with the key of whoever has the same name and the same value in these columns; null where nobody has."""
    keys = known.select("who", *by.values(), pl.col("key").alias(name)).drop_nulls()
    first = keys.sort(name).unique(subset=["who", *by.values()], keep="first")
    return rows.join(first, left_on=["who", *by], right_on=["who", *by.values()], how="left", maintain_order="left")


def _name(given: pl.Expr, family: pl.Expr) -> pl.Expr:
    return pl.concat_str([given.fill_null(""), family.fill_null("")], separator="|").str.to_lowercase()


def _made_id(who: str) -> str:
    return f"contact-{hashlib.sha256(who.encode()).hexdigest()[:16]}"


def _classrooms(judgement: Judgement) -> pl.DataFrame:
    classes = judgement.standing.get("classes", _no_rows("sourcedId"))
    return classes.select(
        pl.col("sourcedId").alias("key"),
        *_fields(classes, _CLASSROOM_COLUMNS),
        _kept_fields(classes, _CLASSROOM_COLUMNS),
    ).select(*CLASSROOM.columns, KEPT)


def _memberships(judgement: Judgement, users: pl.DataFrame) -> pl.DataFrame:
    """Key is class and user, the role follows users.csv (connect-behaviour 1.3, 3.6)."""
    enrollments = judgement.standing.get("enrollments", _no_rows("classSourcedId", "userSourcedId"))
    members = (
        enrollments.select(pl.col("classSourcedId").alias("classroom"), pl.col("userSourcedId").alias("key"))
        .join(users.select(pl.col("sourcedId").alias("key"), "kind"), on="key")
        .select(MEMBERSHIP.columns)
    )
    return _once(members, MEMBERSHIP.key)


def _attributes(judgement: Judgement, before: Mapping[EntityName, pl.DataFrame]) -> pl.DataFrame:
    """Every cell as a record; an empty one clears what the sync brought, and says nothing where it brought nothing."""
    rows = judgement.standing.get("student_attributes")
    fields = rows.schema[ATTRIBUTES] if rows is not None else pl.Struct({})
    assert isinstance(fields, pl.Struct)
    cells = [
        pl.struct(name=pl.lit(field.name), value=pl.col(ATTRIBUTES).struct.field(field.name))
        for field in fields.fields
        if field.name != "studentSourcedId"
    ]
    if rows is None or not cells:
        return _once(pl.DataFrame(schema=ATTRIBUTE.schema), ATTRIBUTE.key)
    told = (
        rows.select(KEPT, student="studentSourcedId", cell=pl.concat_list(cells))
        .explode("cell")
        .unnest("cell")
        .filter(~pl.col(KEPT).list.contains(pl.col("name")))
        .select(ATTRIBUTE.columns)
    )
    clearing = told.filter(pl.col("value").is_null()).join(before["attribute"], on=ATTRIBUTE.key, how="semi")
    return _once(pl.concat([told.drop_nulls("value"), clearing]), ATTRIBUTE.key)


def _brought(judgement: Judgement) -> frozenset[EntityName]:
    names: set[EntityName] = set()
    if "users" in judgement.standing:
        names |= {"person", "attachment"}
    if "classes" in judgement.standing:
        names |= {"classroom"}
    if {"users", "enrollments"} <= judgement.standing.keys():  # who is enrolled as what stands in users.csv
        names |= {"membership"}
    if _guardians_came(judgement):
        names |= {"person", "attachment"}
    if _links_came(judgement):
        names |= {"guardianship"}
    if "student_attributes" in judgement.standing:
        names |= {"attribute"}
    return frozenset(names)


def _guardians_came(judgement: Judgement) -> bool:
    return judgement.guardians_from is not None and judgement.guardians_from in judgement.standing


def _links_came(judgement: Judgement) -> bool:
    """A users.csv whose `agentSourcedIds` column vanished says nothing about links: all of them stay."""
    if judgement.guardians_from == "users":
        return "agentSourcedIds" in judgement.standing.get("users", _no_rows()).columns
    return _guardians_came(judgement)


def _once(records: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    keys = records.select(pl.struct(key).n_unique()).item()  # measured: less than half of making them unique
    unique = records if keys == records.height else records.unique(subset=key, keep="first", maintain_order=True)
    return unique if KEPT in unique.columns else unique.with_columns(pl.lit([], pl.List(pl.String)).alias(KEPT))


def _fields(rows: pl.DataFrame, columns: Mapping[str, str]) -> list[pl.Expr]:
    return [_column(rows, column).alias(field) for field, column in columns.items()]


def _column(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, pl.String)


def _kept_fields(rows: pl.DataFrame, columns: Mapping[str, str]) -> pl.Expr:
    """Fields whose column the file lacks, and those whose value was rejected (INTERFACES, "Rule sets")."""
    vanished = [field for field, column in columns.items() if column not in rows.columns]
    fields = {column: field for field, column in columns.items()}
    rejected = pl.col(KEPT).list.eval(pl.element().replace_strict(fields, default=None)).list.drop_nulls()
    return rejected.list.concat(pl.lit(vanished, pl.List(pl.String))).alias(KEPT)


def _no_rows(*columns: str) -> pl.DataFrame:
    names = dict.fromkeys((*columns, "kind", "role"), pl.String())
    lists = dict.fromkeys(("schools", "agents", KEPT), pl.List(pl.String()))
    return pl.DataFrame(schema={**names, **lists})

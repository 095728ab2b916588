"""What the records of a OneRoster server mean as OneRoster files (clever-classlink D2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from config.profiles import Guardians, OneRosterApi, Reading, Source
from roster_sources.pages import REFERENCE, Form, joined, newest_of, told
from roster_sources.roster_files import RosterFiles, repeated, without_classes
from validators.clever.vocabulary import with_names
from validators.findings import Finding

_ROLES: Final = {  # of 1.2; those of 1.1 are their own words
    "counselor": "administrator",
    "districtadministrator": "administrator",
    "principal": "administrator",
    "siteadministrator": "administrator",
    "systemadministrator": "administrator",
}
_DISTRICTS: Final = ("district", "local", "state", "national")
_GUARDIANS: Final = ("guardian", "parent", "relative")

_ORG: Final = {"id": pl.String, "type": pl.String}
_TERM: Final = {"id": pl.String, "title": pl.String}
_CLASS: Final = {
    **dict.fromkeys(
        (
            *("sourcedId", "status", "dateLastModified", "title", "grades", "classCode", "classType", "location"),
            *("schoolSourcedId", "termSourcedIds", "subjects", "periods"),
        ),
        pl.String,
    )
}
_USER: Final = {
    **dict.fromkeys(
        (
            *("sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role", "username"),
            *("givenName", "familyName", "middleName", "identifier", "email", "sms", "phone", "grades", "language"),
        ),
        pl.String,
    ),
    "agents": pl.List(pl.String),
}
_ENROLLMENT: Final = {
    **dict.fromkeys(
        (
            *("sourcedId", "status", "dateLastModified", "classSourcedId", "schoolSourcedId", "userSourcedId"),
            *("role", "primary", "beginDate", "endDate"),
        ),
        pl.String,
    )
}
_RELATIVE: Final = dict.fromkeys(("student", "name", "email", "phone"), pl.String)

_LIST: Final = pl.List(pl.String)
_REFERENCES: Final = pl.List(REFERENCE)
_BASE: Final = ("sourcedId", "status", "dateLastModified")
_OF_CLASS: Final = ("title", "classCode", "classType", "location")
_OF_USER: Final = ("username", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone")
_OF_ENROLLMENT: Final = ("role", "primary", "beginDate", "endDate")
_COLUMNS: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "orgs": dict.fromkeys((*_BASE, "type"), pl.String()),
    "academicSessions": dict.fromkeys((*_BASE, "title"), pl.String()),
    "classes": {
        **dict.fromkeys((*_BASE, *_OF_CLASS, "schoolSourcedId"), pl.String()),
        **dict.fromkeys(("grades", "subjects", "periods"), _LIST),
        "school": REFERENCE,
        "terms": _REFERENCES,
    },
    "users": {
        **dict.fromkeys((*_BASE, *_OF_USER, "enabledUser", "role"), pl.String()),
        "grades": _LIST,
        **dict.fromkeys(("agents", "orgs"), _REFERENCES),
        "primaryOrg": REFERENCE,
        "roles": pl.List(pl.Struct({"roleType": pl.String, "role": pl.String, "org": REFERENCE})),
    },
    "enrollments": {
        **dict.fromkeys((*_BASE, *_OF_ENROLLMENT), pl.String()),
        **dict.fromkeys(("classSourcedId", "schoolSourcedId", "userSourcedId"), pl.String()),
        **dict.fromkeys(("class", "school", "user"), REFERENCE),
    },
    "demographics": dict.fromkeys(_BASE, pl.String()),
}


COLLECTIONS: Final = frozenset(_COLUMNS)
"""What a server is asked for."""


@dataclass(slots=True)
class Collected:
    """The records of a walk as frames, a page at a time."""

    settings: OneRosterApi
    orgs: list[pl.DataFrame] = field(default_factory=list)
    terms: list[pl.DataFrame] = field(default_factory=list)
    classes: list[pl.DataFrame] = field(default_factory=list)
    users: list[pl.DataFrame] = field(default_factory=list)
    enrollments: list[pl.DataFrame] = field(default_factory=list)
    relatives: list[pl.DataFrame] = field(default_factory=list)

    def form(self, collection: str) -> Form:
        """What is read of the pages of a collection."""
        names = []
        if collection == "users" and self.settings.language:
            names = [self.settings.language]
        if collection == "demographics":
            names = [name for names in _guardian_names(self.settings) for name in names if name]
        metadata = {"metadata": pl.Struct(dict.fromkeys(names, pl.String))} if names else {}
        return Form(collection, {**_COLUMNS[collection], **metadata}, bare=True)

    def keep(self, collection: str, records: pl.DataFrame) -> None:
        """Take the records of one page."""
        match collection:
            case "orgs":
                self.orgs.append(records.select(id=told("sourcedId"), type=told("type")))
            case "academicSessions":
                self.terms.append(records.select(id=told("sourcedId"), title=told("title")))
            case "classes":
                self.classes.append(records.select(_class()).select(*_CLASS))
            case "users":
                self.users.append(records.select(_user(self.settings.language)).select(*_USER))
            case "enrollments":
                self.enrollments.append(records.select(_enrollment()).select(*_ENROLLMENT))
            case _:
                self.relatives.append(_relatives(records, self.settings))


def files_of(collected: Collected, source: Source, guardians: Guardians, reading: Reading) -> RosterFiles:
    """The OneRoster files of a walk."""
    users, again = _newest(collected.users, _USER)
    classes, classes_again = _newest(collected.classes, _CLASS)
    enrollments, enrollments_again = _newest(collected.enrollments, _ENROLLMENT)
    twice = repeated(again, classes_again, enrollments_again)
    users, unplaced = _of_shared(users, collected.orgs)
    named = classes.join(_term_names(classes, collected.terms), on="sourcedId", how="left", maintain_order="left")
    classes, left = without_classes(named, source.leave_classes)
    memberships = enrollments.height
    enrollments = enrollments.filter(_is_one_of("classSourcedId", classes))
    members = enrollments.filter(_is_one_of("userSourcedId", users))
    people, unknown = users.drop("agents"), 0
    if source.guardians:
        links, unknown = _links(users)
        people = people.join(links, left_on="sourcedId", right_on="student", how="left", maintain_order="left")
    else:  # nor a column of links: it would say that there are none
        people = people.filter(~pl.col("role").is_in(_GUARDIANS))
    relatives = joined(collected.relatives, _RELATIVE).unique(maintain_order=True)
    return RosterFiles(
        users=people,
        classes=classes.drop("term_name"),
        enrollments=members,
        guardians=_guardians(relatives) if relatives.height and source.guardians else None,
        memberships=memberships,
        links=enrollments.height,
        hidden=enrollments.height - members.height,
        findings=(
            *twice,
            *left,
            *unplaced,
            *_unknown(unknown),
            *_of_district(users, collected.orgs, guardians, reading),
        ),
    )


def _term_names(classes: pl.DataFrame, terms: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """`sourcedId` of each class and its `term_name`, of several with commas between them."""
    titles = joined(terms, _TERM).unique("id", keep="last", maintain_order=True)
    return (
        classes.select("sourcedId", id=pl.col("termSourcedIds").str.split(","))
        .explode("id", empty_as_null=True, keep_nulls=True)
        .join(titles, on="id", maintain_order="left")
        .group_by("sourcedId", maintain_order=True)
        .agg(term_name=pl.col("title").str.join(","))
    )


def _is_one_of(column: str, records: pl.DataFrame) -> pl.Expr:
    """Whether it names one of the records; a filter that keeps every row copies none, as a join does."""
    return pl.col(column).is_in(records["sourcedId"].implode()).fill_null(value=False)


def _of_shared(users: pl.DataFrame, orgs: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, list[Finding]]:
    """People at the organisations that are shared, and how many are at none.

    A school that is shared no more is still named by those who are at another too (clever-classlink E 3).
    """
    shared = joined(orgs, _ORG)["id"].to_list()
    if not shared:
        return users, []
    at = pl.col("orgSourcedIds").str.split(",")
    is_kin = pl.col("role").is_in(_GUARDIANS)
    of_kin = [*shared, *_of_guardians_alone(users.select("role", org=at), orgs)]
    places = [pl.element().filter(pl.element().is_in(known)) for known in (of_kin, shared)]
    named = pl.when(is_kin).then(at.list.eval(places[0])).otherwise(at.list.eval(places[1]))
    placed = users.with_columns(orgSourcedIds=named.list.join(",").replace("", None))
    lost = placed["orgSourcedIds"].null_count() - users["orgSourcedIds"].null_count()
    return placed, [Finding(code="source.unplaced", count=lost)] if lost else []


def _of_guardians_alone(people: pl.DataFrame, orgs: Sequence[pl.DataFrame]) -> list[str]:
    """Organisations that are listed nowhere and that no student is at: the district, where only schools are listed."""
    listed = joined(orgs, _ORG)
    if listed["type"].is_in(_DISTRICTS).any():
        return []
    each = people.explode("org", empty_as_null=True, keep_nulls=True).filter(pl.col("org").is_not_null())
    of_kin = each.filter(pl.col("role").is_in(_GUARDIANS))["org"].unique(maintain_order=True)
    others = {*listed["id"], *each.filter(role="student")["org"]}
    return [org for org in of_kin if org not in others]


def _links(users: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Guardians of each student, from either side (B6), and how many that students name are not shared.

    These are written too: who is still named and only not shown has not left.
    """
    named = users.select("sourcedId", "role", agent="agents").explode("agent", empty_as_null=True, keep_nulls=True)
    named = named.filter(pl.col("agent").is_not_null())
    roles = users.select(agent="sourcedId", agent_role="role")
    known = named.join(roles, on="agent", how="left", maintain_order="left")
    hidden = pl.col("agent_role").is_null()
    ours = known.filter(pl.col("agent_role").is_in(_GUARDIANS) | hidden, role="student")
    theirs = known.filter(pl.col("role").is_in(_GUARDIANS), agent_role="student")
    pairs = pl.concat(
        [ours.select(student="sourcedId", guardian="agent"), theirs.select(student="agent", guardian="sourcedId")]
    ).unique(maintain_order=True)
    links = pairs.group_by("student", maintain_order=True).agg(agentSourcedIds=pl.col("guardian").str.join(","))
    return links, ours.filter(hidden).height


def _unknown(agents: int) -> list[Finding]:
    return [Finding(code="source.guardian.hidden", count=agents)] if agents else []


def _of_district(
    users: pl.DataFrame, orgs: Sequence[pl.DataFrame], guardians: Guardians, reading: Reading
) -> list[Finding]:
    """People who belong to the district alone, which the profile does not know: they would be set aside."""
    listed = joined(orgs, _ORG)
    alone = _of_guardians_alone(users.select("role", org=pl.col("orgSourcedIds").str.split(",")), orgs)
    district = [*listed.filter(pl.col("type").is_in(_DISTRICTS))["id"], *(alone if listed.height else ())]
    unknown = [org for org in district if org not in reading.district_ids]
    of_it = users.filter(pl.col("orgSourcedIds").is_in(unknown))
    kin = of_it.filter(pl.col("role").is_in(_GUARDIANS)).height
    staff = of_it.filter(~pl.col("role").is_in([*_GUARDIANS, "student"])).height
    found = []
    if staff:
        found.append(Finding(code="source.staff_of_district", detail=", ".join(unknown), count=staff))
    if kin and not guardians.schools_from_students:
        found.append(Finding(code="source.guardians_of_district", count=kin))
    return found


def _guardians(relatives: pl.DataFrame) -> pl.DataFrame:
    """guardians.csv, of guardians who are no users of their own: they have no ID (B6)."""
    named = with_names(relatives.with_columns(first=pl.lit(None, dtype=pl.String), last="name"))
    return named.select(
        studentSourcedId="student",
        guardianSourcedId=pl.lit(None, dtype=pl.String),
        givenName="given",
        familyName="family",
        email="email",
        sms="phone",
        phone=pl.lit(None, dtype=pl.String),
        language=pl.lit(None, dtype=pl.String),
    )


def _newest(pages: Sequence[pl.DataFrame], schema: Mapping[str, Any]) -> tuple[pl.DataFrame, int]:
    return newest_of(joined(pages, schema), "sourcedId", modified="dateLastModified")


def _texts(*names: str) -> list[pl.Expr]:
    return [told(name).alias(name) for name in names]


def _parts(name: str) -> pl.Expr:
    """A list as text, with commas between its parts (B5)."""
    return _together(pl.col(name).list.eval(told(pl.element()))).alias(name)


def _ref(name: str) -> pl.Expr:
    """The ID that a reference names, flat as `classSourcedId` or an object (B5). Its href is never followed."""
    flat = f"{name}SourcedId"
    return pl.coalesce(told(flat), told(pl.col(name).struct.field("sourcedId"))).alias(flat)


def _refs(name: str) -> pl.Expr:
    return pl.col(name).list.eval(told(pl.element().struct.field("sourcedId")))


def _together(parts: pl.Expr) -> pl.Expr:
    return told(parts.list.join(","))


def _class() -> list[pl.Expr]:
    terms = _together(_refs("terms")).alias("termSourcedIds")
    return [*_texts(*_BASE, *_OF_CLASS), *map(_parts, ("grades", "subjects", "periods")), _ref("school"), terms]


def _enrollment() -> list[pl.Expr]:
    return [*_texts(*_BASE, *_OF_ENROLLMENT), *map(_ref, ("class", "school", "user"))]


def _user(language: str) -> list[pl.Expr]:
    spoken = told(pl.col("metadata").struct.field(language)) if language else pl.lit(None, dtype=pl.String)
    return [
        *_texts(*_BASE, *_OF_USER, "enabledUser"),
        _parts("grades"),
        *_role_and_orgs(),
        spoken.alias("language"),
        _refs("agents").alias("agents"),
    ]


def _role_and_orgs() -> tuple[pl.Expr, pl.Expr]:
    """1.1 has one role and a list of organisations, 1.2 an organisation in each role, the primary one first (C3)."""
    one = pl.element().struct
    role = pl.coalesce(told("role"), _held(one.field("role")).list.drop_nulls().list.first()).str.to_lowercase()
    of_roles = _held(one.field("org").struct.field("sourcedId"))
    orgs = pl.coalesce(
        *(_together(place.list.unique(maintain_order=True)) for place in (_refs("orgs"), of_roles)),
        told(pl.col("primaryOrg").struct.field("sourcedId")),
    )
    return role.replace(_ROLES).alias("role"), orgs.alias("orgSourcedIds")


def _held(value: pl.Expr) -> pl.Expr:
    """A value of each role, those of primary ones first."""
    is_primary = pl.element().struct.field("roleType").eq_missing(pl.lit("primary"))
    roles = pl.col("roles").list
    return pl.concat_list(
        roles.eval(pl.when(is_primary).then(told(value))), roles.eval(pl.when(~is_primary).then(told(value)))
    )


def _guardian_names(settings: OneRosterApi) -> list[list[str]]:
    """The names in the metadata of demographics of name, e-mail and phone of each guardian."""
    return [[name.strip() for name in names.split(",")] for names in settings.guardian_columns]


def _relatives(records: pl.DataFrame, settings: OneRosterApi) -> pl.DataFrame:
    def value(name: str) -> pl.Expr:
        return told(pl.col("metadata").struct.field(name)) if name else pl.lit(None, dtype=pl.String)

    numbered = records.with_row_index("row")
    each = [
        numbered.select("row", student=told("sourcedId"), name=value(name), email=value(email), phone=value(phone))
        for name, email, phone in _guardian_names(settings)
    ]
    reached = pl.col("email").is_not_null() | pl.col("phone").is_not_null()
    found = pl.concat(each).filter(pl.col("name").is_not_null() & reached)
    return found.sort("row", maintain_order=True).drop("row")

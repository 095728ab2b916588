"""What the records of a OneRoster server mean as OneRoster files (clever-classlink D2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from config.profiles import Guardians, OneRosterApi, Reading, Source
from roster_sources.frames import framed, joined
from roster_sources.roster_files import RosterFiles, without_classes
from validators.clever.vocabulary import with_names
from validators.findings import Finding

_ROLES: Final = {  # of 1.2; those of 1.1 are their own words
    "counselor": "administrator",
    "districtadministrator": "administrator",
    "principal": "administrator",
    "siteadministrator": "administrator",
    "systemadministrator": "administrator",
}
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

    def keep(self, collection: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Take the records of one page."""
        match collection:
            case "orgs":
                self.orgs.append(framed(((_text(one, "sourcedId"), _text(one, "type")) for one in records), _ORG))
            case "academicSessions":
                self.terms.append(framed(((_text(one, "sourcedId"), _text(one, "title")) for one in records), _TERM))
            case "classes":
                self.classes.append(framed(map(_class, records), _CLASS))
            case "users":
                self.users.append(framed((_user(one, self.settings.language) for one in records), _USER))
            case "enrollments":
                self.enrollments.append(framed(map(_enrollment, records), _ENROLLMENT))
            case _:
                self.relatives.append(framed(_relatives(records, self.settings.guardian_columns), _RELATIVE))


def files_of(collected: Collected, source: Source, guardians: Guardians, reading: Reading) -> RosterFiles:
    """The OneRoster files of a walk."""
    users, unplaced = _of_shared(_newest(collected.users, _USER), collected.orgs)
    classes = _newest(collected.classes, _CLASS)
    enrollments = _newest(collected.enrollments, _ENROLLMENT)
    terms = joined(collected.terms, _TERM).select(termSourcedIds="id", term_name="title")
    classes, left = without_classes(classes.join(terms, on="termSourcedIds", how="left"), source.leave_classes)
    enrollments = enrollments.join(classes.select(classSourcedId="sourcedId"), on="classSourcedId", how="semi")
    strangers = enrollments.join(users.select(userSourcedId="sourcedId"), on="userSourcedId", how="anti")
    links, unknown = _links(users)
    people = users if source.guardians else users.filter(~pl.col("role").is_in(_GUARDIANS))
    linked = people.drop("agents").join(
        links, left_on="sourcedId", right_on="student", how="left", maintain_order="left"
    )
    relatives = joined(collected.relatives, _RELATIVE)
    return RosterFiles(
        users=linked,
        classes=classes.drop("term_name"),
        enrollments=enrollments.join(strangers, on="sourcedId", how="anti", maintain_order="left"),
        guardians=_guardians(relatives) if relatives.height and source.guardians else None,
        links=enrollments.height,
        hidden=strangers.height,
        findings=(*left, *unplaced, *_unknown(unknown), *_of_district(users, collected.orgs, guardians, reading)),
    )


def _of_shared(users: pl.DataFrame, orgs: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, list[Finding]]:
    """People at the organisations that are shared, and how many are at none.

    A school that is shared no more is still named by those who are at another too (clever-classlink E 3).
    """
    shared = joined(orgs, _ORG)["id"].to_list()
    if not shared:
        return users, []
    named = pl.col("orgSourcedIds").str.split(",").list.eval(pl.element().filter(pl.element().is_in(shared)))
    placed = users.with_columns(orgSourcedIds=named.list.join(",").replace("", None))
    lost = placed["orgSourcedIds"].null_count() - users["orgSourcedIds"].null_count()
    return placed, [Finding(code="source.unplaced", count=lost)] if lost else []


def _links(users: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Guardians of each student, from either side (B6), and how many agents are nobody that is shared."""
    named = users.select("sourcedId", "role", agent="agents").explode("agent", empty_as_null=True, keep_nulls=True)
    named = named.filter(pl.col("agent").is_not_null())
    roles = users.select(agent="sourcedId", agent_role="role")
    known = named.join(roles, on="agent", how="left", maintain_order="left")
    ours = known.filter(role="student").filter(pl.col("agent_role").is_in(_GUARDIANS))
    theirs = known.filter(pl.col("role").is_in(_GUARDIANS), agent_role="student")
    pairs = pl.concat(
        [ours.select(student="sourcedId", guardian="agent"), theirs.select(student="agent", guardian="sourcedId")]
    ).unique(maintain_order=True)
    links = pairs.group_by("student", maintain_order=True).agg(agentSourcedIds=pl.col("guardian").str.join(","))
    return links, known["agent_role"].null_count()


def _unknown(agents: int) -> list[Finding]:
    return [Finding(code="source.guardian.hidden", count=agents)] if agents else []


def _of_district(
    users: pl.DataFrame, orgs: Sequence[pl.DataFrame], guardians: Guardians, reading: Reading
) -> list[Finding]:
    """People who belong to the district alone, which the profile does not know: they would be set aside."""
    district = joined(orgs, _ORG).filter(pl.col("type").is_in(["district", "local", "state", "national"]))["id"]
    unknown = [org for org in district.to_list() if org not in reading.district_ids]
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


def _newest(pages: Sequence[pl.DataFrame], schema: Mapping[str, Any]) -> pl.DataFrame:
    """All records, each once: of several the one that changed last (E 13, 14)."""
    found = joined(pages, schema)
    if found["sourcedId"].is_unique().all():
        return found
    newest = found.sort("dateLastModified", nulls_last=False, maintain_order=True)
    return newest.unique("sourcedId", keep="last", maintain_order=True)


def _text(record: Mapping[str, Any], key: str) -> str | None:
    """A value as text: lists with commas between their parts, booleans in small letters (B5)."""
    value = record.get(key)
    if isinstance(value, list):
        return ",".join(str(one) for one in value if one not in (None, "")) or None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value in (None, "") else str(value)


def _ref(record: Mapping[str, Any], key: str) -> str | None:
    """The ID that a reference names: an object, or flat as `classSourcedId` (B5). Its href is never followed."""
    value = record.get(key)
    if isinstance(value, Mapping):
        return _text(value, "sourcedId")
    return _text(record, f"{key}SourcedId") or _text(record, key)


def _refs(record: Mapping[str, Any], key: str) -> list[str]:
    listed = record.get(key)
    listed = listed if isinstance(listed, list) else [listed]
    found = (one.get("sourcedId") if isinstance(one, Mapping) else one for one in listed)
    return [str(one) for one in found if one not in (None, "")]


def _class(record: Mapping[str, Any]) -> tuple[str | None, ...]:
    plain = ("sourcedId", "status", "dateLastModified", "title", "grades", "classCode", "classType", "location")
    terms = ",".join(_refs(record, "terms")) or None
    return (
        *(_text(record, key) for key in plain),
        _ref(record, "school"),
        terms,
        _text(record, "subjects"),
        _text(record, "periods"),
    )


def _enrollment(record: Mapping[str, Any]) -> tuple[str | None, ...]:
    plain = ("sourcedId", "status", "dateLastModified")
    return (
        *(_text(record, key) for key in plain),
        _ref(record, "class"),
        _ref(record, "school"),
        _ref(record, "user"),
        *(_text(record, key) for key in ("role", "primary", "beginDate", "endDate")),
    )


def _user(record: Mapping[str, Any], language: str) -> tuple[Any, ...]:
    role, orgs = _role_and_orgs(record)
    metadata = record.get("metadata")
    told = _text(metadata, language) if language and isinstance(metadata, Mapping) else None
    return (
        *(_text(record, key) for key in ("sourcedId", "status", "dateLastModified", "enabledUser")),
        ",".join(dict.fromkeys(orgs)) or None,
        role,
        *(_text(record, key) for key in ("username", "givenName", "familyName", "middleName", "identifier")),
        *(_text(record, key) for key in ("email", "sms", "phone", "grades")),
        told,
        _refs(record, "agents"),
    )


def _role_and_orgs(record: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """1.1 has one role and a list of organisations, 1.2 an organisation in each role, the primary one first (C3)."""
    roles = [one for one in record.get("roles") or () if isinstance(one, Mapping)]
    roles.sort(key=lambda one: one.get("roleType") != "primary")
    role = _text(record, "role") or (_text(roles[0], "role") if roles else None)
    orgs = _refs(record, "orgs") or [org for one in roles if (org := _ref(one, "org"))]
    orgs = orgs or _refs(record, "primaryOrg")
    small = role.lower() if role else None
    return (_ROLES.get(small, small) if small else None), orgs


def _relatives(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterable[tuple[str | None, ...]]:
    for record in records:
        metadata = record.get("metadata")
        if isinstance(metadata, Mapping):
            for keys in columns:
                name, email, phone = (_text(metadata, key.strip()) if key.strip() else None for key in keys.split(","))
                if name and (email or phone):
                    yield _text(record, "sourcedId"), name, email, phone

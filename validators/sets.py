"""What holds for a set of files as a whole: whose schools it is about, what is missing, what is empty."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Literal

import polars as pl

from config.profiles import Profile
from config.repairs import BATCH, PLACE
from config.tables import ALONGSIDE, SCHOOL_COLUMNS, TABLES, TableName, file_of
from validators.findings import Finding
from validators.headers import folded
from validators.sifting import KEYS
from validators.tables import LINE, Table
from validators.traces import LOST
from validators.values import ids_in
from validators.words import words_of

GuardianSource = Literal["users", "guardians", "none"]

_MARKS: Final = frozenset({folded(BATCH), folded(PLACE)})
_EMPTY: Final[Mapping[TableName, str]] = {"student_attributes": "attribute.none"}


def schools_named(table: Table | None) -> frozenset[str]:
    """Every ID that users.csv or classes.csv names as a school, in rows of any fate, unreadable ones included."""
    column = SCHOOL_COLUMNS[table.name] if table else ""
    if table is None or not table.has(column):
        return frozenset()
    return frozenset((*ids_in(table.rows[column].cast(pl.String)), *words_of(table.broken)["word"]))


def is_other_district(tables: Mapping[TableName, Table], profile: Profile) -> bool:
    """Whether users.csv or classes.csv has rows, and not one of them is of a school that the profile names.

    One of the two is enough: our own classes beside somebody else's users do not make them ours.
    """
    if profile.schools is None:
        return False
    foreign = (
        schools_named(tables.get(name)).isdisjoint({*profile.schools, *profile.reading.schools_merged()})
        for name in SCHOOL_COLUMNS
        if rows_in(tables, name)
    )
    return any(foreign)


def rows_in(tables: Mapping[TableName, Table], name: TableName) -> int:
    """How many rows a table has, unreadable ones included; none where it is not in the set."""
    table = tables.get(name)
    return table.rows.height + table.broken.height if table else 0


def missing_schools(tables: Mapping[TableName, Table], profile: Profile) -> list[Finding]:
    """Configured schools, and those that are part of them, that nobody in users.csv is of.

    The hint is an ID that differs in leading zeros only.
    """
    if profile.schools is None or not rows_in(tables, "users"):
        return []
    named = schools_named(tables.get("users"))
    expected = dict.fromkeys((*profile.schools, *profile.reading.schools_merged()))
    others = (named | schools_named(tables.get("classes"))) - expected.keys()
    bare = {school.lstrip("0"): school for school in sorted(others)}
    return [
        Finding(code="school.missing", detail=school, hint=bare.get(school.lstrip("0")))
        for school in expected
        if school not in named
    ]


def unmarked_repairs(tables: Mapping[TableName, Table], rejected: frozenset[str]) -> list[Finding]:
    """A users.csv that came tonight and holds nobody but people whom the batch before rejected, among others.

    These are repaired rows without the columns by which they are known; as a roster they would mean that all others
    left (INTERFACES, "Sending repaired rows back").
    """
    users = tables.get("users")
    if not rejected or users is None or users.facts.carried_from is not None or not users.has("sourcedId"):
        return []
    people = users.rows["sourcedId"].unique()
    is_repair = 0 < people.len() <= len(rejected) and people.is_in(list(rejected)).all()
    return [Finding(code="repair.marks_missing", file=file_of("users"))] if is_repair else []


def repairs_as_files(tables: Mapping[TableName, Table]) -> list[Finding]:
    """Files that hold columns of rejected rows and were yet taken for whole ones: from a ZIP, or with a mark renamed.

    As a roster they would mean that everything else is gone.
    """
    marked = (name for name, table in tables.items() if not _MARKS.isdisjoint(map(folded, table.rows.columns)))
    return [Finding(code="repair.no_whole_file", file=file_of(name)) for name in marked]


def empty_tables(tables: Mapping[TableName, Table]) -> list[Finding]:
    """Files that hold a header and nothing else: never "everybody left" (connect-behaviour 9.1)."""
    empty = (name for name in TABLES if name in tables and not rows_in(tables, name))
    return [Finding(code=_EMPTY.get(name, f"{name}.none"), file=file_of(name)) for name in empty]


def nothing_stands(tables: Mapping[TableName, Table], standing: Mapping[TableName, pl.DataFrame]) -> list[Finding]:
    """Files with rows of which none is left: never "all classes are gone" either; whatever their rows are.

    Where a file that enrollments point into is empty, that is said already.
    """
    explained = {"enrollments"} if any(name in tables and not rows_in(tables, name) for name in TABLES[:2]) else set()
    return [
        Finding(code=f"{name}.nothing_stands", file=file_of(name), count=rows_in(tables, name))
        for name in ("classes", "enrollments")
        if name in standing and name not in explained and rows_in(tables, name) and standing[name].is_empty()
    ]


def unknown_owners(tables: Mapping[TableName, Table]) -> list[Finding]:
    """Files with rows that are about somebody, and nobody knows whom, so that no record is protected.

    They could not be read and left no word that might be a key, mostly because their text may hold a password; or a
    letter of their ID was lost before it came.
    """
    found = []
    for name, table in tables.items():
        if name in ALONGSIDE:  # nothing is taken out because of what it lacks
            continue
        if table.broken.is_empty() and not table.may_lack_letters:
            continue
        keys = [pl.col(key) for key in KEYS[name] if table.has(key)]
        unread = table.broken.join(words_of(table.broken), on=LINE, how="anti")
        damaged = table.rows.filter(pl.any_horizontal(key.str.contains(LOST, literal=True) for key in keys))
        lost = pl.concat([unread.select(LINE), damaged.select(LINE)]).sort(LINE)
        if lost.height:
            first = lost.get_column(LINE).item(0)
            found.append(Finding(code="rows.unknown_owner", file=file_of(name), line=first, count=lost.height))
    return found


def missing_tables(missing: Iterable[TableName]) -> list[Finding]:
    """Expected files that are not in the set."""
    return [Finding(code="file.missing", file=file_of(name)) for name in TABLES if name in missing]


def guardian_source(profile: Profile, *, file_came: bool, file_seen: bool) -> GuardianSource:
    """Which file the district's guardians come from (connect-behaviour 9.3)."""
    if profile.guardians.source != "auto":
        return profile.guardians.source
    return "guardians" if file_came or file_seen else "users"


def schools_found(standing: Mapping[TableName, pl.DataFrame]) -> dict[str, str]:
    """The schools that count where the profile says `auto`: those of the students and of the classes.

    Args:
        standing: users with `kind` and `orgs` (list of str), classes with `schoolSourcedId`.

    Returns: ID to ID, which is the only name that is known, in order.
    """
    found: set[str] = set()
    if (users := standing.get("users")) is not None:
        found.update(users.filter(kind="student")["orgs"].explode().drop_nulls())
    if (classes := standing.get("classes")) is not None:
        found.update(classes["schoolSourcedId"].drop_nulls())
    return {school: school for school in sorted(found)}


def adopted(schools: Mapping[str, str]) -> list[Finding]:
    """Says which schools were found."""
    return [Finding(code="schools.adopted", detail=", ".join(schools), count=len(schools))] if schools else []


def rejected_shares(counts: Mapping[TableName, tuple[int, int]], profile: Profile) -> list[Finding]:
    """Files of which too much was rejected: they were probably misread (connect-behaviour 9.2).

    Args:
        counts: rejected rows and all rows of each table.
        profile: with the share that is too much, and how few rows never are.
    """
    return [
        Finding(code="rows.rejected_share", file=file_of(name), detail=f"{rejected * 100 / rows:.0f}", count=rejected)
        for name, (rejected, rows) in counts.items()
        if name not in ALONGSIDE
        and rejected >= profile.guard.rejected_at_least
        and rejected * 100 > rows * profile.guard.rejected_percent
    ]


def lost_guardians(source: GuardianSource, came: AbstractSet[TableName]) -> list[Finding]:
    """Says that guardians.csv, which brings the guardians, did not come tonight, unless `came` explains it."""
    lost = source == "guardians" and "guardians" not in came
    return [Finding(code="guardians.missing", file=file_of("guardians"))] if lost else []


def brings_guardians(source: GuardianSource, tables: Mapping[TableName, Table]) -> Literal["users", "guardians"] | None:
    """Which file brings guardians tonight; None where neither does, so that all of them are kept."""
    return source if source != "none" and rows_in(tables, source) else None

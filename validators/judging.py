"""Tables and a profile in, verdict on every row out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from config.profiles import Profile
from config.tables import TABLES, TableName, table_of
from validators import catalogue, causes, nights, one_school, relations, sets, sifting
from validators.abreast import abreast
from validators.adapting import adapted, as_delivered
from validators.alone import judged_alone
from validators.contacts import Uniqueness
from validators.elsewhere import Belonging
from validators.findings import Finding, as_frame
from validators.nights import RENUMBERED, Night
from validators.no_roster import OTHER_DISTRICT
from validators.origins import ORIGINS, origins_of
from validators.protecting import TOLD_BY, protected, without_id
from validators.schemas import columns_of
from validators.sifting import Sieve, joined_found, key_of
from validators.tables import LINE, FileFacts, Table
from validators.together import ADDED, Terms, judged_together

REJECTED: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    "line": pl.UInt32(),
    "key": pl.String(),
    "codes": pl.List(pl.String()),
    "cascade": pl.Boolean(),
}
"""Shape of the rejected rows, each once. `key`: sourcedId, or `class/user` and `student/guardian` for pairs."""

SET_ASIDE: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    "line": pl.UInt32(),
    "key": pl.String(),
    "reason": pl.String(),
}
"""Shape of the rows that are no fault and are not brought in, each once."""

KEPT: Final = sifting.KEPT
"""Column of standing rows (list of str): columns whose value was rejected, so that what is stored stays."""

WITHHOLDING: Final = frozenset(
    {
        "classes.none",
        "enrollments.none",
        "classes.nothing_stands",
        "enrollments.nothing_stands",
        "rows.unknown_owner",
    }
)
"""Codes that forbid archiving and unlinking, whatever the guard counts (connect-behaviour 9.1)."""

_TARGETS: Final[Mapping[str, TableName]] = {"user": "users", "class": "classes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows that judging must know too; empty where `check` works without a store.

    Attributes:
        guardians: sourcedIds of guardians that Connect has: one who lost every contact is no newcomer to set aside.
        guardians_file_seen: whether guardians.csv has ever come, which decides `guardians.source = "auto"`.
        night: how tonight's files stand beside what came before.
    """

    guardians: frozenset[str] = frozenset()
    guardians_file_seen: bool = False
    night: Night = field(default_factory=Night)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of every row of a batch. Rows of a file = standing + rejected + set aside, checked when it is made.

    Attributes:
        facts: one entry a file, in the order of TABLES.
        standing: the accepted rows of each table that is part of the batch: `line` u32, `kept` list of str, and the
            known text columns that the file has, with values as Connect will hold them (roles canonical, phones E.164,
            grades as CEDS codes, several as `09,10`). Beside these
            users: `kind` (student, guardian, staff), `schools` (list of str: those of the row that count, in its
            order), `agents` (list of str: of a student the guardians who are linked, at most six, whichever side
            names the link; else empty);
            classes: `grades` even where the file lacks them, for they are taken from the students;
            enrollments: `kind`; `role` is that of users.csv where they differ, `schoolSourcedId` that of the class;
            guardians: `studentSourcedId` is null, and in `kept`, where the student has six guardians already.
            student_attributes: `attributes` (struct of str: every column of the file; a rejected value is still there
            and named in `kept`).
            A guardians.csv without rows is not here: it brings nothing and takes nothing away.
        findings: as FINDINGS, unfolded; `cause` points into this same frame.
        rejected: as REJECTED.
        set_aside: as SET_ASIDE.
        protected: keys of rejected rows, whose records must stay as they were. One text column `key` for users,
            classes and student_attributes; `classSourcedId`, `userSourcedId` for enrollments; `studentSourcedId`,
            `guardianSourcedId` for guardians. Of a row that could not be read, every cell that might be a key is here.
            Where an ID is there but for zeros or case, the pair with that one is here too; so are links of users.csv.
            A null half of a pair means that the row does not say: every record with the other half is protected.
        without_id: the rejected rows of users and classes that lost their ID, as `protecting.TOLD_BY` tells them;
            whoever and whatever is told so may be meant.
        refused: whether nothing of this batch can be applied.
        withholds: codes of findings that forbid archiving and unlinking tonight, whatever the guard counts.
        schools: SIS ID to name of the schools that count: the profile's, or those found where it says `auto`.
        guardians_from: which table brings guardians tonight; None where neither does.
        renumbered: people who probably got a new ID, as `nights.RENUMBERED`.
        origins: where rows of tables that were made of other files stood in these, as `origins.ORIGINS`.
    """

    facts: tuple[FileFacts, ...]
    standing: Mapping[TableName, pl.DataFrame]
    findings: pl.DataFrame
    rejected: pl.DataFrame
    set_aside: pl.DataFrame
    protected: Mapping[TableName, pl.DataFrame] = field(default_factory=dict)
    without_id: Mapping[TableName, pl.DataFrame] = field(default_factory=dict)
    refused: bool = False
    withholds: tuple[str, ...] = ()
    schools: Mapping[str, str] = field(default_factory=dict)
    guardians_from: Literal["users", "guardians"] | None = None
    renumbered: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RENUMBERED))
    origins: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ORIGINS))


def unjudged(findings: pl.DataFrame) -> Judgement:
    """What can be said where no file was judged: `findings` as FINDINGS."""
    return Judgement(
        facts=(),
        standing={},
        findings=findings,
        rejected=pl.DataFrame(schema=REJECTED),
        set_aside=pl.DataFrame(schema=SET_ASIDE),
        refused=True,
    )


def judge(
    tables: Mapping[TableName, Table],
    profile: Profile,
    known: Known = Known(),
    *,
    read_findings: pl.DataFrame | None = None,
    missing: frozenset[TableName] = frozenset(),
) -> Judgement:
    """Judges every row of a batch; wrong data is a result and raises nothing.

    Args:
        tables: the files that could be read.
        profile: the district's.
        known: what the store knows.
        read_findings: what reading has found already, as FINDINGS; none of them follows from another.
        missing: expected tables that are not in the set.

    Raises:
        LostRowsError: a row has no fate, or more than one, which is a mistake of ours.
    """
    tables, of_one_school = one_school.filled(tables, profile)
    if sets.is_other_district(tables, profile):
        return _another_district(tables)
    named_missing = sets.missing_schools(tables, profile)
    tables = adapted(tables, profile.reading)
    read = joined_found(as_frame(()) if read_findings is None else read_findings, as_frame(of_one_school))
    unreadable = _unreadable(read)
    belonging = _belonging(profile, profile.schools)
    names = [name for name in TABLES if name in tables]
    sieves_alone = abreast(
        lambda name: judged_alone(tables[name], country=profile.phones.country, belonging=belonging), names
    )
    alone = dict(zip(names, sieves_alone, strict=True))
    if "users" in alone:
        alone["users"] = alone["users"].rejecting(
            nights.reused_rows(known.night, alone["users"].standing, profile.guard)
        )
    if "classes" in alone and profile.classes.grades == "required":
        alone["classes"] = alone["classes"].rejecting(relations.without_grades(alone["classes"].standing))
    terms = _terms(alone, profile, known, file_came="guardians" in unreadable | alone.keys())
    sieves = {name: as_delivered(sieve, profile.reading) for name, sieve in judged_together(alone, terms).items()}
    about_the_set = [
        *sets.missing_tables(missing),
        *named_missing,
        *sets.unmarked_repairs(tables, known.night.rejected_people),
        *sets.repairs_as_files(tables),
        *nights.findings(known.night, tables, profile.guard),
        *sets.empty_tables(tables),
        *sets.nothing_stands(tables, {name: sieve.standing for name, sieve in sieves.items()}),
        *sets.unknown_owners(tables),
        *(sets.adopted(terms.schools) if profile.schools is None else ()),
        *sets.lost_guardians(terms.guardians, came=missing | unreadable | alone.keys()),
        *sets.rejected_shares({name: _share(sieve, tables) for name, sieve in sieves.items()}, profile),
    ]
    for sieve in sieves.values():
        sieve.check()
    brings = sets.brings_guardians(terms.guardians, tables)
    findings = causes.ordered(
        joined_found(read, as_frame(about_the_set), *(sieve.found for sieve in sieves.values())), sieves
    )
    return Judgement(
        facts=_facts(tables),
        standing={name: _accepted(sieve) for name, sieve in sieves.items() if name != "guardians" or brings == name},
        findings=findings,
        rejected=_rejected_of(sieves),
        set_aside=_set_aside_of(sieves),
        protected=protected(sieves, may_hide=profile.source.hides_guardians),
        without_id={name: without_id(sieves[name]) for name in TOLD_BY if name in sieves},
        refused=not unreadable.isdisjoint(profile.arrival.expected) or _refuses(about_the_set),
        withholds=tuple(finding.code for finding in about_the_set if finding.code in WITHHOLDING),
        schools=terms.schools,
        guardians_from=brings,
        renumbered=known.night.renumbered,
        origins=origins_of(tables.values(), findings),
    )


def judge_parts(tables: Mapping[TableName, Table], profile: Profile, *, read_findings: pl.DataFrame) -> Judgement:
    """The verdict on rows that are a part of their files, each by itself: neither other rows nor other files are asked.

    Args:
        tables: the rows that came.
        profile: the district's.
        read_findings: as for `judge`.
    """
    belonging = _belonging(profile, profile.schools)
    tables, _ = one_school.filled(tables, profile)
    judged = (
        judged_alone(table, country=profile.phones.country, belonging=belonging)
        for table in adapted(tables, profile.reading).values()
    )
    sieves = {sieve.name: as_delivered(sieve, profile.reading) for sieve in judged}
    for sieve in sieves.values():
        sieve.check()
    findings = causes.ordered(joined_found(read_findings, *(sieve.found for sieve in sieves.values())), sieves)
    return Judgement(
        facts=_facts(tables),
        standing={},
        findings=findings,
        rejected=_rejected_of(sieves),
        set_aside=_set_aside_of(sieves),
        origins=origins_of(tables.values(), findings),
    )


def _another_district(tables: Mapping[TableName, Table]) -> Judgement:
    """Refused, and not one value of the files goes any further: they are somebody else's (DESIGN, "Rules")."""
    return Judgement(
        facts=_facts(tables),
        standing={},
        findings=as_frame([Finding(code=OTHER_DISTRICT)]),
        rejected=pl.DataFrame(schema=REJECTED),
        set_aside=pl.DataFrame(schema=SET_ASIDE),
        refused=True,
    )


def _facts(tables: Mapping[TableName, Table]) -> tuple[FileFacts, ...]:
    return tuple(tables[name].facts for name in TABLES if name in tables)


def _terms(alone: Mapping[TableName, Sieve], profile: Profile, known: Known, *, file_came: bool) -> Terms:
    schools = profile.schools
    if schools is None:
        schools = sets.schools_found({name: sieve.standing for name, sieve in alone.items()})
    source = sets.guardian_source(profile, file_came=file_came, file_seen=known.guardians_file_seen)
    belonging = _belonging(profile, schools)
    assert belonging
    unique = Uniqueness(held=known.night.held, of_students=profile.sync.student_accounts)
    return Terms(
        schools=schools,
        belonging=belonging,
        guardians=source,
        known_guardians=known.guardians,
        uniqueness=unique if profile.sync.contact_sharing == "unique" else None,
    )


def _belonging(profile: Profile, schools: Collection[str] | None) -> Belonging | None:
    if schools is None:
        return None
    return Belonging(
        schools=schools,
        district_ids=profile.reading.district_ids,
        through_students=profile.guardians.schools_from_students,
    )


def _unreadable(read: pl.DataFrame) -> set[TableName]:
    """Tables whose file was rejected as a whole at reading."""
    files = read.filter(pl.col("code").is_in(catalogue.rejecting("file")))["file"].drop_nulls().unique()
    return {table for file in files if (table := table_of(file))}


def _refuses(findings: list[Finding]) -> bool:
    return any(finding.code in catalogue.rejecting("batch") for finding in findings)


def _share(sieve: Sieve, tables: Mapping[TableName, Table]) -> tuple[int, int]:
    """Rows that count as wrong, out of all.

    What falls with a rejected row says nothing of how this file was read, nor what points into an empty file.
    """
    if sieve.rejected.is_empty():
        return 0, sets.rows_in(tables, sieve.name)
    empty = [f"enrollment.{what}.unknown" for what, name in _TARGETS.items() if not sets.rows_in(tables, name)]
    falls = pl.col("cascade") & (pl.col("code").str.ends_with(".rejected") | pl.col("code").is_in(empty))
    return sieve.rejected.filter(~falls)[LINE].n_unique(), sets.rows_in(tables, sieve.name)


def _accepted(sieve: Sieve) -> pl.DataFrame:
    """The standing rows with the columns that the file has, and those that judging adds."""
    delivered = [column for column in columns_of(sieve.name) if sieve.table.has(column)]
    columns = dict.fromkeys([LINE, *delivered, *ADDED[sieve.name], KEPT])
    return sieve.standing.select(*columns)


def _rejected_of(sieves: Mapping[TableName, Sieve]) -> pl.DataFrame:
    some = (_rejected(sieve) for sieve in sieves.values() if not sieve.rejected.is_empty())
    return pl.concat([pl.DataFrame(schema=REJECTED), *some])


def _set_aside_of(sieves: Mapping[TableName, Sieve]) -> pl.DataFrame:
    some = (_set_aside(sieve) for sieve in sieves.values() if not sieve.aside.is_empty())
    return pl.concat([pl.DataFrame(schema=SET_ASIDE), *some])


def _rejected(sieve: Sieve) -> pl.DataFrame:
    keys = sieve.rows.select(LINE, key=key_of(sieve.name))
    return (
        sieve.rejected.group_by(LINE, maintain_order=True)
        .agg(codes=pl.col("code").unique(maintain_order=True), cascade=pl.col("cascade").all())
        .join(keys, on=LINE, how="left", maintain_order="left")
        .sort(LINE)
        .select(file=pl.lit(sieve.table.facts.file), line=LINE, key="key", codes="codes", cascade="cascade")
    )


def _set_aside(sieve: Sieve) -> pl.DataFrame:
    keys = sieve.rows.select(LINE, key=key_of(sieve.name))
    rows = sieve.aside.join(keys, on=LINE, how="left").sort(LINE)
    return rows.select(file=pl.lit(sieve.table.facts.file), line=LINE, key="key", reason="reason")

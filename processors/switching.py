"""A district goes from one source to another: what the IDs of the new one are, proposed, confirmed, and given at once.

Matching is by ID alone, so files with other IDs would archive everybody and make everybody anew (connect-behaviour
3.2). The newest files are paired with what the sync last brought; a person looks through the pairs, and only then do
the records get their new IDs. The night after that is like any other.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl
import polars.selectors as cs

from config.home import Home
from config.loading import load_profile
from config.profiles import Profile
from config.tables import file_of
from config.writing import move_schools
from connect_store import ledger, people
from connect_store.ledger import LedgerBatch
from connect_store.records import CLASSROOM, PERSON, Frames
from connect_store.renumbering import MAPPING, renumber, schools_in
from connect_store.retention import require_files
from connect_store.store import Store, open_store
from processors.contexts import known_to
from processors.file_sets import judge_set
from processors.locks import district_lock
from processors.meaning import roster
from processors.pairing import ALIASES, KINDS, Pairing, Side, paired
from processors.preparing import NotAProposal, says_yes
from processors.reporting.escaping import guarded, unguarded
from processors.reporting.placing import place_file
from processors.rereading import read_frozen
from processors.steering import NotToBeDone
from processors.verdicts import APPLIED
from validators import Judgement

COLUMNS: Final = ("kind", "old_id", "new_id", "name", "why", "take", "made_for")
"""The columns of the file that a person edits and confirms."""

_IDS: Final = ("kind", "old_id", "new_id")
_PEOPLE: Final = ("student", "guardian", "staff")
_LOCK_WAIT_S: Final = 60.0
_NAMED_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What becomes of the records of a kind: `gone` is what is archived if nobody says who it is."""

    kind: str
    kept: int
    mapped: int
    doubtful: int
    fresh: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a switch would do.

    Attributes:
        batch: the batch with the new IDs.
        made_for: the state of Connect and the batch that this holds for.
        counts: by kind.
        rows: `COLUMNS`, what is not sure first.
        parked: how many records leave whose ID is another's from now on.
        rejected: how many people and classes of the batch are rejected, so that nobody can be paired with them.
        left_out: how many guardians of users.csv are not brought in because guardians.csv came before.
        next: what to type for the night after it.
    """

    batch: int
    made_for: str
    counts: tuple[Counts, ...]
    rows: pl.DataFrame
    parked: int
    rejected: int
    left_out: int
    next: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """A switch that was made: its number, what it changed by kind, and what to type for the night after it."""

    number: int
    counts: Mapping[str, Mapping[str, int]]
    next: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Both sides, read."""

    batch: LedgerBatch
    profile: Profile
    before: Frames
    pairing: Pairing
    made_for: str
    guardians_from: str | None
    rejected: int
    left_out: int
    next: tuple[str, ...]


def propose(home: Home, district: str, number: int | None) -> Proposal:
    """What a switch to the IDs of a batch, or of the newest one, would do; nothing is written.

    Raises:
        NotToBeDone: there is nothing to switch from or to, or the batch is in Connect already.
        UnknownBatch: there is no such batch.
        NotKept: its files are no longer there.
    """
    with open_store(home.store_db) as store:
        at = _look(home, store, district, number)
        moving = at.pairing.moving.select("kind", was="old", key="new")
        parked = _parked(store, at, moving)
    return Proposal(
        batch=at.batch.number,
        made_for=at.made_for,
        counts=tuple(_counts(at, kind) for kind in KINDS),
        rows=_rows(at),
        parked=parked.height,
        rejected=at.rejected,
        left_out=at.left_out,
        next=at.next,
    )


def write_proposal(path: Path, proposal: Proposal) -> None:
    """Write the pairs as a CSV for a spreadsheet, for us only: a person says yes or no to each.

    Raises:
        NotAProposal: the file is there already, and somebody may have worked on it.
    """
    if path.exists():
        raise NotAProposal(f"{path} is there already; name another file with --out, or confirm it")
    place_file(path, proposal.rows.with_columns(guarded(cs.string())).write_csv())


def switch(home: Home, district: str, path: Path, *, who: str, why: str) -> Switched:
    """Give the IDs that a file confirms, in one transaction with its undo record and history.

    Raises:
        NotAProposal: the file is not one of pairs, is made for another state, or names IDs that cannot be given so.
        CannotRenumber: these IDs cannot be given.
        NotToBeDone: there is nothing to switch from or to any more.
        Held: another process works on the district.
    """
    rows = _read(path)
    with district_lock(home, district, who=who, wait_s=_LOCK_WAIT_S), open_store(home.store_db) as store:
        at = _look(home, store, district, _batch_in(rows, path))
        mapping = _confirmed(path, rows, at)
        whole = pl.concat([mapping, _parked(store, at, mapping)])
        now = datetime.now(UTC)
        with store.writing():
            number, counted = renumber(
                store, district, whole, origin="switch", at=now, summary={"ids_of": at.batch.number}
            )
            detail = f"to the IDs of batch {at.batch.number}: {why}"
            ledger.note(store, number, "switch", at=now, who=who, detail=detail)
    move_schools(home, district, schools_in(mapping))  # a crash before it refuses the next night, which names them
    return Switched(number=number, counts=counted, next=at.next)


def _look(home: Home, store: Store, district: str, number: int | None) -> _Look:
    profile = load_profile(home, district)
    batch = _batch(store, district, number)
    before = people.baseline(store, district)
    if before["person"].is_empty():
        raise NotToBeDone(f"the sync has brought nobody to {district} yet, so there are no IDs to switch from")
    judgement, aliases = _judged(home, store, batch, profile)
    tonight = roster(judgement, before)
    new = Side(records=tonight.records, schools=judgement.schools, aliases=aliases)
    return _Look(
        batch=batch,
        profile=profile,
        before=before,
        pairing=paired(Side(records=before, schools=profile.schools or {}), new),
        made_for=f"{district} batch {batch.number} {_digest(before)}",
        guardians_from=tonight.guardians_from,
        rejected=judgement.rejected.filter(pl.col("file").is_in([file_of("users"), file_of("classes")])).height,
        left_out=_left_out(judgement, profile),
        next=_next(store, profile, batch),
    )


def _batch(store: Store, district: str, number: int | None) -> LedgerBatch:
    if number is None:
        with_files = (one for one in ledger.judged(store, district, test=False) if one.files)
        batch = next(with_files, None)
        if batch is None:
            raise NotToBeDone(f"no files of {district} were judged yet; pause it, then fetch or upload the new ones")
    else:
        batch = ledger.require(store, number)
        if batch.district != district or batch.test or not batch.files:
            raise NotToBeDone(f"batch {number} holds no files of {district} that could be applied")
    require_files(store, batch.number, "paired with")
    if batch.verdict in APPLIED and batch.state == "reported" and not (batch.summary or {}).get("paused"):
        raise NotToBeDone(
            f"batch {batch.number} is in Connect. To switch to its IDs: rosterdrop batch undo {batch.number} "
            f'--why "other IDs". To switch to those of other files: pause {district}, and fetch or upload them first'
        )
    return batch


def _judged(home: Home, store: Store, batch: LedgerBatch, profile: Profile) -> tuple[Judgement, pl.DataFrame]:
    """The files as a night like any other would take them; where their schools are others, with all they name."""
    known = known_to(store, batch.district)
    files = read_frozen(home, batch, profile)
    judgement = judge_set(files, profile, known)
    if judgement.refused:
        judgement = judge_set(files, replace(profile, schools=None), known)
    if judgement.refused:
        raise NotToBeDone(f"batch {batch.number} is refused, and its report says why; nothing can be paired with it")
    users = judgement.standing.get("users")
    if users is None or "userIds" not in users.columns:
        return judgement, pl.DataFrame(schema=ALIASES)
    ids = pl.col("userIds").str.extract_all(r"\{[^{}:]*:[^{}]+\}").list.eval(pl.element().str.extract(r":\s*(.+)\}$"))
    return judgement, users.select(key="sourcedId", alias=ids).explode("alias").drop_nulls()


def _left_out(judgement: Judgement, profile: Profile) -> int:
    """Guardians who stand in users.csv while `auto` goes on waiting for the guardians.csv of the source before."""
    if profile.guardians.source != "auto":
        return 0
    return judgement.set_aside.filter(file=file_of("users"), reason="other_source").height


def _digest(before: Frames) -> str:
    """What the sync has brought, as far as IDs go."""
    keys = pl.concat([before["person"].select("kind", "key"), before["classroom"].select(kind=pl.lit(""), key="key")])
    return hashlib.sha256(keys.sort("kind", "key").write_csv().encode()).hexdigest()[:12]


def _next(store: Store, profile: Profile, batch: LedgerBatch) -> tuple[str, ...]:
    """What applies the files after the switch, guarded as any night."""
    waits = bool((batch.summary or {}).get("paused"))
    resume = (f"rosterdrop district resume {profile.id}",) if ledger.paused(store, profile.id) else ()
    if not profile.sync.daily:
        return (*resume, f'rosterdrop connect sync-once {profile.id} --why "other source"')
    if resume and waits:
        return resume
    return (*resume, f"rosterdrop batch requeue {batch.number} --wait")


def _counts(at: _Look, kind: str) -> Counts:
    of_kind = pl.col("kind") == kind
    found = at.pairing.pairs.filter(of_kind)
    kept = found.filter(pl.col("old") == pl.col("new")).height
    gone, fresh = at.pairing.gone.filter(of_kind), at.pairing.fresh.filter(of_kind)
    same = gone.join(fresh, left_on="old", right_on="new", how="semi").select("old")  # their rows are left out
    if kind == "guardian":  # neither source of guardians unlinks what the other brought
        is_of_source = pl.col("source") == pl.lit(at.guardians_from, pl.String)
        of_source = at.before["person"].filter(is_of_source).select("kind", old="key")
        gone = gone.join(of_source, on=("kind", "old"), how="semi")
    return Counts(
        kind=kind,
        kept=kept,
        mapped=found.height - kept,
        doubtful=at.pairing.doubtful.filter(of_kind)["old"].n_unique(),
        fresh=fresh.join(same, left_on="new", right_on="old", how="anti").height,
        gone=gone.join(same, on="old", how="anti").height,
    )


def _rows(at: _Look) -> pl.DataFrame:
    """What a person looks through: what is not sure first. An ID that is another's now is offered to that one."""
    taken_over = pl.when(pl.col("old") == pl.col("new")).then(_parking(pl.col("old"), at)).otherwise("new")
    doubtful = at.pairing.doubtful.with_columns(new=taken_over, take=pl.lit("no"))
    sure = at.pairing.moving.with_columns(take=pl.lit("yes"))
    full = pl.concat_str([pl.col("given_name").fill_null(""), pl.col("family_name").fill_null("")], separator=" ")
    schools = dict(at.profile.schools or {})
    names = pl.concat(
        [
            at.before["person"].select("kind", old="key", name=full.str.strip_chars()),
            at.before["classroom"].select(pl.lit("classroom").alias("kind"), old="key", name="title"),
            pl.DataFrame(
                {"old": [*schools], "name": [*schools.values()]}, {"old": pl.String, "name": pl.String}
            ).select(pl.lit("school").alias("kind"), "old", "name"),
        ]
    )
    return (
        pl.concat([doubtful, sure])
        .join(names, on=("kind", "old"), how="left", maintain_order="left")
        .with_columns(made_for=pl.lit(at.made_for))
        .sort("take", pl.col("kind").cast(pl.Enum(KINDS)), "name", "old", "new", maintain_order=True)
        .rename({"old": "old_id", "new": "new_id"})
        .select(*COLUMNS)
    )


def _parked(store: Store, at: _Look, mapping: pl.DataFrame) -> pl.DataFrame:
    """Records whose ID becomes another's although they get none: they keep it with the batch behind it."""
    wanted = mapping.select("kind", "key").unique()
    with store.reading():
        there = pl.concat(
            [
                people.standing(store, at.profile.id, PERSON, wanted.filter(pl.col("kind").is_in(_PEOPLE))).select(
                    "kind", "key"
                ),
                people.standing(store, at.profile.id, CLASSROOM, wanted.filter(kind="classroom").select("key")).select(
                    pl.lit("classroom").alias("kind"), "key"
                ),
            ]
        )
    staying = there.join(mapping, left_on=("kind", "key"), right_on=("kind", "was"), how="anti")
    return staying.select("kind", was="key", key=_parking(pl.col("key"), at))


def _parking(key: pl.Expr, at: _Look) -> pl.Expr:
    """The ID under which a record leaves whose own becomes another's."""
    return pl.concat_str(key, pl.lit(f"~{at.batch.number}"))


def _read(path: Path) -> pl.DataFrame:
    try:
        separator = _separator(path)
        rows = pl.read_csv(path, separator=separator, infer_schema=False).with_columns(unguarded(cs.string()))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise NotAProposal(f"{path} cannot be read as a CSV file of pairs") from error
    if missing := [column for column in (*_IDS, "take", "made_for") if column not in rows.columns]:
        raise NotAProposal(f"{path} lacks the columns {', '.join(missing)}; take the file that source switch wrote")
    return rows


def _separator(path: Path) -> str:
    """What a spreadsheet of the reader's country put between cells."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return max(",;\t", key=file.readline().count)


def _batch_in(rows: pl.DataFrame, path: Path) -> int:
    told = rows["made_for"].drop_nulls().unique().to_list()
    words = told[0].split() if len(told) == 1 else []
    if len(words) != 4 or not words[2].isdecimal():
        raise NotAProposal(f"{path} does not say for which batch it is made; make a new one: rosterdrop source switch")
    return int(words[2])


def _confirmed(path: Path, rows: pl.DataFrame, at: _Look) -> pl.DataFrame:
    """The pairs that a file confirms, as `MAPPING`."""
    if at.made_for not in rows["made_for"]:
        raise NotAProposal(
            f"{path} is made for another district or for Connect as it was before something was applied; make a new "
            f"one: rosterdrop source switch {at.profile.id}"
        )
    taken = rows.filter(says_yes("take")).select(kind="kind", was="old_id", key="new_id")
    if empty := taken.filter(pl.any_horizontal(pl.all().is_null())).height:
        raise NotAProposal(f"{empty} rows of {path} say yes and lack a kind or an ID")
    mapping = taken.filter(pl.col("was") != pl.col("key")).unique(maintain_order=True)
    if mapping.is_empty():
        raise NotAProposal(f"no row of {path} says yes to another ID, so there is nothing to switch")
    found = at.pairing
    before = pl.concat([found.pairs.select("kind", was="old"), found.gone.select("kind", was="old")])
    now = pl.concat([found.pairs.select("kind", key="new"), found.fresh.select("kind", key="new")])
    stays = found.pairs.filter(pl.col("old") == pl.col("new")).select("kind", was="old")
    kept = stays.join(mapping, on=("kind", "was"), how="anti").select("kind", key="was")
    _refuse(path, mapping.join(before, on=("kind", "was"), how="anti"), "was", before, "the sync has not brought")
    coming = mapping.filter(pl.col("key") != _parking(pl.col("was"), at))
    _refuse(path, coming.join(now, on=("kind", "key"), how="anti"), "key", now, f"batch {at.batch.number} lacks")
    _refuse(path, mapping.join(kept, on=("kind", "key"), how="semi"), "key", None, "somebody has and keeps")
    return mapping.select(*MAPPING)


def _refuse(path: Path, wrong: pl.DataFrame, column: str, known: pl.DataFrame | None, says: str) -> None:
    """Refuse a file with wrong IDs; where they would be known with their zeros, a spreadsheet took those away."""
    if wrong.is_empty():
        return
    named = ", ".join(f"{kind} {id_}" for kind, id_ in wrong.select("kind", column).head(_NAMED_AT_MOST).rows())
    more = f" and {wrong.height - _NAMED_AT_MOST} more" if wrong.height > _NAMED_AT_MOST else ""
    bare = pl.col(column).str.strip_chars_start("0")
    lost = known is not None and not wrong.select(bare).join(known.select(bare), on=column, how="semi").is_empty()
    hint = ". A spreadsheet took zeros away: let it open these columns as text" if lost else ""
    raise NotAProposal(f"{path} names IDs that {says}: {named}{more}{hint}")

"""A whole delivery in, the verdict on each of its rows out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from config.oneroster import Version
from validators.catalogue import rejecting
from validators.causes import rooted, with_missing_targets
from validators.findings import FINDINGS, Finding, as_frame
from validators.judging import REJECTED, SET_ASIDE, Judgement
from validators.oneroster import references, rows, semantics
from validators.oneroster.package import MANIFEST
from validators.oneroster.planning import Plan
from validators.oneroster.repeating import without_doubles
from validators.oneroster.roster import Roster
from validators.oneroster.rows import Mode
from validators.oneroster.sheets import Read
from validators.oneroster.sifted import CASCADES, Sifted
from validators.sifting import WHOLE_FILE, LostRowsError, joined_found
from validators.tables import LINE, Sheet

_REPEATED_PROPERTY: Final = "oneroster.manifest.property_repeated"
_KEY_OF_MANIFEST: Final = "propertyName"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """How far a delivery keeps the specification.

    Attributes:
        version: that it was judged by.
        mode: delta where every file is, else bulk.
        judgement: what became of every row; nothing of it is to be applied, so nothing stands in it.
        sheets: the files as they were read, by their names without `.csv`.
    """

    version: Version
    mode: Mode
    judgement: Judgement
    sheets: Mapping[str, Sheet]


def judged(plan: Plan, reads: Sequence[Read], found: Sequence[Finding] = ()) -> Conformance:
    """The verdict on a delivery.

    Args:
        plan: what was to be read.
        reads: every file of the plan, in its order.
        found: what taking the files found.

    Raises:
        LostRowsError: a row has no fate, or more than one, which is a mistake of ours.
    """
    said = [*found, *plan.findings]
    files: dict[str, Sifted] = {}
    for read in reads:
        of_rows = [finding for finding in read.findings if _is_of_row(finding, read)]
        said += [finding for finding in read.findings if not _is_of_row(finding, read)]
        if read.sheet is not None and read.file != MANIFEST:
            mode, about_mode = _mode(read.file, read.sheet, plan)
            said += about_mode
            files[read.file] = Sifted.of(read.file, read.sheet, plan.version, mode).noting(as_frame(of_rows))
    modes = {sifted.mode for sifted in files.values()}
    if len(modes) > 1:
        said.append(Finding(code="oneroster.mode.mixed"))
    files = _sifted(plan, files, _unusable(plan, reads))
    said += [finding for sifted in files.values() for finding in _notes(sifted, plan.version)]
    findings = joined_found(as_frame(said), *(sifted.found for sifted in files.values()))
    return Conformance(
        version=plan.version,
        mode="delta" if modes == {"delta"} else "bulk",
        judgement=_judgement(reads, files, findings),
        sheets={read.file: read.sheet for read in reads if read.sheet is not None},
    )


def _mode(file: str, sheet: Sheet, plan: Plan) -> tuple[Mode, list[Finding]]:
    """The mode of a file, from the manifest or from its rows, and what there is to say about that."""
    if told := plan.mode(file):
        return told, []
    shown, filled = rows.mode_of(rows.whole(sheet.rows, plan.version, file))
    name = sheet.facts.file
    if shown == "delta":
        return shown, [Finding(code="oneroster.mode.assumed", file=name, detail=shown)]
    mixed = [Finding(code="oneroster.mode.rows_mixed", file=name, count=filled)] if filled else []
    return shown, mixed


def _unusable(plan: Plan, reads: Sequence[Read]) -> set[str]:
    """Files that should be there and cannot be used; what leads to them cannot be judged."""
    missing = {"oneroster.file.missing", "oneroster.manifest.file_missing"}
    absent = {str(finding.file).removesuffix(".csv") for finding in plan.findings if finding.code in missing}
    return absent | {read.file for read in reads if read.sheet is None}


def _is_of_row(finding: Finding, read: Read) -> bool:
    """Whether reading found it in a row of a data file: then it is a reason like others why the row is rejected."""
    return read.file != MANIFEST and read.sheet is not None and finding.code in rejecting("row")


def _sifted(plan: Plan, read: Mapping[str, Sifted], unusable: set[str]) -> dict[str, Sifted]:
    """Every data file after all of its rules, in the order in which files lead to each other."""
    version, files = plan.version, dict(read)
    for file in _by_dependence(files, version):
        sifted = files[file]
        alone = sifted.noting(*rows.found_in(sifted.rows, version, file, sifted.mode))
        files[file] = without_doubles(alone)
        files[file] = references.followed(files[file], files, version, unusable)
    for file, wrong in semantics.found(Roster(version, files)):
        files[file] = files[file].noting(wrong)
    return files


def _by_dependence(files: Mapping[str, Sifted], version: Version) -> Iterator[str]:
    """Files so that each comes after those that it leads to."""
    done: set[str] = set()

    def visited(file: str) -> Iterator[str]:
        if file in done or file not in files:
            return
        done.add(file)
        for reference in references.references_of(version, file):
            yield from visited(reference.file)
        yield file

    for file in files:
        yield from visited(file)


def _notes(sifted: Sifted, version: Version) -> Iterator[Finding]:
    for note in rows.noted_in(sifted.rows, version, sifted.file, sifted.mode):
        yield Finding(file=sifted.sheet.facts.file, **note)


def _judgement(reads: Sequence[Read], files: Mapping[str, Sifted], findings: pl.DataFrame) -> Judgement:
    refusing = rejecting("batch") | rejecting("file")
    rejected, aside = [pl.DataFrame(schema=REJECTED)], [pl.DataFrame(schema=SET_ASIDE)]
    for read in reads:
        if read.sheet is None:
            continue
        key = files[read.file].key if read.file in files else _KEY_OF_MANIFEST
        lost = _rejected(read.sheet, findings, key)
        again = _aside(read.sheet, _repeated(read.file, files, findings), lost, key)
        _check(read.sheet, lost, again)
        rejected.append(lost)
        aside.append(again)
    every = pl.concat(rejected)
    return Judgement(
        facts=tuple(read.facts for read in reads),
        standing={},
        findings=_ordered(findings, every, [read.facts.file for read in reads]),
        rejected=every,
        set_aside=pl.concat(aside),
        refused=findings["code"].is_in(list(refusing)).any(),
    )


def _repeated(file: str, files: Mapping[str, Sifted], findings: pl.DataFrame) -> pl.Series:
    if file in files:
        return files[file].repeated
    return findings.filter(pl.col("code") == _REPEATED_PROPERTY)[LINE]


def _rejected(sheet: Sheet, findings: pl.DataFrame, key: str) -> pl.DataFrame:
    """The rejected rows of a file, each once (REJECTED)."""
    reasons = findings.filter(
        pl.col("file") == sheet.facts.file, pl.col(LINE).is_not_null(), pl.col("code").is_in(rejecting("row"))
    )
    if reasons.is_empty():
        return pl.DataFrame(schema=REJECTED)
    keys = sheet.rows.select(LINE, key=pl.col(key) if key in sheet.rows.columns else pl.lit(None, pl.String))
    return (
        reasons.group_by(LINE, maintain_order=True)
        .agg(codes=pl.col("code").unique(maintain_order=True), cascade=pl.col("code").is_in(CASCADES).all())
        .join(keys, on=LINE, how="left", maintain_order="left")
        .sort(LINE)
        .select(file=pl.lit(sheet.facts.file), line=LINE, key="key", codes="codes", cascade="cascade")
    )


def _aside(sheet: Sheet, repeated: pl.Series, lost: pl.DataFrame, key: str) -> pl.DataFrame:
    """The rows of a file that say again what another says, each once (SET_ASIDE); a rejected one is no such row."""
    lines = pl.DataFrame({LINE: repeated}, schema={LINE: pl.UInt32}).join(lost, on=LINE, how="anti")
    if lines.is_empty():
        return pl.DataFrame(schema=SET_ASIDE)
    told = lines.join(sheet.rows.select(LINE, key=key), on=LINE, how="left").sort(LINE)
    return told.select(file=pl.lit(sheet.facts.file), line=LINE, key="key", reason=pl.lit("duplicate"))


def _check(sheet: Sheet, lost: pl.DataFrame, again: pl.DataFrame) -> None:
    """Whether every row that is told is one of the file, and told once; the rest of the rows stand."""
    lines = pl.concat([sheet.rows[LINE], sheet.broken[LINE]])
    told = pl.concat([lost[LINE], again[LINE]])
    if lines.len() != sheet.facts.rows or told.n_unique() != told.len() or not told.is_in(lines.implode()).all():
        msg = f"{sheet.facts.file}: {sheet.facts.rows} rows were read, {told.len()} of them are told in {lines.len()}"
        raise LostRowsError(msg)


def _ordered(findings: pl.DataFrame, rejected: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """Findings by file and line, what is about the whole first; causes become indexes (FINDINGS)."""
    places = {name: place for place, name in enumerate(order)}
    place = pl.col("file").replace_strict(places, default=-1, return_dtype=pl.Int32)
    numbered = (
        with_missing_targets(findings)
        .sort(place, pl.col(LINE).fill_null(WHOLE_FILE), maintain_order=True)
        .with_row_index("index")
    )
    reasons = rejected.select("file", LINE, code="codes").explode("code")
    causes = (
        numbered.join(reasons, on=["file", LINE, "code"], how="semi")
        .group_by(cause_file="file", cause_line=LINE)
        .agg(cause=pl.col("index").min().cast(pl.Int32))
    )
    caused = numbered.join(causes, on=["cause_file", "cause_line"], how="left", maintain_order="left")
    return rooted(caused).select(list(FINDINGS))

"""Reports where no file was judged: a set that is not complete yet, and a batch that failed by a fault of ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import polars as pl

from processors.reporting.contents import Report
from processors.reporting.details import told_as
from processors.reporting.story import Story, story_of
from processors.reporting.wording import listed, many
from validators.findings import Finding
from validators.judging import REJECTED, SET_ASIDE, Judgement

_WAITING: Final = "The set is not complete yet; what came is waiting."
_WAITING_FOR_ALL: Final = "The set is not complete yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedUpload:
    """An upload that is no file yet: cut off, still under way, or with its content twice after a wrong resume."""

    file: str
    size: int
    state: Literal["broken off", "under way", "repeated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestMismatch:
    """One thing that a manifest says and that is not so.

    Attributes:
        file: of which it tells; the manifest itself where nobody can read it.
        fault: what is wrong; with a code `manifest.*` of the catalogue.
        promised: the size or the SHA-256 that the manifest has.
        found: the size or the SHA-256 of what came; of a manifest against its schema the key that is wrong.
    """

    file: str
    fault: Literal["missing", "size", "sha256", "too_large", "not_json", "schema"]
    promised: int | str | None = None
    found: int | str | None = None

    @property
    def is_about_manifest(self) -> bool:
        """Whether the manifest itself is wrong."""
        return self.fault in {"too_large", "not_json", "schema"}

    def as_finding(self) -> Finding:
        """What the report says of it."""
        promised, found = (None if what is None else str(what) for what in (self.promised, self.found))
        return Finding(code=f"manifest.{self.fault}", file=self.file, detail=found, hint=promised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Why a set cannot be taken.

    Attributes:
        because: what says that it should be whole by now.
        present: files that came since the last batch and wait.
        missing: files that are waited for.
        uploads: what is no file yet.
        mismatches: what a manifest says and what is not so.
        left_over: temp names that nobody has touched for a day.
    """

    because: Literal["deadline", "manifest", "trigger"] = "deadline"
    present: Sequence[str] = ()
    missing: Sequence[str] = ()
    uploads: Sequence[UnfinishedUpload] = ()
    mismatches: Sequence[ManifestMismatch] = ()
    left_over: Sequence[str] = ()

    def as_findings(self) -> list[Finding]:
        """What programs read of it."""
        told = {mismatch.file for mismatch in self.mismatches}
        return [
            *(mismatch.as_finding() for mismatch in self.mismatches),
            *(Finding(code="file.missing", file=file) for file in self.missing if file not in told),
        ]


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


def failed_story(report: Report) -> Story:
    """A batch that could not be worked on, and that its sender has nothing to do about it."""
    opening = "This was a test. " if report.test else ""
    return replace(
        story_of(report, masked=True),
        badge="Our fault, nothing changed",
        headline=(
            f"{opening}Your files arrived and are safe. Something went wrong on our side and we could not work on "
            "them, so nothing was changed and nothing was deleted: Connect stays as it was."
        ),
        first=(
            "You need not send these files again.",
            f"Our support has to look at it. If you ask, name batch {report.number}: it can be run again as it is.",
            "If you go on sending files as always, the next set is worked on by itself.",
        ),
    )


def incomplete_story(report: Report, shortfall: Shortfall, told_at: str) -> Story:
    """A set that cannot be taken, in words for people: what is wrong, what to do, and what waits for it."""
    story = story_of(report, masked=True)
    waiting = _WAITING if shortfall.present else _WAITING_FOR_ALL
    return replace(
        story,
        title=f"{report.district_name}: Roster report, incomplete set",
        badge="Incomplete, nothing applied",
        headline=(
            f"{waiting} {_reason(shortfall, told_at)} Nothing was applied and nothing was deleted; Connect stays as it "
            "was."
        ),
        first=tuple(_steps(shortfall)),
        notes=(
            *map(_told, shortfall.uploads),
            *(f"{file} is here and waits for the others." for file in shortfall.present),
            *map(_left_over, shortfall.left_over),
        ),
        groups=tuple(replace(group, done=waiting) for group in story.groups),
        details=told_as(story.details, waiting),
    )


def _reason(shortfall: Shortfall, told_at: str) -> str:
    missing = shortfall.missing
    lacks = f"{many(len(missing), 'file was', 'files were')} missing: {listed(missing)}." if missing else ""
    if shortfall.mismatches:
        wrong = many(len(shortfall.mismatches), "thing does", "things do")
        return f"At {told_at} {wrong} not agree with the manifest that came with it; they are listed below."
    if shortfall.because == "trigger":
        return f"The trigger file said that it was whole, but {lacks}"
    return f"By {told_at} {lacks}" if missing else f"By {told_at} an upload to it had not ended properly."


def _steps(shortfall: Shortfall) -> Iterator[str]:
    """What to do, by the sender."""
    if unreadable := [wrong.file for wrong in shortfall.mismatches if wrong.is_about_manifest]:
        yield f"Correct the manifest ({listed(unreadable)}) and send it again; the files of the set may stay."
    if wrong := [wrong.file for wrong in shortfall.mismatches if not wrong.is_about_manifest]:
        yield f"Send {listed(wrong)} as the manifest has it, or a manifest that is right."
    said = {*wrong, *(upload.file for upload in shortfall.uploads if upload.state == "under way")}
    if missing := [file for file in shortfall.missing if file not in said]:
        yield f"Send {listed(missing)}, of the same export as the others."
    again = [upload.file for upload in shortfall.uploads if upload.state != "under way"]
    if again := [file for file in again if file not in {*wrong, *missing}]:
        yield f"Send {listed(again)} again."
    if open_now := [upload.file for upload in shortfall.uploads if upload.state == "under way"]:
        yield f"Let the upload of {listed(open_now)} end; then the set is looked at again by itself."


def _told(upload: UnfinishedUpload) -> str:
    match upload.state:
        case "repeated":
            return (
                f"{upload.file}: the upload was resumed wrongly and holds its content twice; send it again from its "
                "start."
            )
        case "under way":
            return f"{upload.file} is being uploaded right now: {many(upload.size, 'byte')} have come."
    return f"{upload.file}: the upload broke off after {many(upload.size, 'byte')}; send it again."


def _left_over(name: str) -> str:
    return f"{name} was left by an upload that never ended, more than a day ago. It is not read; you may delete it."

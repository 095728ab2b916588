"""Reports where no file was judged: a set that is not complete yet, and a batch that failed by a fault of ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from config.wording import Words
from processors.reporting.contents import Report
from processors.reporting.details import told_as
from processors.reporting.story import Story, story_of, title
from validators.findings import Finding


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


def failed_story(report: Report) -> Story:
    """A batch that could not be worked on, and that its sender has nothing to do about it."""
    story = story_of(report, masked=True)
    say = story.say
    return replace(
        story,
        badge=say("badge.failed"),
        headline=say("failed.headline_test" if report.test else "failed.headline"),
        first=(say("failed.no_need"), say("failed.support", number=str(report.number)), say("failed.next")),
    )


def incomplete_story(report: Report, shortfall: Shortfall) -> Story:
    """A set that cannot be taken, in words for people: what is wrong, what to do, and what waits for it."""
    story = story_of(report, masked=True)
    say = story.say
    waiting = say("incomplete.waiting" if shortfall.present else "incomplete.waiting_for_all")
    return replace(
        story,
        title=title(report, say("title.incomplete")),
        badge=say("badge.incomplete"),
        headline=say("incomplete.headline", waiting=waiting, reason=_reason(report, shortfall, say)),
        first=tuple(_steps(shortfall, say)),
        notes=(
            *(_told(upload, say) for upload in shortfall.uploads),
            *(say("incomplete.here", file=file) for file in shortfall.present),
            *(say("incomplete.left_over", file=file) for file in shortfall.left_over),
        ),
        groups=tuple(replace(group, done=waiting) for group in story.groups),
        details=told_as(story.details, waiting),
    )


def _reason(report: Report, shortfall: Shortfall, say: Words) -> str:
    assert report.received is not None
    at = say.time(report.received, report.time_zone)
    missing = shortfall.missing
    lacks = say("incomplete.missing", count=len(missing), files=say.listed(missing)) if missing else ""
    if shortfall.mismatches:
        return say("incomplete.manifest", time=at, count=len(shortfall.mismatches))
    if shortfall.because == "trigger":
        return say("incomplete.trigger", missing=lacks)
    return say("incomplete.by", time=at, missing=lacks) if missing else say("incomplete.by_upload", time=at)


def _steps(shortfall: Shortfall, say: Words) -> Iterator[str]:
    """What to do, by the sender."""
    if unreadable := [wrong.file for wrong in shortfall.mismatches if wrong.is_about_manifest]:
        yield say("incomplete.correct_manifest", files=say.listed(unreadable))
    if wrong := [wrong.file for wrong in shortfall.mismatches if not wrong.is_about_manifest]:
        yield say("incomplete.send_as_manifest", files=say.listed(wrong))
    said = {*wrong, *(upload.file for upload in shortfall.uploads if upload.state == "under way")}
    if missing := [file for file in shortfall.missing if file not in said]:
        yield say("incomplete.send_missing", files=say.listed(missing))
    again = [upload.file for upload in shortfall.uploads if upload.state != "under way"]
    if again := [file for file in again if file not in {*wrong, *missing}]:
        yield say("incomplete.send_again", files=say.listed(again))
    if open_now := [upload.file for upload in shortfall.uploads if upload.state == "under way"]:
        yield say("incomplete.let_end", files=say.listed(open_now))


def _told(upload: UnfinishedUpload, say: Words) -> str:
    return say(f"incomplete.{upload.state.replace(' ', '_')}", file=upload.file, count=upload.size)

"""`rosterdrop connect`, the commands by which a sync begins, ends, or runs once; and with them the whole group."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from config.loading import load_profile
from config.writing import set_values
from connect_store.store import open_store
from rosterdrop.commands.connect import connect, desk_of, done
from rosterdrop.console import Console, who

if TYPE_CHECKING:
    from processors.midyear import Standing, Step

__all__ = ["connect"]

_SKIP: Final = click.option(
    "--skip",
    "skipped",
    multiple=True,
    type=click.Choice(["students", "classrooms"]),
    help="Go on although this step of `connect midyear` is open.",
)

_WHY: Final = click.option("--why", required=True, help="The reason, for the history.")


def _command(name: str, *examples: str, json: str) -> Callable[[Callable[..., Any]], click.Command]:
    def make(function: Callable[..., Any]) -> click.Command:
        typed = (f"  rosterdrop --home home connect {name} springfield {example}".rstrip() for example in examples)
        heading = "Examples" if len(examples) > 1 else "Example"
        epilog = "\n".join(("\b", f"{heading}:", *typed, "", "\b", f"With --json: {json}"))
        return connect.command(name, epilog=epilog)(click.pass_obj(click.argument("district")(function)))

    return make


@_command(
    "midyear",
    "",
    json='{"district": id, "steps": [{"step", "state": done|next|choose|open, "told", "commands"}], "coming": changes}',
)
def midyear(console: Console, district: str) -> None:
    """Show where DISTRICT stands when a school that was run by hand comes under the sync in the middle of a year.

    The steps in their order, what is known about each, and what to type for the next one. Nothing is changed by this
    command, and it reads the newest files that wait: they were judged and would be applied by the first night.
    """
    from processors.midyear import steps, with_states

    at = _standing(console, district)
    told = with_states(steps(at))
    console.terminal.json(
        {
            "district": district,
            "steps": [
                {"step": step.name, "state": state, "told": step.told, "commands": list(step.commands)}
                for step, state in told
            ],
            "coming": at.coming,
        }
    )
    for number, (step, state) in enumerate(told, start=1):
        console.terminal.line(f"{number}. {step.name}: {state}", style="bold" if state == "next" else None)
        if state != "done":
            console.terminal.line(f"   {step.told}")
        if state in {"next", "choose"}:
            for command in step.commands:
                console.terminal.line(f"   {command}")


@_command(
    "propose", "--out pairs.csv", json='{"district": id, "pairs": {kind: how many}, "alike": how many are not sure}'
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV file to write.")
def propose(console: Console, district: str, out: Path) -> None:
    """Write who of DISTRICT, made by hand, is probably who in the files: a CSV for a person to confirm.

    Students are alike by name, school and grade, guardians and staff by name and e-mail or mobile, classrooms by title
    and school. Write yes into the column `confirm` of each pair that is right; `alike` has a number where a name fits
    several. The file holds names: personal data, for the support of this district. Then: connect confirm.
    """
    from processors.preparing import write_pairs

    pairs = _standing(console, district).proposed
    write_pairs(out, pairs)
    counts = dict(pairs.group_by("kind").len().sort("kind").rows())
    unsure = pairs["alike"].drop_nulls().len()
    console.terminal.json({"district": district, "pairs": counts, "alike": unsure})
    console.terminal.table(["kind", "pairs"], list(counts.items()), title=f"Proposed, in {out}")
    if unsure:
        console.terminal.line(f"{unsure} of them have a name that fits several (column alike): look closely")


@_command(
    "confirm",
    "pairs.csv --dry-run",
    "pairs.csv",
    json='{"dry_run": true|false, "adopted": N, "merged": {kind: N}, "waiting": N, "too_late": [ID], "before": N}',
)
@click.argument("pairs", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
def confirm(console: Console, district: str, pairs: Path, *, dry_run: bool) -> None:
    """Adopt the classrooms and merge the people of DISTRICT that are confirmed in PAIRS, which connect propose wrote.

    Classrooms are adopted before the first night, people are merged after it; what waits for the first night is said,
    and is done when the same file is confirmed again. What was done before stays done.
    """
    from connect_store.confirming import confirm as carry_out
    from processors.preparing import confirmed_in

    wanted = confirmed_in(pairs)
    with desk_of(console, district, None) as desk:
        plan = carry_out(desk, wanted, dry_run=dry_run)
    merged = dict(plan.merged.group_by("kind").len().sort("kind").rows())
    too_late = plan.too_late["into"].to_list()
    would = "would be " if dry_run else ""
    console.terminal.json(
        {
            "dry_run": dry_run,
            "adopted": plan.adopted.height,
            "merged": merged,
            "waiting": plan.waiting.height,
            "too_late": too_late,
            "before": plan.before.height,
        }
    )
    console.terminal.line(f"{plan.adopted.height} classrooms {would}adopted")
    for kind, count in merged.items():
        console.terminal.line(f"{count} {kind} {would}merged")
    if plan.waiting.height:
        console.terminal.line(f"{plan.waiting.height} wait for the first night; confirm the same file again after it")
    if too_late:
        console.terminal.line(f"In Connect under their ID already, archive one of the two: {', '.join(too_late)}")
    if plan.before.height:
        console.terminal.line(f"{plan.before.height} were done before")


@_command("archive-students", "--school 0042", json='{"batch": N}')
@click.option("--school", required=True, help="The school's SIS ID.")
def archive_students(console: Console, district: str, school: str) -> None:
    """Archive all students of a school whom people added; those of the sync stay.

    Nothing is lost: they keep classes and families, and can be merged with their history.
    """
    from connect_store import schools

    with desk_of(console, district, None) as desk:
        number = schools.archive_students(desk, school)
    done(console, f"The students of school {school} whom people added are archived (batch {number})", batch=number)


@_command("sync-once", '--why "files of the first week, then by hand"', json="the report of the batch that was applied")
@_WHY
@_SKIP
def sync_once(console: Console, district: str, why: str, skipped: tuple[str, ...]) -> int:
    """Apply the newest files of DISTRICT once, while its daily sync is off.

    Files that come while it is off are judged, reported and held; this applies the newest of them, as a batch of its
    own, guarded as a night is. Nothing more comes by itself: from then on people manage what it brought.
    """
    from processors import steering
    from rosterdrop.commands.batch import end_with_report

    _refuse_what_hurts(console, district, skipped)
    number = steering.sync_once(console.home, district, who=who(), why=why)
    return end_with_report(console, district, number)


@_command("stop-sync", "", json='{"district": id, "enabled": false, "manual": {kind of record: how many}}')
def stop_sync(console: Console, district: str) -> None:
    """Turn the daily sync of DISTRICT off, and tell what people manage from now on.

    All that it brought stays as it is and becomes manual: students can be enrolled, archived and merged by hand, and
    classrooms filled. Files that come are judged and reported, and nothing of them is applied. start-sync takes all of
    it up again: what people changed meanwhile stays where the SIS says nothing new.
    """
    load_profile(console.home, district)
    set_values(console.home, district, {"sync.daily": "false"})
    manual = _brought(console, district)
    console.terminal.json({"district": district, "enabled": False, "manual": manual})
    console.terminal.line(f"The daily sync of {district} is off; files are judged, reported and held")
    console.terminal.table(["what the sync brought, now managed by people", "active"], list(manual.items()))
    console.terminal.line(f"To go on: rosterdrop connect start-sync {district}")


@_command("start-sync", "", json='{"district": id, "enabled": true, "taken_up": {kind of record: how many}}')
@_SKIP
def start_sync(console: Console, district: str, skipped: tuple[str, ...]) -> None:
    """Turn the daily sync of DISTRICT on: from the next files on nights are applied.

    Refused before the first night as long as a step of `connect midyear` is open that would hurt.
    """
    _refuse_what_hurts(console, district, skipped)
    set_values(console.home, district, {"sync.daily": "true"})
    taken_up = _brought(console, district)
    console.terminal.json({"district": district, "enabled": True, "taken_up": taken_up})
    console.terminal.line(f"The daily sync of {district} is on: nights are applied from the next files on")


@_command("release-school", "0042", json='{"school": ID, "batch": N}')
@click.argument("school")
def release_school(console: Console, district: str, school: str) -> None:
    """Take SCHOOL out of the sync of DISTRICT: all that it brought stays, and people manage it from now on.

    The other schools go on as before. Whoever is in one of them too stays the sync's there. To be used after a one-time
    load, such as that of a school which Connect has as two: then connect split-school.
    """
    from connect_store import schools

    profile = load_profile(console.home, district)
    if set(profile.schools or {}) <= {school}:
        raise click.UsageError(
            f"{school} is the only school; turn the sync off: rosterdrop connect stop-sync {district}"
        )
    with desk_of(console, district, None) as desk:
        number = schools.release_school(desk, school)
        set_values(
            console.home, district, {f"schools.{school}": ""}
        )  # a crash before it only lets the next night go on
    done(console, f"School {school} is managed by people (batch {number})", school=school, batch=number)


@_command(
    "split-school",
    "0042 --into 0042-upper --grades 06,07,08",
    json='{"batch": N, "students": N, "classrooms": N, "adults": N, "mixed": [ID of a classroom that stays]}',
)
@click.argument("school")
@click.option("--into", required=True, help="The ID of the other school.")
@click.option("--grades", required=True, help="Grade codes of the students who move, with commas between.")
def split_school(console: Console, district: str, school: str, into: str, grades: str) -> None:
    """Move students of some grades of SCHOOL to another school, with classrooms, families and teachers.

    One school of the SIS cannot be two in Connect night for night, since the files know one; once it can: load it, take
    it out of the sync (connect release-school, or stop-sync for all), split it. A classroom goes with its students; one
    whose students part stays, and is named.
    """
    from connect_store import schools

    with desk_of(console, district, None) as desk:
        split = schools.split_school(desk, school, into, [one.strip() for one in grades.split(",") if one.strip()])
    console.terminal.json(
        {
            "batch": split.number,
            "students": split.students,
            "classrooms": split.classrooms,
            "adults": split.adults,
            "mixed": list(split.mixed),
        }
    )
    console.terminal.line(
        f"In {into} (batch {split.number}): {split.students} students, {split.classrooms} classrooms, "
        f"{split.adults} guardians and staff"
    )
    if split.mixed:
        console.terminal.line(f"Stay in {school}, with students of both: {', '.join(split.mixed)}")


def _standing(console: Console, district: str) -> "Standing":
    from processors.preparing import standing_of

    return standing_of(console.home, load_profile(console.home, district))


def _refuse_what_hurts(console: Console, district: str, skipped: tuple[str, ...]) -> None:
    """Nobody skips by mistake what hurts families before the first night; who means it says so."""
    from processors.midyear import HURTING, refused_because

    open_: list[Step] = refused_because(_standing(console, district), frozenset(skipped))
    if open_:
        step = open_[0]
        raise click.UsageError(
            f"the step {step.name} is open: {step.told} Otherwise {HURTING[step.name]}. "
            f"Look: rosterdrop connect midyear {district}. To go on all the same: --skip {step.name}"
        )


def _brought(console: Console, district: str) -> dict[str, int]:
    """How many active records the sync manages, by kind."""
    from connect_store.directory import managed_by_sync

    with open_store(console.home.store_db) as store:
        return managed_by_sync(store, district)

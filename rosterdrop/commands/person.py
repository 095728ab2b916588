"""`rosterdrop person`: who is in Connect."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Final

import click

from config.loading import load_profile
from config.profiles import Profile
from connect_store.directory import Link, Person, find_people
from connect_store.store import open_store
from rosterdrop.console import Console

_NEWEST: Final = 2**62


class UnknownPerson(Exception):
    """Nobody in the district matches."""

    exit_code = 5


@click.group(epilog='\b\nExample:\n  rosterdrop --home home person find springfield --name "Ana"')
def person() -> None:
    """Find a person of a district in Connect."""


@person.command(
    epilog="""\b
Examples:
  rosterdrop --home home person find springfield --name "Ana" --kind student
  rosterdrop --home home person find springfield --contact 309-555-0141

\b
With --json: {"people": [person]}; it is empty, with exit 5, where nobody matches."""
)
@click.argument("district")
@click.option("--name", help="A part of the name; case and accents do not matter.")
@click.option("--id", "key", help="The SIS ID (sourcedId), or the identifier.")
@click.option("--contact", help="The e-mail address or phone number.")
@click.option("--kind", type=click.Choice(["student", "guardian", "staff"]), help="Only people of this kind.")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at the most.")
@click.pass_obj
def find(
    console: Console,
    district: str,
    *,
    name: str | None,
    key: str | None,
    contact: str | None,
    kind: str | None,
    most: int,
) -> int:
    """Find people by name, ID or contact, with their schools, classes, guardians and students.

    This shows personal data: it is for the support of this district.
    """
    _say_whom(name, key, contact)
    profile = load_profile(console.home, district)
    written = contact and _as_connect_has_it(contact, profile)
    with open_store(console.home.store_db) as store:
        people = find_people(store, district, name=name, key=key, contact=written, kind=kind, most=most)
    found = [_with_school_names(one, profile.schools or {}) for one in people]
    console.terminal.json({"people": [asdict(one) for one in found]})
    if not found and console.json:
        return UnknownPerson.exit_code
    if not found:
        raise UnknownPerson(
            f"nobody in {district} matches; try a part of the name, or --id: who was rejected or set aside every night "
            f"is not in Connect, and stands in the reports ({console.home.reports(district)})"
        )
    console.terminal.table(
        ["who", "id", "name", "status", "grade or role", "schools", "classes", "guardians or students", "attributes"],
        [_as_row(one, profile) for one in found],
    )
    return 0


def _whom(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options by which a person is named."""
    command = click.option("--contact", help="The e-mail address or phone number.")(command)
    command = click.option("--id", "key", help="The SIS ID (sourcedId), or the identifier.")(command)
    command = click.option("--name", help="A part of the name; case does not matter.")(command)
    return click.argument("district")(command)


def _say_whom(*ways: str | None) -> None:
    if not any(ways):
        raise click.UsageError("say whom to look for: --name, --id or --contact")


@person.command(
    "why",
    epilog="""\b
Examples:
  rosterdrop --home home person why springfield --name "Ana Ruiz"
  rosterdrop --home home person why springfield --id s-1042 --nights 7

\b
With --json: {"people": [person], "nights": [{"batch": N, "received": time, "origin": text, "verdict": text,
              "rows": [{"file": text, "line": N, "key": ID, "fate": text, "reasons": [[code, message]]}],
              "not_kept": since when its files are gone, or null}]}""",
)
@_whom
@click.option("--nights", type=click.IntRange(1, 100), default=3, show_default=True, help="How many, newest first.")
@click.pass_obj
def why_(
    console: Console, district: str, *, name: str | None, key: str | None, contact: str | None, nights: int
) -> int:
    """Tell why somebody is missing, or is in Connect as they are: file, line, rule, decision, record, night by night.

    This shows personal data: it is for the support of this district.
    """
    from processors.explaining import why

    _say_whom(name, key, contact)
    profile = load_profile(console.home, district)
    written = contact and _as_connect_has_it(contact, profile)
    told = why(console.home, district, name=name, key=key, contact=written, nights=nights)
    console.terminal.json(asdict(told))
    line = console.terminal.line
    for one in told.people:
        line(f"{_called(one, profile)} is {one.status} in Connect", style="bold")
        for link in (*one.schools, *one.classrooms, *one.guardians, *one.students):
            line(f"  {link.name}: {link.status}")
        for link in one.same_account:
            line(f"  one account with {link.name} {link.key}: {link.status}")
    if not told.people:
        line("Nobody like this is in Connect", style="bold")
    for night in told.nights:
        line("")
        line(f"Batch {night.batch} ({night.received[:16].replace('T', ' ')} UTC, {night.origin}): {night.verdict}")
        for row in night.rows:
            line(f"  {row.file}, line {row.line}: {row.fate.replace('_', ' ')}")
            for code, message in row.reasons:
                line(f"    {message} ({code})")
        if night.not_kept:
            line(f"  its files were removed on {night.not_kept}")
        elif not night.rows:
            line("  no row of its files speaks of them")
    return 0 if told.people or any(night.rows for night in told.nights) else UnknownPerson.exit_code


@person.command(
    epilog="""\b
Example:
  rosterdrop --home home person history springfield --id s-1042

\b
With --json: {"people": [{"kind": text, "key": ID, "steps": [{"batch": N, "at": time, "origin": text, "who": text,
              "what": field or link, "before": text, "after": text}], "owners": [{"field": text, "value": text,
              "owner": "sync" or "hand", "since": time, "batch": N}]}],
              "not_kept": {"up_to": batch, "at": time, "days": N} or null}"""
)
@_whom
@click.pass_obj
def history(console: Console, district: str, *, name: str | None, key: str | None, contact: str | None) -> int:
    """Show what ever changed about somebody, by which batch and whom, and who owns each value today.

    This shows personal data: it is for the support of this district.
    """
    from connect_store.history import history_of, owners_of
    from connect_store.retention import purged_undo

    _say_whom(name, key, contact)
    profile = load_profile(console.home, district)
    written = contact and _as_connect_has_it(contact, profile)
    with open_store(console.home.store_db) as store:
        found = find_people(store, district, name=name, key=key, contact=written)
        told = [
            (one, history_of(store, district, one.kind, one.key), owners_of(store, district, one.kind, one.key))
            for one in found
        ]
        gone = purged_undo(store, district, 0, _NEWEST)
    console.terminal.json(
        {
            "people": [
                {
                    "kind": one.kind,
                    "key": one.key,
                    "steps": [asdict(step) for step in steps],
                    "owners": [asdict(owned) for owned in owners],
                }
                for one, steps, owners in told
            ],
            "not_kept": {"up_to": gone.batch, "at": gone.at, "days": gone.days} if gone else None,
        }
    )
    for one, steps, owners in told:
        console.terminal.table(
            ["batch", "when (UTC)", "from", "what", "before", "after"],
            [
                [step.batch, step.at[:16].replace("T", " "), step.origin, step.what, step.before, step.after]
                for step in steps
            ],
            title=_called(one, profile),
        )
        console.terminal.table(
            ["value", "in Connect", "owner", "since batch"],
            [[owned.field, owned.value, owned.owner, owned.batch] for owned in owners],
            title="Who owns it",
        )
    if told and gone:
        console.terminal.line(f"What changed up to batch {gone.batch} was removed on {gone}")
    if not told:
        raise UnknownPerson(f"nobody in {district} matches; rosterdrop person why looks through the files too")
    return 0


def _as_connect_has_it(contact: str, profile: Profile) -> str:
    """A phone number as the district's files are read: `309-555-0141` is `+13095550141`; an address stays."""
    import polars as pl

    from validators.phones import as_e164

    text = contact.strip()
    if "@" in text:
        return text
    return str(pl.DataFrame({"number": [text]}).select(as_e164(pl.col("number"), profile.phones.country)).item())


def _with_school_names(one: Person, names: Mapping[str, str]) -> Person:
    return replace(one, schools=tuple(replace(link, name=names.get(link.key, link.name)) for link in one.schools))


def _called(one: Person, profile: Profile) -> str:
    return f"{one.given_name} {one.family_name} ({one.kind} {_shown_id(one, profile)})"


def _shown_id(one: Person, profile: Profile) -> str:
    """The ID that people of the district know somebody by (connect-behaviour 2.1); JSON tells both."""
    by_number = profile.sync.student_id == "student_number" and one.kind == "student"
    return (one.identifier if by_number else None) or one.key


def _as_row(one: Person, profile: Profile) -> list[str]:
    return [
        " and ".join(sorted({one.kind, *(link.name for link in _active(one.same_account))})),
        _shown_id(one, profile),
        f"{one.given_name} {one.family_name}",
        one.status,
        one.grades or one.role or "",
        ", ".join(link.name for link in _active(one.schools)),
        ", ".join(link.name for link in _active(one.classrooms)),
        ", ".join(link.name for link in _active(one.guardians or one.students)),
        ", ".join(f"{name}: {value}" for name, value in one.attributes.items()),
    ]


def _active(links: tuple[Link, ...]) -> list[Link]:
    return [link for link in links if link.status == "active"]

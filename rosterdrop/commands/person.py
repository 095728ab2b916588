"""`rosterdrop person`: who is in Connect."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import click

from config.loading import load_profile
from config.profiles import Profile
from connect_store.people import Link, Person, find_people
from connect_store.store import open_store
from rosterdrop.console import Console


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
    if not (name or key or contact):
        raise click.UsageError("say whom to look for: --name, --id or --contact")
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
        [_as_row(one) for one in found],
    )
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


def _as_row(one: Person) -> list[str]:
    return [
        one.kind,
        one.key,
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

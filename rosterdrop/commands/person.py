"""`rosterdrop person`: who is in Connect."""

from collections.abc import Mapping
from dataclasses import asdict

import click

from config.loading import load_profile
from connect_store.people import Link, Person, find_people
from connect_store.store import open_store
from rosterdrop.console import Console


class UnknownPerson(Exception):
    """Nobody in the district matches."""

    exit_code = 5


@click.group(epilog='\b\nExample:\n  rosterdrop --home home person find springfield --name "Ana"')
def person() -> None:
    """Find a person of a district in Connect."""


@person.command(epilog='\b\nExample:\n  rosterdrop --home home person find springfield --name "Ana" --kind student')
@click.argument("district")
@click.option("--name", help="A part of the name; case and accents do not matter.")
@click.option("--id", "key", help="The SIS ID (sourcedId), or the identifier.")
@click.option("--contact", help="The e-mail address or phone number as Connect holds it (+13125550100).")
@click.option("--kind", type=click.Choice(["student", "guardian", "staff"]), help="Only people of this kind.")
@click.option("--most", default=50, show_default=True, help="How many at the most.")
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
) -> None:
    """Find people by name, ID or contact, with their schools, classes, guardians and students.

    This shows personal data: it is for the support of this district.
    """
    if not (name or key or contact):
        raise click.UsageError("say whom to look for: --name, --id or --contact")
    profile = load_profile(console.home, district)
    with open_store(console.home.store_db) as store:
        found = find_people(store, district, name=name, key=key, contact=contact, kind=kind, most=most)
    console.terminal.json({"people": [asdict(one) for one in found]})
    if not found:
        raise UnknownPerson(f"nobody in {district} matches; `batch list {district}` shows what came when")
    console.terminal.table(
        ["who", "id", "name", "status", "grade or role", "schools", "classes", "guardians or students"],
        [_as_row(one, profile.schools or {}) for one in found],
    )


def _as_row(one: Person, schools: Mapping[str, str]) -> list[str]:
    return [
        one.kind,
        one.key,
        f"{one.given_name} {one.family_name}",
        one.status,
        one.grades or one.role or "",
        ", ".join(schools.get(link.key, link.key) for link in _active(one.schools)),
        ", ".join(link.name for link in _active(one.classrooms)),
        ", ".join(link.name for link in _active(one.guardians or one.students)),
    ]


def _active(links: tuple[Link, ...]) -> list[Link]:
    return [link for link in links if link.status == "active"]

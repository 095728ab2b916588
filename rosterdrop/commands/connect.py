"""`rosterdrop connect`: what people may do in Connect by hand beside the sync."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import click

from config.loading import load_profile
from connect_store import manual
from connect_store.events import events_after
from connect_store.manual import Desk, Terms
from connect_store.merging import merge_students as merge_students_
from connect_store.permissions import PERMISSIONS, Permission
from connect_store.records import KINDS, ROLES, Kind, Role
from connect_store.retention import missed_up_to
from connect_store.store import open_store
from processors.locks import district_lock
from rosterdrop.console import Console, who

_LOCK_WAIT_S: Final = 60.0
_AS: Final = click.option("--as", "staff", metavar="ID", help="A staff member: only what their permissions allow.")
_FIELDS: Final = (
    click.option("--given", "given_name", help="First name."),
    click.option("--family", "family_name", help="Last name."),
    click.option("--email", help="E-mail address."),
    click.option("--sms", help="Mobile number with country code, such as +13095550141."),
    click.option("--phone", help="Home number, for the record only."),
)


@click.group(
    epilog="\b\nExample:\n  rosterdrop --home home connect rename-classroom springfield m5 --title Mathematics"
)
def connect() -> None:
    """Change Connect by hand, as far as the sync leaves it to people.

    Each change is a batch of its own in the history, and `batch undo` of a night keeps it.
    """


def _command(name: str, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    def make(function: Callable[..., Any]) -> click.Command:
        epilog = f"\b\nExample:\n  rosterdrop --home home connect {name} springfield {example}"
        command = click.pass_obj(_AS(click.argument("district")(function)))
        return connect.command(name, epilog=epilog)(command)

    return make


def _person_fields(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_FIELDS):
        function = option(function)
    return function


@contextmanager
def desk_of(console: Console, district: str, staff: str | None) -> Iterator[Desk]:
    """Where one change is made: under the district's lock, since a record is read before it is written whole."""
    profile = load_profile(console.home, district)
    terms = Terms(
        enabled=profile.sync.daily,
        schools=frozenset(profile.schools or {}),
        update_active_users=profile.sync.update_active_users,
        staff_manage_guardians=profile.sync.staff_manage_guardians,
        unique_contacts=profile.sync.contact_sharing == "unique",
    )
    home, asks = console.home, who()
    with district_lock(home, district, who=asks, wait_s=_LOCK_WAIT_S), open_store(home.store_db) as store:
        yield Desk(store=store, district=district, terms=terms, who=asks, at=datetime.now(UTC), staff=staff)


def done(console: Console, what: str, **told: object) -> None:
    """Tell what was done, to people and to programs."""
    console.terminal.json(told)
    console.terminal.line(what)


@_command("rename-classroom", "m5 --title Mathematics")
@click.argument("classroom")
@click.option("--title", required=True, help="The new name; it stays until the SIS itself changes the name.")
def rename_classroom(console: Console, district: str, classroom: str, title: str, staff: str | None) -> None:
    """Give CLASSROOM another name."""
    with desk_of(console, district, staff) as desk:
        number = manual.rename_classroom(desk, classroom, title)
    done(console, f"Classroom {classroom} is renamed (batch {number})", batch=number)


@_command("create-classroom", "--school 0042 --title Chess")
@click.option("--school", required=True, help="The school's SIS ID.")
@click.option("--title", required=True, help="Its name.")
@click.option("--grades", help="Grade codes, such as 05.")
def create_classroom(
    console: Console, district: str, school: str, title: str, grades: str | None, staff: str | None
) -> None:
    """Make a classroom that the sync leaves alone."""
    with desk_of(console, district, staff) as desk:
        key = manual.create_classroom(desk, school, title, grades)
    done(console, f"Classroom {key} is made", classroom=key)


@_command("archive-classroom", "m5")
@click.argument("classroom")
def archive_classroom(console: Console, district: str, classroom: str, staff: str | None) -> None:
    """Archive CLASSROOM; nothing of it is lost."""
    with desk_of(console, district, staff) as desk:
        number = manual.archive_classroom(desk, classroom)
    done(console, f"Classroom {classroom} is archived (batch {number})", batch=number)


@_command("unarchive-classroom", "m5")
@click.argument("classroom")
def unarchive_classroom(console: Console, district: str, classroom: str, staff: str | None) -> None:
    """Bring an archived CLASSROOM back."""
    with desk_of(console, district, staff) as desk:
        number = manual.unarchive_classroom(desk, classroom)
    done(console, f"Classroom {classroom} is active (batch {number})", batch=number)


@_command("adopt-classroom", "hand-0123456789abcdef --sis-id m5")
@click.argument("classroom")
@click.option("--sis-id", required=True, help="The sourcedId by which the files call it.")
def adopt_classroom(console: Console, district: str, classroom: str, sis_id: str, staff: str | None) -> None:
    """Hand CLASSROOM, which people made, to the sync: the next night takes it over."""
    with desk_of(console, district, staff) as desk:
        number = manual.adopt_classroom(desk, classroom, sis_id)
    done(console, f"Classroom {classroom} is now {sis_id} (batch {number})", batch=number)


@_command("add-member", "m5 --kind staff --id t-12")
@click.argument("classroom")
@click.option("--kind", type=click.Choice(["student", "staff"]), required=True)
@click.option("--id", "key", required=True, help="The SIS ID of the person.")
def add_member(console: Console, district: str, classroom: str, kind: Kind, key: str, staff: str | None) -> None:
    """Put a co-teacher into CLASSROOM, or a student into one that is not synced."""
    with desk_of(console, district, staff) as desk:
        number = manual.add_member(desk, classroom, kind, key)
    done(console, f"{kind} {key} is in classroom {classroom} (batch {number})", batch=number)


@_command("add-guardian", "s-1042 --given Uma --family Ruiz --email uma@example.org")
@click.argument("student")
@_person_fields
def add_guardian(console: Console, district: str, student: str, staff: str | None, **fields: str | None) -> None:
    """Link a guardian to STUDENT whom the SIS does not have."""
    with desk_of(console, district, staff) as desk:
        key = manual.add_guardian(desk, student, **_given(fields))
    done(console, f"Guardian {key} is linked to student {student}", guardian=key)


@_command("remove-guardian", "s-1042 --guardian g-17")
@click.argument("student")
@click.option("--guardian", required=True, help="The guardian's ID.")
def remove_guardian(console: Console, district: str, student: str, guardian: str, staff: str | None) -> None:
    """Unlink a guardian from STUDENT; the account stays."""
    with desk_of(console, district, staff) as desk:
        number = manual.remove_guardian(desk, student, guardian)
    done(console, f"Guardian {guardian} is no longer linked to student {student} (batch {number})", batch=number)


@_command("remove-guardians", "--school 0042")
@click.option("--school", required=True, help="The school's SIS ID.")
def remove_guardians(console: Console, district: str, school: str, staff: str | None) -> None:
    """Unlink all guardians from the students of a school; accounts stay."""
    with desk_of(console, district, staff) as desk:
        number = manual.remove_guardians(desk, school)
    done(console, f"No student of school {school} has a guardian any more (batch {number})", batch=number)


@_command("add-staff", "--school 0042 --given Max --family Moss --email max@example.org")
@click.option("--school", required=True, help="The school's SIS ID.")
@_person_fields
def add_staff(console: Console, district: str, school: str, staff: str | None, **fields: str | None) -> None:
    """Add a staff member whom the sync never touches."""
    with desk_of(console, district, staff) as desk:
        key = manual.add_staff(desk, school, **_given(fields))
    done(console, f"Staff member {key} is added", staff=key)


@_command("enrol-student", "--school 0042 --given Eve --family Moss")
@click.option("--school", required=True, help="The school's SIS ID.")
@click.option("--grades", help="Grade code, such as 05.")
@_person_fields
def enrol_student(console: Console, district: str, school: str, staff: str | None, **fields: str | None) -> None:
    """Add a student to a school that is not synced."""
    with desk_of(console, district, staff) as desk:
        key = manual.enrol_student(desk, school, **_given(fields))
    done(console, f"Student {key} is added", student=key)


@_command("archive-student", "hand-0123456789abcdef")
@click.argument("student")
def archive_student(console: Console, district: str, student: str, staff: str | None) -> None:
    """Archive a STUDENT that people added."""
    with desk_of(console, district, staff) as desk:
        number = manual.archive_student(desk, student)
    done(console, f"Student {student} is archived (batch {number})", batch=number)


@_command("merge-students", "hand-0123456789abcdef --into s-1042")
@click.argument("student")
@click.option("--into", required=True, help="The SIS ID of the student who survives.")
def merge_students(console: Console, district: str, student: str, into: str, staff: str | None) -> None:
    """Merge STUDENT, added by hand, into one of the sync, with classrooms and guardians."""
    with desk_of(console, district, staff) as desk:
        number = merge_students_(desk, student, into)
    done(console, f"Student {student} is merged into {into} (batch {number})", batch=number)


@_command("enable-account", "s-1042")
@click.argument("student")
def enable_account(console: Console, district: str, student: str, staff: str | None) -> None:
    """Let STUDENT have an account; nobody is invited by it."""
    with desk_of(console, district, staff) as desk:
        number = manual.enable_account(desk, student)
    done(console, f"The account of student {student} is enabled (batch {number})", batch=number)


@_command("edit-contact", "g-17 --kind guardian --email new@example.org")
@click.argument("key", metavar="ID")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@_person_fields
def edit_contact(
    console: Console, district: str, key: str, kind: Kind, staff: str | None, **fields: str | None
) -> None:
    """Change name, e-mail or numbers of a user, where the sync leaves that to people."""
    with desk_of(console, district, staff) as desk:
        number = manual.edit_contact(desk, kind, key, _given(fields))
    done(console, f"{kind} {key} is changed (batch {number})", batch=number)


@_command("change-role", "t-12 --role admin")
@click.argument("member")
@click.option("--role", type=click.Choice(ROLES), required=True)
def change_role(console: Console, district: str, member: str, role: Role, staff: str | None) -> None:
    """Make the staff member MEMBER an admin or a teacher; no night takes that back."""
    with desk_of(console, district, staff) as desk:
        number = manual.change_role(desk, member, role)
    done(console, f"{member} is {role} (batch {number})", batch=number)


@_command("grant", "t-12 --permission rostering_administrator")
@click.argument("member")
@click.option("--permission", type=click.Choice(PERMISSIONS), required=True)
def grant(console: Console, district: str, member: str, permission: Permission, staff: str | None) -> None:
    """Give the staff member MEMBER a permission."""
    with desk_of(console, district, staff) as desk:
        manual.grant(desk, member, permission)
    done(console, f"{member} has the permission {permission}", staff=member, permission=permission)


@connect.command(
    epilog="""\b
Examples:
  rosterdrop --home home connect events springfield
  rosterdrop --home home --json connect events springfield --after 1042

\b
With --json: {"events": [{"id", "district", "batch", "at", "event", "kind", "key", "student", "detail"}], "next",
              "missed_up_to": ID or null}; give `next` to --after the next time.

An event may be met twice, with the same `id`. Events up to `missed_up_to` are no longer kept (retention.events_days):
who has not read them reads the state of Connect anew."""
)
@click.argument("district")
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="The `id` that was read last.")
@click.option("--most", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="How many at the most.")
@click.pass_obj
def events(console: Console, district: str, after: int, most: int) -> None:
    """Read what changed for whom in DISTRICT, in order.

    Created, archived and restored people, linked and disconnected guardians, changed e-mail addresses and mobile
    numbers of active users: by nights, by hand and by an undo; IDs that became others (`id_changed`, the old one in
    `detail`). A line for each holds IDs and names of fields, never a value. The first sync of a district has none.

    Notices for administrators are among them (kind `district`, the reason in `detail`): `sync_failed` where a night was
    withheld, held, refused or could not be worked on, `files_missing`, and `sync_recovered` with the first night that
    stands after one of those. `district set DISTRICT notices.enabled=false` stops them.
    """
    load_profile(console.home, district)
    with open_store(console.home.store_db) as store:
        missed = missed_up_to(store, district, after)
        found = [asdict(event) for event in events_after(store, district, after, most)]
    next_ = found[-1]["id"] if found else max(after, missed or 0)
    console.terminal.json({"events": found, "next": next_, "missed_up_to": missed})
    if missed:
        console.terminal.error(
            f"events after {after} up to {missed} are no longer kept (retention.events_days): read Connect's state anew"
        )
    for event in found:
        console.terminal.line(json.dumps(event, ensure_ascii=False))


def _given(fields: dict[str, str | None]) -> dict[str, str]:
    given = {name: value for name, value in fields.items() if value}
    if not given:
        raise click.UsageError("say what: --given, --family, --email, --sms, --phone")
    return given

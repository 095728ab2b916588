"""What people do in Connect by hand beside a sync: each operation is checked, applied and entered in the history.

Errors:
    ManualError
    ├── NotAllowed      Connect's rules or permissions forbid it; the sentence says which, and what to do instead
    └── NoSuchRecord    a person or classroom that was named is not there
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from config.tables import MOST_GUARDIANS
from connect_store import ledger, people
from connect_store.accounts import other_roles
from connect_store.applying import BROUGHT, CHANGE, Changes, apply, brought, columns_of
from connect_store.directory import find_people
from connect_store.permissions import BRINGS_FAMILY_ACCESS, MOST_PERMISSIONS, RULES, Operation, Permission
from connect_store.records import (
    ATTACHMENT,
    CLASSROOM,
    CONTACTS,
    ENTITIES,
    GUARDIANSHIP,
    MEMBERSHIP,
    PERSON,
    Entity,
    EntityName,
    Kind,
    Role,
)
from connect_store.store import Store

Record = dict[str, Any]


class ManualError(Exception):
    """A change by hand that is not made; nothing was written."""

    exit_code = 2


class NotAllowed(ManualError):
    """Connect's rules or the permissions of who asks forbid it."""


class NoSuchRecord(ManualError):
    """A person or classroom that was named is not there."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a district's sync stands, as far as it decides what is done by hand.

    Attributes:
        enabled: whether the daily sync is on; without it everything is manual (connect-behaviour 4.7).
        schools: IDs of schools that are synced.
        update_active_users: whether the sync alone changes contact details of active users (2.3).
        staff_manage_guardians: whether staff may manage guardians at all (6, G15).
        unique_contacts: whether each e-mail and mobile belongs to one person (3.7).
    """

    enabled: bool = True
    schools: frozenset[str] = frozenset()
    update_active_users: bool = False
    staff_manage_guardians: bool = True
    unique_contacts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where somebody works by hand: the store, the district and its terms, who it is, and when.

    `staff` is the ID of a staff member whose permissions count; without it, it is the operator, who has all.
    """

    store: Store
    district: str
    terms: Terms
    who: str
    at: datetime
    staff: str | None = None

    def person(self, kind: Kind, key: str) -> Record:
        """A person in force.

        Raises:
            NoSuchRecord: there is none.
        """
        found = self._find(PERSON, {"kind": kind, "key": key})
        if found is None:
            raise NoSuchRecord(f"{self.district} has no {kind} with the ID {key}")
        return found

    def classroom(self, key: str) -> Record:
        """A classroom in force.

        Raises:
            NoSuchRecord: there is none.
        """
        found = self._find(CLASSROOM, {"key": key})
        if found is None:
            raise NoSuchRecord(f"{self.district} has no classroom with the ID {key}")
        return found

    def link(self, entity: Entity, **key: str) -> Record | None:
        """A link in force, active or ended; None where there never was one."""
        return self._find(entity, key)

    def is_synced(self, record: Record) -> bool:
        """Whether the sync manages a record; of a district whose sync is off everything is manual."""
        return self.terms.enabled and record["managed_by"] == "sync"

    def allow(self, operation: Operation, *, synced: bool) -> None:
        """Go on where an operation is allowed on such a record, to whoever asks.

        Raises:
            NotAllowed: it is not.
        """
        rule = RULES[operation]
        if self.staff is not None and rule.needs and not self._is_leader() and not rule.needs & self.permissions():
            raise NotAllowed(
                f"{self.staff} may not {operation}: that takes {' or '.join(sorted(rule.needs))}, or a leader"
            )
        if refusal := rule.synced if synced else rule.manual:
            raise NotAllowed(f"cannot {operation}: {refusal}")

    def permissions(self) -> frozenset[str]:
        """What the staff member may do."""
        return frozenset(
            name for (name,) in self.store.rows("permissions_of", district=self.district, staff=self.staff)
        )

    def does(self, what: str, changes: Mapping[EntityName, Sequence[Record]]) -> int:
        """Apply changes as a batch of their own, with its undo record; its number."""
        return self.applies(
            what, {name: _frame(ENTITIES[name], records) for name, records in changes.items() if records}
        )

    def applies(self, what: str, changes: Changes) -> int:
        """The same with changes as frames."""
        frames = {name: records for name, records in changes.items() if not records.is_empty()}
        counted: dict[str, dict[str, int]] = {
            name: {str(action): int(count) for action, count in frame.group_by(CHANGE).len().rows()}
            for name, frame in frames.items()
        }
        with self.store.writing():
            number = ledger.enter_done(
                self.store, district=self.district, origin="hand", at=self.at, changes=counted, summary={}
            )
            apply(self.store, district=self.district, batch=number, changes=frames, at=self.at)
            ledger.note(self.store, number, "by hand", at=self.at, who=self.who, detail=what)
        return number

    def _find(self, entity: Entity, key: Mapping[str, str]) -> Record | None:
        with self.store.reading():
            found = people.standing(self.store, self.district, entity, pl.DataFrame([dict(key)]))
        return found.row(0, named=True) if found.height else None

    def _is_leader(self) -> bool:
        assert self.staff is not None
        return bool(self.person("staff", self.staff)["role"] == "admin")


def enrol_student(desk: Desk, school: str, **fields: str) -> str:
    """Add a student by hand to a school that is not synced; the ID of the new record."""
    if desk.terms.enabled and school in desk.terms.schools:
        desk.allow("enrol a student", synced=True)
    return _add_person(desk, "student", school, fields, "enrol a student")


def add_staff(desk: Desk, school: str, **fields: str) -> str:
    """Add a staff member by hand, whom the sync never touches; the ID of the new record."""
    desk.allow("add staff", synced=False)
    return _add_person(desk, "staff", school, {"role": "teacher", **fields}, "add staff")


def change_role(desk: Desk, key: str, role: Role) -> int:
    """Make a staff member an admin or a teacher; no night takes that back (connect-behaviour 3.4)."""
    found = desk.person("staff", key)
    desk.allow("change a role", synced=desk.is_synced(found))
    return desk.does("change a role", {"person": [{**found, "role": role, CHANGE: "updated"}]})


def archive_student(desk: Desk, key: str) -> int:
    """Archive a student that was added by hand."""
    student = desk.person("student", key)
    desk.allow("archive a student", synced=desk.is_synced(student))
    return desk.does("archive a student", {"person": [_archived(student)]})


def enable_account(desk: Desk, key: str) -> int:
    """Let a student have an account; nobody is invited by it (connect-behaviour 3.2)."""
    student = desk.person("student", key)
    desk.allow("enable a student account", synced=desk.is_synced(student))
    if student["account"] != "none":
        raise NotAllowed(f"the account of student {key} is enabled already")
    return desk.does("enable a student account", {"person": [{**student, "account": "invitee", CHANGE: "updated"}]})


def activate(desk: Desk, kind: Kind, key: str) -> int:
    """Somebody logs in for the first time and claims the account: from now on the user is active (2.3)."""
    found = desk.person(kind, key)
    if found["account"] == "none":
        raise NotAllowed(f"{kind} {key} has no account; enable it first")
    known = [one for one in _other_roles(desk, found) if one["account"] != "active"]
    users = [{**one, "account": "active", CHANGE: "updated"} for one in (found, *known)]
    return desk.does("activate", {"person": users})


def edit_contact(
    desk: Desk, kind: Kind, key: str, fields: Mapping[str, str | None], *, self_service: bool = False
) -> int:
    """Change name, e-mail or phone of a user, where the sync leaves that to people (connect-behaviour 2.3).

    An invitee of the sync is the sync's; of an active user with the setting on likewise; with it off the user and a
    USERS_MANAGER decide. A student's numbers come only from the SIS (3.2).
    """
    if wrong := fields.keys() - set(CONTACTS):
        raise NotAllowed(f"{', '.join(sorted(wrong))} cannot be edited by hand")
    found = desk.person(kind, key)
    if kind == "student" and fields.keys() & {"sms", "phone"}:
        raise NotAllowed("phone numbers of students come only from the SIS")
    sync_owns = desk.is_synced(found) and (found["account"] != "active" or desk.terms.update_active_users)
    if not self_service or sync_owns:
        desk.allow("edit contact details", synced=sync_owns)
    changed = {**found, **fields}
    if not changed["email"] and not changed["sms"] and kind != "student":
        raise NotAllowed("an e-mail address or a mobile number must stay, or nobody can reach this user")
    if kind != "student" or found["account"] != "none":
        _must_be_own(desk, changed, found)
    same = [one for one in _other_roles(desk, found) if one["account"] == found["account"] == "active"]
    edited = [changed, *({**one, **fields} for one in same)]
    return desk.does("edit contact details", {"person": [{**one, CHANGE: "updated"} for one in edited]})


def create_classroom(desk: Desk, school: str, title: str, grades: str | None = None) -> str:
    """Make a classroom beside the sync; the ID of the new record."""
    desk.allow("create a classroom", synced=False)
    key = _new_key()
    room = {"key": key, "school": school, "title": title, "grades": grades, **_BY_HAND}
    desk.does("create a classroom", {"classroom": [room]})
    return key


def rename_classroom(desk: Desk, key: str, title: str) -> int:
    """Give a classroom another name; it stays until the SIS itself changes the name (connect-behaviour 9.2)."""
    room = desk.classroom(key)
    desk.allow("rename a classroom", synced=desk.is_synced(room))
    return desk.does("rename a classroom", {"classroom": [{**room, "title": title, CHANGE: "updated"}]})


def archive_classroom(desk: Desk, key: str) -> int:
    """Archive a classroom, a synced one too: it comes back only where the setting to unarchive is on (3.5)."""
    room = desk.classroom(key)
    desk.allow("archive a classroom", synced=desk.is_synced(room))
    return desk.does("archive a classroom", {"classroom": [_archived(room)]})


def unarchive_classroom(desk: Desk, key: str) -> int:
    """Bring an archived classroom back."""
    room = desk.classroom(key)
    desk.allow("unarchive a classroom", synced=desk.is_synced(room))
    return desk.does("unarchive a classroom", {"classroom": [{**room, "status": "active", CHANGE: "restored"}]})


def add_member(desk: Desk, classroom: str, kind: Kind, key: str) -> int:
    """Put a student or a teacher into a classroom: students only into one that the sync does not manage."""
    room, found = desk.classroom(classroom), desk.person(kind, key)
    if kind == "guardian":
        raise NotAllowed("guardians are in a classroom through their students")
    operation: Operation = "put a student into a classroom" if kind == "student" else "add a co-teacher"
    desk.allow(operation, synced=desk.is_synced(room))
    before = desk.link(MEMBERSHIP, classroom=classroom, kind=kind, key=found["key"])
    if before and before["status"] == "active":
        raise NotAllowed(f"{kind} {key} is in classroom {classroom} already")
    link = {"classroom": classroom, "kind": kind, "key": key, **_BY_HAND, CHANGE: "restored" if before else "created"}
    return desk.does(operation, {"membership": [link]})


def add_guardian(desk: Desk, student: str, **fields: str) -> str:
    """Link a guardian that the SIS does not have, by hand or by a join code; the ID of the guardian.

    Somebody whom the district has already, with the same name and the same e-mail or mobile, is the same person.
    """
    _may_manage_guardians(desk)
    found = desk.person("student", student)
    desk.allow("add a guardian", synced=False)
    if not (fields.get("email") or fields.get("sms")):
        raise NotAllowed("a guardian needs an e-mail address or a mobile number (connect-behaviour 6, G3)")
    active = [status for *_, status in desk.store.rows("guardians_of", district=desk.district, key=student)].count(
        "active"
    )
    if active >= MOST_GUARDIANS:
        raise NotAllowed(f"student {student} has {MOST_GUARDIANS} guardians, which is as many as Connect links")
    known = _same_guardian(desk, fields)
    key = known or _new_key()
    newcomer = _person(desk, "guardian", key, fields)
    if not known:
        _must_be_own(desk, newcomer)
    before = desk.link(GUARDIANSHIP, student=student, guardian=key)
    link = {
        "student": student,
        "guardian": key,
        "source": "hand",
        **_BY_HAND,
        CHANGE: "restored" if before else "created",
    }
    schools = [
        row[0] for row in desk.store.rows("schools_of", district=desk.district, kind="student", key=found["key"])
    ]
    homes = [
        {"kind": "guardian", "key": key, "school": school, "source": "hand", **_BY_HAND}
        for school in schools
        if desk.link(ATTACHMENT, kind="guardian", key=key, school=school) is None
    ]
    people_ = [] if known else [newcomer]
    desk.does("add a guardian", {"person": people_, "attachment": homes, "guardianship": [link]})
    return key


def remove_guardian(desk: Desk, student: str, guardian: str) -> int:
    """Unlink a guardian from a student; the account stays (connect-behaviour 9.1)."""
    _may_manage_guardians(desk)
    link = desk.link(GUARDIANSHIP, student=student, guardian=guardian)
    if link is None or link["status"] != "active":
        raise NoSuchRecord(f"guardian {guardian} is not linked to student {student}")
    desk.allow("remove guardians", synced=desk.is_synced(link))
    return desk.does("remove guardians", {"guardianship": [_archived(link)]})


def remove_guardians(desk: Desk, school: str) -> int:
    """Unlink all guardians from the students of a school, as is advised before a first sync (4.3); accounts stay."""
    _may_manage_guardians(desk)
    desk.allow("remove guardians", synced=False)
    pairs = desk.store.rows("families_of_school", district=desk.district, school=school)
    if not pairs:
        raise NoSuchRecord(f"no student of school {school} has a guardian")
    with desk.store.reading():
        keys = pl.DataFrame(pairs, schema=dict.fromkeys(GUARDIANSHIP.key, pl.String()), orient="row")
        links = people.standing(desk.store, desk.district, GUARDIANSHIP, keys)
    return desk.does("remove guardians", {"guardianship": [_archived(link) for link in links.iter_rows(named=True)]})


def adopt_classroom(desk: Desk, key: str, sis_id: str) -> int:
    """Hand a classroom that people made to the sync, under its SIS ID: the next night takes it over (3.5, 4.2).

    Its members move to the record that carries the SIS ID; the old one is archived. Its students are the sync's then:
    those of the data who are not enrolled leave it that night. Teachers and students whom people added stay.
    """
    room = desk.classroom(key)
    desk.allow("adopt a classroom", synced=desk.is_synced(room))
    if desk.link(CLASSROOM, key=sis_id) is not None:
        raise NotAllowed(f"a classroom with the ID {sis_id} is in Connect already; archive one of them")
    members = desk.store.rows("members_of", district=desk.district, classroom=key)
    moved = [
        {"classroom": sis_id, "kind": kind, "key": member, **_BY_HAND, **(_BROUGHT if kind == "student" else {})}
        for kind, member, _, status in members
        if status == "active"
    ]
    adopted = {**room, "key": sis_id, CHANGE: "created"}
    return desk.does("adopt a classroom", {"classroom": [adopted, _archived(room)], "membership": moved})


def grant(desk: Desk, staff: str, permission: Permission) -> None:
    """Give a staff member a permission, six at the most; some bring Family Access (connect-behaviour 8.1)."""
    desk.person("staff", staff)
    desk.allow("change permissions", synced=False)
    has = {name for (name,) in desk.store.rows("permissions_of", district=desk.district, staff=staff)}
    wanted = {permission, *(["family_access"] if permission in BRINGS_FAMILY_ACCESS else [])}
    if len(has | wanted) > MOST_PERMISSIONS:
        raise NotAllowed(f"{staff} has {len(has)} permissions, and Connect gives {MOST_PERMISSIONS} at the most")
    with desk.store.writing():
        for name in wanted:
            desk.store.run("grant", district=desk.district, staff=staff, permission=name)


_BY_HAND: Final[Mapping[str, str]] = {"managed_by": "hand", "status": "active", CHANGE: "created"}
_BROUGHT: Final[Mapping[str, str | int]] = {"managed_by": "sync", BROUGHT: 1}


def _may_manage_guardians(desk: Desk) -> None:
    if desk.staff is not None and not desk.terms.staff_manage_guardians:
        raise NotAllowed("in this district no staff manages guardians (setting sync.staff_manage_guardians)")


def _other_roles(desk: Desk, found: Record) -> list[Record]:
    """The other records of somebody's account: what is done to the account is done to them (connect-behaviour 3.4)."""
    roles = other_roles(desk.store, desk.district, found["kind"], found["key"], found)
    return [desk.person(role.kind, role.key) for role in roles]


def _must_be_own(desk: Desk, record: Record, before: Record | None = None) -> None:
    """Go on where no contact that a record takes is somebody else's; those that it has, `before`, it keeps."""
    if not desk.terms.unique_contacts:
        return
    new = {field: record[field] for field in ("email", "sms") if before is None or record[field] != before[field]}
    one_account = [record, *_other_roles(desk, record), *(_other_roles(desk, before) if before else [])]
    own = {(one["kind"], one["key"]) for one in one_account}
    for field, value in new.items():
        asked = {"email": None, "sms": None, field: value}
        others = [other for other in desk.store.rows("who_has", district=desk.district, **asked) if other not in own]
        if others:
            kind, key = others[0]
            raise NotAllowed(
                f"{value} belongs to {kind} {key}, and in this district each e-mail and mobile belongs to one person "
                "(setting sync.contact_sharing)"
            )


def _same_guardian(desk: Desk, fields: Mapping[str, str]) -> str | None:
    name = f"{fields.get('given_name', '')} {fields.get('family_name', '')}"
    for contact in filter(None, (fields.get("email"), fields.get("sms"))):
        found = find_people(desk.store, desk.district, name=name, contact=contact, kind="guardian")
        if found:
            return found[0].key
    return None


def _add_person(desk: Desk, kind: Kind, school: str, fields: Mapping[str, str], what: str) -> str:
    key = _new_key()
    home = {"kind": kind, "key": key, "school": school, "source": None, **_BY_HAND}
    newcomer = _person(desk, kind, key, fields)
    if kind != "student":
        _must_be_own(desk, newcomer)
    desk.does(what, {"person": [newcomer], "attachment": [home]})
    return key


def _person(desk: Desk, kind: Kind, key: str, fields: Mapping[str, str]) -> Record:
    """Somebody new; who has logged in in another role has an account already (connect-behaviour 3.4)."""
    source = "hand" if kind == "guardian" else None
    record = {
        **dict.fromkeys(PERSON.values),
        **fields,
        "kind": kind,
        "key": key,
        "source": source,
        "account": "none" if kind == "student" else "invitee",
        **_BY_HAND,
    }
    is_user = any(role["account"] == "active" for role in _other_roles(desk, record))
    return {**record, "account": "active"} if is_user else record


def _archived(record: Record) -> Record:
    return {**record, CHANGE: "archived"}


def _new_key() -> str:
    return f"hand-{uuid.uuid4().hex[:16]}"


def _frame(entity: Entity, records: Sequence[Record]) -> pl.DataFrame:
    """Records as changes that leave the baseline alone."""
    schema = {column: pl.Int64() if column == BROUGHT else pl.String() for column in columns_of(entity)}
    untouched = {BROUGHT: None, **{brought(field): None for field in entity.values}}
    return pl.DataFrame([{**untouched, **record} for record in records], schema=schema)

"""Connect's rules in memory, written to be read: what a night, a change by hand and an undo make of a district.

Records are plain dicts. `base` is what the sync brought last; every rule names its row of connect-behaviour.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
Key = tuple[str, ...]
Records = dict[Key, dict[str, Any]]

PERSON = {"given_name": "givenName", "family_name": "familyName", "email": "email", "grades": "grades"}
CONTACTS = ("given_name", "family_name", "email")
ROOM = {"school": "schoolSourcedId", "title": "title", "grades": "grades"}
TABLES = ("person", "attachment", "classroom", "membership", "guardianship")


@dataclass
class Settings:
    unarchive_classrooms: bool = False
    keep_archived: bool = False
    update_active_users: bool = False
    student_accounts: bool = False
    update_class_names: bool = False
    unique_contacts: bool = False


@dataclass
class State:
    person: Records = field(default_factory=dict)
    attachment: Records = field(default_factory=dict)
    classroom: Records = field(default_factory=dict)
    membership: Records = field(default_factory=dict)
    guardianship: Records = field(default_factory=dict)


@dataclass
class Model:
    """A district in Connect."""

    settings: Settings = field(default_factory=Settings)
    now: State = field(default_factory=State)
    base: State = field(default_factory=State)
    nights: list[tuple[State, State, State]] = field(default_factory=list)  # before, base before, after

    # ---- a night -----------------------------------------------------------------------------------------------------

    def night(self, users: Sequence[Row], classes: Sequence[Row], enrollments: Sequence[Row]) -> None:
        before, base_before = deepcopy(self.now), deepcopy(self.base)
        users = self._each_with_own_address(users)
        people, rooms = self._people(users), self._rooms(classes)
        seats: Records = {
            (seat["classSourcedId"], kind, key): {}
            for seat in enrollments
            for kind, key in people
            if key == seat["userSourcedId"] and (seat["classSourcedId"],) in rooms
        }
        homes: Records = {
            (row["kind"], row["sourcedId"], school): {}
            for row in users
            if (row["kind"], row["sourcedId"]) in people
            for school in row["schools"]
        }
        families: Records = {
            (row["sourcedId"], agent): {}
            for row in users
            if ("student", row["sourcedId"]) in people
            for agent in row["agents"]
        }
        missing = {key for kind, key in self.base.person if kind == "student" and (kind, key) not in people}

        self._bring("person", people)
        self._one_account_in_every_role(people, before, base_before)
        self._bring("attachment", homes)
        self._bring("classroom", rooms)
        self._bring("membership", seats)
        self._bring("guardianship", families)

        # 9.1: archiving a student keeps guardians, classes and schools.
        for student, guardian in self._gone("guardianship", families):
            if student not in missing and ("student", student) in people:
                self._end("guardianship", (student, guardian), "ended")
        held = {guardian for student, guardian in self.base.guardianship if (student, guardian) not in families}
        # 9.1: a guardian leaves when no link is left; staff who are gone are disconnected.
        stays = {("guardian", guardian) for guardian in held}
        for kind, key in self._gone("person", people):
            if (kind, key) not in stays:
                self._end("person", (kind, key), "archived" if kind == "student" else "disconnected")
        for kind, key, school in self._gone("attachment", homes):
            away = kind == "student" and (kind, key) not in people
            if not away and (kind, key) not in stays:
                self._end("attachment", (kind, key, school), "ended")
        # 9.1: enrolments of a class that is gone stay as history.
        for room, kind, key in self._gone("membership", seats):
            away = kind == "student" and (kind, key) not in people
            if (room,) in rooms and not away:
                self._end("membership", (room, kind, key), "ended")
        for room_key in self._gone("classroom", rooms):
            self._end("classroom", room_key, "archived")
        self.nights.append((before, base_before, deepcopy(self.now)))

    def _people(self, users: Sequence[Row]) -> Records:
        told: Records = {
            (row["kind"], row["sourcedId"]): {name: row[column] for name, column in PERSON.items()} for row in users
        }
        if not self.settings.keep_archived:
            return told
        kept = [key for key in told if key[0] == "student" and self._stays_archived("person", key)]
        return {key: values for key, values in told.items() if key not in kept}

    def _one_account_in_every_role(self, people: Records, before: State, base_before: State) -> None:
        """3.4, G14: what tonight says anew of somebody who has logged in elsewhere is a user's too."""
        for key, told in people.items():
            record = self.now.person[key]
            is_new = told != base_before.person.get(key) or record != before.person.get(key)
            roles = [self.now.person[other]["account"] for other in self.other_roles(key)]
            if is_new and record["account"] == "invitee" and "active" in roles:
                record["account"] = "active"

    def other_roles(self, key: Key) -> list[Key]:
        """Records of the same person: name and address are the same."""
        own = self._identity(key)
        return [other for other in self.now.person if other != key and own and self._identity(other) == own]

    def _identity(self, key: Key) -> tuple[str, ...] | None:
        record = self.now.person[key]
        is_somebody = key[0] != "student" and record["email"]
        return tuple(record[name] for name in CONTACTS) if is_somebody else None

    def _each_with_own_address(self, users: Sequence[Row]) -> Sequence[Row]:
        """3.7, 9.2: who has an address keeps it, of newcomers the first gets it; students need one for an account."""
        if not self.settings.unique_contacts:
            return users
        claims = {(row["kind"], row["sourcedId"]): row for row in users if self._needs_address(row)}
        holders: dict[str, list[Any]] = {}
        own = set()
        for key, record in self.now.person.items():
            if record["status"] != "active" or record["account"] == "none" or not record["email"]:
                continue
            who_decides = self._who_decides(key, record)
            if who_decides == "the user":
                own.add(key)
            if not (who_decides == "files" and key in claims and claims[key]["email"] != record["email"]):
                names = (record["given_name"], record["family_name"], record["email"])
                holders.setdefault(record["email"], []).append((key, names))
        taken = set()
        for key, row in claims.items():
            if key in own or not row["email"]:
                continue
            names = (row["givenName"], row["familyName"], row["email"])
            if not any(
                key == other or (names == names_there and "student" not in (key[0], other[0]))
                for other, names_there in holders.setdefault(row["email"], [(key, names)])
            ):
                taken.add(key)
        return [{**row, "email": None} if (row["kind"], row["sourcedId"]) in taken else row for row in users]

    def _needs_address(self, row: Row) -> bool:
        return row["kind"] != "student" or self.settings.student_accounts

    def _who_decides(self, key: Key, record: Row) -> str:
        """What a person may own of an address in Connect (2.3)."""
        if key not in self.base.person:
            return "a person"
        if key[0] != "student" and self.settings.update_active_users:
            return "files"
        if key[0] != "student" and record["account"] == "active":
            return "the user"
        return "files" if record["email"] == self.base.person[key]["email"] else "a person"

    def _rooms(self, classes: Sequence[Row]) -> Records:
        told: Records = {(row["sourcedId"],): {name: row[column] for name, column in ROOM.items()} for row in classes}
        if self.settings.unarchive_classrooms:
            return told
        return {key: values for key, values in told.items() if not self._stays_archived("classroom", key)}

    def _stays_archived(self, table: str, key: Key) -> bool:
        record = getattr(self.now, table).get(key)
        return record is not None and record["status"] == "archived" and key not in getattr(self.base, table)

    def _bring(self, table: str, told: Records) -> None:
        now, base = getattr(self.now, table), getattr(self.base, table)
        for key, values in told.items():
            record = now.get(key)
            if record is None:
                now[key] = {**values, **self._own(table, key), "managed_by": "sync", "status": "active"}
            elif key not in base:
                record |= {name: value for name, value in values.items() if not self._is_users(table, key, name)}
                record |= {"managed_by": "sync", "status": "active"}
            else:
                for name, value in values.items():
                    if self._is_users(table, key, name):
                        continue  # 2.3: details of an active user are theirs
                    if value != base[key][name] or self._is_syncs(table, key, name):
                        record[name] = value  # 9.2: only where the source itself says something new
                if table == "classroom" and self.settings.unarchive_classrooms:
                    record["status"] = "active"  # 2.1: also one that was archived by hand
            if table == "person" and key[0] == "student" and self.settings.student_accounts:
                now[key]["account"] = "invitee" if now[key]["account"] == "none" else now[key]["account"]
            base[key] = dict(values)

    def _own(self, table: str, key: Key) -> dict[str, str]:
        return {"account": "none" if key[0] == "student" else "invitee"} if table == "person" else {}

    def _is_users(self, table: str, key: Key, name: str) -> bool:
        is_contact = table == "person" and key[0] != "student" and name in CONTACTS
        return is_contact and not self.settings.update_active_users and self.now.person[key]["account"] == "active"

    def _is_syncs(self, table: str, key: Key, name: str) -> bool:
        if table == "classroom" and name == "title" and self.settings.update_class_names:
            return True
        return table == "person" and key[0] != "student" and name in CONTACTS and self.settings.update_active_users

    def _gone(self, table: str, told: Records) -> list[Key]:
        return [key for key in getattr(self.base, table) if key not in told]

    def _end(self, table: str, key: Key, status: str) -> None:
        getattr(self.now, table)[key]["status"] = status
        del getattr(self.base, table)[key]

    # ---- by hand -----------------------------------------------------------------------------------------------------

    def sets(self, table: str, key: Key, **fields: Any) -> None:
        """Somebody changes fields of a record, or makes it."""
        records = getattr(self.now, table)
        records[key] = {**records.get(key, {}), **fields}

    # ---- undo --------------------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """The newest night is undone, field by field, where nobody changed a field since."""
        before, self.base, after = self.nights.pop()
        for table in reversed(TABLES):
            was, left, now = getattr(before, table), getattr(after, table), getattr(self.now, table)
            for key in [*now]:
                if key not in left:
                    continue  # made by hand since
                if key not in was:
                    if now[key] == left[key] and not self._is_pointed_at(table, key):
                        del now[key]
                    else:
                        now[key]["managed_by"] = "hand"
                    continue
                now[key] = {
                    name: was[key][name] if value == left[key][name] else value for name, value in now[key].items()
                }

    def _is_pointed_at(self, table: str, key: Key) -> bool:
        """Whether something that people made hangs on a record."""
        if table == "classroom":
            return any(room == key[0] for room, *_ in self.now.membership)
        if table != "person":
            return False
        ends = [(kind, who) for kind, who, _ in self.now.attachment]
        ends += [(kind, who) for _, kind, who in self.now.membership]
        ends += [end for child, adult in self.now.guardianship for end in (("student", child), ("guardian", adult))]
        return key in ends

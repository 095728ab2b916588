"""A Connect store that lives through nights: standing rows in, what became of people out. The store is a real one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from config.profiles import ASSUMED, Guard, Sync
from config.tables import TableName
from connect_store import ledger, people
from connect_store.applying import apply
from connect_store.directory import Person, find_people
from connect_store.records import ENTITIES
from connect_store.store import open_store
from connect_store.undo_record import differences
from processors.differing import differences_in
from processors.guarding import GuardOutcome
from processors.pipeline import decide
from processors.summaries import findings_in, guard_in
from processors.verdicts import ChangeCounts, Verdict
from tests.asking import ask, change
from validators import contacts
from validators.findings import Finding, as_frame
from validators.judging import REJECTED, SET_ASIDE, Judgement

Row = Mapping[str, Any]
NOW = ledger.moment("2026-11-24T00:00:00.000Z")
_LISTS = ("schools", "agents", "kept")


def student(key: str, *, school: str = "A", agents: Sequence[str] = (), **fields: Any) -> Row:
    return _user(key, "student", "student", school, agents=list(agents), **fields)


def guardian(key: str, *, school: str = "A", **fields: Any) -> Row:
    return _user(key, "guardian", "parent", school, **fields)


def teacher(key: str, *, school: str = "A", **fields: Any) -> Row:
    return _user(key, "staff", fields.pop("role", "teacher"), school, **fields)


def classroom(key: str, *, school: str = "A", **fields: Any) -> Row:
    return {"sourcedId": key, "title": f"Class {key}", "schoolSourcedId": school, "grades": "05", **fields}


def member(room: str, user: str) -> Row:
    return {"classSourcedId": room, "userSourcedId": user}


def contact(student_key: str, guardian_key: str | None, **fields: Any) -> Row:
    return {
        "studentSourcedId": student_key,
        "guardianSourcedId": guardian_key,
        "givenName": "Gil",
        "familyName": "Gray",
        "email": f"{guardian_key}@example.org",
        "sms": None,
        "phone": None,
        "language": None,
        **fields,
    }


def _user(key: str, kind: str, role: str, school: str, **fields: Any) -> Row:
    return {
        "sourcedId": key,
        "kind": kind,
        "role": role,
        "schools": school.split(),
        "agents": [],
        "givenName": key.title(),
        "familyName": "Gray",
        "email": None,
        "sms": None,
        "phone": None,
        "language": None,
        "grades": None,
        "identifier": None,
        "agentSourcedIds": None,
        **fields,
    }


@dataclass
class Night:
    """What one night did."""

    changes: ChangeCounts
    guard: GuardOutcome
    verdict: Verdict
    findings: Sequence[Finding]
    foreseen: pl.DataFrame


@dataclass
class Connect:
    path: Path
    sync: Sync = field(default_factory=Sync)
    guard_rule: Guard = field(default_factory=lambda: Guard(limit_percent=100))
    number: int = 0

    def night(
        self,
        users: Sequence[Row] | None = (),
        classes: Sequence[Row] | None = (),
        enrollments: Sequence[Row] | None = (),
        *,
        guardians: Sequence[Row] | None = None,
        guardians_from: Any = "users",
        protected: Mapping[TableName, Sequence[Any]] | None = None,
        drop_columns: Sequence[str] = (),
        approved: bool = False,
    ) -> Night:
        """Bring one night's standing rows into the store."""
        given: dict[TableName, Sequence[Row] | None] = {
            "users": users,
            "classes": classes,
            "enrollments": enrollments,
            "guardians": guardians,
        }
        standing = {name: _frame(name, rows, drop_columns) for name, rows in given.items() if rows is not None}
        if self.sync.contact_sharing == "unique":
            standing["users"] = self._each_with_own_contacts(standing["users"])
        judgement = Judgement(
            facts=(),
            standing=standing,
            findings=as_frame(()),
            rejected=pl.DataFrame(schema=REJECTED),
            set_aside=pl.DataFrame(schema=SET_ASIDE),
            protected={name: _keys(name, keys) for name, keys in (protected or {}).items()},
            guardians_from=guardians_from,
        )
        return self._brings(judgement, approved=approved)

    def differences(self) -> pl.DataFrame:
        """What the last night changed, as the store remembers it."""
        with open_store(self.path) as store:
            return differences_in(differences(store, "d", self.number - 1, self.number))

    def status_of(self, key: str) -> str | None:
        found = self.find(key)
        return found.status if found else None

    def find(self, key: str) -> Person | None:
        with open_store(self.path) as store:
            found = find_people(store, "d", key=key)
        return found[0] if found else None

    def links_of(self, key: str, what: str) -> dict[str, str]:
        found = self.find(key)
        return {link.key: link.status for link in getattr(found, what)}

    def classroom_status(self, key: str) -> str:
        with open_store(self.path) as store:
            rows = ask(store, "select status from classroom where key = :key", key=key)
        return str(rows[0][0])

    def title_of(self, key: str) -> str:
        with open_store(self.path) as store:
            rows = ask(store, "select title from classroom where key = :key", key=key)
        return str(rows[0][0])

    def edits(self, *statements: str) -> None:
        """What a person changes beside the sync."""
        with open_store(self.path) as store:
            for statement in statements:
                change(store, statement)

    def contents(self) -> dict[str, list[Any]]:
        """Every row of Connect's own tables, without the number of the batch that wrote it."""
        with open_store(self.path) as store:
            return {
                name: ask(store, f"select {', '.join(entity.in_force)} from {name} order by {', '.join(entity.key)}")
                for name, entity in ENTITIES.items()
            }

    def _each_with_own_contacts(self, users: pl.DataFrame) -> pl.DataFrame:
        """Without the contacts of others, as judging takes them."""
        with open_store(self.path) as store:
            held = people.contact_holders(store, "d", contacts.HELD, active_users=self.sync.update_active_users)
        unique = contacts.Uniqueness(held=held, of_students=self.sync.student_accounts)
        rows = users.with_row_index("line")
        taken = contacts.taken(contacts.told("users", rows, contacts.COLUMNS, unique), held)
        lines = {column: taken.filter(column=column)["line"].to_list() for column in contacts.COLUMNS}
        own = [pl.when(~pl.col("line").is_in(lines[column])).then(column).alias(column) for column in lines]
        return rows.with_columns(own).drop("line")

    def _brings(self, judgement: Judgement, *, approved: bool) -> Night:
        """Steps 6 to 9, as the pipeline takes them."""
        profile = replace(ASSUMED, id="d", sync=self.sync, guard=self.guard_rule)
        with open_store(self.path) as store:
            with store.writing():
                origin = "approve" if approved else "test"
                self.number = ledger.open_batch(store, district="d", test=False, origin=origin, received=NOW, files=[])
            batch = ledger.require(store, self.number)
            decided = decide(store, judgement, profile, people.baseline(store, profile.id), batch)
            with store.writing():
                apply(
                    store,
                    district="d",
                    batch=self.number,
                    changes=decided.takes,
                    at=NOW,
                    tell_logins=self.sync.tell_changed_logins,
                )
        outcome = guard_in(decided.summary)
        assert outcome
        assert decided.counts
        assert decided.differences is not None
        return Night(
            changes=decided.counts,
            guard=outcome,
            verdict=decided.verdict,
            findings=findings_in(decided.summary),
            foreseen=decided.differences,
        )


def _frame(name: TableName, rows: Sequence[Row], drop: Sequence[str]) -> pl.DataFrame:
    examples: dict[str, Row] = {
        "users": student("x"),
        "classes": classroom("x"),
        "enrollments": member("x", "x"),
        "guardians": contact("x", "x"),
    }
    columns = [*examples[name], "kept"]
    schema = {column: pl.List(pl.String) if column in _LISTS else pl.String for column in columns}
    data = [{"kept": [], **row} for row in rows]
    return pl.DataFrame(data, schema=schema).drop(*(column for column in drop if column in schema))


def _keys(table: TableName, rows: Sequence[Any]) -> pl.DataFrame:
    names: dict[TableName, tuple[str, ...]] = {
        "users": ("key",),
        "classes": ("key",),
        "enrollments": ("classSourcedId", "userSourcedId"),
        "guardians": ("studentSourcedId", "guardianSourcedId"),
    }
    cells = [(row,) if isinstance(row, str) else row for row in rows]
    return pl.DataFrame(cells, dict.fromkeys(names[table], pl.String), orient="row")

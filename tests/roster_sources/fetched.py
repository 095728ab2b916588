"""A district of sixty students whose roster stands at Clever, ClassLink, a OneRoster server, or in files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from config.home import Home
from config.loading import load_profile
from config.writing import set_values
from connect_store.store import open_store
from processors import deliveries, freezing, pipeline
from processors.reporting.json_document import as_json
from roster_sources.asking import Patience
from rosterdrop.generating.generate import generate
from rosterdrop.pulls import Ended, pull_roster
from tests.asking import ask
from tests.roster_servers.classlink import ClassLinkServer
from tests.roster_servers.clever import CleverServer
from tests.roster_servers.clever_records import Shape
from tests.roster_servers.district import SourceDistrict, of_night
from tests.roster_servers.oneroster import Auth, OneRosterServer
from tests.roster_servers.oneroster_records import Version
from tests.stories.springfield import Report, settled_home

QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.1, silence_s=2.0, page_s=2.0, pull_s=30.0)


@cache
def generated() -> tuple[Path, dict[str, str]]:
    """The folder of a night that every way brings, and its schools."""
    folder = Path(mkdtemp(prefix="rosterdrop-fetched-"))
    generate(folder, students=60, seed=7)
    schools = json.loads((folder / "district.json").read_text())["schools"]
    return folder / "night-1", schools


@cache
def district_of_night() -> SourceDistrict:
    """The same as records."""
    return of_night(generated()[0])


Roster = dict[str, set[tuple[Any, ...]]]


@dataclass
class Fetched:
    """A district in a home of its own."""

    home: Home

    def set(self, **values: str) -> None:
        """Change settings: `source__kind="clever"`."""
        set_values(self.home, "springfield", {key.replace("__", "."): value for key, value in values.items()})

    def pull(self, *, only_new: bool = False, now: datetime | None = None, patience: Patience = QUICK) -> Ended:
        return pull_roster(self.home, "springfield", who="test", only_new=only_new, now=now, patience=patience)

    def taken_anyway(self) -> int:
        """Fetch whatever speaks against it; the number of the batch."""
        ended = pull_roster(self.home, "springfield", who="test", anyway=True, patience=QUICK)
        assert ended.batch is not None
        return ended.batch

    def night(self, patience: Patience = QUICK, *, now: datetime | None = None) -> Report:
        """Fetch, judge and apply."""
        number = self.pull(now=now, patience=patience).batch
        assert number is not None
        return self.finish(number)

    def upload(self, *files: Path) -> Report:
        """The same by hand, as if it had come over SFTP."""
        with open_store(self.home.store_db) as store:
            profile = load_profile(self.home, "springfield")
            delivery = deliveries.upload(store, profile, deliveries.files_at(files), who="test")
        return self.finish(freezing.deliver(self.home, delivery))

    def finish(self, number: int) -> Report:
        outcome = pipeline.finish(self.home, "springfield", number, who="test")
        return Report(json.loads(as_json(outcome.report, masked=False)))

    def roster(self) -> Roster:
        """What is in Connect, without the batch that wrote it."""
        with open_store(self.home.store_db) as store:
            return {name: set(ask(store, f"select {columns} from {name}")) for name, columns in _COLUMNS.items()}

    def active(self, kind: str) -> int:
        """How many people of a kind are active in Connect."""
        with open_store(self.home.store_db) as store:
            sql = "select count(*) from person where kind = :kind and status = 'active'"
            return int(ask(store, sql, kind=kind)[0][0])


_COLUMNS = {
    "person": "kind, key, given_name, family_name, email, sms, phone, language, grades, role, status",
    "attachment": "kind, key, school, status",
    "classroom": "key, title, school, grades, status",
    "membership": "classroom, kind, key, status",
    "guardianship": "student, guardian, status",
}


def fetched_home(root: Path) -> Fetched:
    """A district that has the schools of the generated night and fetches nothing yet."""
    district = Fetched(settled_home(root))
    _, schools = generated()
    district.set(**{f"schools__{key}": name for key, name in schools.items()})
    return district


@contextmanager
def from_clever(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, CleverServer]]:
    """A district that fetches from Clever, by the IDs of its SIS."""
    district = fetched_home(root)
    with CleverServer(district_of_night(), shape=Shape(contact_name="{family}, {given}")) as server:
        monkeypatch.setenv("CLEVER_TOKEN", server.token)
        district.set(
            source__kind="clever",
            clever__url=server.url,
            clever__district_id=server.district_id,
            clever__token="env:CLEVER_TOKEN",
            clever__schools="all",
            clever__class_ids="sis_id",
        )
        yield district, server


@contextmanager
def from_classlink(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fetched, ClassLinkServer]]:
    """A district that fetches from ClassLink, whose token is looked up with the partner's key."""
    district = fetched_home(root)
    with ClassLinkServer(district_of_night()) as server:
        monkeypatch.setenv("PARTNER_KEY", server.partner_key)
        district.set(
            source__kind="classlink",
            classlink__url=f"{server.url}/{{application_id}}/ims/oneroster/v1p1",
            classlink__tenant_id=server.tenant_id,
            classlink__partner_key="env:PARTNER_KEY",
            oneroster__language="language",
        )
        yield district, server


@contextmanager
def from_oneroster(
    root: Path, monkeypatch: pytest.MonkeyPatch, version: Version = "1.2", auth: Auth = "oauth2"
) -> Iterator[tuple[Fetched, OneRosterServer]]:
    """A district that fetches from a OneRoster server."""
    district = fetched_home(root)
    with OneRosterServer(district_of_night(), version=version, auth=auth) as server:
        monkeypatch.setenv("ROSTER_KEY", server.key)
        monkeypatch.setenv("ROSTER_SECRET", server.token if auth == "bearer" else server.secret)
        district.set(
            source__kind="oneroster",
            oneroster__url=server.api_url,
            oneroster__auth=auth.partition("-")[0],
            oneroster__signature=auth.partition("-")[2] or "sha256",
            oneroster__key="env:ROSTER_KEY",
            oneroster__secret="env:ROSTER_SECRET",
            oneroster__token_url=server.token_url,
            oneroster__language="language",
        )
        yield district, server

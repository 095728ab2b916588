"""TOML to frozen values through JSON Schema; every mistake with its file and key, none raised before all are known.

`load_*` read one kind each and raise `InvalidConfig` with all mistakes. `Live` is what a service holds: it follows the
files and keeps the last good value of each that was edited into something not valid.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from config.accounts import Account
from config.districts import district_ids, profile_files, require_district
from config.documents import known_keys, mistakes_in, schema
from config.home import Home
from config.ids import ID_ALLOWED, is_id
from config.mistakes import (
    ConfigError,
    InvalidConfig,
    Mistake,
    NotAHome,
    UnknownAccount,
    UnknownDistrict,
    nearest,
)
from config.profiles import (
    Arrival,
    Attributes,
    Classes,
    ClassLink,
    Clever,
    Days,
    Exceptional,
    Guard,
    Guardians,
    Notices,
    OneRosterApi,
    Phones,
    Profile,
    Quota,
    Reading,
    RemoteSftp,
    Reports,
    Source,
    Sync,
)
from config.settings import Audit, Limits, Metrics, Retention, Server, Settings, Store, Watching, Worker
from config.toml import parse

__all__ = [
    "ConfigError",
    "Configuration",
    "InForce",
    "InvalidConfig",
    "Live",
    "Mistake",
    "NotAHome",
    "UnknownAccount",
    "UnknownDistrict",
    "load_account",
    "load_accounts",
    "load_all",
    "load_profile",
    "load_profiles",
    "load_settings",
    "read_profile",
    "settings_in_force",
]

Document = Mapping[str, Any]
_A_MONTH_H: Final = 720.0
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that people have set, and what is wrong with the files right now."""

    settings: Settings
    profiles: Mapping[str, Profile]
    accounts: Mapping[str, Account]
    mistakes: tuple[Mistake, ...] = ()

    def profile(self, district: str) -> Profile:
        """The profile of one district."""
        if district not in self.profiles:
            raise UnknownDistrict(district, list(self.profiles))
        return self.profiles[district]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One setting of a district: its value, and whether the profile says so or the default.

    `connect` is the exact name of the same setting in Connect, `says` what it does.
    """

    key: str
    value: Any
    source: Literal["profile", "default"]
    connect: str | None
    says: str


def load_settings(home: Home) -> Settings:
    """Settings of the service."""
    return _settings_in(home).or_raise()


def load_profile(home: Home, district: str) -> Profile:
    """The profile of one district."""
    return _profile_in(home, require_district(home, district)).or_raise()


def load_profiles(home: Home) -> dict[str, Profile]:
    """Every district's profile by its id; the mistakes of all of them are raised together."""
    return _all_good({file.stem: _profile_in(home, file) for file in profile_files(home)})


def load_accounts(home: Home) -> dict[str, Account]:
    """Every account by its id."""
    return _accounts_in(home, district_ids(home)).or_raise()


def load_account(home: Home, account: str) -> Account:
    """One account."""
    accounts = load_accounts(home)
    if account not in accounts:
        raise UnknownAccount(account, list(accounts))
    return accounts[account]


def load_all(home: Home) -> Configuration:
    """Everything at once; the mistakes of all files are raised together."""
    everything = Live(home).now
    if everything.mistakes:
        raise InvalidConfig(everything.mistakes)
    return everything


def settings_in_force(home: Home, district: str) -> tuple[InForce, ...]:
    """Every setting of a district, in the order of the profile's schema."""
    load_profile(home, district)
    file = home.profile_file(district)
    document = parse(file.read_bytes(), _name_in(home, file))
    return tuple(_in_force(key, node, document) for key, node in known_keys(schema("profile")).items())


def _in_force(key: str, node: Mapping[str, Any], document: Document) -> InForce:
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return InForce(
        key=key,
        value=node.get("default") if value is None else value,
        source="default" if value is None else "profile",
        connect=node.get("x-connect"),
        says=node["description"],
    )


def read_profile(file: Path, district: str | None = None) -> Profile:
    """A profile from any file, such as the copy that is frozen with a batch; without a district the file names it."""
    return _parsed(file, file.name, "profile", lambda document: _profile(district or file.stem, document)).or_raise()


class Live:
    """The configuration of a running service.

    Settings and accounts must be valid at the first load, unless somebody hands over `last_good` ones; a profile that
    is not valid keeps only its own district out. Later, a file that was edited into something not valid keeps its last
    good value. `now.mistakes` says what is wrong. `refresh` touches the disk and may be called from any thread; `now`
    does not.
    """

    def __init__(self, home: Home, last_good: Configuration | None = None) -> None:
        self._home = home
        self._kept: dict[Path, _Kept] = {}
        self._lock = threading.Lock()
        if last_good:
            self._keep(last_good)
        first = self._look()
        wrong = [one for file in (home.settings_file, home.accounts_file) for one in self._kept[file].mistakes]
        if wrong and not last_good:
            raise InvalidConfig(first.mistakes)
        self.now: Configuration = first

    def _keep(self, last_good: Configuration) -> None:
        """Values that count until a file says something better; no generation of a file is `None`."""
        home = self._home
        self._kept = {home.profile_file(one): _Kept(None, profile, ()) for one, profile in last_good.profiles.items()}
        self._kept[home.settings_file] = _Kept(None, last_good.settings, ())
        self._kept[home.accounts_file] = _Kept(None, last_good.accounts, ())

    def refresh(self) -> Configuration:
        """Look at the files again, and read those that changed."""
        with self._lock:
            self.now = self._look()
            return self.now

    def _look(self) -> Configuration:
        home, files = self._home, profile_files(self._home)
        profiles = {file.stem: self._newest(file, partial(_profile_in, home, file)) for file in files}
        for gone in [file for file in self._kept.keys() - files if file.parent == home.profiles]:
            del self._kept[gone]
        settings = self._newest(home.settings_file, lambda: _settings_in(home))
        ids = district_ids(home)
        accounts = self._newest(home.accounts_file, lambda: _accounts_in(home, ids), depends_on=tuple(ids))
        looked = (settings, accounts, *profiles.values())
        return Configuration(
            settings=settings.value or Settings(),
            profiles={district: kept.value for district, kept in profiles.items() if kept.value is not None},
            accounts=accounts.value or {},
            mistakes=tuple(mistake for kept in looked for mistake in kept.mistakes),
        )

    def _newest(self, file: Path, read: "Callable[[], _Read[Any]]", depends_on: tuple[str, ...] = ()) -> "_Kept":
        """The value of a file: kept while the file is as it was, read again otherwise."""
        generation, before = (_generation(file), depends_on), self._kept.get(file)
        if before is None or before.generation != generation:
            answer = read()
            last_good = before.value if before else None
            value = last_good if answer.mistakes else answer.value
            self._kept[file] = _Kept(generation, value, answer.mistakes)
        return self._kept[file]


class _Kept(NamedTuple):
    """What is known of one file: which generation of it was read, its last good value, what is wrong with it now."""

    generation: object
    value: Any
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class _Read(Generic[Value]):
    """What a file says, or why it cannot be used."""

    value: Value | None
    mistakes: tuple[Mistake, ...] = field(default=())

    def or_raise(self) -> Value:
        if self.value is None:
            raise InvalidConfig(self.mistakes)
        return self.value


def _all_good(answers: Mapping[str, _Read[Value]]) -> dict[str, Value]:
    mistakes = [mistake for answer in answers.values() for mistake in answer.mistakes]
    if mistakes:
        raise InvalidConfig(mistakes)
    return {key: answer.or_raise() for key, answer in answers.items()}


def _generation(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file is edited in place or replaced; a size alone would miss `true` for `fals`."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _settings_in(home: Home) -> _Read[Settings]:
    name = _name_in(home, home.settings_file)
    answer = _parsed(home.settings_file, name, "settings", _settings)
    mistakes = tuple(_clashes(answer.value, name)) if answer.value else ()
    return _Read(None, mistakes) if mistakes else answer


def _profile_in(home: Home, file: Path) -> _Read[Profile]:
    name = _name_in(home, file)
    if not is_id(file.stem):
        says = f"the name of a profile is its district's id, and {file.stem!r} is none"
        return _Read(None, (Mistake(file=name, key=None, says=says, allowed=ID_ALLOWED),))
    answer = _parsed(file, name, "profile", lambda document: _profile(file.stem, document))
    mistakes = (
        (*_misplaced_schools(answer.value, name), *_missing_of_source(answer.value, name)) if answer.value else ()
    )
    return _Read(None, mistakes) if mistakes else answer


def _accounts_in(home: Home, districts: list[str]) -> _Read[dict[str, Account]]:
    name = _name_in(home, home.accounts_file)
    answer = _parsed(home.accounts_file, name, "accounts", _accounts)
    if answer.value is None:
        return answer
    mistakes = [mistake for account in answer.value.values() for mistake in _misplaced(account, name, districts)]
    return _Read(None, tuple(mistakes)) if mistakes else answer


def _name_in(home: Home, file: Path) -> str:
    return file.relative_to(home.root).as_posix()


def _parsed(file: Path, name: str, schema: str, build: Callable[[Document], Value]) -> _Read[Value]:
    try:
        document = parse(file.read_bytes(), name)
    except InvalidConfig as invalid:
        return _Read(None, invalid.mistakes)
    except FileNotFoundError:
        return _Read(None, (Mistake(file=name, key=None, says="the file is missing"),))
    except OSError as error:
        return _Read(None, (Mistake(file=name, key=None, says=f"the file cannot be read ({error.strerror})"),))
    mistakes = mistakes_in(document, schema, name)
    return _Read(None, mistakes) if mistakes else _Read(build(document))


def _settings(document: Document) -> Settings:
    return Settings(
        server=Server(**document.get("server", {})),
        limits=Limits(**document.get("limits", {})),
        watching=Watching(**document.get("watching", {})),
        worker=Worker(**document.get("worker", {})),
        audit=Audit(**document.get("audit", {})),
        retention=Retention(**document.get("retention", {})),
        metrics=Metrics(**document.get("metrics", {})),
        store=Store(**document.get("store", {})),
    )


def _clashes(settings: Settings, file: str) -> Iterator[Mistake]:
    """Further ports on which something else listens already."""
    others = {settings.metrics.port: "metrics.port", settings.server.port: "server.port"}
    for port in settings.server.more_ports:
        if int(port) in others:
            yield Mistake(
                file=file,
                key=f"server.more_ports.{port}",
                says=f"the port {port} is taken already, by {others[int(port)]}",
                allowed="a port that nothing else listens on",
            )


def _profile(district: str, document: Document) -> Profile:
    schools = document["schools"]
    return Profile(
        id=district,
        name=document["name"],
        time_zone=ZoneInfo(document["time_zone"]),
        schools=None if schools == "auto" else dict(schools),
        arrival=_arrival(**_carrying_longer(document), **document.get("arrival", {})),
        quota=Quota(**document.get("quota", {})),
        guard=_guard(**document.get("guard", {})),
        sync=_sync(**document.get("sync", {})),
        guardians=Guardians(**document.get("guardians", {})),
        classes=Classes(**document.get("classes", {})),
        attributes=Attributes(**document.get("attributes", {})),
        reading=_reading(_ids_of_source(document), **document.get("reading", {})),
        phones=Phones(**document.get("phones", {})),
        report=Reports(**document.get("report", {})),
        notices=Notices(**document.get("notices", {})),
        source=_source(**document.get("source", {})),
        clever=Clever(**_with_tuples(document.get("clever", {}))),
        classlink=ClassLink(**document.get("classlink", {})),
        oneroster=OneRosterApi(**_with_tuples(document.get("oneroster", {}))),
        remote_sftp=RemoteSftp(**document.get("remote_sftp", {})),
    )


def _arrival(*, expected: list[Any] | None = None, deadline: str | None = None, **other: Any) -> Arrival:
    return Arrival(
        expected=tuple(expected) if expected else Arrival().expected,
        deadline=time.fromisoformat(deadline) if deadline else None,
        **other,
    )


def _carrying_longer(document: Document) -> dict[str, Any]:
    """What was fetched stays beside a guardians.csv that comes later, also while the source rests."""
    is_fetched = document.get("source", {}).get("kind", "none") != "none"
    return {"carry_hours": _A_MONTH_H} if is_fetched and "carry_hours" not in document.get("arrival", {}) else {}


def _guard(*, calendar: list[str] | None = None, **other: Any) -> Guard:
    return Guard(calendar=tuple(map(Exceptional.of, calendar or ())), **other)


def _misplaced_schools(profile: Profile, file: str) -> Iterator[Mistake]:
    """Schools that are part of one that is none, or of one that is part of another itself."""
    merged = profile.reading.schools_merged()
    for part, whole in merged.items():
        if why := _why_apart(part, whole, merged, profile.schools):
            allowed = 'like "0043=0042", where 0042 is a school of the district and 0043 is not'
            says = f"{part} cannot be part of {whole}: {why}"
            yield Mistake(file=file, key="reading.same_school", says=says, allowed=allowed)


_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "clever": (("clever.district_id",), ("clever.token",)),
    "classlink": (("classlink.token", "classlink.partner_key"), ("classlink.application_id", "classlink.partner_key")),
    "oneroster": (("oneroster.url",), ("oneroster.secret",)),
    "sftp": (("remote_sftp.host",), ("remote_sftp.login",), ("remote_sftp.password", "remote_sftp.key")),
}
"""What must be set for each kind of source; one of each."""


def _missing_of_source(profile: Profile, file: str) -> Iterator[Mistake]:
    """Settings without which a source cannot be asked."""
    for choice in _NEEDED.get(profile.source.kind, ()):
        if not any(attrgetter(key)(profile) for key in choice):
            says = f"it is not set, and source.kind is {profile.source.kind}"
            yield Mistake(file=file, key=choice[0], says=says, allowed=f"{' or '.join(choice)} set in the same change")


def _why_apart(part: str, whole: str, merged: Mapping[str, str], schools: Mapping[str, str] | None) -> str | None:
    if whole in merged:
        return f"{whole} is part of another school itself"
    if schools is None:
        return None
    if whole not in schools:
        return f"{whole} is no school of this district"
    return f"{part} is a school of its own" if part in schools else None


def _sync(*, start_time: str | None = None, **other: Any) -> Sync:
    return Sync(start_time=time.fromisoformat(start_time) if start_time else None, **other)


def _source(*, blackout: list[str] | None = None, **other: Any) -> Source:
    return Source(blackout=tuple(map(Days.of, blackout or ())), **_with_tuples(other))


def _reading(own: list[str], *, district_ids: list[str] | None = None, **other: Any) -> Reading:
    return Reading(district_ids=(*(district_ids or ()), *own), **_with_tuples(other))


def _ids_of_source(document: Document) -> list[str]:
    """What the source calls the district itself: whoever belongs to it and to no school belongs to the district."""
    is_clever = document.get("source", {}).get("kind") == "clever"
    return [document["clever"]["district_id"]] if is_clever and "district_id" in document.get("clever", {}) else []


def _with_tuples(table: Document) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _accounts(document: Document) -> dict[str, Account]:
    return {account: _account(account, **table) for account, table in document.get("accounts", {}).items()}


def _account(account: str, *, districts: list[str], rights: list[Any], **other: Any) -> Account:
    lists = {key: tuple(value) for key, value in other.items() if isinstance(value, list)}
    settings = {"layout": "single", **other, **lists}
    return Account(id=account, districts=tuple(districts), rights=frozenset(rights), **settings)


def _misplaced(account: Account, file: str, districts: list[str]) -> Iterator[Mistake]:
    """Districts of an account that do not exist, and a layout that cannot show them all."""
    key = f"accounts.{account.id}.districts"
    for district in account.districts:
        if district not in districts:
            known = f"one of {', '.join(districts)}" if districts else "none, no district has been added yet"
            yield Mistake(
                file=file,
                key=key,
                says=f"there is no district {district!r}",
                allowed=known,
                nearest=nearest(district, districts),
            )
    if account.layout == "single" and len(account.districts) != 1:
        yield Mistake(
            file=file,
            key=key,
            says=f"an account whose layout is single sees one district, not {len(account.districts)}",
            allowed='one district, or layout = "many"',
        )

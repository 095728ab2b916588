"""A district's profile as frozen values; every field is a key of `districts/<id>.toml` with the same name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from config.languages import DEFAULT
from config.tables import REQUIRED_BY_DEFAULT, SCHOOL_COLUMNS, TableName

GuardiansFrom = Literal["auto", "users", "guardians", "none"]
StudentId = Literal["student_id", "student_number"]
Encoding = Literal["utf-8", "windows-1252", "iso-8859-1", "shift_jis"]
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When a set of files is complete (INTERFACES, "What a batch is made of"). Table `[arrival]`."""

    expected: tuple[TableName, ...] = REQUIRED_BY_DEFAULT
    settle_s: float = 2.0
    quiet_s: float = 60.0
    partial_quiet_s: float = 300.0
    carry_hours: float = 20.0
    trigger: str = "*.done"  # a file of this name says that the set is whole
    deadline: time | None = None  # in the district's time zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much a drop may hold and take. Table `[quota]`."""

    bytes: int = 50 * 1024**3  # apparent sizes, uploads that are not finished among them
    files: int = 10_000
    daily_bytes: int = 100 * 1024**3  # received in a day of UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptional:
    """Days on which more of a school may vanish than usually, as at the start of a year (connect-behaviour 2.2, T6)."""

    first: date
    last: date
    limit_percent: float

    @classmethod
    def of(cls, text: str) -> Self:
        """From a text like `2026-08-01/2026-09-15=60`.

        Raises:
            ValueError: it is none.
        """
        days, _, percent = text.partition("=")
        first, last = map(date.fromisoformat, days.split("/"))
        exceptional = cls(first=first, last=last, limit_percent=float(percent))
        if first > last or not 0 <= exceptional.limit_percent <= 100:
            raise ValueError(text)
        return exceptional

    def __str__(self) -> str:
        return f"{self.first}/{self.last}={self.limit_percent:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How much of a school may vanish in one night. Table `[guard]`."""

    limit_percent: float = 10.0  # connect-behaviour 9.2, Connect's Deletion Threshold
    calendar: tuple[Exceptional, ...] = ()
    at_least: int = 2  # connect-behaviour 9.2, very small schools
    rejected_percent: float = 20.0  # connect-behaviour 9.2, more was probably misread
    rejected_at_least: int = 10  # fewer rejected rows than this never hold a batch
    moved_percent: float = 25.0  # connect-behaviour 9.2, more would reach other people than yesterday
    moved_at_least: int = 10  # fewer than this never hold a batch: a small school may change
    hold_changed_ids: bool = True  # sis-deviations 112, 113, 148

    def exceptional_on(self, day: date) -> Exceptional | None:
        """The exception that holds on a day of the district; of several the one that was written last."""
        return next((one for one in reversed(self.calendar) if one.first <= day <= one.last), None)

    def on(self, day: date) -> Self:
        """The guard as it is on a day of the district."""
        exceptional = self.exceptional_on(day)
        return replace(self, limit_percent=exceptional.limit_percent) if exceptional else self

    def allowed(self, managed: int) -> int:
        """How many of `managed` records may vanish: reaching the limit is allowed (2.2, T2: 50 of 501)."""
        return max(int(managed * Decimal(str(self.limit_percent)) // 100), self.at_least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What the sync does with records that come back, and with what people own. Table `[sync]`."""

    archived_students: Literal["reactivate", "keep_archived"] = "reactivate"  # connect-behaviour 9.1
    unarchive_classrooms: bool = False  # connect-behaviour 2.1
    update_language: bool = False  # connect-behaviour 9.2: written at creation, later only with this
    update_active_users: bool = False  # connect-behaviour 2.3
    update_class_names: bool = False  # connect-behaviour 9.2, where pages disagree
    student_accounts: bool = False  # connect-behaviour 2.1
    staff_manage_guardians: bool = True  # connect-behaviour 6, G15
    tell_changed_logins: bool = True  # connect-behaviour 9.5, notify active users
    start_time: time | None = None  # connect-behaviour 9.5, in the district's time zone
    daily: bool = True  # connect-behaviour 2.1, Enable Daily sync
    contact_sharing: Literal["allow", "unique"] = "allow"  # connect-behaviour 3.7, 9.2
    student_id: StudentId = "student_id"  # connect-behaviour 2.1: what people read, never the key


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardians:
    """Which file brings guardians, and to which schools (connect-behaviour 9.3, 9.4). Table `[guardians]`."""

    source: GuardiansFrom = "auto"
    schools_from_students: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """What is asked of classes.csv. Table `[classes]`."""

    grades: Literal["derived", "required"] = "derived"  # connect-behaviour 9.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Whether student_attributes.csv is taken (connect-behaviour 9.3). Table `[attributes]`."""

    take: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How files are read. Table `[reading]`.

    `encoding`: of files that are not UTF-8. `headers`: columns that files call otherwise, each as
    `users.sourcedId=Student Number`. `same_school`: SIS IDs of schools that are part of another one in Connect, each as
    `0043=0042`. `district_ids`: what files call the district itself. `phone_credential`: the column of users.csv with
    the number to log in with.
    """

    encoding: Encoding = "utf-8"
    headers: tuple[str, ...] = ()
    same_school: tuple[str, ...] = ()  # connect-behaviour 3.1, two SIS schools may feed one Connect school
    district_ids: tuple[str, ...] = ()  # connect-behaviour 9.4
    phone_credential: Literal["sms", "phone"] = "sms"  # connect-behaviour 2.1

    def headers_of(self, table: TableName) -> dict[str, str]:
        """What the files of a table call columns, by our names of them."""
        named = _pairs(self.headers)
        prefix = f"{table}."
        return {key.removeprefix(prefix): header for key, header in named.items() if key.startswith(prefix)}

    def schools_merged(self) -> dict[str, str]:
        """The school that each merged one is part of, by IDs."""
        return _pairs(self.same_school)


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    parts = (text.partition("=") for text in texts)
    return {left.strip(): right.strip() for left, _, right in parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """How phone numbers without a country code are read. Table `[phones]`."""

    country: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """How a district is told what became of its files. Table `[report]`."""

    language: str = DEFAULT
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Whether administrators are told of nights that failed, missing files and recovery. Table `[notices]`."""

    enabled: bool = True  # connect-behaviour 9.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days from a first one to a last one, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, text: str) -> Self:
        """From a text like `2026-12-20/2027-01-03`.

        Raises:
            ValueError: it is none.
        """
        first, last = map(date.fromisoformat, text.split("/"))
        if first > last:
            raise ValueError(text)
        return cls(first=first, last=last)


SourceKind = Literal["none", "clever", "classlink", "oneroster", "sftp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the district's roster is fetched from, and when it is not. Table `[source]`.

    `blackout`: days without a pull. `guardians`: whether the source brings them too. `leave_classes`: classes that are
    not brought in, each as `subject=…`, `term=…`, `type=…`, `title=…` or `id=…`. `still_days`: so many school days
    without any change are strange; 0 for never.
    """

    kind: SourceKind = "none"
    blackout: tuple[Days, ...] = ()
    guardians: bool = True  # connect-behaviour 2.1, Allow sync to manage Guardians
    leave_classes: tuple[str, ...] = ()  # connect-behaviour 5, over-shared sections
    still_days: int = 10  # clever-classlink E 9: two weeks of school, in which somebody always moves

    @property
    def hides_guardians(self) -> bool:
        """Whether guardians may not be shown whom students still name (clever-classlink B6)."""
        return self.kind in {"classlink", "oneroster"}

    def rests_on(self, day: date) -> bool:
        """Whether nothing is fetched on a day of the district."""
        return any(days.first <= day <= days.last for days in self.blackout)

    def school_days(self, after: date, until: date) -> int:
        """How many days after one and until another are neither of a weekend nor without a pull."""
        days = (after + timedelta(days=number + 1) for number in range((until - after).days))
        return sum(day.weekday() < _SATURDAY and not self.rests_on(day) for day in days)

    def is_long(self, after: date, until: date) -> bool:
        """Whether so much time without any change is strange."""
        return 0 < self.still_days <= self.school_days(after, until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clever:
    """How Clever is asked, and what of its answers is taken (connect-behaviour 2.4). Table `[clever]`."""

    url: str = "https://api.clever.com"
    version: Literal["v3.0", "v3.1"] = "v3.1"
    district_id: str = ""
    token: str = ""  # where it is kept: `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`
    people_ids: Literal["sis_id", "clever_id", "student_number"] = "sis_id"
    school_ids: Literal["sis_id", "clever_id", "school_number"] = "sis_id"
    class_ids: Literal["clever_id", "sis_id"] = "clever_id"  # connect-behaviour 4.2, the Clever ID of a section
    schools: Literal["primary", "all"] = "primary"  # connect-behaviour 5, primary school only
    contact_types: tuple[str, ...] = ()
    contact_relationships: tuple[str, ...] = ()
    phone_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLink:
    """How ClassLink is asked through its proxy (connect-behaviour 2.4). Table `[classlink]`.

    `token` is the district's own, `partner_key` ours, with which the current token and the application's ID are looked
    up; both are places of secrets.
    """

    url: str = "https://oneroster-proxy.classlink.io/{application_id}/ims/oneroster/v1p1"
    tenant_id: str = ""
    application_id: str = ""
    token: str = ""
    partner_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRosterApi:
    """How a OneRoster server is asked, and what of its answers is taken. Table `[oneroster]`.

    `guardian_columns`: where guardians stand in the metadata of demographics, each as `name,email,phone`; `language`:
    the key of a user's metadata that holds the language.
    """

    url: str = ""
    auth: Literal["oauth2", "oauth1", "bearer"] = "oauth2"
    key: str = ""
    secret: str = ""
    token_url: str = ""
    signature: Literal["sha1", "sha256"] = "sha256"  # clever-classlink B3
    scope: str = "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly"
    guardian_columns: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSftp:
    """The district's own SFTP site (connect-behaviour 1.7, 2.1). Table `[remote_sftp]`.

    `password` and `key` are places of secrets; `host_key` is the site's public key as one line.
    """

    host: str = ""
    port: int = 22
    login: str = ""
    password: str = ""
    key: str = ""
    path: str = "."
    host_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One district: its schools, and how its files are taken, judged and applied.

    `schools` maps the SIS ID of each school to its name; None means `auto`: the schools of the first batch that is
    not refused are written into the profile.
    """

    id: str
    name: str
    time_zone: ZoneInfo
    schools: Mapping[str, str] | None = None
    arrival: Arrival = field(default_factory=Arrival)
    quota: Quota = field(default_factory=Quota)
    guard: Guard = field(default_factory=Guard)
    sync: Sync = field(default_factory=Sync)
    guardians: Guardians = field(default_factory=Guardians)
    classes: Classes = field(default_factory=Classes)
    attributes: Attributes = field(default_factory=Attributes)
    reading: Reading = field(default_factory=Reading)
    phones: Phones = field(default_factory=Phones)
    report: Reports = field(default_factory=Reports)
    notices: Notices = field(default_factory=Notices)
    source: Source = field(default_factory=Source)
    clever: Clever = field(default_factory=Clever)
    classlink: ClassLink = field(default_factory=ClassLink)
    oneroster: OneRosterApi = field(default_factory=OneRosterApi)
    remote_sftp: RemoteSftp = field(default_factory=RemoteSftp)

    @property
    def only_school(self) -> str | None:
        """The ID of the school where there is exactly one: its files need not name it (connect-behaviour 3.1)."""
        return next(iter(self.schools)) if self.schools and len(self.schools) == 1 else None

    @property
    def dispensable(self) -> frozenset[str]:
        """Required columns that files of this district may lack."""
        return frozenset(SCHOOL_COLUMNS.values()) if self.only_school else frozenset()


ASSUMED = Profile(id="assumed", name="No profile given", time_zone=ZoneInfo("UTC"), schools=None)
"""What `check` works with where no profile is named: schools as found, UTC, US phones."""

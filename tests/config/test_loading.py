import re
from pathlib import Path

import pytest

from config.accounts import Account
from config.documents import schema
from config.home import Home
from config.loading import (
    InvalidConfig,
    Mistake,
    UnknownAccount,
    UnknownDistrict,
    load_account,
    load_accounts,
    load_all,
    load_profile,
    load_profiles,
    load_settings,
    read_profile,
)
from config.profiles import Arrival, Guard, Phones, Profile, Reading, Sync
from config.settings import Server, Settings
from config.tables import TABLES, TableName

PROFILE = """\
name = "Springfield Unified"
time_zone = "America/Chicago"
schools = "auto"
"""
OLD = '"legacy-2026-11"'
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Xkq0m8cN3m9hKk5s3m2v0b3xkq0m8cN3m9hKk5s3m acme"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.profiles.mkdir()
    home.settings_file.write_text("")
    home.accounts_file.write_text("")
    home.profile_file("springfield").write_text(PROFILE)
    return home


def the_mistake(error: pytest.ExceptionInfo[InvalidConfig]) -> Mistake:
    (mistake,) = error.value.mistakes
    return mistake


def test_an_empty_settings_file_means_the_defaults(home: Home) -> None:
    assert load_settings(home) == Settings()


def test_settings_are_read(home: Home) -> None:
    home.settings_file.write_text('[server]\nhost = "0.0.0.0"\nport = 22\n')
    assert load_settings(home).server == Server(host="0.0.0.0", port=22)  # noqa: S104  # nothing is bound here


def test_a_short_profile_means_the_defaults(home: Home) -> None:
    profile = load_profile(home, "springfield")
    assert (profile.id, profile.name, profile.time_zone.key) == (
        "springfield",
        "Springfield Unified",
        "America/Chicago",
    )
    assert (profile.schools, profile.arrival, profile.guard) == (None, Arrival(), Guard())


def test_every_setting_of_a_profile_is_read(home: Home) -> None:
    home.profile_file("shelby").write_text(
        """
        name = "Shelby"
        time_zone = "UTC"
        [schools]
        0042 = "Lincoln High"
        "st. mary" = "St. Mary"
        [arrival]
        expected = ["users", "guardians"]
        settle_s = 1
        quiet_s = 30
        partial_quiet_s = 60.5
        carry_hours = 0
        deadline = "06:30"
        [guard]
        limit_percent = 12.5
        at_least = 0
        rejected_percent = 5
        [sync]
        archived_students = "keep_archived"
        unarchive_classrooms = true
        update_language = true
        [guardians]
        source = "none"
        [reading]
        encoding = "windows-1252"
        headers = ["users.sourcedId=CC.ID", "users.email = Parent=Email", "classes.title=Course"]
        [phones]
        country = "MX"
        """
    )
    profile = load_profile(home, "shelby")
    assert profile.schools == {"0042": "Lincoln High", "st. mary": "St. Mary"}
    assert profile.arrival.expected == ("users", "guardians")
    assert f"{profile.arrival.deadline:%H:%M}" == "06:30"
    assert profile.arrival.partial_quiet_s == 60.5
    assert profile.guard == Guard(limit_percent=12.5, at_least=0, rejected_percent=5)
    assert profile.sync == Sync(archived_students="keep_archived", unarchive_classrooms=True, update_language=True)
    assert (profile.reading, profile.phones) == (
        Reading(
            encoding="windows-1252",
            headers=("users.sourcedId=CC.ID", "users.email = Parent=Email", "classes.title=Course"),
        ),
        Phones(country="MX"),
    )
    assert profile.guardians.source == "none"


def test_headers_of_a_profile_are_by_table() -> None:
    """connect-behaviour 9.3: headers of guardians.csv."""
    reading = Reading(headers=("users.sourcedId=CC.ID", "users.email = Parent=Email", "classes.title=Course"))

    assert reading.headers_of("users") == {"sourcedId": "CC.ID", "email": "Parent=Email"}
    assert reading.headers_of("guardians") == {}


@pytest.mark.parametrize("table", TABLES)
def test_a_profile_may_name_the_headers_of_every_column_and_of_nothing_else(table: TableName) -> None:
    """connect-behaviour 9.3: language column; 9.3: headers of guardians.csv."""
    columns = [name for name, column in schema(table)["properties"].items() if not column.get("x-dropped")]
    allowed = re.compile(schema("profile")["properties"]["reading"]["properties"]["headers"]["items"]["pattern"])

    assert all(allowed.search(f"{table}.{column}=X") for column in columns)
    assert not allowed.search(f"{table}.password=X")
    assert not allowed.search(f"{table}.{columns[0]}=")


def test_accounts_are_read(home: Home) -> None:
    home.accounts_file.write_text(
        f"""
        [accounts.acme-sis]
        districts = ["springfield"]
        rights = ["upload", "summaries"]
        password_hash = "{HASH}"
        public_keys = ["{KEY}"]
        enabled = false
        """
    )
    expected = Account(
        id="acme-sis",
        districts=("springfield",),
        layout="single",
        rights=frozenset({"upload", "summaries"}),
        password_hash=HASH,
        public_keys=(KEY,),
        enabled=False,
    )
    assert load_accounts(home) == {"acme-sis": expected}
    assert load_account(home, "acme-sis") == expected


def test_files_of_windows_editors_are_read(home: Home) -> None:
    home.settings_file.write_bytes(b"\xef\xbb\xbf[server]\r\nport = 22\r\n")
    assert load_settings(home).server.port == 22


def test_hidden_files_beside_profiles_are_no_profiles(home: Home) -> None:
    (home.profiles / ".#springfield.toml").write_text("not toml")
    assert list(load_profiles(home)) == ["springfield"]


def test_a_profile_is_read_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(PROFILE)
    assert read_profile(tmp_path / "profile.toml", "shelby").id == "shelby"
    assert read_profile(tmp_path / "profile.toml").id == "profile"


@pytest.mark.parametrize(
    ("toml", "key", "says", "allowed", "nearest"),
    [
        (
            "[guard]\nlimit_precent = 5",
            "guard.limit_precent",
            "no such setting",
            "limit_percent",
            "guard.limit_percent",
        ),
        ("limit_percent = 5", "limit_percent", "no such setting", "time_zone", "guard.limit_percent"),
        ("[gaurd]\nat_least = 5", "gaurd", "no such setting", "guard", "guard"),
        ("[zzz]", "zzz", "no such setting", "name, time_zone", None),
        ('[guard]\nlimit_percent = "ten"', "guard.limit_percent", '"ten"', "a number from 0 to 100", None),
        ("[guard]\nlimit_percent = 101", "guard.limit_percent", "101", "a number from 0 to 100", None),
        ("[guard]\nlimit_percent = nan", "guard.limit_percent", "nan", "a number from 0 to 100", None),
        ("[guard]\nlimit_percent = true", "guard.limit_percent", "true", "a number from 0 to 100", None),
        ("[guard]\nat_least = 1.5", "guard.at_least", "1.5", "a whole number", None),
        ("guard = 5", "guard", "5", "a table of limit_percent", None),
        ("[sync]\nunarchive_classrooms = 1", "sync.unarchive_classrooms", "1", "true or false", None),
        ('[sync]\narchived_students = "reactive"', "sync.archived_students", '"reactive"', "keep", "reactivate"),
        ('[guardians]\nsource = "user"', "guardians.source", '"user"', '"auto" or "users"', "users"),
        ('[reading]\nencoding = "utf8"', "reading.encoding", '"utf8"', '"windows-1252"', "utf-8"),
        ('[arrival]\nexpected = ["user"]', "arrival.expected", '"user"', '"users"', "users"),
        ("[arrival]\nexpected = []", "arrival.expected", "empty", "a list of", None),
        ('[arrival]\nexpected = ["users", "users"]', "arrival.expected", "twice", "a list of", None),
        ("[arrival]\ndeadline = 06:30:00", "arrival.deadline", "06:30:00", '"06:00"', None),
        ('[arrival]\ndeadline = "24:30"', "arrival.deadline", '"24:30"', '"06:00"', None),
        ('[arrival]\ndeadline = "6:30"', "arrival.deadline", '"6:30"', '"06:00"', None),
        ('[phones]\ncountry = "USA"', "phones.country", '"USA"', "capital letters", None),
    ],
)
def test_mistakes_in_a_profile(home: Home, toml: str, key: str, says: str, allowed: str, nearest: str | None) -> None:
    home.profile_file("springfield").write_text(PROFILE + toml)
    with pytest.raises(InvalidConfig) as error:
        load_profile(home, "springfield")
    mistake = the_mistake(error)
    assert (mistake.file, mistake.key, mistake.nearest) == ("districts/springfield.toml", key, nearest)
    assert says in mistake.says
    assert allowed in (mistake.allowed or "")


@pytest.mark.parametrize(
    ("line", "key", "nearest"),
    [
        ('time_zone = "America/Chicgo"', "time_zone", "America/Chicago"),
        ('time_zone = "chicago"', "time_zone", "America/Chicago"),
        ('time_zone = "new york"', "time_zone", "America/New_York"),
        ('time_zone = "../../etc/passwd"', "time_zone", None),
        ('time_zone = ""', "time_zone", None),
        ('time_zone = "America"', "time_zone", None),
        ("name = 5", "name", None),
        ('name = ""', "name", None),
        ('schools = "all"', "schools", None),
        ("schools = {}", "schools", None),
        ("schools = {0042 = 5}", "schools.0042", None),
        ('schools = {" 0042" = "Lincoln"}', "schools. 0042", None),
    ],
)
def test_mistakes_in_what_a_profile_must_hold(home: Home, line: str, key: str, nearest: str | None) -> None:
    replaced = [line if kept.startswith(line.split(maxsplit=1)[0]) else kept for kept in PROFILE.splitlines()]
    home.profile_file("springfield").write_text("\n".join(replaced))
    with pytest.raises(InvalidConfig) as error:
        load_profile(home, "springfield")
    mistake = the_mistake(error)
    assert mistake.key == key
    if nearest:
        assert mistake.nearest == nearest


def test_every_mistake_is_told_at_once(home: Home) -> None:
    home.profile_file("springfield").write_text("time_zone = 5\n[guard]\nat_last = 1\nlimit_percent = -1\n")
    home.profile_file("shelby").write_text("nonsense")
    with pytest.raises(InvalidConfig) as error:
        load_profiles(home)
    assert [(mistake.file, mistake.key) for mistake in error.value.mistakes] == [
        ("districts/shelby.toml", None),
        ("districts/springfield.toml", "guard.at_last"),
        ("districts/springfield.toml", "guard.limit_percent"),
        ("districts/springfield.toml", "name"),
        ("districts/springfield.toml", "schools"),
        ("districts/springfield.toml", "time_zone"),
    ]
    assert len(str(error.value).splitlines()) == 6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[server]\nport = = 5\n", "line 2, column 8"),
        (b"[server]\nport = 1\nport = 2\n", "line 3"),
        (b'[server]\nhost = """\n', "the end of the file"),
        (b'[server]\nhost = "M\xfcnchen"\n', "byte 19 is not UTF-8"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(home: Home, content: bytes, says: str) -> None:
    home.settings_file.write_bytes(content)
    with pytest.raises(InvalidConfig) as error:
        load_settings(home)
    assert the_mistake(error).file == "rosterdrop.toml"
    assert says in the_mistake(error).says


def test_a_school_that_stands_twice_is_a_mistake(home: Home) -> None:
    home.profile_file("springfield").write_text(
        'name = "S"\ntime_zone = "UTC"\n[schools]\n0042 = "Lincoln"\n"0042" = "Adams"\n'
    )
    with pytest.raises(InvalidConfig, match="line 5"):
        load_profile(home, "springfield")


@pytest.mark.parametrize(
    ("toml", "key", "says", "nearest"),
    [
        ("[server]\nprot = 22", "server.prot", "no such setting", "server.port"),
        ("[server]\nport = 70000", "server.port", "70000", None),
        ("[server]\ntries = 0", "server.tries", "0", None),
        ('[server]\nhost = ""', "server.host", '""', None),
        ("[watching]\nscan_s = inf", "watching.scan_s", "inf", None),
        ("[worker]\nthreads = 0", "worker.threads", "0", None),
        (f"[server.more_ports]\n99999 = {OLD}", "server.more_ports.99999", "'99999' cannot be used as a port", None),
        (f"[server.more_ports]\n65536 = {OLD}", "server.more_ports.65536", "'65536' cannot be used as a port", None),
        (f"[server.more_ports]\n0 = {OLD}", "server.more_ports.0", "'0' cannot be used as a port", None),
        (f"[server.more_ports]\nabc = {OLD}", "server.more_ports.abc", "'abc' cannot be used as a port", None),
        (f"[server.more_ports]\n2222 = {OLD}", "server.more_ports.2222", "taken already, by server.port", None),
        (
            f"[server]\nport = 22\nmore_ports = {{22 = {OLD}}}",
            "server.more_ports.22",
            "taken already, by server.port",
            None,
        ),
        (
            f"[server.more_ports]\n9122 = {OLD}\n[metrics]\nport = 9122",
            "server.more_ports.9122",
            "taken already, by metrics.port",
            None,
        ),
    ],
)
def test_mistakes_in_settings(home: Home, toml: str, key: str, says: str, nearest: str | None) -> None:
    home.settings_file.write_text(toml)
    with pytest.raises(InvalidConfig) as error:
        load_settings(home)
    mistake = the_mistake(error)
    assert (mistake.key, mistake.nearest) == (key, nearest)
    assert says in mistake.says


@pytest.mark.parametrize(
    ("toml", "key", "says", "nearest"),
    [
        ('districts = ["sprignfield"]', "districts", "no district 'sprignfield'", "springfield"),
        ('districts = ["springfield", "springfield"]', "districts", "twice", None),
        ("districts = []", "districts", "empty", None),
        ('districts = ["springfield", "shelby"]', "districts", "sees one district, not 2", None),
        ('layout = "one"', "layout", '"one"', None),
        ('rights = ["uplod"]', "rights", '"uplod"', "upload"),
        ('right = ["upload"]', "right", "no such setting", "accounts.acme.rights"),
        ('password = "secret"', "password", "no such setting", "accounts.acme.password_hash"),
        ('enabled = "yes"', "enabled", '"yes"', None),
    ],
)
def test_mistakes_in_accounts(home: Home, toml: str, key: str, says: str, nearest: str | None) -> None:
    home.profile_file("shelby").write_text(PROFILE)
    right = {"districts": 'districts = ["springfield"]', "rights": 'rights = ["upload"]'} | {
        toml.split(maxsplit=1)[0]: toml
    }
    home.accounts_file.write_text("[accounts.acme]\n" + "\n".join(right.values()))
    with pytest.raises(InvalidConfig) as error:
        load_accounts(home)
    mistake = the_mistake(error)
    assert (mistake.file, mistake.key, mistake.nearest) == ("accounts.toml", f"accounts.acme.{key}", nearest)
    assert says in mistake.says


@pytest.mark.parametrize(
    "line",
    [
        'password_hash = "correct horse"',
        'public_keys = ["correct horse"]',
        'public_keys = ["ssh-ed25519"]',
        'public_keys = ["ssh-ed25519 correct+horse"]',
        'public_keys = ["ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ8Xkq0m8cN3m9hKk5s3m2v0b3xkq0m8cN3m9hKk5s3m"]',
    ],
)
def test_secrets_are_never_shown(home: Home, line: str) -> None:
    home.accounts_file.write_text(f'[accounts.acme]\ndistricts = ["springfield"]\nrights = []\n{line}\n')
    with pytest.raises(InvalidConfig) as error:
        load_accounts(home)
    assert "correct" not in str(error.value)
    assert "the value cannot be used here" in str(error.value)


@pytest.mark.parametrize("key", ["clever.token", "classlink.partner_key", "oneroster.secret", "remote_sftp.password"])
def test_a_secret_where_its_place_belongs_is_not_shown(home: Home, key: str) -> None:
    home.profile_file("springfield").write_text(f'{PROFILE}{key} = "correct"\n')
    with pytest.raises(InvalidConfig) as error:
        load_profiles(home)
    assert "correct" not in str(error.value)
    assert f"{key}: the value cannot be used here" in str(error.value)


@pytest.mark.parametrize("key", ["clever.url", "oneroster.url", "oneroster.token_url"])
@pytest.mark.parametrize(("url", "is_safe"), [("http://api.example.org", False), ("http://127.0.0.1:8080", True)])
def test_no_secret_is_to_be_sent_in_the_clear(home: Home, key: str, url: str, *, is_safe: bool) -> None:
    home.profile_file("springfield").write_text(f'{PROFILE}{key} = "{url}"\n')
    if is_safe:
        load_profiles(home)
    else:
        with pytest.raises(InvalidConfig, match=key):
            load_profiles(home)


def test_every_port_may_be_one_of_several(home: Home) -> None:
    home.settings_file.write_text(f"[server.more_ports]\n1 = {OLD}\n2223 = {OLD}\n65535 = {OLD}\n[metrics]\nport = 0\n")
    assert set(load_settings(home).server.more_ports) == {"1", "2223", "65535"}


def test_an_account_whose_id_cannot_be_one_is_a_mistake(home: Home) -> None:
    home.accounts_file.write_text('[accounts."Acme SIS"]\ndistricts = ["springfield"]\nrights = []\n')
    with pytest.raises(InvalidConfig, match="'Acme SIS' cannot be used as an id"):
        load_accounts(home)


def test_a_profile_whose_name_is_no_id_is_a_mistake(home: Home) -> None:
    home.profile_file("Springfield").write_text(PROFILE)
    with pytest.raises(InvalidConfig, match="'Springfield' is none"):
        load_profiles(home)


@pytest.mark.parametrize("name", ["sprngfield", "../springfield", "Springfield"])
def test_an_unknown_district_names_those_that_look_like_it(home: Home, name: str) -> None:
    with pytest.raises(UnknownDistrict, match="did you mean springfield") as error:
        load_profile(home, name)
    assert (error.value.near, error.value.exit_code) == (("springfield",), 5)


def test_an_unknown_account_is_told(home: Home) -> None:
    with pytest.raises(UnknownAccount, match="there is none yet"):
        load_account(home, "acme")


def test_a_file_that_is_not_there_is_a_mistake(home: Home) -> None:
    home.accounts_file.unlink()
    with pytest.raises(InvalidConfig, match=r"accounts\.toml: the file is missing"):
        load_accounts(home)


def test_the_mistakes_of_all_files_are_told_together(home: Home) -> None:
    home.settings_file.write_text("x")
    home.accounts_file.write_text("x")
    home.profile_file("springfield").write_text("x")
    with pytest.raises(InvalidConfig) as error:
        load_all(home)
    assert [mistake.file for mistake in error.value.mistakes] == [
        "rosterdrop.toml",
        "accounts.toml",
        "districts/springfield.toml",
    ]


def test_a_mistake_reads_as_a_sentence() -> None:
    mistake = Mistake(
        file="districts/a.toml",
        key="guard.x",
        says="there is no such setting",
        allowed="at_least",
        nearest="guard.at_least",
    )
    assert str(mistake) == (
        "districts/a.toml, guard.x: there is no such setting. Did you mean guard.at_least? Allowed: at_least."
    )


def test_a_profile_of_a_district_is_a_value(home: Home) -> None:
    assert isinstance(load_all(home).profile("springfield"), Profile)
    with pytest.raises(UnknownDistrict):
        load_all(home).profile("shelby")

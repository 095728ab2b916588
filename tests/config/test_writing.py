import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.accounts import Account
from config.documents import known_keys, schema
from config.home import Home
from config.loading import (
    ConfigError,
    InvalidConfig,
    UnknownAccount,
    UnknownDistrict,
    load_account,
    load_accounts,
    load_all,
    load_profile,
    load_settings,
    settings_in_force,
)
from config.settings import Settings
from config.writing import (
    AlreadyThere,
    accounts_template,
    add_account,
    add_district,
    change_account,
    profile_text,
    set_values,
    settings_template,
    write_atomically,
    write_schools,
)

ACME = Account(id="acme", districts=("springfield",), layout="single", rights=frozenset({"upload"}))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.profiles.mkdir()
    home.settings_file.write_text(settings_template())
    home.accounts_file.write_text(accounts_template())
    add_district(home, "springfield", profile_text("Springfield", "America/Chicago", {"0042": "Lincoln High"}))
    return home


def comments(home: Home) -> list[str]:
    return [line for line in home.profile_file("springfield").read_text().splitlines() if line.startswith("# ")]


def test_templates_load_and_change_nothing(home: Home) -> None:
    everything = load_all(home)
    assert everything.settings == Settings()
    assert everything.accounts == {}
    assert everything.profile("springfield").schools == {"0042": "Lincoln High"}


@pytest.mark.parametrize("name", ["settings", "profile"])
def test_templates_show_every_setting_with_its_default(name: str) -> None:
    text = settings_template() if name == "settings" else profile_text("S", "UTC", None)
    shown = tomllib.loads(
        "\n".join(line.removeprefix("# ") for line in text.splitlines() if "= " in line or line.startswith("["))
    )
    for key, node in known_keys(schema(name)).items():
        table, _, last = key.rpartition(".")
        assert last in (shown[table] if table else shown), key
        if "default" in node:
            assert shown[table][last] == node["default"], key


@pytest.mark.parametrize(
    "name",
    [
        "Deletion Threshold",
        "Archived Students",
        "Unarchive classrooms that reappear in the roster data",
        "Allow the sync to update the user's language to value in roster data",
    ],
)
def test_the_profile_names_the_settings_as_connect_does(name: str) -> None:
    assert f"[{name}]" in " ".join(profile_text("S", "UTC", None).replace("\n# ", " ").splitlines())


def test_a_value_stands_below_its_explanation(home: Home) -> None:
    before = comments(home)
    set_values(home, "springfield", {"guard.limit_percent": "100"})

    lines = home.profile_file("springfield").read_text().splitlines()
    assert "[Deletion Threshold]" in lines[lines.index("limit_percent = 100") - 1]
    assert [line for line in before if not line.startswith("# limit_percent")] == comments(home)
    assert load_profile(home, "springfield").guard.limit_percent == 100


def test_what_people_wrote_is_kept(home: Home) -> None:
    file = home.profile_file("springfield")
    mine = (
        'name = "S" # ours\ntime_zone="UTC"\nschools   =   "auto"\n\n# by Ana\n[guard]\nat_least = 1 # small\n# end\n'
    )
    file.write_text(mine)
    set_values(home, "springfield", {"guard.at_least": "3", "guard.limit_percent": "5", "sync.update_language": "true"})
    text = file.read_text()
    assert text.startswith(mine.split("at_least", maxsplit=1)[0])
    assert "at_least = 3 # small\n# end\nlimit_percent = 5\n" in text
    assert load_profile(home, "springfield").sync.update_language


def test_line_ends_of_windows_are_kept(home: Home) -> None:
    file = home.profile_file("springfield")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    set_values(home, "springfield", {"guard.at_least": "3"})
    assert b"\r\nat_least = 3\r\n" in file.read_bytes()
    assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("name", "Springfield Unified", "Springfield Unified"),
        ("name", "100", "100"),
        ("time_zone", "America/New_York", "America/New_York"),
        ("guard.limit_percent", "12.5", 12.5),
        ("sync.unarchive_classrooms", "true", True),
        ("sync.archived_students", "keep_archived", "keep_archived"),
        ("arrival.expected", "users,guardians", ["users", "guardians"]),
        ("arrival.expected", '["users", "classes"]', ["users", "classes"]),
        ("arrival.deadline", "06:30", "06:30"),
        ("schools", "auto", "auto"),
        ("schools.0043", "Adams", {"0042": "Lincoln High", "0043": "Adams"}),
        ("schools.st.mary", "St. Mary", {"0042": "Lincoln High", "st.mary": "St. Mary"}),
        ("schools.0042", "Lincoln", {"0042": "Lincoln"}),
    ],
)
def test_texts_are_read_by_the_type_of_their_setting(home: Home, key: str, text: str, value: object) -> None:
    set_values(home, "springfield", {key: text})
    in_force = {setting.key: setting for setting in settings_in_force(home, "springfield")}
    setting = in_force["schools" if key.startswith("schools.") else key]
    assert (setting.value, setting.source) == (value, "profile")


def test_an_empty_text_takes_the_default_back(home: Home) -> None:
    before = home.profile_file("springfield").read_text()
    set_values(home, "springfield", {"guard.limit_percent": "50", "arrival.deadline": "06:30"})
    set_values(home, "springfield", {"guard.limit_percent": "", "arrival.deadline": ""})
    assert home.profile_file("springfield").read_text() == before


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        (
            "guard.limit_precent",
            "5",
            r"guard\.limit_precent: there is no such setting\. Did you mean guard\.limit_percent\?",
        ),
        ("gaurd.limit_percent", "5", r"gaurd\.limit_percent: .*Did you mean guard\.limit_percent\?"),
        ("limit_percent", "5", r"Did you mean guard\.limit_percent\?"),
        ("guard", "5", "no such setting"),
        ("guard.limit_percent", "ten", r'"ten" cannot be used here\. Allowed: a number from 0 to 100'),
        ("guard.at_least", "1.5", r"1\.5 cannot be used here"),
        ("sync.update_language", "yes", r'"yes" cannot be used here\. Allowed: true or false'),
        ("arrival.expected", "user", r"Did you mean users\?"),
        ("time_zone", "Chicago", r"Did you mean America/Chicago\?"),
        ("name", "", "name: it is missing"),
        ("schools.0042", "", "schools: it is empty"),
    ],
)
def test_a_change_that_is_not_valid_is_not_written(home: Home, key: str, text: str, says: str) -> None:
    before = home.profile_file("springfield").read_text()
    with pytest.raises(InvalidConfig, match=says):
        set_values(home, "springfield", {"guard.rejected_percent": "50", key: text})
    assert home.profile_file("springfield").read_text() == before


def test_an_unknown_district_cannot_be_changed(home: Home) -> None:
    with pytest.raises(UnknownDistrict, match="did you mean springfield"):
        set_values(home, "sprngfield", {"guard.at_least": "1"})


def test_adopted_schools_stand_where_auto_stood(home: Home) -> None:
    add_district(home, "shelby", profile_text("Shelby", "UTC", None))
    write_schools(home, "shelby", {"0042": "Lincoln", 'a "b"': "Ä"})
    assert load_profile(home, "shelby").schools == {"0042": "Lincoln", 'a "b"': "Ä"}
    lines = home.profile_file("shelby").read_text().splitlines()
    assert lines[lines.index("[schools]") - 1].startswith("# ")
    assert 'schools = "auto"' not in lines


def test_schools_are_adopted_into_a_profile_that_people_arranged(home: Home) -> None:
    home.profile_file("springfield").write_text(
        'schools = "auto"\nname = "S"\ntime_zone = "UTC"\n[guard]\nat_least = 1\n'
    )
    write_schools(home, "springfield", {"1": "A"})
    profile = load_profile(home, "springfield")
    assert (profile.schools, profile.name, profile.guard.at_least) == ({"1": "A"}, "S", 1)


def test_a_district_is_added_once(home: Home) -> None:
    with pytest.raises(AlreadyThere):
        add_district(home, "springfield", profile_text("S", "UTC", None))


def test_accounts_are_added_and_changed(home: Home) -> None:
    add_account(home, ACME)
    assert load_accounts(home) == {"acme": ACME}
    assert home.accounts_file.read_text().startswith(accounts_template())

    change_account(home, "acme", {"enabled": False, "rights": ["summaries"]})
    assert not load_account(home, "acme").enabled
    assert load_account(home, "acme").rights == {"summaries"}


def test_an_account_is_added_once(home: Home) -> None:
    add_account(home, ACME)
    with pytest.raises(AlreadyThere):
        add_account(home, ACME)
    with pytest.raises(UnknownAccount, match="did you mean acme"):
        change_account(home, "acne", {"enabled": False})


def test_files_are_readable_by_us_only(home: Home) -> None:
    set_values(home, "springfield", {"guard.at_least": "1"})
    assert stat.S_IMODE(home.profile_file("springfield").stat().st_mode) == 0o600
    assert [file.name for file in home.profiles.iterdir()] == ["springfield.toml"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    write_atomically(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.toml", "old")]


def test_settings_in_force_name_their_source(home: Home) -> None:
    set_values(home, "springfield", {"guard.limit_percent": "10"})
    by_key = {setting.key: setting for setting in settings_in_force(home, "springfield")}
    assert (by_key["guard.limit_percent"].source, by_key["guard.at_least"].source) == ("profile", "default")
    assert by_key["guard.limit_percent"].connect == "Deletion Threshold"
    assert by_key["arrival.deadline"].value is None


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(texts, max_size=3), schools=st.dictionaries(texts, texts, max_size=3))
def test_an_edit_says_what_was_wanted_or_nothing_changes(home: Home, names: list[str], schools: dict[str, str]) -> None:
    file = home.profile_file("springfield")
    for change in (*({"name": name} for name in names), *({f"schools.{key}": name} for key, name in schools.items())):
        before = file.read_text()
        try:
            set_values(home, "springfield", change)
        except ConfigError:
            assert file.read_text() == before
            continue
        profile = load_profile(home, "springfield")
        said = {"name": profile.name} | {f"schools.{key}": name for key, name in (profile.schools or {}).items()}
        assert change.items() <= said.items()


def test_settings_of_the_template_are_edited_by_hand(home: Home) -> None:
    home.settings_file.write_text(settings_template().replace("# port = 2222", "port = 22"))
    assert load_settings(home).server.port == 22

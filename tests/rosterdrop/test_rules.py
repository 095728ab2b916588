import json
import re
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from config.languages import LANGUAGES
from config.oneroster import FILES, VERSIONS, header_of, name_of
from rosterdrop.commands.rules import OURS, SCHEMAS
from rosterdrop.rule_pages import pages
from tests.rosterdrop.command_line import rosterdrop
from validators.catalogue import codes


def test_a_rule_is_told_in_full() -> None:
    text = rosterdrop("rules", "user.role.unknown").out
    assert "What to do: " in text
    assert "Level: error" in text
    assert "Left out because of it: row" in text
    assert "Passes: users.csv: " in text
    assert "Fails: users.csv: role = " in text


def test_programs_get_the_same_rule_alone_and_in_the_list() -> None:
    one = rosterdrop("--json", "rules", "user.role.unknown").document
    every = rosterdrop("--json", "rules").document["rules"]
    assert one in every
    assert set(one) == {
        *("code", "level", "rejects", "file", "column", "source", "message", "fix", "passes", "fails", "occurs"),
    }
    assert all(rule["message"] and rule["fix"] for rule in every)


@pytest.mark.parametrize("code", ["archive.nested", "archive.entries", "archive.size", "manifest.size"])
def test_a_rule_is_told_by_an_example(code: str) -> None:
    message = rosterdrop("--json", "rules", code).document["message"]
    assert "…" not in message
    assert not re.search(r"  | [.,]|: \.", message), message


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_rule_is_told_with_a_hole(language: str) -> None:
    rules = rosterdrop("--json", "rules", "--language", language).document["rules"]
    told = {rule["code"]: rule["message"] for rule in rules}
    assert [code for code, message in told.items() if re.search(r"  | [.,;]|: \.|“”", message)] == []


def test_a_rule_is_told_in_another_language() -> None:
    english = rosterdrop("--json", "rules", "archive.nested").document
    spanish = rosterdrop("--json", "rules", "archive.nested", "--language", "es").document
    assert spanish["message"].startswith("La entrada 2 de roster.zip, “more.zip”, es a su vez un archivo comprimido.")
    assert spanish["fix"] == "Ponga los archivos CSV directamente en un solo archivo ZIP."
    assert {name for name in english if english[name] != spanish[name]} == {"message", "fix"}


def test_all_rules_are_listed_in_another_language() -> None:
    lines = rosterdrop("rules", "--language", "es").out.splitlines()
    assert any(line.startswith("user.sourcedId.missing ") and "Esta persona no tiene ID" in line for line in lines)


def test_rules_are_listed() -> None:
    lines = rosterdrop("rules").out.splitlines()
    assert lines[0].split() == ["code", "level", "rejects", "message"]
    assert any(line.startswith("user.role.unknown ") for line in lines)


def test_no_schema_is_kept_back() -> None:
    lying = {file.name for file in files("config").joinpath("schemas").iterdir() if file.is_file()}
    of_oneroster = {name_of(version, file) for version in VERSIONS for file in FILES[version]}
    assert {f"{name}.json" for name in SCHEMAS} == lying | {f"{name}.json" for name in of_oneroster}


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_printed(name: str) -> None:
    Draft202012Validator.check_schema(rosterdrop("--json", "rules", "--schema", name).document)


def test_the_schema_of_a_oneroster_file_is_its_own_and_not_that_of_our_table() -> None:
    told = rosterdrop("--json", "rules", "--schema", "oneroster-1.1-users").document
    assert told["title"] == "users.csv of OneRoster 1.1"
    assert tuple(told["properties"]) == header_of("1.1", "users")


def test_help_names_the_schemas() -> None:
    words = rosterdrop("rules", "--help").out.split()
    assert set(OURS) <= set(words)
    assert "oneroster-1.1-users" in words


def test_a_schema_is_json_for_people_too() -> None:
    assert json.loads(rosterdrop("rules", "--schema", "profile").out)["title"] == "districts/<id>.toml"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("user.rol.unknown",), 5, "did you mean user.role.unknown"),
        (("zzzzz",), 5, "rosterdrop rules lists them all"),
        (("user.role.unknown", "--language", "fr"), 2, "'fr' is not one of"),
        (("--schema", "user"), 2, "There is no schema 'user'. Did you mean users"),
        (("--schema", "oneroster-1.1-user"), 2, "Did you mean oneroster-1.1-users"),
        (("--schema", "zzz"), 2, "Take users, classes"),
        (("user.role.unknown", "--schema", "users"), 2, "not both"),
    ],
)
def test_what_is_not_there_is_told(arguments: tuple[str, ...], code: int, says: str) -> None:
    answer = rosterdrop("rules", *arguments)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (code, "", 1)
    assert says in answer.err


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_its_place_on_a_page(language: str) -> None:
    told = "".join(text for name, text in pages() if name.startswith(f"rules/{language}/"))
    assert [code for code in codes() if f"\n## {code}\n" not in told] == []

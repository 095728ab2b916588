import json
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from config.accounts import PRESETS, Account
from config.documents import known_keys, schema
from config.profiles import Profile
from config.settings import Settings

SCHEMAS = ["settings", "profile", "accounts"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settings", Settings()),
        ("profile", Profile(id="x", name="X", time_zone=ZoneInfo("UTC"))),
    ],
)
def test_defaults_of_schemas_are_those_of_the_values(name: str, value: Any) -> None:
    fields = json.loads(json.dumps(asdict(value), default=str))
    for key, node in known_keys(schema(name)).items():
        default = fields
        for part in key.split("."):
            default = default[part]
        assert "default" not in node or node["default"] == default, key


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settings", Settings()),
        ("profile", Profile(id="x", name="X", time_zone=ZoneInfo("UTC"))),
    ],
)
def test_schemas_know_every_field(name: str, value: Any) -> None:
    fields = asdict(value)
    fields.pop("id", None)
    assert {key.split(".")[0] for key in known_keys(schema(name))} == set(fields)
    tables = {key: table for key, table in fields.items() if isinstance(table, dict)}
    for key, table in tables.items():
        assert set(schema(name)["properties"][key]["properties"]) == set(table)


def test_the_schema_of_accounts_knows_every_field_and_right() -> None:
    table = schema("accounts")["properties"]["accounts"]["additionalProperties"]["properties"]
    assert set(table) == set(Account.__dataclass_fields__) - {"id"}
    assert set(table["rights"]["items"]["enum"]) == PRESETS["district"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_setting_has_a_sentence(name: str) -> None:
    root = schema(name)
    if name == "accounts":
        root = root["properties"]["accounts"]["additionalProperties"]
    assert all(node["description"].endswith(".") for node in known_keys(root).values())

"""docs/sources.md and the settings that it tells of are the same."""

import re
from pathlib import Path

from config.documents import known_keys, schema

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
TABLES = ("source", "clever", "classlink", "oneroster", "remote_sftp")
_OF_OTHERS = {"clever.url", "clever.version", "classlink.url", "oneroster.scope"}
"""Settings that nobody needs for a first pull."""


def _keys() -> set[str]:
    return {key for key in known_keys(schema("profile")) if key.partition(".")[0] in TABLES}


def test_every_setting_of_a_source_that_the_page_names_is_one() -> None:
    named = set(re.findall(rf"\b(?:{'|'.join(TABLES)})\.[a-z_]+\b", PAGE))

    assert named <= _keys()


def test_every_setting_of_a_source_is_on_the_page() -> None:
    untold = {key for key in _keys() if key.rpartition(".")[2] not in PAGE}

    assert untold <= _OF_OTHERS

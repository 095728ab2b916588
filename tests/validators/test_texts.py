"""Every code has its texts in every language, and they say the same things."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from config.languages import LANGUAGES
from validators import catalogue
from validators.catalogue.entries import GROUPS, loaded
from validators.catalogue.texts import texts

OTHERS: Final = tuple(language for language in LANGUAGES if language != "en")

HOLE: Final = re.compile(r"\{(\w+)\}")
OPTIONAL: Final = re.compile(r"\[[^\]]*\]")
NAME: Final = re.compile(
    r"\w+\.csv|\w*[a-z](?:Sourced\w+|Name)\b|sourcedId\b|tobedeleted|Connect|UTC|UTF|SHA|JSON|NUL|\d+"
)
ENGLISH: Final = {
    *("the", "this", "that", "these", "is", "are", "was", "not", "and", "of", "or", "it", "its", "your", "we", "you"),
    *("to", "for", "with", "from", "so", "row", "rows", "file", "files", "class", "school", "person", "again", "send"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_texts_and_no_text_is_left_over(language: str) -> None:
    assert set(texts(language)) == set(catalogue.codes())
    assert [code for code, text in texts(language).items() if not (text["message"] and text["fix"])] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", GROUPS)
def test_texts_stand_in_the_same_files_in_the_same_order(language: str, group: str) -> None:
    assert list(loaded(f"texts/{language}/{group}")) == list(loaded(f"texts/en/{group}"))


def test_every_folder_of_texts_is_a_language_that_can_be_asked_for() -> None:
    assert {path.name for path in (Path(catalogue.__file__).parent / "texts").iterdir()} == set(LANGUAGES)


def test_texts_ask_only_for_what_a_finding_has() -> None:
    asked = {hole for _, english, _ in pairs("en") for hole in HOLE.findall(english)}
    assert asked <= {"value", "column", "detail", "hint", "count", "file"}


@pytest.mark.parametrize("language", OTHERS)
def test_texts_are_filled_in_with_the_same_things(language: str) -> None:
    for place, english, other in pairs(language):
        assert set(HOLE.findall(other)) == set(HOLE.findall(english)), place
        assert optional_holes(other) == optional_holes(english), place
        assert not set(HOLE.sub("", OPTIONAL.sub("", other))) & set("[]{}"), place


@pytest.mark.parametrize("language", OTHERS)
def test_names_codes_and_numbers_stay_as_they_are(language: str) -> None:
    for place, english, other in pairs(language):
        assert set(NAME.findall(other)) == set(NAME.findall(english)), place


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left(language: str) -> None:
    for place, _, other in pairs(language):
        assert set(re.findall(r"\w+", HOLE.sub("", other.lower()))) & ENGLISH == set(), place


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_more_than_twice_as_long(language: str) -> None:
    assert [place for place, english, other in pairs(language) if len(other) > 2 * len(english)] == []


def test_a_message_is_told_in_another_language() -> None:
    finding = {"code": "user.role.unknown", "value": "teachr", "hint": "teacher"}

    told = catalogue.message(finding, "es", masked=False)
    assert told.startswith("“teachr” no es un rol que conozcamos. ¿Quiso decir “teacher”? Esta fila")
    told = catalogue.message(finding | {"hint": None}, "es", masked=False)
    assert told.startswith("“teachr” no es un rol que conozcamos. Esta fila")
    assert catalogue.fix(finding, "es", masked=False).startswith("Corrija el rol")


def pairs(language: str) -> Iterator[tuple[str, str, str]]:
    """Every text: where it stands, in English and in a language."""
    for code, text in texts(language).items():
        for which, other in text.items():
            yield f"{code}, {which}", texts("en")[code][which], other


def optional_holes(text: str) -> list[list[str]]:
    return [HOLE.findall(part) for part in OPTIONAL.findall(text)]

import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import pytest

from config.documents import schema
from config.languages import LANGUAGES
from config.masking import masked
from config.wording import Words, forms_of, words_of

ROOMS = (
    ("processors.reporting", "texts/{language}.toml"),
    ("processors.reporting", "templates/{language}.toml"),
    ("validators.catalogue", "texts/{language}/words.toml"),
)
OTHERS = [language for language in LANGUAGES if language != "en"]


def holes(text: str | tuple[str, ...]) -> set[str]:
    forms = (text,) if isinstance(text, str) else text
    return {hole for form in forms for _, hole, _, _ in Formatter().parse(form) if hole}


def keys(tables: dict[str, Any]) -> set[str]:
    return {
        f"{key}.{inner}" if inner else key
        for key, value in tables.items()
        for inner in (keys(value) if isinstance(value, dict) else {""})
    }


@pytest.mark.parametrize(("package", "path"), ROOMS)
@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_there_in_every_language_with_the_same_holes(package: str, path: str, language: str) -> None:
    english, other = words_of("en", package, path).texts, words_of(language, package, path).texts

    assert set(other) == set(english)
    assert not [key for key in english if holes(other[key]) - {"count"} != holes(english[key]) - {"count"}]


@pytest.mark.parametrize(("package", "path"), ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_as_many_as_the_language_has(package: str, path: str, language: str) -> None:
    words = words_of(language, package, path)
    needed = {words.forms.plural(count) for count in range(1_000)}

    assert not [key for key, text in words.texts.items() if isinstance(text, tuple) and len(text) != len(needed)]


@pytest.mark.parametrize("language", OTHERS)
def test_every_form_is_there_in_every_language(language: str) -> None:
    assert keys(dict(forms_of(language).every)) == keys(dict(forms_of("en").every))


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_in_a_language_are_written_without_tabs_and_double_blanks(language: str) -> None:
    texts = words_of(language, *ROOMS[0]).texts
    flat = {key: text for key, text in texts.items() if not key.startswith("readme.")}

    assert not [key for key, text in flat.items() if re.search(r"\t|  |\n", "".join(text))]


def test_a_district_may_choose_every_language() -> None:
    setting = schema("profile")["properties"]["report"]["properties"]["language"]

    assert tuple(setting["enum"]) == LANGUAGES


def test_a_count_chooses_its_plural_and_is_written_as_people_write_it() -> None:
    words = Words(forms_of("en"), {"rows": ("{count} row of {file}", "{count} rows of {file}")})

    assert words("rows", count=1, file="a.csv") == "1 row of a.csv"
    assert words("rows", count=1_204_567, file="a.csv") == "1,204,567 rows of a.csv"


def test_braces_of_a_value_stay_what_they_are() -> None:
    assert Words(forms_of("en"), {"is": "It is {value}."})("is", value="{count}") == "It is {count}."


@pytest.mark.parametrize(
    ("hour", "english", "spanish"),
    [
        (6, "12:05 AM", "12:05 a.\u00a0m."),
        (18, "12:05 PM", "12:05 p.\u00a0m."),
        (19, "1:05 PM", "1:05 p.\u00a0m."),
    ],
)
def test_a_moment_is_told_as_people_read_it(hour: int, english: str, spanish: str) -> None:
    at = datetime(2026, 11, 24, hour, 5, tzinfo=UTC)

    assert forms_of("en").time(at, "America/Chicago") == f"Tuesday, November 24, 2026, {english} (Central time)"
    assert (
        forms_of("es").time(at, "America/Chicago")
        == f"martes 24 de noviembre de 2026, {spanish}\u00a0(hora del centro)"
    )


def test_a_time_zone_without_a_name_is_told_by_its_own() -> None:
    at = datetime(2026, 11, 24, 6, 5, tzinfo=UTC)

    assert forms_of("es").time(at, "Europe/Madrid").endswith("(Europe/Madrid)")


def test_lists_end_in_the_languages_own_word() -> None:
    assert [forms_of("en").listed(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert forms_of("es").listed(["a", "b"]) == "a y b"
    assert forms_of("es").listed(["a", "b"], "or") == "a o b"


@pytest.mark.parametrize(
    ("value", "english", "spanish"),
    [
        (None, None, None),
        ("", "empty", "vacío"),
        ("a", "1 letter", "1 letra"),
        ("Ana", "3 letters", "3 letras"),
        ("5125550143", "10 digits", "10 dígitos"),
        ("a b", "3 characters", "3 caracteres"),
    ],
)
def test_a_mask_is_told_in_the_language(value: str | None, english: str | None, spanish: str | None) -> None:
    assert masked(value) == english
    assert masked(value, "es") == spanish

"""Reports in the language of the district: every word of ours, and not one more line."""

import json
import re
from dataclasses import replace
from itertools import cycle

import pytest

from config.languages import LANGUAGES
from processors.reporting.contents import Report
from processors.reporting.html_page import as_html
from processors.reporting.json_document import document
from processors.reporting.readme import readme
from processors.reporting.steps import gist, sentences
from processors.reporting.story import story_of
from processors.reporting.text_page import WIDTH, as_text, summary_lines
from tests.processors.reporting_samples import a_full_night, facts, judgement, report
from validators import catalogue
from validators.findings import Finding

OF_ENGLISH = re.compile(
    r"\b(?:the|this|these|files?|rows?|lines?|were|nothing|what|tonight|and|send|with|accepted|rejected)\b(?![.]csv|[/\"])"
)
CODE = re.compile(r"[a-z]+(?:[.][A-Za-z_]+)+")


def everything_at_once() -> Report:
    """Every code there is, each in two files, as nobody will ever see them."""
    files = ("users.csv", "classes.csv", "enrollments.csv", "guardians.csv")
    found = [
        Finding(code=code, file=file, line=2 + place, column="role", value="x", detail="y")
        for place, code in enumerate(catalogue.codes())
        for _, file in zip(range(2), cycle(files), strict=False)
        if code != "set.other_district"
    ]
    return report(judgement(files=[facts(file, 9_000) for file in files], findings=found), verdict="held")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("masked", [True, False])
def test_the_summary_of_hundreds_of_kinds_is_twenty_lines(language: str, *, masked: bool) -> None:
    made = replace(everything_at_once(), language=language)

    lines = summary_lines(made, masked=masked)

    assert len({finding["code"] for finding in document(made, masked=True)["findings"]}) > 200
    assert len(lines) <= 20
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("masked", [True, False])
def test_a_spanish_report_has_no_english_word_of_ours(*, masked: bool) -> None:
    story = story_of(a_full_night(language="es"), masked=masked)

    assert OF_ENGLISH.findall(CODE.sub("", as_text(story))) == []
    assert OF_ENGLISH.findall(readme(masked=masked, test=True, language="es")) == []


def test_a_page_says_its_language() -> None:
    made = a_full_night(language="es")

    page = as_html(story_of(made, masked=False), made, {})

    assert '<html lang="es">' in page
    assert "¿Se borró a alguien?" in page


def test_messages_follow_the_language_and_keys_and_codes_do_not() -> None:
    english, spanish = (document(a_full_night(language=language), masked=True) for language in ("en", "es"))

    assert [one["code"] for one in spanish["findings"]] == [one["code"] for one in english["findings"]]
    assert all(es["message"] != en["message"] for es, en in zip(spanish["findings"], english["findings"], strict=True))
    assert "6 letras" in json.dumps(spanish)
    assert "letters" not in json.dumps(spanish)


def test_a_word_of_ours_in_a_finding_is_told_in_the_language() -> None:
    finding = {"code": "header.delimiter", "file": "users.csv", "detail": "semicolon"}

    assert "semicolon" in catalogue.message(finding, masked=True)
    assert "punto y coma" in catalogue.message(finding, "es", masked=True)
    assert "punto y coma" in catalogue.message(finding, "es", masked=False)


def test_one_of_several_columns_is_told_in_the_language() -> None:
    finding = {"code": "header.column_missing", "file": "guardians.csv", "column": "email or sms"}

    assert "email or sms" in catalogue.message(finding, masked=True)
    assert "email o sms" in catalogue.message(finding, "es", masked=True)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("“St. Mary” is no school. Send it.", ["“St. Mary” is no school.", "Send it."]),
        (
            "A las 8:11 p.\u00a0m.\u00a0(hora del este) llegó. Envíelo.",
            ["A las 8:11 p.\u00a0m.\u00a0(hora del este) llegó.", "Envíelo."],
        ),
        ("users.csv está vacío. ¿Por qué?", ["users.csv está vacío.", "¿Por qué?"]),
    ],
)
def test_a_text_is_cut_at_its_sentences_and_not_within_a_value(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_a_question_stays_with_its_sentence_in_every_language() -> None:
    finding = {"code": "user.role.unknown", "value": "teachr", "hint": "teacher"}

    assert gist(catalogue.message(finding, "en", masked=False)).endswith("Did you mean “teacher”?")
    assert gist(catalogue.message(finding, "es", masked=False)).endswith("¿Quiso decir “teacher”?")


def test_several_findings_of_one_kind_without_a_line_are_told_as_such() -> None:
    found = [Finding(code="user.missing", file="users.csv", value=value, detail="6") for value in ("1", "2", "3")]

    told = story_of(report(judgement(findings=found)), masked=False)

    assert told.first[0].startswith("The person “1” is not in users.csv")
    assert told.first[0].endswith("(2 more like this)")


def test_of_findings_that_say_different_things_the_first_is_told_as_such() -> None:
    roles = {3: "studnt", 9: "Teachr"}
    found = [
        Finding(code="user.role.unknown", file="users.csv", line=line, column="role", value=value)
        for line, value in roles.items()
    ]

    told = story_of(report(judgement(findings=found)), masked=False)

    assert told.first[0].startswith("users.csv, line 3, the first of 2: “studnt” is not a role we know.")


def test_of_one_stage_what_explains_most_comes_first() -> None:
    found = [
        Finding(code="user.givenName.missing", file="users.csv", line=2),
        Finding(code="user.role.unknown", file="users.csv", line=9),
        *(Finding(code="enrollment.user.rejected", file="enrollments.csv", line=2 + n, cause=1) for n in range(5)),
    ]

    groups = story_of(report(judgement(findings=found)), masked=False).groups

    assert [group.code for group in groups[:2]] == ["user.role.unknown", "user.givenName.missing"]

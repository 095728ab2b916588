"""Every code has its texts and examples, and its examples are what they say."""

import ast
import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from config.tables import TABLES
from tests.validators.examples import Example, codes_of, failing, passing
from validators import catalogue
from validators.alone import rules_of
from validators.findings import Finding, as_frame
from validators.no_roster import NOTHING_PULLED

SHOWN = [code for code in catalogue.codes() if catalogue.entry(code).occurs is None]
# Names of modules and attributes that look like codes.
_CODE = re.compile(
    r"(?:set|school|schools|file|header|row|rows|users?|class|classes|enrollments?|guardians?|attribute|guardianships|contacts?|student|profile|ids)\.[a-zA-Z_.]+"
)


@cache
def base_codes(needs: str | None) -> set[str]:
    return set(codes_of(Example(needs, (), Path()).judged()))


@pytest.mark.parametrize("code", SHOWN)
def test_the_failing_example_has_the_finding_where_it_says_and_its_effect(code: str, tmp_path: Path) -> None:
    about = catalogue.entry(code)
    judged = failing(about, tmp_path)
    found = judged.findings

    expected = {code, *about.also} | (base_codes(about.needs) & set(found["code"]))
    assert set(found["code"]) == expected
    places = found.filter(code=code)
    if about.line is not None:
        assert about.line in places["line"].to_list()
    if about.file is not None:
        assert places["file"].unique().to_list() == [about.file]
    if about.column is not None:
        assert places["column"].unique().to_list() == [about.column]
    rejected = set(judged.rejected["codes"].explode()) if judged.rejected.height else set()
    assert (code in rejected) == (about.rejects == "row")
    if about.rejects == "batch":
        assert judged.refused


@pytest.mark.parametrize("code", SHOWN)
def test_the_passing_example_lacks_the_finding(code: str, tmp_path: Path) -> None:
    about = catalogue.entry(code)
    assert about.passes is not None
    assert code not in codes_of(passing(about, tmp_path))


def test_the_valid_set_is_valid() -> None:
    assert base_codes(None) == set()
    assert base_codes("guardians") == {"user.source.other"}


def test_every_code_that_is_used_has_an_entry() -> None:
    used = {rule.code for table in TABLES for rule in rules_of(table)}
    for path in Path(catalogue.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                used.add(node.value)
    files = {"users.csv", "classes.csv", "enrollments.csv", "guardians.csv", "user.csv"}
    assert used - files <= set(catalogue.codes())


def test_there_are_enough_rules_and_they_say_their_source() -> None:
    assert len(catalogue.codes()) >= 30
    assert all(catalogue.entry(code).source for code in catalogue.codes())


def test_schemas_and_catalogue_agree_on_effects() -> None:
    for table in TABLES:
        for rule in rules_of(table):
            assert catalogue.entry(rule.code).rejects == rule.rejects, rule.code


def test_a_message_names_value_and_hint() -> None:
    finding = {"code": "user.role.unknown", "value": "teachr", "hint": "teacher"}

    assert catalogue.message(finding, masked=False).startswith(
        "“teachr” is not a role we know. Did you mean “teacher”?"
    )
    assert catalogue.message(finding | {"hint": None}, masked=False).startswith(
        "“teachr” is not a role we know. This row"
    )


def test_a_masked_message_shows_no_value() -> None:
    finding = {"code": "enrollment.user.unknown", "value": "s-404"}

    assert "s-404" not in catalogue.message(finding, masked=True)
    assert "“5 characters, hidden”" in catalogue.message(finding, masked=True)


def test_a_masked_message_does_not_read_as_if_the_mask_were_the_value() -> None:
    told = catalogue.described(
        as_frame([Finding(code="user.role.unknown", value="teachr", hint="teacher")]), masked=True
    )

    assert told["value"].to_list() == ["6 letters"]
    assert told["message"].item().startswith("“6 letters, hidden” is not a role we know. Did you mean “teacher”?")


def test_masking_leaves_what_is_public() -> None:
    findings = as_frame(
        [
            Finding(code="school.missing", detail="0043", hint="43"),
            Finding(code="user.agent.too_many", value="g-7", detail="7"),
        ]
    )
    told = catalogue.described(findings, masked=True)

    assert told["detail"].to_list() == ["0043", "7"]
    assert told["hint"].to_list() == ["43", None]
    assert told["value"].to_list() == [None, "3 characters"]


@pytest.mark.parametrize(
    ("finding", "detail", "message"),
    [
        (Finding(code="user.school.other", detail="0077", count=3), "0077", "3 people belong to school 0077,"),
        (Finding(code="user.school.other", detail="Ana Lopez"), "9 characters", "school 9 characters, hidden,"),
        (Finding(code="schools.adopted", detail="0042, Lopez"), "2 schools", "district's: 2 schools, hidden."),
        (Finding(code="header.column_unknown", file="users.csv", detail="room_key, a.b"), "room_key, a.b", "a.b."),
        (Finding(code="header.column_unknown", file="users.csv", detail="a@b.org"), "1 column", "1 column, hidden."),
        (Finding(code="header.column_unknown", file="users.csv", detail="5125550143"), "1 column", "1 column, hidden."),
        (
            Finding(code="file.renamed", file="users.csv", detail="Ana Lopez.csv"),
            "13 characters",
            "13 characters, hidden",
        ),
        (Finding(code="enrollment.role.mismatch", value="x", detail="teacher"), "teacher", "users.csv says teacher;"),
    ],
)
def test_text_of_a_file_is_public_only_where_it_cannot_be_personal(finding: Finding, detail: str, message: str) -> None:
    told = catalogue.described(as_frame([finding]), masked=True)

    assert told["detail"].to_list() == [detail]
    assert message in told["message"].item()


def test_a_hint_that_is_no_known_name_is_left_out_of_a_masked_message() -> None:
    finding = {"code": "header.column_missing", "file": "users.csv", "column": "givenName", "hint": "givenAna"}

    assert "Did you mean" in catalogue.message(finding, masked=False)
    assert "Did you mean" not in catalogue.message(finding, masked=True)


def test_a_file_that_nobody_expects_is_named_only_where_its_name_looks_like_one() -> None:
    findings = as_frame([Finding(code="file.unexpected", file=name) for name in ("students.csv", "Ana Lopez.csv")])
    told = catalogue.described(findings, masked=True)

    assert told["file"].to_list() == ["students.csv", "13 characters"]
    assert told["message"][1].startswith("13 characters, hidden is not one of the files")


def test_described_keeps_order_and_adds_the_four_columns() -> None:
    findings = as_frame([Finding(code=code) for code in ("users.none", "user.role.unknown", "users.none")])
    told = catalogue.described(findings, masked=False)

    assert told["code"].to_list() == findings["code"].to_list()
    assert told.columns == [*findings.columns, "level", "rejects", "message", "fix"]
    assert told["level"].to_list() == ["error"] * 3


def test_no_findings_are_described_as_none() -> None:
    told = catalogue.described(as_frame([]), masked=True)
    assert told.columns[-4:] == ["level", "rejects", "message", "fix"]
    assert told.schema["message"] == pl.String


def test_examples_can_be_shown() -> None:
    assert catalogue.shown(catalogue.entry("user.role.unknown").fails or ()) == ['users.csv: role = "teachr"']


def test_a_pull_that_brought_nothing_lends_nothing() -> None:
    refusing = {code for code in catalogue.rejecting("batch") if code.startswith("source.")}

    assert refusing == NOTHING_PULLED

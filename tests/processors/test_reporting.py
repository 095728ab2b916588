import json
from dataclasses import replace
from importlib.resources import files
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from processors.guarding import GuardOutcome, Limit, Links
from processors.reporting.contents import Report, file_counts
from processors.reporting.html_page import as_html
from processors.reporting.json_document import as_json, document
from processors.reporting.ordering import findings_in_order
from processors.reporting.story import story_of
from processors.reporting.text_page import WIDTH, as_text, summary_lines
from processors.verdicts import Verdict, verdict_on
from tests.processors.reporting_samples import a_full_night, facts, judgement, rejected, report, set_aside
from validators.findings import Finding

VERDICTS = get_args(Verdict)
SCHEMA = json.loads(files("config").joinpath("schemas", "report.json").read_text("utf-8"))


def validated(made: Report, *, masked: bool, fold: bool = True) -> dict[str, Any]:
    told = document(made, masked=masked, fold=fold)
    Draft202012Validator(SCHEMA).validate(told)
    return told


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_a_full_night_is_valid_in_every_form(*, masked: bool, fold: bool) -> None:
    validated(a_full_night(), masked=masked, fold=fold)


def test_the_keys_stand_in_the_promised_order() -> None:
    told = document(a_full_night(), masked=True)

    assert list(told) == SCHEMA["required"]
    for part, shape in (("files", "file"), ("findings", "finding"), ("rejected", "rejected")):
        assert sorted(told[part][0]) == sorted(SCHEMA["$defs"][shape]["required"])


def test_times_are_utc_to_the_millisecond() -> None:
    assert document(a_full_night(), masked=True)["received"] == "2026-11-24T02:11:09.000Z"


def test_files_checked_offline_have_no_batch_and_no_changes() -> None:
    told = validated(report(district=None, number=None, received=None), masked=True)

    empty = ("district", "batch", "received", "changes", "guard")
    assert [told[key] for key in empty] == [None] * len(empty)


def test_rows_are_accepted_rejected_or_set_aside() -> None:
    for counts in file_counts(a_full_night().judgement):
        assert counts.facts.rows == counts.accepted + counts.rejected + counts.set_aside_in_all


@pytest.mark.parametrize("fold", [True, False])
def test_a_cause_points_into_the_list_it_stands_in(*, fold: bool) -> None:
    told = document(a_full_night(), masked=False, fold=fold)["findings"]

    causes = {finding["code"]: told[finding["cause"]]["code"] for finding in told if finding["cause"] is not None}
    assert causes == {
        "enrollment.user.rejected": "user.role.unknown",
        "enrollment.class.rejected": "class.title.missing",
    }


def test_root_causes_come_first() -> None:
    found = [
        Finding(code=code, file=f"{file}.csv", line=line)
        for code, file, line in (
            ("enrollment.user.unknown", "enrollments", 4),
            ("class.title.missing", "classes", 9),
            ("user.role.unknown", "users", 30),
            ("user.role.unknown", "users", 3),
        )
    ] + [Finding(code="school.missing", detail="0043")]

    ordered = findings_in_order(report(judgement(findings=found)), masked=False)

    assert ordered.select("code", "line").rows() == [
        ("school.missing", None),
        ("user.role.unknown", 3),
        ("user.role.unknown", 30),
        ("class.title.missing", 9),
        ("enrollment.user.unknown", 4),
    ]


def test_what_follows_from_one_cause_is_counted_in_the_report_and_listed_in_a_check() -> None:
    cause = Finding(code="user.role.unknown", file="users.csv", line=2, value="x")
    found = [
        cause,
        *(
            Finding(code="enrollment.user.rejected", file="enrollments.csv", line=line, cause=0)
            for line in range(2, 32)
        ),
    ]
    made = report(judgement(findings=found))

    assert [finding["count"] for finding in document(made, masked=False)["findings"]] == [1, 30]
    assert len(document(made, masked=False, fold=False)["findings"]) == 31


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("test", [True, False])
def test_every_verdict_says_what_happened(verdict: Verdict, *, test: bool) -> None:
    """connect-behaviour 9.5: statuses."""
    told = story_of(a_full_night(verdict=verdict, test=test), masked=False)

    applied = verdict not in {"held", "refused"} and not test
    assert ("nothing was applied" in told.headline.lower()) is not applied
    assert ("Nothing was deleted." in told.headline) is applied
    assert told.changes_title.startswith("What changed" if applied else "What would")


def test_an_accepted_night_counts_what_is_new() -> None:
    changes = {"student": {"created": 12}, "staff": {"updated": 1}}

    told = story_of(report(changes=changes), masked=False)

    assert told.headline == (
        "Tonight's files were accepted. In Connect: 12 students new and 1 staff member updated. Nothing was deleted."
    )


def test_a_quiet_night_says_so() -> None:
    assert "no changes, all of it was there already" in story_of(report(changes={}), masked=False).headline


def test_a_refusal_gives_its_reason() -> None:
    refused = judgement(findings=[Finding(code="school.missing", detail="0043")], refused=True)

    told = story_of(report(refused, verdict="refused"), masked=False)

    assert told.groups[0].message in told.headline


def test_rejected_rows_keep_their_records_and_carried_files_their_age() -> None:
    told = story_of(a_full_night(), masked=False)

    assert "4 rows were left out: what Connect holds for them stays as it was." in told.notes
    assert "guardians.csv is carried from batch 41, 17 hours old." in told.notes


def test_the_guard_names_school_and_number() -> None:
    """connect-behaviour 9.5: report."""
    told = story_of(a_full_night(), masked=False)

    assert told.held_back == ("Lincoln High (0042): 80 of 501 students are missing; at most 50 may be.",)
    assert (
        told.notes[0] == "Near the limit: Roosevelt Middle (0043): 40 of 480 students are missing; at most 48 may be."
    )


@pytest.mark.parametrize("verdict", ["withheld", "held"])
def test_what_connect_calls_it_is_told(verdict: Verdict) -> None:
    """connect-behaviour 9.5: statuses."""
    assert any("Failed: threshold" in note for note in story_of(a_full_night(verdict=verdict), masked=False).notes)
    quiet = a_full_night(verdict=verdict, guard=GuardOutcome())
    assert not any("threshold" in note for note in story_of(quiet, masked=False).notes)


def test_links_that_wait_have_their_own_percentages() -> None:
    """connect-behaviour 9.2: percentages of enrolments and links."""
    links = (
        Links(type="membership", managed=5_670, ending=400),
        Links(type="guardianship", managed=950, ending=1),
    )
    night = a_full_night()
    assert night.guard
    made = a_full_night(guard=replace(night.guard, links=links))
    told = "400 of 5,670 class memberships (7.1 %) and 1 of 950 guardian links (0.1 %). They count for no limit."
    assert f"With them wait the links: {told}" in story_of(made, masked=False).notes
    assert told in as_html(story_of(made, masked=False), made, {})
    assert json.loads(as_json(made, masked=True))["guard"]["links"] == [
        {"type": "membership", "managed": 5_670, "ending": 400, "percent": 7.1},
        {"type": "guardianship", "managed": 950, "ending": 1, "percent": 0.1},
    ]


def test_who_is_missing_is_told_before_what_else_is_wrong() -> None:
    """connect-behaviour 2.2, T10."""
    told = story_of(a_full_night(), masked=False)

    assert told.first[0] == (
        "80 of 501 students of Lincoln High (0042) are not in tonight's files; at most 50 may leave in one night. "
        "If your export lost them, send it again. "
        "If they really left, approve batch 42 before the next files come: ask us (support), or do it yourselves as "
        "described below."
    )


def withheld_by(*reasons: str, limits: tuple[Limit, ...] = (), findings: tuple[Finding, ...] = ()) -> Report:
    judged = judgement(files=[facts("users.csv", 9), facts("classes.csv", 0)], findings=findings)
    return report(judged, verdict="withheld", guard=GuardOutcome(limits=limits, reasons=reasons))


def test_an_empty_file_is_no_question_about_people() -> None:
    every_class = Limit(school="0042", type="classroom", managed=96, vanishing=96, allowed=9)

    told = story_of(
        withheld_by(
            "classes.none", limits=(every_class,), findings=(Finding(code="classes.none", file="classes.csv"),)
        ),
        masked=True,
    )

    assert len(told.first) == 1
    assert told.first[0].startswith("classes.csv has a header and no rows. ")
    assert told.first[0].endswith("send all files again.")
    assert "really left" not in as_text(told)
    assert told.held_back[0].startswith("classes.csv has a header and no rows. ")


def test_people_who_vanish_beside_an_empty_file_are_told_too() -> None:
    students = Limit(school="0042", type="student", managed=90, vanishing=50, allowed=9)

    told = story_of(
        withheld_by("classes.none", limits=(students,), findings=(Finding(code="classes.none", file="classes.csv"),)),
        masked=True,
    )

    assert [step.split()[0] for step in told.first] == ["classes.csv", "50"]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("enrollments.of_another_kind", "enrollments.csv"),
        ("else.of_another_kind", "one of the files"),
    ],
)
def test_a_reason_that_no_finding_tells_is_told_all_the_same(reason: str, said: str) -> None:
    told = story_of(withheld_by(reason), masked=True)

    assert len(told.held_back) == 1
    assert said in told.first[0]
    assert "send all files again" in told.first[0]


def test_the_worst_limits_stand_under_the_headline_and_the_others_are_counted() -> None:
    limits = tuple(
        Limit(school=f"{number}", type="student", managed=99, vanishing=20 + number, allowed=9) for number in range(9)
    )

    text = as_text(story_of(withheld_by(limits=limits), masked=True)).splitlines()

    start = text.index("Held back:")
    assert text[start + 1] == "- school 8: 28 of 99 students are missing; at most 9 may be."
    assert text[start + 6] == "- school 3: 23 of 99 students are missing; at most 9 may be."
    assert text[start + 7] == "- and 3 more"
    assert text[start - 1].endswith("unlinked.")


def test_a_batch_on_hold_says_what_can_be_done_today() -> None:
    found = [
        Finding(code="rows.rejected_share", file="users.csv", detail="34", count=61),
        Finding(code="user.role.unknown", file="users.csv", line=3, column="role", value="x"),
    ]
    made = report(judgement(files=[facts("users.csv", 180)], findings=found), verdict="held")

    told = story_of(made, masked=False)

    assert told.badge == "On hold, nothing applied"
    assert "34 % of the rows of users.csv (61) were rejected." in told.headline
    assert told.first[0].startswith("Repair what is named next")
    assert told.first[1].startswith("users.csv, line 3: “x” is not a role we know.")
    assert "approve batch 42" in told.first[2]
    assert len(told.first) == 3
    for text in (as_text(told), as_html(told, made, {})):
        assert "say yes" not in text
        assert "a yes" not in text
        assert "look before" not in text


def test_a_footer_that_counts_other_rows_holds_the_batch() -> None:
    found = [Finding(code="file.rows_missing", file="users.csv", detail="512", hint="180")]
    judged = judgement(files=[facts("users.csv", 180)], findings=found)

    assert verdict_on(judged, None) == "held"
    told = story_of(report(judged, verdict="held"), masked=False)
    assert "512" in told.headline
    assert told.first[0].startswith("The last line of users.csv counts 512 rows, but 180 came.")


def test_steps_name_causes_and_not_what_follows_from_them() -> None:
    told = story_of(a_full_night(verdict="accepted_with_rejections"), masked=False)

    assert [step.split(":")[0] for step in told.first][:2] == ["users.csv, line 17", "classes.csv, line 8"]
    assert not any("enrollments.csv" in step for step in told.first)


def test_of_one_file_what_brings_most_comes_first() -> None:
    found = [
        Finding(code="user.role.missing", file="users.csv", line=2),
        Finding(code="user.role.unknown", file="users.csv", line=9, value="x"),
        *(Finding(code="enrollment.user.rejected", file="enrollments.csv", line=line, cause=1) for line in range(2, 5)),
    ]

    told = story_of(report(judgement(findings=found)), masked=False)

    assert [step.split(":")[0] for step in told.first] == ["users.csv, line 9", "users.csv, line 2"]


def test_at_most_five_steps() -> None:
    codes = ("user.role.unknown", "user.role.missing", "user.givenName.missing", "user.familyName.missing")
    more = ("class.title.missing", "class.sourcedId.missing", "enrollment.role.unknown")
    found = [Finding(code=code, file="users.csv", line=line) for line, code in enumerate(codes + more, start=2)]

    told = story_of(report(judgement(findings=found)), masked=False)

    assert len(told.first) == 5
    assert told.first[-1] == "Then 3 more things to look at, listed below."


def test_a_group_shows_ten_places_and_counts_all() -> None:
    group = next(group for group in story_of(a_full_night(), masked=False).groups if group.code == "user.phone.invalid")

    assert (len(group.places), group.more, group.count) == (10, 4, 14)


@pytest.mark.parametrize("masked", [True, False])
def test_nothing_of_a_refused_set_is_called_accepted(*, masked: bool) -> None:
    refused = a_full_night(verdict="refused", changes=None, guard=None)

    story = story_of(refused, masked=masked)

    assert {file.accepted for file in story.files} == {"not used"}
    for lines in (as_text(story).splitlines(), summary_lines(refused)):
        assert [line.split()[:4] for line in lines if line.startswith("users.csv ")] == [
            ["users.csv", "1,204", "not", "used"]
        ]
    assert not [group for group in story.groups if group.done.startswith(("We took", "We left", "We used"))]
    assert document(refused, masked=masked)["files"][0]["accepted"] == 1_171


def test_a_file_that_could_not_be_used_is_not_called_accepted() -> None:
    judged = judgement(
        files=[facts("users.csv", 9), facts("guardians.csv", 4)],
        findings=[Finding(code="file.truncated", file="guardians.csv")],
    )

    told = story_of(report(judged), masked=False)

    assert [file.accepted for file in told.files] == ["9", "not used"]


def test_rejected_rows_are_named_only_where_they_lie_beside_the_report() -> None:
    assert 'findings.csv and the rows that were left out (in its folder "rejected")' in flat(
        as_text(story_of(a_full_night(), masked=False))
    )
    for made, masked in ((a_full_night(), True), (report(), False)):
        story = story_of(made, masked=masked)
        told = as_text(story) + as_html(story, made, {})
        assert 'folder "rejected"' not in flat(told)
        assert "findings.csv" in told


def flat(text: str) -> str:
    """Text as it is told, whatever its lines and quotation marks."""
    return " ".join(text.replace("“", '"').replace("”", '"').split())


LONG = "An extraordinarily long name of a district that nobody would like to write upon any letter at all"


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_summary_is_twenty_lines_of_eighty_columns(verdict: Verdict) -> None:
    many_limits = tuple(
        Limit(school=f"{number}", type="student", managed=900, vanishing=400, allowed=90) for number in range(40)
    )
    crowded = a_full_night(verdict=verdict, district_name=LONG, guard=GuardOutcome(limits=many_limits))

    folder_of_files = report(judgement(files=[facts(f"{name}.csv", 9) for name in "abcdefghijklmnop"]), verdict=verdict)

    for made in (a_full_night(verdict=verdict), crowded, report(verdict=verdict), folder_of_files):
        lines = summary_lines(made)
        assert len(lines) <= 20
        assert max(map(len, lines)) <= WIDTH


def test_the_summary_cuts_nothing_while_lines_are_free() -> None:
    for verdict in ("held", "refused"):
        made = a_full_night(verdict=verdict, changes=None, guard=None)
        lines = summary_lines(made)
        told = story_of(made, masked=True)

        assert len(lines) <= 20
        assert not [line for line in lines if line.endswith("...")]
        whole = [flat(step) in flat(" ".join(lines)) for step in (*told.first, told.headline)]
        assert all(whole) or len(lines) == 20
        assert whole[0]


def test_the_summary_shows_files_with_rejected_rows_first() -> None:
    files = [facts(f"file-{number}.csv", 10) for number in range(9)]
    rows = rejected(("file-8.csv", 2, "k", ["user.role.unknown"], False))

    lines = summary_lines(report(judgement(files=files, rejected_rows=rows)))

    names = [line.split()[0] for line in lines if line.startswith("file-")]
    assert names[:3] == ["file-8.csv", "file-0.csv", "file-1.csv"]


def test_what_has_no_room_is_left_out_by_sentences() -> None:
    lines = summary_lines(a_full_night())

    assert len(lines) == 20
    assert flat(story_of(a_full_night(), masked=True).first[0]) in flat(" ".join(lines))
    assert lines[-1].endswith(".")


def test_the_report_says_nothing_twice() -> None:
    for verdict in VERDICTS:
        text = as_text(story_of(a_full_night(verdict=verdict), masked=False))
        story = story_of(a_full_night(verdict=verdict), masked=False)
        for once in (*story.first, *story.held_back, *story.notes, story.headline):
            assert flat(text).count(flat(once)) == 1


def test_text_for_a_terminal_stays_in_eighty_columns() -> None:
    assert max(map(len, as_text(story_of(a_full_night(), masked=False)).splitlines())) <= WIDTH


def test_a_terminal_is_never_told_what_to_do() -> None:
    nasty = "\x1b]0;gone\x07\x9b31m\u202e"
    found = [Finding(code="user.role.unknown", file="users.csv", line=2, column="role", value=nasty)]

    text = as_text(story_of(report(judgement(findings=found)), masked=False))
    told = as_json(report(judgement(findings=found)), masked=False)

    assert not set(text + told) & set("\x1b\x07\x9b\u202e")
    assert "\\x1b" in text
    assert json.loads(told)["findings"][0]["value"] == nasty


def test_nothing_of_foreign_files_is_told() -> None:
    found = [
        Finding(code="user.role.unknown", file="users.csv", line=2, column="role", value="SECRET"),
        Finding(code="header.column_unknown", file="users.csv", line=1, detail="SECRET"),
        Finding(code="set.other_district", detail="SECRET"),
    ]
    judged = judgement(
        files=[facts("users.csv", 1)],
        findings=found,
        rejected_rows=rejected(("users.csv", 2, "SECRET", ["user.role.unknown"], False)),
        refused=True,
    )

    told = validated(report(judged, verdict="refused"), masked=False)

    assert "SECRET" not in json.dumps(told)
    assert told["rejected"] == []
    assert told["findings"][0]["code"] == "set.other_district"


CODES = ("user.role.unknown", "user.email.invalid", "class.title.missing", "enrollment.user.rejected", "file.missing")

findings_lists = st.lists(
    st.builds(
        Finding,
        code=st.sampled_from(CODES),
        file=st.sampled_from(["users.csv", "enrollments.csv", None]),
        line=st.none() | st.integers(1, 4_000_000_000),
        column=st.none() | st.text(max_size=8),
        value=st.none() | st.text(max_size=20),
        detail=st.none() | st.text(max_size=20),
        count=st.integers(1, 1_000),
    ),
    max_size=12,
).flatmap(
    lambda found: st.tuples(
        *(
            st.builds(replace, st.just(one), cause=st.none() | st.integers(0, place - 1) if place else st.none())
            for place, one in enumerate(found)
        )
    )
)


@settings(max_examples=60, deadline=None)
@given(
    found=findings_lists,
    verdict=st.sampled_from(VERDICTS),
    masked=st.booleans(),
    fold=st.booleans(),
    rows=st.integers(1, 50),
)
def test_any_report_is_valid_short_and_points_at_its_own_causes(
    *, found: tuple[Finding, ...], verdict: Verdict, masked: bool, fold: bool, rows: int
) -> None:
    judged = judgement(
        files=[facts("users.csv", rows)],
        findings=found,
        set_aside_rows=set_aside(("users.csv", 2, "u-2", "absent")),
    )
    made = report(judged, verdict=verdict)

    told = validated(made, masked=masked, fold=fold)

    assert sum(finding["count"] for finding in told["findings"]) == sum(one.count for one in found)
    assert all(one["cause"] is None or one["cause"] < len(told["findings"]) for one in told["findings"])
    assert len(summary_lines(made)) <= 20


def test_causes_survive_any_order() -> None:
    found = [
        Finding(code="enrollment.user.rejected", file="enrollments.csv", line=line, cause=20 + line % 5)
        for line in range(20)
    ] + [Finding(code="user.role.unknown", file="users.csv", line=line) for line in range(2, 7)]

    told = findings_in_order(report(judgement(findings=found)), masked=False)

    followers = told.filter(pl.col("cause").is_not_null())
    assert [told["line"][cause] for cause in followers["cause"]] == [2 + line % 5 for line in followers["line"]]


def test_a_note_that_several_files_have_alike_is_told_once() -> None:
    found = [
        Finding(code="file.blank_lines", file="users.csv", count=2),
        Finding(code="file.blank_lines", file="classes.csv"),
        Finding(code="user.sourcedId.repeated", file="users.csv", line=9, column="sourcedId"),
        Finding(code="class.sourcedId.repeated", file="classes.csv", line=7, column="sourcedId"),
    ]

    text = as_text(story_of(report(judgement(findings=found)), masked=False))

    assert text.count("Nothing has to be done.") == 2
    assert "users.csv and classes.csv, file.blank_lines (3 times)" in text
    assert text.count("This row says the same as an earlier one") == 1
    assert "Where: users.csv line 9 sourcedId; classes.csv line 7 sourcedId" in text


@pytest.mark.parametrize(("waits", "told_to_repair"), [(True, False), (False, True)])
def test_only_rows_that_are_themselves_at_fault_are_to_be_repaired(*, waits: bool, told_to_repair: bool) -> None:
    rows = rejected(("enrollments.csv", 3, "c-1 u-1", ["enrollment.class.unknown"], waits))
    found = [Finding(code="classes.none", file="classes.csv")]
    made = report(judgement(findings=found, rejected_rows=rows), verdict="withheld")

    assert any("folder “rejected”" in line for line in story_of(made, masked=False).then) == told_to_repair

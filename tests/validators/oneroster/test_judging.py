"""A whole delivery: every row has a fate, what follows is told so, and big things are found without walking rows."""

from typing import Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.oneroster import FILES, VERSIONS, Version
from tests.validators.oneroster.deliveries import codes, conformance, text

ORGS: Final = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_valid_delivery_is_told_its_version_and_nothing_else(version: Version) -> None:
    found = conformance(version)

    assert set(codes(found)) <= {"mode.assumed", "file.password_dropped"}
    assert (found.version, found.mode, found.judgement.refused) == (version, "bulk", False)
    assert found.judgement.rejected.is_empty()


def test_a_row_that_leads_to_a_rejected_one_follows_from_it() -> None:
    found = conformance("1.1", {"orgs.csv": text(ORGS, "d-1,,,District,district,,", "s-1,,,Lincoln,scool,,d-1")})
    findings = found.judgement.findings.with_row_index("index")
    (cause,) = findings.filter(pl.col("code") == "oneroster.enum.unknown").rows(named=True)
    of_classes = findings.filter(pl.col("file") == "classes.csv", pl.col("column") == "schoolSourcedId")

    assert (cause["line"], cause["hint"]) == (3, "school")
    of_lincoln = of_classes.filter(pl.col("code") == "oneroster.reference.rejected")
    assert of_lincoln["cause"].unique().to_list() == [cause["index"]]
    rejected = found.judgement.rejected
    assert rejected.filter(pl.col("file") == "orgs.csv")["cascade"].to_list() == [False]
    assert rejected.filter(pl.col("file") == "classes.csv")["cascade"].all()


def test_the_line_of_a_row_below_a_broken_one_is_that_of_the_file() -> None:
    rows = ("d-1,,,District,district,,", 's-1,,,"Lin"coln,school,,d-1', "s-2,,,Anchor,skool,,d-1")
    found = conformance("1.1", {"orgs.csv": text(ORGS, *rows)})
    told = found.judgement.rejected.filter(pl.col("file") == "orgs.csv")

    assert told.select("line", "key", "codes").rows() == [
        (3, None, ["oneroster.row.quote"]),
        (4, "s-2", ["oneroster.enum.unknown"]),
    ]


def test_who_lost_leading_zeros_is_told_the_id() -> None:
    rows = ("d-1,,,District,district,,", "007,,,Lincoln,school,,7")
    findings = conformance("1.1", {"orgs.csv": text(ORGS, *rows)}).judgement.findings
    about = findings.filter(pl.col("code") == "oneroster.reference.unknown", pl.col("file") == "orgs.csv")

    assert about.select("line", "value", "detail", "hint").rows() == [(3, "7", "orgs", "007")]


def test_rows_that_name_one_missing_record_follow_from_it() -> None:
    rows = (
        "d-1,,,District,district,,",
        "s-1,,,Lincoln,school,,d-9",
        "s-2,,,Anchor,school,,d-9",
        "s-3,,,Roy,school,,d-8",
    )
    findings = conformance("1.1", {"orgs.csv": text(ORGS, *rows)}).judgement.findings.with_row_index("index")
    missing = findings.filter(pl.col("code") == "oneroster.reference.missing", pl.col("value") == "d-9")
    pointing = findings.filter(pl.col("code") == "oneroster.reference.unknown", pl.col("file") == "orgs.csv")

    assert missing.select("file", "line", "column", "detail").rows() == [("orgs.csv", None, "sourcedId", "2")]
    assert pointing.select("value", "cause").rows() == [("d-9", missing["index"].item())] * 2 + [("d-8", None)]


def test_a_missing_organisation_is_a_warning_where_only_users_name_it() -> None:
    users = b"sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName"
    rows = "".join(f"\nu-{number},,,true,nowhere,student,u{number},Ana,Ruiz" for number in range(3))
    findings = conformance("1.1", {"users.csv": users + rows.encode()}).judgement.findings
    missing = findings.filter(pl.col("value") == "nowhere", pl.col("column") == "sourcedId")

    assert missing.select("code", "file", "detail").rows() == [("oneroster.reference.org_missing", "orgs.csv", "3")]


def test_only_those_in_a_circle_are_named_however_long_the_way_to_it_is() -> None:
    chain = [f"o{place},,,Org,department,,o{place + 1}" for place in range(200)]
    circle = ["o200,,,Org,department,,o201", "o201,,,Org,department,,o202", "o202,,,Org,department,,o200"]
    findings = conformance("1.1", {"orgs.csv": text(ORGS, *chain, *circle)}).judgement.findings
    about = findings.filter(pl.col("code") == "oneroster.parent.cycle")

    assert about["value"].to_list() == ["o200", "o201", "o202"]


def test_a_manifest_alone_means_that_nothing_changed() -> None:
    manifest = "\n".join(
        ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1"]
        + [f"file.{file},absent" for file in FILES["1.1"]]
    )
    others = {f"{file}.csv": None for file in FILES["1.1"]}
    found = conformance("1.1", {**others, "manifest.csv": manifest.encode()})

    assert codes(found) == []
    assert not found.judgement.refused


def test_no_password_is_kept() -> None:
    found = conformance("1.2")
    assert "password" not in found.sheets["users"].rows.columns
    assert "password" not in found.sheets["userProfiles"].rows.columns


def test_values_of_broken_rows_with_passwords_are_not_kept() -> None:
    header = (
        "sourcedId,status,dateLastModified,userSourcedId,profileType,vendorId,applicationId,description,"
        "credentialType,username,password"
    )
    found = conformance("1.2", {"userProfiles.csv": text(header, 'up-1,,,u-1,x,v,,,LDAP,"jo",secret,word')})
    assert "secret" not in found.sheets["userProfiles"].broken["raw"].item()


CELLS: Final = st.text(st.sampled_from('ax1,"\r\n ;\t\x00\ufeff{}:é'), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    version=st.sampled_from(VERSIONS),
    data=st.data(),
    lines=st.lists(st.lists(CELLS, max_size=12), max_size=6),
    keeps_header=st.booleans(),
)
def test_every_row_has_a_fate_whatever_a_file_holds(
    version: Version, data: st.DataObject, lines: list[list[str]], *, keeps_header: bool
) -> None:
    names = FILES[version] if version == "1.0" else ("manifest", *FILES[version])
    name = data.draw(st.sampled_from(names))
    whole = conformance(version).sheets[name].rows.columns[1:]
    header = [",".join(whole)] if keeps_header else []
    found = conformance(version, {f"{name}.csv": text(*header, *(",".join(cells) for cells in lines))}, asked=version)

    for facts in found.judgement.facts:
        told = pl.concat(
            [
                found.judgement.rejected.filter(pl.col("file") == facts.file)["line"],
                found.judgement.set_aside.filter(pl.col("file") == facts.file)["line"],
            ]
        )
        assert told.n_unique() == told.len() <= facts.rows

"""The CSV files of OneRoster: which there are, their headers, and what their schemas say of themselves."""

import json
from collections import defaultdict
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from config.oneroster import FILES, VERSIONS, Version, header_of, name_of, schema_of
from validators.compiling import compiled

LIFE: Final = "sourcedId status dateLastModified"
ORIGIN: Final = (
    "americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander white"
    " demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity"
    " countryOfBirthCode stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus"
)

# oneroster-csv 14, as it stands there.
OF_1_0: Final = {
    "academicSessions": f"{LIFE} title type startDate endDate parentSourcedId",
    "orgs": f"{LIFE} name type identifier metadata.classification metadata.gender metadata.boarding parentSourcedId",
    "courses": f"{LIFE} schoolYearId metadata.duration title courseCode grade orgSourcedId subjects",
    "classes": f"{LIFE} title grade courseSourcedId classCode classType location"
    " schoolSourcedId termSourcedId subjects",
    "users": f"{LIFE} orgSourcedIds role username userId givenName familyName identifier email sms phone agents",
    "enrollments": "sourcedId classSourcedId schoolSourcedId userSourcedId role status dateLastModified primary",
    "demographics": f"userSourcedId status dateLastModified birthdate sex {ORIGIN}",
}
OF_1_1: Final = {
    "academicSessions": f"{LIFE} title type startDate endDate parentSourcedId schoolYear",
    "orgs": f"{LIFE} name type identifier parentSourcedId",
    "courses": f"{LIFE} schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes",
    "classes": f"{LIFE} title grades courseSourcedId classCode classType location"
    " schoolSourcedId termSourcedIds subjects subjectCodes periods",
    "users": f"{LIFE} enabledUser orgSourcedIds role username userIds givenName familyName middleName"
    " identifier email sms phone agentSourcedIds grades password",
    "enrollments": f"{LIFE} classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
    "demographics": f"{LIFE} birthDate sex {ORIGIN}",
    "categories": f"{LIFE} title",
    "lineItems": f"{LIFE} title description assignDate dueDate"
    " classSourcedId categorySourcedId gradingPeriodSourcedId resultValueMin resultValueMax",
    "results": f"{LIFE} lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment",
    "resources": f"{LIFE} vendorResourceId title roles importance vendorId applicationId",
    "classResources": f"{LIFE} title classSourcedId resourceSourcedId",
    "courseResources": f"{LIFE} title courseSourcedId resourceSourcedId",
}
OF_1_2: Final = OF_1_1 | {
    "users": f"{LIFE} enabledUser username userIds givenName familyName middleName"
    " identifier email sms phone agentSourcedIds grades password userMasterIdentifier"
    " preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns",
    "roles": f"{LIFE} userSourcedId roleType role beginDate endDate orgSourcedId userProfileSourcedId",
    "userProfiles": f"{LIFE} userSourcedId profileType vendorId applicationId description credentialType"
    " username password",
    "userResources": f"{LIFE} userSourcedId orgSourcedId classSourcedId resourceSourcedId",
    "categories": f"{LIFE} title weight",
    "lineItems": f"{LIFE} title description assignDate dueDate classSourcedId categorySourcedId"
    " academicSessionSourcedId resultValueMin resultValueMax schoolSourcedId",
    "results": f"{LIFE} lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment"
    " textScore classSourcedId inProgress incomplete late missing",
    "scoreScales": f"{LIFE} title type orgSourcedId courseSourcedId classSourcedId scoreScaleValue",
    "lineItemScoreScales": f"{LIFE} title lineItemSourcedId scoreScaleSourcedId",
    "resultScoreScales": f"{LIFE} title resultSourcedId scoreScaleSourcedId",
    "lineItemLearningObjectiveIds": f"{LIFE} lineItemSourcedId source learningObjectiveId",
    "resultLearningObjectiveIds": f"{LIFE} resultSourcedId source learningObjectiveId score textScore",
}
HEADERS: Final[Mapping[Version, Mapping[str, str]]] = {"1.0": OF_1_0, "1.1": OF_1_1, "1.2": OF_1_2}
EVERY: Final = [(version, file) for version in VERSIONS for file in FILES[version]]


def columns() -> list[tuple[Version, str, str, Mapping[str, Any]]]:
    return [
        (version, file, column, constraints)
        for version, file in EVERY
        for column, constraints in schema_of(version, file)["properties"].items()
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_of_a_version_has_its_header(version: Version) -> None:
    assert {file: " ".join(header_of(version, file)) for file in FILES[version]} == HEADERS[version]


def test_no_schema_lies_beside_the_files_of_its_version() -> None:
    folder = files("config").joinpath("schemas", "oneroster")
    assert {(each.name, file.name) for each in folder.iterdir() for file in each.iterdir()} == {
        (version, f"{file}.json") for version, file in EVERY
    }


@pytest.mark.parametrize(("version", "file"), EVERY)
def test_schemas_are_schemas_that_become_rules(version: Version, file: str) -> None:
    schema = schema_of(version, file)
    Draft202012Validator.check_schema(dict(schema))
    assert set(schema["required"]) <= set(header_of(version, file))
    assert {rule.column for rule in compiled(schema)} <= set(header_of(version, file))


def test_a_file_of_another_version_is_none() -> None:
    with pytest.raises(KeyError, match="roles"):
        schema_of("1.1", "roles")


def test_a_schema_is_called_after_version_and_file() -> None:
    assert name_of("1.1", "users") == "oneroster-1.1-users"


def test_every_column_has_one_sentence() -> None:
    told = [constraints["description"] for *_, constraints in columns()]
    assert [text for text in told if not text.endswith(".") or ". " in text or not text[0].isupper()] == []


def test_references_lead_to_files_of_the_version() -> None:
    led = [(version, part["x-refers"]) for version, _, _, part in columns() if "x-refers" in part]
    assert [refers for version, refers in led if refers["file"] not in FILES[version]] == []
    assert {key for _, refers in led for key in refers} == {"file", "type", "many"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_column_named_after_an_id_refers(version: Version) -> None:
    named = {
        (file, column)
        for each, file, column, part in columns()
        if each == version and column.endswith(("SourcedId", "SourcedIds")) and "x-refers" not in part
    }
    assert named == set()


def test_a_code_means_the_same_in_every_file() -> None:
    meanings, effects = defaultdict(set), defaultdict(set)
    for *_, constraints in columns():
        for part in (constraints, *constraints.get("allOf", ())):
            if "x-code" in part:
                said = {key: value for key, value in part.items() if key not in {"description", "type", "x-refers"}}
                meanings[part["x-code"]].add(json.dumps(said, sort_keys=True))
                effects[part["x-code"]].add(part["x-rejects"])
    many = {"oneroster.enum.unknown", "oneroster.guid.invalid"}  # words by column; one ID or a list of them
    assert {code for code, said in meanings.items() if len(said) > 1} == many
    assert {code for code, said in effects.items() if len(said) > 1} == set()


def test_passwords_are_never_read() -> None:
    dropped = {(version, file, column) for version, file, column, part in columns() if part.get("x-dropped")}
    assert dropped == {
        ("1.1", "users", "password"),
        ("1.2", "users", "password"),
        ("1.2", "userProfiles", "password"),
    }

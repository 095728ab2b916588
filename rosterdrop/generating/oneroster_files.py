"""A district as a whole delivery of OneRoster 1.0, 1.1 or 1.2: every file that the version knows, and the manifest.

Everything beside people, classes and enrollments is derived from these three frames, a column at a time.
Sources: oneroster-csv 3 to 5; headers come from the schemas of `config.oneroster`.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import polars as pl

from config.oneroster import FILES, Version, header_of
from rosterdrop.generating import connect_files
from rosterdrop.generating.connect_files import Sheets
from rosterdrop.generating.district import ID, NAME, District
from rosterdrop.generating.schooling import SchoolYear
from rosterdrop.generating.sheets import Sheet

# What 1.1 calls otherwise; the columns that a version does not know fall away, those that we do not fill stay empty.
_RENAMED: Final[Mapping[Version, Mapping[str, str]]] = {
    "1.0": {
        "agentSourcedIds": "agents",
        "birthDate": "birthdate",
        "grades": "grade",
        "schoolYearSourcedId": "schoolYearId",
        "termSourcedIds": "termSourcedId",
    },
    "1.1": {},
    "1.2": {"gradingPeriodSourcedId": "academicSessionSourcedId"},
}
_ROLES: Final[Mapping[Version, Mapping[str, str]]] = {
    "1.0": {"proctor": "aide"},
    "1.1": {},
    "1.2": {"administrator": "siteAdministrator"},
}
"""Roles of people that a version lacks, and the nearest that it has (oneroster-csv 6.2)."""

_RACES: Final = (
    *("americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander"),
    *("white", "demographicRaceTwoOrMoreRaces"),
)
_RESULTS_EVERY: Final = 3  # of the students of a class every third has handed in already


def oneroster_files(district: District, version: Version) -> Sheets:
    """Every file of a bulk delivery; where there is nothing to say a file is absent, for headers alone are no file."""
    frames = _Frames(district, version)
    sheets = {file: Sheet(file=file, frame=_conformed(frames.of(file), version, file)) for file in FILES[version]}
    filled = {file: sheet for file, sheet in sheets.items() if sheet.height}
    if version == "1.0":
        return filled
    return {"manifest": Sheet(file="manifest", frame=_manifest(version, filled)), **filled}


def _conformed(frame: pl.DataFrame, version: Version, file: str) -> pl.DataFrame:
    """A frame with the columns of a version, in its order."""
    renamed = frame.rename(_RENAMED[version], strict=False)
    if version == "1.0" and file == "demographics":
        renamed = renamed.rename({"sourcedId": "userSourcedId"})
    columns = header_of(version, file)
    return renamed.select(pl.col(name) if name in renamed.columns else _text("").alias(name) for name in columns)


def _manifest(version: Version, delivered: Sheets) -> pl.DataFrame:
    files = {f"file.{file}": "bulk" if file in delivered else "absent" for file in sorted(FILES[version])}
    source = {"source.systemName": "Synthetic SIS", "source.systemCode": "synthetic"}
    properties = {"manifest.version": "1.0", "oneroster.version": version, **files, **source}
    return pl.DataFrame({"propertyName": list(properties), "value": list(properties.values())})


def _text(text: str) -> pl.Expr:
    return pl.lit(text, dtype=pl.String)


def _joined(*parts: str | pl.Expr) -> pl.Expr:
    return pl.concat_str([_text(part) if isinstance(part, str) else part for part in parts])


def _turn(options: tuple[str, ...], stride: int = 1) -> pl.Expr:
    """One of the options by the number of the row: the same on every machine."""
    place = (pl.int_range(pl.len()) // stride) % len(options)
    return place.replace_strict(list(range(len(options))), list(options), return_dtype=pl.String)


def _sessions(year: SchoolYear) -> pl.DataFrame:
    """The year, its halves and its quarters; an end is the day after the last (oneroster-csv 3.6)."""
    one, two = year.first, year.first + 1
    autumn, half, spring = f"{one}-10-17", f"{two}-01-16", f"{two}-03-20"
    first, second = f"{year.term}-s1", f"{year.term}-s2"
    rows = [
        (year.term, f"School Year {one}-{two % 100:02}", "schoolYear", year.begins, year.ends, ""),
        (first, "First Semester", "semester", year.begins, half, year.term),
        (second, "Second Semester", "semester", half, year.ends, year.term),
        (_first_quarter(year), "First Quarter", "gradingPeriod", year.begins, autumn, first),
        (f"{year.term}-q2", "Second Quarter", "gradingPeriod", autumn, half, first),
        (f"{year.term}-q3", "Third Quarter", "gradingPeriod", half, spring, second),
        (f"{year.term}-q4", "Fourth Quarter", "gradingPeriod", spring, year.ends, second),
    ]
    names = ("sourcedId", "title", "type", "startDate", "endDate", "parentSourcedId")
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(schoolYear=_text(f"{two}"))


def _first_quarter(year: SchoolYear) -> str:
    return f"{year.term}-q1"


class _Frames:
    """The files of a district with the columns of 1.1 or 1.2 that are filled."""

    def __init__(self, district: District, version: Version) -> None:
        self._district = district
        self._version = version

    def of(self, file: str) -> pl.DataFrame:
        """The frame of `academicSessions`, which is called `academic_sessions` here."""
        frame: pl.DataFrame = getattr(self, re.sub("([A-Z])", lambda letter: f"_{letter[0].lower()}", file))
        return frame

    @cached_property
    def orgs(self) -> pl.DataFrame:
        """The district and its schools below it."""
        schools = self._district.schools
        return pl.DataFrame(
            {
                "sourcedId": [ID, *(school.id for school in schools)],
                "name": [NAME, *(school.name for school in schools)],
                # 1.0 knows no district (oneroster-csv 6.3).
                "type": ["local" if self._version == "1.0" else "district", *("school" for _ in schools)],
                "identifier": ["1728", *(f"1728{school.id}" for school in schools)],
                "parentSourcedId": ["", *(ID for _ in schools)],
                "metadata.classification": ["public" for _ in (ID, *schools)],
                "metadata.gender": ["mixed" for _ in (ID, *schools)],
                "metadata.boarding": ["false" for _ in (ID, *schools)],
            }
        )

    @cached_property
    def academic_sessions(self) -> pl.DataFrame:
        """The year, its halves and its quarters."""
        return _sessions(self._district.year)

    @cached_property
    def classes(self) -> pl.DataFrame:
        """As Connect gets them."""
        return connect_files.classes(self._district)

    @cached_property
    def courses(self) -> pl.DataFrame:
        """What the classes teach, each once."""
        taught = self.classes.unique("courseSourcedId", keep="first", maintain_order=True)
        return taught.select(
            pl.col("courseSourcedId").alias("sourcedId"),
            _text(self._district.year.term).alias("schoolYearSourcedId"),
            _joined(pl.col("subjects"), " ", pl.col("grades").str.split(",").list.first()).alias("title"),
            pl.col("courseSourcedId").alias("courseCode"),
            "grades",
            _text(ID).alias("orgSourcedId"),
            "subjects",
            "subjectCodes",
        )

    @cached_property
    def _people(self) -> pl.DataFrame:
        """Everybody, with one role; guardians name their students as these name them (oneroster-csv 9.2)."""
        people = connect_files.users(self._district, guardians=True)
        students = people.filter(pl.col("role") == "student")
        named = students.select(student="sourcedId", sourcedId=pl.col("agentSourcedIds").str.split(","))
        back = named.explode("sourcedId").group_by("sourcedId", maintain_order=True).agg(pl.col("student"))
        back = back.select("sourcedId", students=pl.col("student").list.join(","))
        return people.join(back, on="sourcedId", how="left", maintain_order="left").with_columns(
            agentSourcedIds=pl.when(pl.col("students").is_null()).then("agentSourcedIds").otherwise("students"),
            role=pl.col("role").replace(_ROLES[self._version]),
        )

    @cached_property
    def users(self) -> pl.DataFrame:
        """Everybody."""
        named = self._people.with_columns(
            preferredGivenName=_text(""), primaryOrgSourcedId=pl.col("orgSourcedIds").str.split(",").list.first()
        )
        identified = pl.col("identifier") != ""
        return named.with_columns(
            userIds=pl.when(identified).then(_joined("{SIS:", pl.col("identifier"), "}")).otherwise(_text(""))
        )

    @cached_property
    def demographics(self) -> pl.DataFrame:
        """Of every student; the year of birth follows from the grade."""
        students = self._people.filter(pl.col("role") == "student")
        grade = pl.col("grades").replace("KG", "00").cast(pl.Int32)
        day = pl.int_range(pl.len()) * 7919 % 365
        born = (pl.date(self._district.year.first - 5 - grade, 1, 1) + pl.duration(days=day)).dt.strftime("%Y-%m-%d")
        races = [_boolean(pl.int_range(pl.len()) % 7 == place).alias(race) for place, race in enumerate(_RACES)]
        return students.select(
            "sourcedId",
            born.alias("birthDate"),
            _turn(("female", "male")).alias("sex"),
            *races,
            _boolean(pl.int_range(pl.len()) % 4 == 0).alias("hispanicOrLatinoEthnicity"),
            _turn(("US", "US", "MX", "US"), 5).alias("countryOfBirthCode"),
            _turn(("IL", "", "TX"), 3).alias("stateOfBirthAbbreviation"),
            _turn(("Springfield", "Nuremberg, Bavaria", "San José", "O'Fallon")).alias("cityOfBirth"),
            _text("01652").alias("publicSchoolResidenceStatus"),
        )

    @cached_property
    def enrollments(self) -> pl.DataFrame:
        """As Connect gets them."""
        return connect_files.enrollments(self._district)

    # Resources.

    @cached_property
    def resources(self) -> pl.DataFrame:
        """A book for each subject."""
        return self.courses.unique("subjects", keep="first", maintain_order=True).select(
            _joined("book-", pl.col("subjectCodes")).alias("sourcedId"),
            _joined("isbn-", pl.col("subjectCodes")).alias("vendorResourceId"),
            _joined(pl.col("subjects"), ", the book").alias("title"),
            _text("student,teacher").alias("roles"),
            _text("primary").alias("importance"),
            _text("vendor-1").alias("vendorId"),
        )

    @cached_property
    def course_resources(self) -> pl.DataFrame:
        """Every course has the book of its subject."""
        return self.courses.select(
            _joined("cr-", pl.col("sourcedId")).alias("sourcedId"),
            pl.col("sourcedId").alias("courseSourcedId"),
            _joined("book-", pl.col("subjectCodes")).alias("resourceSourcedId"),
        )

    @cached_property
    def class_resources(self) -> pl.DataFrame:
        """One class of each course has it too."""
        return self._first_classes.select(
            _joined("xr-", pl.col("sourcedId")).alias("sourcedId"),
            pl.col("sourcedId").alias("classSourcedId"),
            _joined("book-", pl.col("subjectCodes")).alias("resourceSourcedId"),
        )

    @cached_property
    def _first_classes(self) -> pl.DataFrame:
        return self.classes.unique("courseSourcedId", keep="first", maintain_order=True)

    # The gradebook.

    @cached_property
    def categories(self) -> pl.DataFrame:
        """What work is called, with its weight in 1.2."""
        return pl.DataFrame(
            {"sourcedId": ["cat-1", "cat-2"], "title": ["Homework", "Tests, quizzes"], "weight": ["40", "60"]}
        )

    @cached_property
    def line_items(self) -> pl.DataFrame:
        """One for each class."""
        return self.classes.select(
            _joined("li-", pl.col("sourcedId")).alias("sourcedId"),
            _text("Unit 1").alias("title"),
            _text(f"{self._district.year.first}-09-14").alias("assignDate"),
            _text(f"{self._district.year.first}-09-25").alias("dueDate"),
            pl.col("sourcedId").alias("classSourcedId"),
            _turn(("cat-1", "cat-2")).alias("categorySourcedId"),
            _text(_first_quarter(self._district.year)).alias("gradingPeriodSourcedId"),
            _text("0").alias("resultValueMin"),
            _text("100").alias("resultValueMax"),
            "schoolSourcedId",
        )

    @cached_property
    def results(self) -> pl.DataFrame:
        """Of some students of each class."""
        seats = self.enrollments.filter(pl.col("role") == "student")
        first = pl.int_range(pl.len()).over("classSourcedId") % _RESULTS_EVERY == 0
        return seats.filter(first).select(
            _joined("r-", pl.col("sourcedId")).alias("sourcedId"),
            _joined("li-", pl.col("classSourcedId")).alias("lineItemSourcedId"),
            pl.col("userSourcedId").alias("studentSourcedId"),
            _text("fully graded").alias("scoreStatus"),
            (pl.int_range(pl.len()) * 31 % 101).cast(pl.String).alias("score"),
            _text(f"{self._district.year.first}-09-28").alias("scoreDate"),
            "classSourcedId",
            _text("false").alias("late"),
        )

    # New in 1.2.

    @cached_property
    def roles(self) -> pl.DataFrame:
        """The role of everybody at each of their schools; nobody has two at one."""
        place = pl.int_range(pl.len()).over("userSourcedId").cast(pl.String)
        held = self._people.select(
            "role", userSourcedId="sourcedId", orgSourcedId=pl.col("orgSourcedIds").str.split(",")
        )
        return held.explode("orgSourcedId").select(
            _joined("role-", pl.col("userSourcedId"), "-", place).alias("sourcedId"),
            "userSourcedId",
            _text("primary").alias("roleType"),
            "role",
            "orgSourcedId",
        )

    @cached_property
    def user_profiles(self) -> pl.DataFrame:
        """A login of everybody who teaches."""
        return self._teachers.select(
            _joined("profile-", pl.col("sourcedId")).alias("sourcedId"),
            pl.col("sourcedId").alias("userSourcedId"),
            _text("staff login").alias("profileType"),
            _text("vendor-1").alias("vendorId"),
            _text("directory").alias("credentialType"),
            "username",
        )

    @cached_property
    def _teachers(self) -> pl.DataFrame:
        return self._people.filter(pl.col("role") == "teacher")

    @cached_property
    def user_resources(self) -> pl.DataFrame:
        """Everybody who teaches has the first book."""
        return self._teachers.select(
            _joined("ur-", pl.col("sourcedId")).alias("sourcedId"),
            pl.col("sourcedId").alias("userSourcedId"),
            _text(self.resources.item(0, "sourcedId")).alias("resourceSourcedId"),
        )

    @cached_property
    def score_scales(self) -> pl.DataFrame:
        """One class of each course is marked in letters."""
        return self._first_classes.select(
            _joined("scale-", pl.col("sourcedId")).alias("sourcedId"),
            _text("Letters").alias("title"),
            _text("percent").alias("type"),
            pl.col("schoolSourcedId").alias("orgSourcedId"),
            "courseSourcedId",
            pl.col("sourcedId").alias("classSourcedId"),
            _text("{A:90},{B:80},{C:70}").alias("scoreScaleValue"),
        )

    @cached_property
    def line_item_score_scales(self) -> pl.DataFrame:
        """The work of these classes."""
        return self._first_classes.select(
            _joined("ls-", pl.col("sourcedId")).alias("sourcedId"),
            _joined("li-", pl.col("sourcedId")).alias("lineItemSourcedId"),
            _joined("scale-", pl.col("sourcedId")).alias("scoreScaleSourcedId"),
        )

    @cached_property
    def _scaled_results(self) -> pl.DataFrame:
        return self.results.join(
            self._first_classes.select(classSourcedId="sourcedId"), on="classSourcedId", how="semi"
        )

    @cached_property
    def result_score_scales(self) -> pl.DataFrame:
        """Their results."""
        return self._scaled_results.select(
            _joined("rs-", pl.col("sourcedId")).alias("sourcedId"),
            pl.col("sourcedId").alias("resultSourcedId"),
            _joined("scale-", pl.col("classSourcedId")).alias("scoreScaleSourcedId"),
        )

    @cached_property
    def line_item_learning_objective_ids(self) -> pl.DataFrame:
        """What the work of these classes is about."""
        return self._first_classes.select(
            _joined("lo-", pl.col("sourcedId")).alias("sourcedId"),
            _joined("li-", pl.col("sourcedId")).alias("lineItemSourcedId"),
            _text("unknown").alias("source"),
            _joined("objective-", pl.col("subjectCodes")).alias("learningObjectiveId"),
        )

    @cached_property
    def result_learning_objective_ids(self) -> pl.DataFrame:
        """How far their students came."""
        return self._scaled_results.select(
            _joined("ro-", pl.col("sourcedId")).alias("sourcedId"),
            pl.col("sourcedId").alias("resultSourcedId"),
            _text("case").alias("source"),
            _text("urn:uuid:2f6b2a0e-1f0c-4b6e-9a55-0d5c8f0a7c11").alias("learningObjectiveId"),
            "score",
        )


def _boolean(is_true: pl.Expr) -> pl.Expr:
    return pl.when(is_true).then(_text("true")).otherwise(_text("false"))

"""Who sits in which class and what is odd about it: nobody, too many, of another school, at another time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from validators.days import is_day
from validators.noticing.scene import Notice, Scene, counted, counted_by, of_the_file
from validators.people import kind_of
from validators.pointers import CLASS_AT, USER_AT
from validators.sifting import NOTHING_FOUND, Sieve
from validators.tables import LINE

# Nobody publishes such figures; ours: a class of the largest schools has 40 seats, a band or a choir twice that, and a
# student takes 7 to 9 classes (sis-deviations 3.2). Beyond, a class is a whole school (over-shared, connect-behaviour
# 5), or a join multiplied the rows (sis-deviations 105).
MANY_STUDENTS: Final = 150
MANY_TEACHERS: Final = 12
MANY_CLASSES_OF_A_STUDENT: Final = 25
MANY_CLASSES_OF_STAFF: Final = 60


def notices(scene: Scene) -> Iterator[Notice]:
    """What a person should look at in tonight's classes and enrollments."""
    enrollments = scene.sieves.get("enrollments")
    if enrollments is None or enrollments.rows.is_empty():
        return
    yield "enrollments", _reversed(enrollments.standing)
    seats = _Seats(scene=scene, enrollments=enrollments)
    if "classes" in scene.sieves:
        yield from (("classes", found) for found in (*_crowded(seats), *_without_lead(seats), _of_strangers(seats)))
    if scene.by_kind:
        yield from (("users", found) for found in (*_busy(seats), _without_class(seats)))
        if "classes" in scene.sieves:
            yield from (("enrollments", found) for found in _elsewhere(seats))


@dataclass(frozen=True, kw_only=True)
class _Seats:
    """Enrollments that stand."""

    scene: Scene
    enrollments: Sieve

    @cached_property
    def by_kind(self) -> Mapping[str, pl.DataFrame]:
        """Those of students and of staff."""
        standing = self.enrollments.standing.select(
            pl.selectors.by_name(LINE, "kind", "schoolSourcedId", "primary", USER_AT, CLASS_AT, require_all=False)
        )
        is_student = standing["kind"] == "student"
        return {"student": standing.filter(is_student), "staff": standing.filter(~is_student)}

    def rooms(self, chosen: pl.DataFrame) -> pl.DataFrame:
        """Classes by their places (`class_at`), with what else `chosen` has."""
        return self.scene.standing("classes").join(chosen, on=CLASS_AT, how="inner", maintain_order="left")

    def people(self, chosen: pl.DataFrame) -> pl.DataFrame:
        """People by their places (`user_at`), with what else `chosen` has."""
        return self.scene.standing("users").join(chosen, on=USER_AT, how="inner", maintain_order="left")

    @cached_property
    def strangers(self) -> Mapping[str, pl.DataFrame]:
        """Enrollments, by kind, in a class of a school that the person's own row does not name."""
        return {kind: self._strangers(seats) for kind, seats in self.by_kind.items()}

    def _strangers(self, seats: pl.DataFrame) -> pl.DataFrame:
        if len(self.scene.schools) < 2 or not self.scene.by_kind:  # with one school all have it
            return seats.clear()
        schools = self.scene.standing("users")["schools"]
        rows = self.scene.row_of_person.gather(seats[USER_AT])
        suspect = (schools.list.first().gather(rows) != seats["schoolSourcedId"]).fill_null(value=False)
        if not suspect.any():
            return seats.clear()
        named = seats.filter(suspect).with_columns(own=schools.gather(rows.filter(suspect)))
        return named.filter(~pl.col("own").list.contains(pl.col("schoolSourcedId"))).drop("own")


def _reversed(enrollments: pl.DataFrame) -> pl.DataFrame:
    """Enrollments that end before they begin, so that they were never in force (sis-deviations 78)."""
    early = enrollments.filter(pl.col("endDate") < pl.col("beginDate"))
    if early.is_empty():
        return NOTHING_FOUND
    return early.filter(is_day(pl.col("beginDate")), is_day(pl.col("endDate"))).select(
        LINE,
        code=pl.lit("enrollment.dates.reversed"),
        column=pl.lit("endDate"),
        value="endDate",
        detail="beginDate",
    )


def _crowded(seats: _Seats) -> Iterator[pl.DataFrame]:
    """Classes of very many people."""
    for kind, most, code in (
        ("student", MANY_STUDENTS, "class.students.many"),
        ("staff", MANY_TEACHERS, "class.teachers.many"),
    ):
        large = seats.by_kind[kind].group_by(CLASS_AT).len().filter(pl.col("len") > most)
        if not large.is_empty():
            yield counted(seats.rooms(large), code, column="sourcedId", value="sourcedId", detail=str(most))


def _busy(seats: _Seats) -> Iterator[pl.DataFrame]:
    """People in very many classes."""
    for kind, most, code in (
        ("student", MANY_CLASSES_OF_A_STUDENT, "student.classes.many"),
        ("staff", MANY_CLASSES_OF_STAFF, "user.classes.many"),
    ):
        many = seats.by_kind[kind].group_by(USER_AT).len().filter(pl.col("len") > most)
        if not many.is_empty():
            yield counted(seats.people(many), code, column="sourcedId", value="sourcedId", detail=str(most))


def _without_lead(seats: _Seats) -> Iterator[pl.DataFrame]:
    """Classes with several primary teachers, or with none in a file that says who they are (sis-deviations 125)."""
    teaching = seats.by_kind["staff"]
    is_lead = pl.col("primary").str.to_lowercase().is_in(["true", "1", "y", "yes"]).fill_null(value=False)
    leads = teaching.group_by(CLASS_AT).agg(leads=is_lead.sum().cast(pl.Int64))
    if leads.is_empty() or not leads["leads"].sum():
        return
    for code, which in (("class.primary.several", pl.col("leads") > 1), ("class.primary.none", pl.col("leads") == 0)):
        odd = leads.filter(which)
        if not odd.is_empty():
            yield counted(seats.rooms(odd), code, column="sourcedId", value="sourcedId")


def _without_class(seats: _Seats) -> pl.DataFrame:
    """Students in no class, counted by school; one whose enrollment is faulty is not without a class."""
    seated = seats.by_kind["student"]
    if seated.is_empty():
        return NOTHING_FOUND
    students = seats.scene.by_kind["student"]
    lone = students.filter(~pl.col(USER_AT).is_in(seated[USER_AT].implode()))
    if lone.is_empty():
        return NOTHING_FOUND
    named = seats.enrollments.rows.join(seats.enrollments.aside, on=LINE, how="anti")
    lone = lone.join(named, on=USER_AT, how="anti", maintain_order="left")
    by_school = lone.select(LINE, school="schools").explode("school")
    return of_the_file(counted_by(by_school, "student.without_class", "school"))


def _elsewhere(seats: _Seats) -> Iterator[pl.DataFrame]:
    """People in classes of a school, here, that their own row does not name."""
    for kind, code in (("student", "enrollment.student.elsewhere"), ("staff", "enrollment.staff.elsewhere")):
        yield counted_by(seats.strangers[kind], code, "schoolSourcedId", column="userSourcedId")


def _of_strangers(seats: _Seats) -> pl.DataFrame:
    """Classes that have students, and not one of their own school."""
    away = seats.enrollments.aside.filter(reason="other_school")
    strangers = seats.strangers["student"]
    if away.is_empty() and strangers.is_empty():
        return NOTHING_FOUND
    gone = seats.enrollments.rows.join(away, on=LINE, how="semi").filter(kind_of(pl.col("role")) == "student")
    own = seats.by_kind["student"].join(strangers, on=LINE, how="anti")
    foreign = pl.concat([strangers.select(CLASS_AT), gone.select(CLASS_AT)]).unique()
    odd = foreign.join(own, on=CLASS_AT, how="anti")
    return counted(seats.rooms(odd), "class.students.elsewhere", column="sourcedId", value="sourcedId")

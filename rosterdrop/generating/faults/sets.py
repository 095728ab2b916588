"""Faults of a night's files taken together: what is missing, empty, or of somebody else."""

from collections.abc import Callable
from typing import Final

import polars as pl

from rosterdrop.generating.faults.fault import FOREIGN_SCHOOL, Fault, Plant
from rosterdrop.generating.plotting import Mark, Place, Plot

_POINTING: Final = {"users": "enrollment.user.unknown", "classes": "enrollment.class.unknown"}


def _header_only(file: str) -> Plant:
    def plant(plot: Plot) -> list[Mark]:
        sheet = plot.sheets[file]
        sheet.gone.update(range(sheet.height))
        falls: tuple[Place, ...] = ()
        if code := _POINTING.get(file):
            falls = tuple(Place("enrollments", row, code) for row in range(plot.enrollments.height))
        if file == "users" and plot.links:
            falls += tuple(Place("guardians", row, "guardian.student.unknown") for row in range(plot.links.height))
        return [Mark(place=Place(file, None, f"{file}.none"), implied=falls)]

    return plant


def _absent(file: str) -> Plant:
    def plant(plot: Plot) -> list[Mark]:
        plot.sheets[file].name = ""
        return [Mark(place=Place(file, None, "file.missing"))]

    return plant


def _moved(plot: Plot, change: Callable[[pl.Expr], pl.Expr]) -> None:
    """Give schools other IDs, wherever they are named."""
    for file, column in (
        ("users", "orgSourcedIds"),
        ("classes", "schoolSourcedId"),
        ("enrollments", "schoolSourcedId"),
    ):
        sheet = plot.sheets[file]
        schools = pl.col(column).str.split(",").list.eval(change(pl.element())).list.join(",")
        sheet.frame = sheet.frame.with_columns(schools)


def _other_district(plot: Plot) -> list[Mark]:
    _moved(plot, lambda school: pl.concat_str(pl.lit("99"), school))
    return [Mark(place=Place(None, None, "set.other_district"))]


def _school_zeros(plot: Plot) -> list[Mark]:
    last = plot.district.schools[-1].id
    _moved(plot, lambda school: school.replace(last, last.lstrip("0")))
    return [Mark(place=Place(None, None, "school.missing"))]


def _school_gone(plot: Plot) -> list[Mark]:
    last = plot.district.schools[-1].id
    _moved(plot, lambda school: school.replace(last, FOREIGN_SCHOOL))
    return [Mark(place=Place(None, None, "school.missing"))]


SETS: Final = (
    Fault("users_header_only", "users.csv holds nothing but a header", _header_only("users"), alone=True),
    Fault("classes_header_only", "classes.csv holds nothing but a header", _header_only("classes"), alone=True),
    Fault(
        "enrollments_header_only", "enrollments.csv holds nothing but a header", _header_only("enrollments"), alone=True
    ),
    Fault(
        "guardians_header_only",
        "guardians.csv holds nothing but a header",
        _header_only("guardians"),
        "guardians",
        alone=True,
    ),
    Fault("users_absent", "users.csv did not come", _absent("users"), alone=True),
    Fault("classes_absent", "classes.csv did not come", _absent("classes"), alone=True),
    Fault("enrollments_absent", "enrollments.csv did not come", _absent("enrollments"), alone=True),
    Fault("wrong_district", "the files of another district", _other_district, alone=True),
    Fault("school_zeros", "a school's ID lost its leading zeros", _school_zeros, alone=True),
    Fault("school_gone", "a school has another ID overnight", _school_gone, alone=True),
)

"""Faults of enrollments: rows of enrollments.csv."""

from typing import Final

from rosterdrop.generating.faults.fault import NO_CLASS, NOBODY, Fault, at_seat, enrollment
from rosterdrop.generating.plotting import Mark, Plot


def _seat_for(plot: Plot, person: str, classroom: str, role: str, code: str, column: str | None) -> list[Mark]:
    """An enrollment more, beside one that stands."""
    _, model = plot.seat()
    row = plot.enrollments.append(plot.enrollments.row(model))
    plot.enrollments.put(row, "sourcedId", plot.district.numbers.enrollment_id())
    for name, value in (("userSourcedId", person), ("classSourcedId", classroom), ("role", role)):
        if value:
            plot.enrollments.put(row, name, value)
    return [at_seat(plot, row, code, column)]


def _enrollment_user_unknown(plot: Plot) -> list[Mark]:
    return _seat_for(plot, NOBODY, "", "", "enrollment.user.unknown", "userSourcedId")


def _enrollment_class_unknown(plot: Plot) -> list[Mark]:
    return _seat_for(plot, "", NO_CLASS, "", "enrollment.class.unknown", "classSourcedId")


def _enrollment_guardian(plot: Plot) -> list[Mark]:
    return _seat_for(plot, plot.guardian().id, "", "guardian", "enrollment.user.guardian", "userSourcedId")


def _enrollment_repeated(plot: Plot) -> list[Mark]:
    return _seat_for(plot, "", "", "", "enrollment.pair.repeated", "userSourcedId")


def _enrollment_role_conflict(plot: Plot) -> list[Mark]:
    _, first = plot.seat()
    again = plot.enrollments.append(plot.enrollments.row(first))
    plot.enrollments.put(again, "role", "teacher")
    return [at_seat(plot, row, "enrollment.role.conflict", "userSourcedId") for row in (first, again)]


def _enrollment_school_mismatch(plot: Plot) -> list[Mark]:
    _, row = plot.seat()
    plot.enrollments.put(row, "schoolSourcedId", plot.other_school(plot.enrollments.cell(row, "schoolSourcedId")))
    return [at_seat(plot, row, "enrollment.school.mismatch", "schoolSourcedId")]


def _enrollment_absent(plot: Plot) -> list[Mark]:
    person, model = plot.seat()
    other = next(room for room in plot.classes.frame["sourcedId"] if room not in plot.rooms_of(person))
    row = plot.enrollments.append({**plot.enrollments.row(model), "classSourcedId": other, "status": "tobedeleted"})
    plot.enrollments.put(row, "sourcedId", plot.district.numbers.enrollment_id())
    return [at_seat(plot, row, "enrollment.status.absent", "status")]


def _enrollment_id_repeated(plot: Plot) -> list[Mark]:
    _, first = plot.seat()
    _, second = plot.seat()
    plot.enrollments.put(second, "sourcedId", plot.enrollments.cell(first, "sourcedId"))
    return [at_seat(plot, max(first, second), "enrollment.sourcedId.repeated", "sourcedId")]


def _unkeyed(column: str, code: str) -> Fault:
    what = "class" if column == "classSourcedId" else "person"

    return Fault(f"enrollment_{what}_missing", f"an enrollment names no {what}", enrollment(column, "", code))


ENROLLMENTS: Final = (
    _unkeyed("classSourcedId", "enrollment.classSourcedId.missing"),
    _unkeyed("userSourcedId", "enrollment.userSourcedId.missing"),
    Fault("enrollment_user_unknown", "an enrollment of somebody who is nowhere", _enrollment_user_unknown),
    Fault("enrollment_class_unknown", "an enrollment in a class that is nowhere", _enrollment_class_unknown),
    Fault(
        "enrollment_role_unknown",
        "an enrollment's role is misspelt",
        enrollment("role", "studnet", "enrollment.role.unknown"),
    ),
    Fault("enrollment_role_missing", "an enrollment has no role", enrollment("role", "", "enrollment.role.missing")),
    Fault(
        "enrollment_role_mismatch",
        "a student is enrolled as teacher",
        enrollment("role", "teacher", "enrollment.role.mismatch"),
    ),
    Fault("enrollment_role_conflict", "somebody is in a class in two roles", _enrollment_role_conflict),
    Fault(
        "enrollment_status_unknown",
        "an enrollment's status is no word",
        enrollment("status", "yes", "enrollment.status.unknown"),
    ),
    Fault("enrollment_absent", "an enrollment that ended is marked tobedeleted", _enrollment_absent),
    Fault(
        "enrollment_school_mismatch", "an enrollment names another school than its class", _enrollment_school_mismatch
    ),
    Fault("enrollment_repeated", "a class and person stand there twice", _enrollment_repeated),
    Fault("enrollment_id_repeated", "two enrollments have one ID", _enrollment_id_repeated),
    Fault("enrollment_guardian", "a guardian is enrolled in a class", _enrollment_guardian, "users"),
)

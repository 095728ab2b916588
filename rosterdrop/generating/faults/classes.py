"""Faults of classes: rows of classes.csv."""

from typing import Final

from rosterdrop.generating.faults.fault import FOREIGN_SCHOOL, LONG, Fault, classroom
from rosterdrop.generating.plotting import Mark, Place, Plot


def _class_id_conflict(plot: Plot) -> list[Mark]:
    room = plot.classroom()
    first = plot.class_row[room.id]
    again = plot.classes.append(plot.classes.row(first))
    plot.classes.put(again, "title", f"{room.title} (old)")
    code = "class.sourcedId.conflict"
    implied = plot.fallen_with_class(room, "rejected")
    return [
        Mark(place=Place("classes", first, code), column="sourcedId", key=room.id, implied=implied),
        Mark(place=Place("classes", again, code), column="sourcedId", key=room.id),
    ]


def _class_repeated(plot: Plot) -> list[Mark]:
    room = plot.classroom()
    again = plot.classes.append(plot.classes.row(plot.class_row[room.id]))
    return [Mark(place=Place("classes", again, "class.sourcedId.repeated"), column="sourcedId", key=room.id)]


def _class_more(plot: Plot, code: str, column: str, value: str) -> list[Mark]:
    """A class more, in which nobody sits."""
    cells = plot.classes.row(plot.class_row[plot.classroom().id])
    own = f"{cells['schoolSourcedId']}-OLD-{plot.classes.height:05}"
    row = plot.classes.append({**cells, "sourcedId": own, column: value})
    return [Mark(place=Place("classes", row, code), column=column, key=own)]


def _class_absent(plot: Plot) -> list[Mark]:
    return _class_more(plot, "class.status.absent", "status", "tobedeleted")


def _class_school_other(plot: Plot) -> list[Mark]:
    return _class_more(plot, "class.school.other", "schoolSourcedId", FOREIGN_SCHOOL)


def _class_without(plot: Plot, role: str, code: str) -> list[Mark]:
    room = plot.classroom()
    rows = plot.seats_in[room.id]
    plot.enrollments.gone.update(row for row in rows if plot.enrollments.cell(row, "role") == role)
    return [Mark(place=Place("classes", plot.class_row[room.id], code), column="sourcedId", key=room.id)]


def _class_without_teacher(plot: Plot) -> list[Mark]:
    return _class_without(plot, "teacher", "class.without_teacher")


def _class_without_students(plot: Plot) -> list[Mark]:
    return _class_without(plot, "student", "class.without_students")


CLASSES: Final = (
    Fault("class_id_missing", "a class has no ID", classroom("sourcedId", "", "class.sourcedId.missing", "unknown")),
    Fault("class_id_conflict", "two classes that differ have one ID", _class_id_conflict),
    Fault(
        "class_id_space",
        "a class's ID has a space in it",
        classroom("sourcedId", "Math 5", "class.sourcedId.characters", "unknown"),
    ),
    Fault(
        "class_id_spreadsheet",
        "a spreadsheet turned a class's ID into 4.2E+11",
        classroom("sourcedId", "4.2E+11", "class.sourcedId.spreadsheet", "unknown"),
    ),
    Fault("class_repeated", "a class's row stands there twice", _class_repeated),
    Fault("class_title_missing", "a class has no title", classroom("title", "", "class.title.missing", "rejected")),
    Fault(
        "class_title_control",
        "a control character in a class's title",
        classroom("title", "Al\x0bgebra", "class.title.control", "rejected"),
    ),
    Fault(
        "class_title_long", "a class's title has 300 letters", classroom("title", LONG, "class.title.long", "rejected")
    ),
    Fault(
        "class_status_unknown",
        "a class's status is no word",
        classroom("status", "open", "class.status.unknown", "rejected"),
    ),
    Fault(
        "class_school_missing",
        "a class has no school",
        classroom("schoolSourcedId", "", "class.schoolSourcedId.missing", "rejected"),
    ),
    Fault("class_grade_unknown", "a class's grade is none", classroom("grades", "Upper", "class.grades.unknown")),
    Fault("class_grades_missing", "a class names no grade", classroom("grades", "", "class.grades.derived")),
    Fault(
        "class_room_control", "a control character in a room", classroom("location", "R\x07 1", "class.text.control")
    ),
    Fault("class_room_long", "a room of 300 letters", classroom("location", LONG, "class.text.long")),
    Fault("class_absent", "a class that ended is marked tobedeleted", _class_absent),
    Fault("class_school_other", "a class of a school that is not the district's", _class_school_other),
    Fault("class_without_teacher", "nobody teaches a class", _class_without_teacher),
    Fault("class_without_students", "nobody attends a class", _class_without_students),
)

"""Which way of rostering suits a district, and what to mend first (connect-behaviour 5, clever-classlink B6, B7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Way = Literal["clever", "classlink", "oneroster", "site", "files", "hand"]
"""Fetched from Clever, ClassLink, a OneRoster server or the district's own SFTP site, sent over SFTP, or by hand."""

Yes = Literal["yes", "no", "unknown"]

QUESTIONS: Final = {
    "clever": "Does the district use Clever?",
    "classlink": "Does the district use ClassLink Roster Server?",
    "server": "Does its information system have a OneRoster server (REST) that we may ask?",
    "exports": "Can its information system write OneRoster CSV files every night?",
    "site": "Do these files lie on an SFTP site of the district, from which we would fetch them?",
    "contacts": "Are the families' contacts at the source complete?",
    "contact_ids": "Do these contacts have IDs of the information system?",
    "contact_types": "Do these contacts tell parents from emergency contacts and others?",
    "links": "Are guardians there linked to their students?",
    "guardian_schools": "Do guardians there belong to schools, and not to the district alone?",
    "classes": "Are the classes there the classrooms that teachers want in Connect?",
    "schools": "Are the schools there organised as they are in Connect?",
    "sign_on": "Do people sign on to Connect through Clever or ClassLink?",
    "split": "Is a school of the information system to be two schools in Connect?",
    "several_schools": "Are there students who belong to several schools at a time?",
    "still": "Do fewer than ten people change in a month?",
}
"""Each question by its name; the answer is yes, no or unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What suits, why, what is given up with it, and what to mend first."""

    way: Way
    guardians: Literal["same", "file", "hand"]
    reasons: tuple[str, ...]
    losses: tuple[str, ...]
    first: tuple[str, ...]


def advise(answers: dict[str, Yes]) -> Advice:
    """The way that suits what was answered; what was not is unknown.

    Args:
        answers: by the names of QUESTIONS.
    """
    way = _way(answers)
    guardians = _guardians(way, answers)
    return Advice(
        way=way,
        guardians=guardians,
        reasons=tuple(_reasons(way, guardians, answers)),
        losses=tuple(_losses(way, answers)),
        first=tuple(_first(way, guardians, answers)),
    )


def _is(answers: dict[str, Yes], name: str, answer: Yes = "yes") -> bool:
    return answers.get(name, "unknown") == answer


def _way(answers: dict[str, Yes]) -> Way:
    if _is(answers, "still") and not _is(answers, "sign_on"):
        return "hand"
    service: Way | None = "clever" if _is(answers, "clever") else "classlink" if _is(answers, "classlink") else None
    files: Way = "site" if _is(answers, "site") else "files"
    if service is None and _is(answers, "server"):
        service = "oneroster"
    if service is None:
        return "hand" if _is(answers, "exports", "no") else files
    wrong = _is(answers, "classes", "no") or _is(answers, "schools", "no")
    if wrong and _is(answers, "exports") and not _is(answers, "sign_on"):
        return files
    return service


def _guardians(way: Way, answers: dict[str, Yes]) -> Literal["same", "file", "hand"]:
    if way == "hand":
        return "hand"
    if way in _OF_FILES:
        return "same"
    faults = ["contacts"] if way == "clever" else ["contacts", "links"]
    if not any(_is(answers, fault, "no") for fault in faults):
        return "same"
    return "file" if _is(answers, "exports") else "hand"


def _reasons(way: Way, guardians: str, answers: dict[str, Yes]) -> Iterator[str]:
    match way:
        case "clever" | "classlink":
            name = _NAMES[way]
            yield f"The district uses {name}, so nobody has to send files."
            if _is(answers, "sign_on"):
                yield f"People keep signing on through {name}; with files that is lost."
        case "oneroster":
            yield "The information system answers OneRoster itself, so nobody has to send files."
        case "files" | "site":
            yield from _reasons_for_files(way, answers)
        case "hand":
            yield (
                "So little changes that keeping it up by hand is less work than a sync."
                if _is(answers, "still")
                else "There is no service to fetch from, and no file can be written."
            )
    if guardians == "file":
        yield "Guardians come from guardians.csv on top: in the service they are incomplete or not linked."
    if guardians == "hand" and way != "hand":
        yield "Guardians are kept by hand or by join codes: neither the service nor a file can bring them."


def _reasons_for_files(way: Way, answers: dict[str, Yes]) -> Iterator[str]:
    if way == "site":
        yield "The files lie on the district's own site already; fetched from there, nobody has to send them."
    if _is(answers, "classes", "no"):
        yield "The classes of the service are not those that teachers want; files can hold just these."
    if _is(answers, "schools", "no"):
        yield "The schools of the source are not those of Connect; files can name the right ones."
    if not any(_is(answers, name) for name in ("clever", "classlink", "server")):
        yield "There is no service to fetch from, and the information system can write the files itself."


def _losses(way: Way, answers: dict[str, Yes]) -> Iterator[str]:
    if way in _OF_FILES and (_is(answers, "sign_on") or _is(answers, "clever") or _is(answers, "classlink")):
        yield "Signing on through Clever or ClassLink is lost with files."
    if way == "clever":
        yield "Languages of families do not come: Clever's contacts have none, and one phone number each."
    if way in _OF_SERVERS and _is(answers, "guardian_schools", "no"):
        yield "Guardians of the district alone are attached through their students (guardians.schools_from_students)."
    if _is(answers, "split") and way != "hand":
        yield (
            "One school of the information system cannot feed two schools in Connect every day; "
            "a one-time load and then keeping it up by hand can."
        )


def _first(way: Way, guardians: str, answers: dict[str, Yes]) -> Iterator[str]:
    if way in _FETCHED and not _is(answers, "classes"):
        yield "Look which classes are shared: leave out what nobody wants with source.leave_classes, or share less."
    if way in _FETCHED and _is(answers, "schools", "no"):
        yield "Where two schools of the source are one in Connect, say so with reading.same_school."
    match way:
        case "clever":
            yield from _first_at_clever(guardians, answers)
        case "classlink":
            yield from _first_at_classlink(guardians, answers)
        case "oneroster" if guardians == "same" and _is(answers, "links", "no"):
            yield "Let the server link guardians and students (agents on either side)."
        case "site":
            yield "Set source.kind = sftp and remote_sftp, and have its host key confirmed by the district."
    if guardians == "file":
        yield "Set source.guardians = false, and let guardians.csv name students by their IDs of the SIS."
    if way in _OF_FILES:
        yield "Judge a first export with: rosterdrop check FOLDER"
    if way not in {"files", "hand"}:
        yield "Ask the source what it shows: rosterdrop source test DISTRICT"


def _first_at_clever(guardians: str, answers: dict[str, Yes]) -> Iterator[str]:
    if not _is(answers, "several_schools", "no"):
        yield "Set clever.schools = all if students belong to several schools; else only the primary one counts."
    if guardians != "same":
        return
    if not _is(answers, "contact_ids"):
        yield "Ask for IDs of contacts in the export to Clever: without them a new phone may make a new person."
    if _is(answers, "contact_types", "no"):
        yield "Ask for types of contacts in the export to Clever: without them emergency contacts are guardians too."
    else:
        yield "Choose which contacts are wanted: clever.contact_types and clever.contact_relationships."


def _first_at_classlink(guardians: str, answers: dict[str, Yes]) -> Iterator[str]:
    if _is(answers, "links", "no") and guardians == "same":
        yield "Ask ClassLink to link guardians and students (agentSourcedIds on either side)."
    if _is(answers, "guardian_schools", "no"):
        yield "Ask ClassLink to give guardians the schools of their students."
    yield "Switch “Unenrolled users” on for Connect in ClassLink: guardians are enrolled in no class."


_OF_FILES: Final = frozenset({"files", "site"})
_OF_SERVERS: Final = frozenset({"classlink", "oneroster"})
_FETCHED: Final = frozenset({"clever", *_OF_SERVERS})
_NAMES: Final = {"clever": "Clever", "classlink": "ClassLink"}

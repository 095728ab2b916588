"""The generator's one order: a district in a folder, a sub-folder a night, and what was planted where."""

import errno
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from config.oneroster import Version
from config.tables import file_of
from rosterdrop.generating.chance import Dice
from rosterdrop.generating.connect_files import Sheets, connect_files
from rosterdrop.generating.district import ID, NAME, TIME_ZONE, District, new_district
from rosterdrop.generating.errors import (
    FaultImpossible,
    FaultUnknown,
    FileUnknown,
    FolderInUse,
    FolderUnusable,
    NightUnknown,
    SizeUnusable,
)
from rosterdrop.generating.events import EVENTS, Event, new_ids
from rosterdrop.generating.faults import FAULTS, Fault, fits
from rosterdrop.generating.nights import next_night
from rosterdrop.generating.oneroster_files import oneroster_files
from rosterdrop.generating.plotting import HEADER, Mark, Place, Plot
from rosterdrop.generating.sheets import write_sheet

ALL_FAULTS: Final[Mapping[str, str]] = {fault.name: fault.description for fault in FAULTS}
"""Every fault by name, with a line on what it is; `plantable` says which of them fit where guardians come from."""

_BY_NAME: Final = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Implied:
    """A row that is fine in itself and falls with another."""

    file: str | None
    line: int | None
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A place that a fault made wrong: where it stands, as an editor counts, and what a judge must say of it.

    `file` is None where the whole set is meant, `line` where the file is, `column` where the row is; `code` is None
    where a judge says nothing, for the fault is harmless. `key` is that of a report's rejected rows, None where the row
    has lost its ID or cannot be read.
    """

    night: int
    fault: str
    file: str | None
    line: int | None
    column: str | None
    code: str | None
    key: str | None
    implied: tuple[Implied, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What was written. `nights`: the folder of each night; `rows`: data rows of each file of the last night."""

    folder: Path
    nights: tuple[Path, ...]
    name: str
    time_zone: str
    schools: Mapping[str, str]
    rows: Mapping[str, int]
    planted: tuple[Planted, ...]


def generate(  # noqa: PLR0913 - an order, each part by its name
    folder: Path,
    *,
    students: int,
    seed: int = 1,
    nights: int = 1,
    faults: Sequence[str] = (),
    separate_guardians: bool = False,
    version: Version | None = None,
    churn: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> Generated:
    """Write a district into a new folder: `night-1/` and so on, `planted.json`, `district.json`.

    The same order writes the same bytes on every machine.

    Args:
        folder: where to; it may not exist, or be empty.
        students: how many on the first night.
        seed: which of all districts of this size.
        nights: how many; each continues the one before.
        faults: names out of ALL_FAULTS, planted in the last night, or `name@2` in the second. A night after a fault
            is free of it, as if the district had repaired it. Names out of EVENTS are nights of another kind.
        separate_guardians: guardians in a guardians.csv of their own, not in users.csv.
        version: write every file of this version of OneRoster, and the manifest; None for those that Connect asks for.
        churn: how much happens between two nights, 1 in an ordinary one; with 0 all nights are the same bytes.
        progress: takes a line on each step.

    Raises:
        GeneratingError: one of its kinds, before anything is written, or when a fault finds nothing to be planted in.
    """
    say = progress or _nothing
    if students < 1 or nights < 1:
        raise SizeUnusable("A district needs at least one student and one night.")
    if version and separate_guardians:
        raise FileUnknown(version)
    events, faults = _events(faults, nights)
    orders = _orders(faults, nights, version, separate_guardians=separate_guardians)
    with _told_of(folder):
        if folder.exists() and any(folder.iterdir()):
            raise FolderInUse(folder)

    planted: list[Planted] = []
    rows: dict[str, int] = {}
    folders = tuple(folder / f"night-{night}" for night in orders)
    first = new_district(seed, students, say)
    schools = {school.id: school.name for school in first.schools}
    told: list[dict[str, object]] = []
    yesterday = first
    for (night, district), night_folder in zip(_nights(first, seed, nights, churn, events), folders, strict=True):
        sheets = _files(district, version, separate_guardians=separate_guardians)
        planted += _plant(district, sheets, orders[night], seed=seed, night=night)
        rows = _write(night_folder, sheets)
        if event := events.get(night):
            told.append(_told_event(night, event, yesterday))
        yesterday = district
        say(f"night {night}: " + ", ".join(f"{count:,} rows in {file}" for file, count in rows.items()))

    _write_papers(folder, schools, planted, told, students=students, seed=seed, nights=nights)
    return Generated(
        folder=folder,
        nights=folders,
        name=NAME,
        time_zone=TIME_ZONE,
        schools=schools,
        rows=rows,
        planted=tuple(planted),
    )


def _files(district: District, version: Version | None, *, separate_guardians: bool) -> Sheets:
    if version is None:
        return connect_files(district, separate_guardians=separate_guardians)
    return oneroster_files(district, version)


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    """What stands in the way of a folder is for the person who named it; a full disk is another matter."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = "a file stands in its way" if isinstance(error, NotADirectoryError) else str(error.strerror)
        raise FolderUnusable(folder, reason) from error


def truncate(night: Path, share: float) -> int:
    """Cut users.csv of a night after a share of its rows, as a transfer that broke off; how many rows are left.

    The last line is whole: nothing but the number of rows gives it away. No row is expected to hold a line break.
    """
    users = night / file_of("users")
    header, *rows = users.read_bytes().splitlines(keepends=True)
    kept = rows[: int(len(rows) * share)]
    users.write_bytes(header + b"".join(kept))
    return len(kept)


def _nights(
    first: District, seed: int, nights: int, churn: float, events: Mapping[int, Event]
) -> Iterator[tuple[int, District]]:
    """The district night after night, each with its number."""
    before = [first]
    yield 1, first
    for night in range(2, nights + 1):
        if event := events.get(night):
            before.append(event.happens(before, Dice(seed, f"{event.name} of night {night}")))
        else:
            before.append(next_night(before[-1], seed, night, churn))
        del before[1:-1]  # only the first and the last are asked for again
        yield night, before[-1]


def _events(names: Iterable[str], nights: int) -> tuple[dict[int, Event], list[str]]:
    """Which event happens in which night, and the names that are none."""
    events: dict[int, Event] = {}
    others: list[str] = []
    for order in dict.fromkeys(names):
        name, _, night_text = order.partition("@")
        event = next((one for one in EVENTS if one.name == name), None)
        if event is None:
            others.append(order)
            continue
        night = _night(order, night_text, nights)
        if night == 1:
            raise FaultImpossible(name, "it needs a night before it; order more nights")
        if night in events:
            raise FaultImpossible(name, f"{events[night].name} happens in that night already")
        events[night] = event
    return events, others


def _orders(
    faults: Iterable[str], nights: int, version: Version | None, *, separate_guardians: bool
) -> dict[int, list[Fault]]:
    """Which faults to plant in which night, each once."""
    orders: dict[int, list[Fault]] = {night: [] for night in range(1, nights + 1)}
    for order in dict.fromkeys(faults):
        name, _, night_text = order.partition("@")
        fault = _BY_NAME.get(name)
        if fault is None:
            raise FaultUnknown(name, [*_BY_NAME, *(event.name for event in EVENTS)])
        if version:
            raise FaultImpossible(name, "it is one of the files that Connect asks for, not of a whole delivery")
        if not fits(fault, separate_guardians=separate_guardians):
            raise FaultImpossible(name, f"it needs guardians in {fault.needs}.csv")
        night = _night(order, night_text, nights)
        if fault not in orders[night]:
            orders[night].append(fault)
    for planted in orders.values():
        if len(planted) > 1 and (alone := next((fault for fault in planted if fault.alone), None)):
            raise FaultImpossible(alone.name, "it must stand alone in its night, for a whole file or set falls with it")
    return orders


def _night(order: str, text: str, nights: int) -> int:
    if not text and "@" not in order:
        return nights
    if not (text.isdecimal() and 1 <= int(text) <= nights):
        raise NightUnknown(order, nights)
    return int(text)


def _plant(district: District, sheets: Sheets, faults: Sequence[Fault], *, seed: int, night: int) -> list[Planted]:
    """Plant the faults of a night one after the other; lines are counted when the last one stands."""
    # A copy: the IDs that faults invent must not be missing in the nights that follow.
    plot = Plot(district=district.copied(), sheets=sheets, dice=Dice(seed, f"faults of night {night}"))
    marks: list[tuple[str, Mark]] = []
    # In the order of the catalogue, which begins with those that are hardest to place.
    for fault in sorted(faults, key=FAULTS.index):
        plot.fault = fault.name
        marks += [(fault.name, mark) for mark in fault.plant(plot)]
    return [_planted(fault, mark, night, sheets) for fault, mark in marks]


def _planted(fault: str, mark: Mark, night: int, sheets: Sheets) -> Planted:
    line = _line_of(mark.place, sheets)
    return Planted(
        night=night,
        fault=fault,
        file=_file_of(mark.place),
        line=None if line is None else line - mark.lines_above,
        column=mark.column,
        code=mark.place.code,
        key=mark.key,
        implied=tuple(
            Implied(file=_file_of(place), line=_line_of(place, sheets), code=place.code) for place in mark.implied
        ),
    )


def _file_of(place: Place) -> str | None:
    return place.file and f"{place.file}.csv"


def _line_of(place: Place, sheets: Sheets) -> int | None:
    if place.file is None or place.row is None:
        return None
    sheet = sheets[place.file]
    return sheet.header_line if place.row == HEADER else sheet.line_of(place.row)


def _write(folder: Path, sheets: Sheets) -> dict[str, int]:
    with _told_of(folder.parent):
        folder.mkdir(parents=True)
    for sheet in sheets.values():
        write_sheet(folder, sheet)
    return {sheet.name: sheet.rows for sheet in sheets.values() if sheet.name}


def _told_event(night: int, event: Event, before: District) -> dict[str, object]:
    """What happened; of new IDs also which is whose, for that is what a judge must find out."""
    ids = {"ids": new_ids(before)} if event.name == "renumbering" else {}
    return {"night": night, "event": event.name, **ids}


def _write_papers(
    folder: Path,
    schools: Mapping[str, str],
    planted: Iterable[Planted],
    events: Sequence[Mapping[str, object]],
    *,
    students: int,
    seed: int,
    nights: int,
) -> None:
    """What a profile can be made of, and what a judge must find."""
    order = {"students": students, "seed": seed, "nights": nights}
    _write_json(
        folder / "district.json", {"id": ID, "name": NAME, "time_zone": TIME_ZONE, "schools": dict(schools), **order}
    )
    _write_json(folder / "planted.json", {"planted": [asdict(one) for one in planted], "events": events})


def _write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write a document for programs, in the order in which it was put together."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _nothing(_: str) -> None:
    """Where nobody listens."""

"""What clients may expect of drops, told without a disk: paths, files, uploads and who sees them.

Every method answers as the server should: with a value, or with a `Refusal` whose status is on the wire word by word.
It knows no batches: nothing is ever taken while it is compared.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from config.accounts import Right
from sftp_gateway import statuses
from sftp_gateway.names import makes_good
from sftp_gateway.statuses import Refusal, Status

Names = tuple[str, ...]
DropKey = tuple[str, str]  # district, and "main" or "test"
Times = tuple[int, int]

LARGEST: Final = 200_000  # bytes of a file
_MOST_READ: Final = 256 * 1024
READ, WRITE, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32


@dataclass(frozen=True, slots=True)
class Person:
    """An account."""

    name: str
    district: str
    layout: Literal["single", "many"]
    may: frozenset[Right]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads: the top of a `many` account, a drop, or its reports."""

    kind: Literal["top", "drop", "reports"]
    drop: DropKey = ("", "")
    names: Names = ()

    @property
    def is_ours(self) -> bool:
        return self.kind != "drop" or not self.names


@dataclass(frozen=True, slots=True)
class File:
    """What stands under a name."""

    content: bytes
    sender: str | None
    times: Times | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """What is left of an upload that was cut off."""

    name: str
    content: bytes
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told of a file or folder; times only where a client set them."""

    is_folder: bool
    size: int | None = None
    times: Times | None = None
    read_only: bool = False


FOLDER: Final = Facts(is_folder=True)
OUR_FOLDER: Final = Facts(is_folder=True, read_only=True)


@dataclass(eq=False)
class Upload:
    """An open upload; `solid` marks each byte that came without a hole before it."""

    place: Place
    person: Person
    content: bytearray
    resumed: bool
    changed: bool
    appends: bool
    readable: bool
    times: Times | None
    solid: bytearray = field(init=False)
    held: int = field(init=False)
    untouched: bool = True
    lowest: int | None = None
    broken: Status | None = None

    def __post_init__(self) -> None:
        self.held = len(self.content)
        self.solid = bytearray(b"\1" * self.held)

    def write(self, offset: int, data: bytes) -> None:
        self._refuse_broken()
        start = len(self.content) if self.appends else offset
        end = start + len(data)
        if end > LARGEST:
            self.broken = statuses.TOO_LARGE
            self._refuse_broken()
        if not data:
            return
        self.changed = True
        self.lowest = start if self.lowest is None else min(self.lowest, start)
        if self.untouched:
            self.solid[start:] = bytes(max(len(self.solid) - start, 0))
            self.untouched = False
        self._lengthen(end)
        self.content[start:end] = data
        self.solid[start:end] = b"\1" * len(data)

    def truncate(self, size: int) -> None:
        if size > LARGEST:
            self.broken = self.broken or statuses.TOO_LARGE
            raise Refusal(statuses.TOO_LARGE)
        self.changed = self.changed or size != len(self.content)
        self.untouched = False
        del self.content[size:], self.solid[size:]
        self._lengthen(size)

    def sync(self) -> None:
        self._refuse_broken()

    def finish(self) -> bytes:
        self._refuse_broken()
        half = self.held
        if half and self.lowest == half and self.content[:half] == self.content[half:]:
            self.broken = statuses.REPEATED
            self._refuse_broken()
        return bytes(self.content)

    @property
    def without_hole(self) -> bytes:
        hole = self.solid.find(0)
        return bytes(self.content if hole < 0 else self.content[:hole])

    def _lengthen(self, size: int) -> None:
        missing = bytes(max(size - len(self.content), 0))
        self.content += missing
        self.solid += missing

    def _refuse_broken(self) -> None:
        if self.broken:
            raise Refusal(self.broken)


@dataclass(eq=False)
class Reader:
    """An open file; what stands there later does not change what is read."""

    content: bytes


@dataclass(eq=False)
class Folder:
    """An open folder, as it was when it was opened."""

    entries: Mapping[str, Facts]
    told: bool = False


Held = Upload | Reader | Folder


@dataclass
class Drop:
    """One drop; `links` are there and nobody sees them."""

    files: dict[Names, File] = field(default_factory=dict)
    folders: set[Names] = field(default_factory=set)
    links: set[Names] = field(default_factory=set)
    partials: list[Partial] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def under(self, names: Names) -> Partial | None:
        return next((one for one in self.partials if (one.name,) == names and not one.repeated), None)

    def refuse_open(self, *several: Names) -> None:
        if any((name,) in several for name in self.uploads):
            raise Refusal(statuses.IN_USE)

    def refuse_folder(self, names: Names) -> None:
        if names in self.folders:
            raise Refusal(statuses.IS_FOLDER)

    def facts(self, names: Names) -> Facts:
        if partial := self.under(names):
            return Facts(is_folder=False, size=len(partial.content))
        return self.standing(names)

    def standing(self, names: Names) -> Facts:
        if file := self.files.get(names):
            return Facts(is_folder=False, size=len(file.content), times=file.times)
        if names in self.folders:
            return FOLDER
        raise Refusal(statuses.NO_SUCH_FILE)

    def listing(self, names: Names) -> dict[str, Facts]:
        if names and names not in self.folders:
            raise Refusal(statuses.NO_SUCH_FILE)
        inside = [one for one in (*self.files, *self.folders) if one[:-1] == names]
        left = [(one.name,) for one in self.partials if not one.repeated and not names]
        return {one[-1]: self.facts(one) for one in (*inside, *left)}

    def open(self, place: Place, flags: int, person: Person, times: Times | None = None) -> Upload:
        names = at_top(place.names)
        self.refuse_open(names)
        self.refuse_folder(names)
        standing, partial = self.files.get(names), self.under(names)
        if standing and flags & EXCLUSIVE:
            raise Refusal(statuses.EXISTS)
        if not (standing or partial or flags & CREATE):
            raise Refusal(statuses.NO_SUCH_FILE)
        own = "files" in person.may or (standing is not None and standing.sender == person.name)
        truncates = bool(flags & TRUNCATE)
        if partial:
            self.partials.remove(partial)
        resumed = partial is not None and not truncates
        copied = standing is not None and not truncates
        content = partial.content if partial and resumed else standing.content if standing and copied else b""
        upload = Upload(
            place,
            person,
            bytearray(content),
            resumed=resumed,
            changed=resumed or truncates or not content,
            appends=bool(flags & APPEND),
            readable=bool(flags & READ) and (own or not (resumed or copied)),
            times=times,
        )
        self.uploads[names[0]] = upload
        return upload

    def close(self, upload: Upload) -> None:
        if not upload.changed:
            self._let_go(upload)
            return
        try:
            content = upload.finish()
        except Refusal:
            self.interrupt(upload)
            raise
        self._let_go(upload)
        self._arrives(upload.place.names, File(content, upload.person.name, upload.times))

    def interrupt(self, upload: Upload) -> None:
        self._let_go(upload)
        if upload.changed:
            repeated = upload.broken == statuses.REPEATED
            self.partials.append(Partial(upload.place.names[0], upload.without_hole, repeated))

    def resize(self, place: Place, size: int, person: Person) -> None:
        upload = self.open(place, 0, person)
        try:
            upload.truncate(size)
        except Refusal:
            self.interrupt(upload)
            raise
        if upload.resumed:
            self.interrupt(upload)
        else:
            self.close(upload)

    def set_times(self, names: Names, times: Times) -> None:
        if not self.under(names):
            self.standing(names)
        if file := self.files.get(names):
            self.files[names] = File(file.content, file.sender, times)

    def remove(self, names: Names) -> None:
        self.refuse_open(names)
        self.refuse_folder(names)
        left = [one for one in self.partials if (one.name,) == names]
        if not (self.files.pop(names, None) or left):
            raise Refusal(statuses.NO_SUCH_FILE)
        self.partials = [one for one in self.partials if one not in left]

    def remove_folder(self, names: Names) -> None:
        if names not in self.folders:
            raise Refusal(statuses.NO_SUCH_FILE)
        self._refuse_full(names)
        self.folders.remove(names)

    def rename(self, old: Names, new_place: Names, person: Person, *, replace: bool) -> None:
        new = at_top(new_place)
        self.refuse_open(old, new)
        if self.standing(old).is_folder:
            self._rename_folder(old, new, replace=replace)
            return
        if new in self.folders or (new in self.files.keys() | self.links and not replace):
            raise Refusal(statuses.EXISTS)
        file = self.files.pop(old)
        self._arrives(new, File(file.content, person.name, file.times))

    def _rename_folder(self, old: Names, new: Names, *, replace: bool) -> None:
        if new in self.folders and not replace:
            raise Refusal(statuses.EXISTS)
        if new in self.files.keys() | self.links:
            raise Refusal(statuses.NO_SUCH_FILE)
        if new in self.folders and new != old:
            self._refuse_full(new)
        moved = {(*new, *names[len(old) :]): file for names, file in self.files.items() if names[: len(old)] == old}
        kept = {names: file for names, file in self.files.items() if names[: len(old)] != old}
        self.files = kept | moved
        self.folders = self.folders - {old} | {new}

    def _refuse_full(self, names: Names) -> None:
        if any(one[:-1] == names for one in self.files):
            raise Refusal(statuses.NOT_EMPTY)

    def _arrives(self, names: Names, file: File) -> None:
        self.files[names] = file
        self.links.discard(names)
        self.partials = [one for one in self.partials if not makes_good(names[0], one.name)]

    def _let_go(self, upload: Upload) -> None:
        del self.uploads[upload.place.names[0]]


@dataclass
class World:
    """All drops, and what each person may do with them; `reports` holds what a person reads in reports/."""

    reports: Mapping[str, Mapping[str, bytes]]
    drops: dict[DropKey, Drop]

    def place(self, person: Person, path: bytes) -> Place:
        names = normalised(path)
        if person.layout == "many":
            if not names:
                return Place("top")
            if names[0] != person.district:
                raise Refusal(statuses.NO_SUCH_FILE)
            names = names[1:]
        drop = "test" if names[:1] == ("test",) else "main"
        names = names[1:] if drop == "test" else names
        if names[:1] == ("reports",):
            return Place("reports", (person.district, drop), names[1:])
        return Place("drop", (person.district, drop), names)

    def place_to_make(self, person: Person, path: bytes) -> Place:
        beside = person.layout == "many" and len(names := normalised(path)) == 1 and names[0] != person.district
        if beside and "upload" in person.may:
            raise Refusal(statuses.IN_A_DISTRICT)
        return self.place(person, path)

    def open(self, person: Person, path: bytes, flags: int, times: Times | None) -> Held:
        writes = flags & (WRITE | APPEND)
        place = self.place_to_make(person, path) if writes else self.place(person, path)
        if writes:
            self._writable(person, place)
            return self.drops[place.drop].open(place, flags, person, times)
        return Reader(self._readable(person, place))

    def facts(self, person: Person, path: bytes, own: list[Upload]) -> Facts:
        place = self.place(person, path)
        for upload in own:
            if upload.place == place:
                return Facts(is_folder=False, size=len(upload.content), times=upload.times)
        if place.kind == "drop" and place.names:
            return self.drops[place.drop].facts(place.names)
        if place.kind == "reports" and place.names:
            return _read_only(len(self._report(person, place)))
        return FOLDER if place.kind == "drop" else OUR_FOLDER

    def listing(self, person: Person, path: bytes) -> Folder:
        place = self.place(person, path)
        if place.kind == "top":
            return Folder({person.district: FOLDER})
        if place.kind == "reports":
            if place.names:
                raise Refusal(statuses.NO_SUCH_FILE)
            return Folder({name: _read_only(len(content)) for name, content in self._reports(person, place).items()})
        ours = {"reports": OUR_FOLDER, **({"test": FOLDER} if place.drop[1] == "main" else {})}
        return Folder(self.drops[place.drop].listing(place.names) | ({} if place.names else ours))

    def set_attributes(self, person: Person, path: bytes, size: int | None, times: Times | None) -> None:
        place = self.place(person, path)
        if size is not None:
            self._writable(person, place)
            self.drops[place.drop].resize(place, size, person)
        if times and place.kind == "drop" and place.names and "upload" in person.may:
            self.drops[place.drop].set_times(place.names, times)

    def remove(self, person: Person, path: bytes) -> None:
        place = self.place(person, path)
        if not place.is_ours:
            self._writable(person, place)
            self.drops[place.drop].remove(place.names)

    def remove_folder(self, person: Person, path: bytes) -> None:
        place = self.place(person, path)
        if not place.is_ours:
            self._writable(person, place)
            self.drops[place.drop].remove_folder(place.names)

    def make_folder(self, person: Person, path: bytes) -> None:
        place = self.place_to_make(person, path)
        if place.is_ours and not (place.kind == "reports" and place.names):
            raise Refusal(statuses.EXISTS)
        self._writable(person, place)
        try:
            self.drops[place.drop].standing(place.names)
        except Refusal:
            raise Refusal(statuses.NO_FOLDERS) from None
        raise Refusal(statuses.EXISTS)

    def rename(self, person: Person, old: bytes, new: bytes, *, replace: bool) -> None:
        source, target = self.place(person, old), self.place_to_make(person, new)
        if source.is_ours:
            return
        self._writable(person, source)
        self._writable(person, target)
        if source.drop != target.drop:
            raise Refusal(statuses.OTHER_DROP)
        self.drops[source.drop].rename(source.names, target.names, person, replace=replace)

    def read(self, held: Held | None, offset: int, length: int) -> bytes:
        if held is None or isinstance(held, Folder):
            raise Refusal(statuses.BAD_HANDLE)
        if offset >= 2**63:
            return b""
        if isinstance(held, Upload) and not held.readable:
            raise Refusal(statuses.NOT_READABLE)
        return bytes(held.content[offset : offset + min(length, _MOST_READ)])

    def _writable(self, person: Person, place: Place) -> None:
        if place.kind != "drop":
            raise Refusal(statuses.READ_ONLY)
        if not place.names:
            raise Refusal(statuses.IS_FOLDER)
        if "upload" not in person.may:
            raise Refusal(statuses.NO_RIGHT)

    def _readable(self, person: Person, place: Place) -> bytes:
        if place.kind == "top":
            raise Refusal(statuses.IS_FOLDER)
        if place.kind == "reports":
            if not place.names:
                raise Refusal(statuses.IS_FOLDER)
            return self._report(person, place)
        drop = self.drops[place.drop]
        file = drop.files.get(place.names)
        sent_it = file is not None and len(place.names) == 1 and file.sender == person.name
        if not (sent_it or "files" in person.may):
            raise Refusal(statuses.NO_READING_BACK)
        if not place.names or place.names in drop.folders:
            raise Refusal(statuses.IS_FOLDER)
        if file is None:
            raise Refusal(statuses.NO_SUCH_FILE)
        return file.content

    def _reports(self, person: Person, place: Place) -> Mapping[str, bytes]:
        return self.reports[person.name] if place.drop[1] == "main" else {}

    def _report(self, person: Person, place: Place) -> bytes:
        found = self._reports(person, place)
        if len(place.names) > 1 or place.names[0] not in found:
            raise Refusal(statuses.NO_SUCH_FILE)
        return found[place.names[0]]


def at_top(names: Names) -> Names:
    if len(names) > 1:
        raise Refusal(statuses.TOP_ONLY)
    return names


def normalised(path: bytes) -> Names:
    """The names of a path; `..` never leads above the top."""
    try:
        parts = path.decode().split("/")
    except UnicodeDecodeError:
        raise Refusal(statuses.BAD_NAME) from None
    if len(path) > 4096 or any(_is_unsound(part) for part in parts):
        raise Refusal(statuses.BAD_NAME)
    names: Names = ()
    for part in parts:
        if part == "..":
            names = names[:-1]
        elif part not in {"", "."}:
            names = (*names, part)
    return names


def _is_unsound(part: str) -> bool:
    return len(part.encode()) > 255 or any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in part)


def _read_only(size: int) -> Facts:
    return Facts(is_folder=False, size=size, read_only=True)

"""What can go wrong with a source: a switch for each row of section E of clever-classlink."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.roster_servers.district import SourceDistrict

HTML: Final = b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>Please wait a moment.</body></html>\n"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list before it is written: rows as JSON, and the link to the next."""

    rows: Sequence[bytes]
    key: str
    own_link: str = ""
    next_link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is sent: `hang_s` before the headers, `pause_s` between pieces, `cut` bytes held back, or nothing at all.

    `chunked`: in chunks, without a length ahead.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    hang_s: float = 0.0
    pause_s: float = 0.0
    piece: int = 1
    cut: int = 0
    hang_up: bool = False
    chunked: bool = False


@dataclass(slots=True)
class _Trouble:
    """What happens to a page of a collection, so many times as `left` says, or always."""

    collection: str | None
    page: int | None
    left: int | None
    page_change: Callable[[Page], Page] | None = None
    reply_change: Callable[[Reply], Reply] | None = None
    instead: Reply | None = None
    happening: Callable[[], object] | None = None

    def strikes(self, collection: str, page: int) -> bool:
        fits = self.collection in {None, collection} and self.page in {None, page}
        return fits and self.left != 0


@dataclass(slots=True, kw_only=True)
class Faults:
    """The switches of one server; a test turns them whenever it likes, while the server runs.

    Pages are counted by where they stand in the list, from 1, so a page that is asked again is the same page.

    Attributes:
        hidden_schools: not shared any more (E 3).
        hidden_roles: of people; a role of OneRoster, or `student`, `staff`, `guardian` (E 4, 5, 23).
        hidden_collections: empty lists (E 4).
        first_page_only: whatever is asked for, the first page comes, so that a walk may never end (E 20).
        reissued: any text gives all records of Clever other IDs; those of the SIS stay (E 11).
        renumbered: any text gives all people other IDs (E 11).
        other_district: the token is another district's (E 24).
        skew_s: how far the server's clock is ahead (E 25).
    """

    hidden_schools: set[str] = field(default_factory=set)
    hidden_roles: set[str] = field(default_factory=set)
    hidden_collections: set[str] = field(default_factory=set)
    first_page_only: bool = False
    reissued: str = ""
    renumbered: str = ""
    other_district: bool = False
    skew_s: float = 0.0
    _troubles: list[_Trouble] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(
        self,
        collection: str | None = None,
        page: int | None = None,
        *,
        status: int = 502,
        times: int | None = None,
        headers: Mapping[str, str] | None = None,
        html: bool = False,
    ) -> None:
        """Answer a page with a status, `times` times and then as it should be (E 6, 7, 15, 16)."""
        body = HTML if html else b'{"message":"not now"}'
        kind = "text/html; charset=utf-8" if html else "application/json; charset=utf-8"
        reply = Reply(status=status, body=body, content_type=kind, headers=headers or {})
        self._add(collection, page, times, instead=reply)

    def say_html(self, collection: str | None = None, page: int | None = None, *, times: int | None = None) -> None:
        """A gateway's page with status 200 (E 16)."""
        self.fail(collection, page, status=200, times=times, html=True)

    def say_instead(
        self, body: bytes, collection: str | None = None, page: int | None = None, *, times: int | None = None
    ) -> None:
        """Another document with status 200 (E 17)."""
        self._add(collection, page, times, instead=Reply(body=body))

    def redirect(self, to: str, collection: str | None = None, page: int | None = None) -> None:
        """Send the asker to another host (E 21)."""
        self.fail(collection, page, status=302, headers={"Location": to})

    def hang(
        self, seconds: float, collection: str | None = None, page: int | None = None, *, times: int | None = None
    ) -> None:
        """Nothing for a while, not even headers (E 18)."""
        self._add(collection, page, times, reply_change=lambda reply: replace(reply, hang_s=seconds))

    def trickle(
        self,
        collection: str | None = None,
        page: int | None = None,
        *,
        piece: int = 1,
        pause_s: float = 0.05,
        times: int | None = None,
    ) -> None:
        """Headers at once, then the body in pieces (E 18)."""
        self._add(collection, page, times, reply_change=lambda reply: replace(reply, piece=piece, pause_s=pause_s))

    def cut(
        self, collection: str | None = None, page: int | None = None, *, short_by: int = 1, times: int | None = None
    ) -> None:
        """Close the connection before the whole body was sent (E 19)."""
        self._add(collection, page, times, reply_change=lambda reply: replace(reply, cut=short_by))

    def break_chunk(self, collection: str | None = None, page: int | None = None, *, times: int | None = None) -> None:
        """Close the connection in the middle of a chunk, where no length told how much there is (E 19)."""
        self._add(collection, page, times, reply_change=lambda reply: replace(reply, chunked=True, cut=1))

    def hang_up(self, collection: str | None = None, page: int | None = None, *, times: int | None = None) -> None:
        """Close the connection without an answer (E 19)."""
        self._add(collection, page, times, reply_change=lambda reply: replace(reply, hang_up=True))

    def cut_json(self, collection: str | None = None, page: int | None = None, *, times: int | None = None) -> None:
        """Half of the document, with the length of a half (E 19)."""

        def halved(reply: Reply) -> Reply:
            return replace(reply, body=reply.body[: len(reply.body) // 2])

        self._add(collection, page, times, reply_change=halved)

    def lack_key(self, collection: str | None = None, page: int | None = None, *, times: int | None = None) -> None:
        """A list under another name (E 17)."""
        self._add(collection, page, times, page_change=lambda one: replace(one, key="items"))

    def bare(self, collection: str | None = None, page: int | None = None) -> None:
        """A list without a document around it, as a proxy was seen to send (B5)."""
        self._add(collection, page, None, page_change=lambda one: replace(one, key=""))

    def empty(self, collection: str | None = None, page: int | None = None, *, times: int | None = None) -> None:
        """A page without records and without a next one (E 4)."""
        self._add(collection, page, times, page_change=lambda one: replace(one, rows=(), next_link=None))

    def repeat_row(
        self,
        collection: str | None = None,
        page: int | None = None,
        *,
        otherwise: Callable[[bytes], bytes] = lambda row: row,
    ) -> None:
        """The first record of a page twice, the second time as `otherwise` makes it (E 13, 14)."""

        def repeated(one: Page) -> Page:
            return replace(one, rows=(*one.rows, *map(otherwise, one.rows[:1])))

        self._add(collection, page, None, page_change=repeated)

    def lose_row(self, collection: str | None = None, page: int | None = None) -> None:
        """A page without its first record, although it is counted (E 13)."""
        self._add(collection, page, None, page_change=lambda one: replace(one, rows=one.rows[1:]))

    def loop(self, collection: str | None = None, page: int | None = None) -> None:
        """The next page is this one (E 20)."""
        self._add(collection, page, None, page_change=lambda one: replace(one, next_link=one.own_link))

    def then(self, collection: str | None, page: int | None, do: Callable[[], object]) -> None:
        """Let something happen once, just before a page is answered: data change, a token is rotated (E 2, 10, 13)."""
        self._add(collection, page, 1, happening=do)

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._troubles.clear()
        self.hidden_schools, self.hidden_roles, self.hidden_collections = set(), set(), set()
        self.first_page_only, self.reissued, self.renumbered = False, "", ""
        self.other_district, self.skew_s = False, 0.0

    def _add(
        self,
        collection: str | None,
        page: int | None,
        left: int | None,
        *,
        page_change: Callable[[Page], Page] | None = None,
        reply_change: Callable[[Reply], Reply] | None = None,
        instead: Reply | None = None,
        happening: Callable[[], object] | None = None,
    ) -> None:
        trouble = _Trouble(collection, page, left, page_change, reply_change, instead, happening)
        with self._lock:
            self._troubles.append(trouble)

    def strike(self, collection: str, page: int) -> "Struck":
        """What befalls this request; each time that it does is counted."""
        with self._lock:
            striking = [trouble for trouble in self._troubles if trouble.strikes(collection, page)]
            for trouble in striking:
                if trouble.left is not None:
                    trouble.left -= 1
        return Struck(striking)

    def seen(self, district: SourceDistrict) -> SourceDistrict:
        """What the source still shows of a district."""
        for school in sorted(self.hidden_schools):
            district = district.without_school(school)
        for role in sorted(self.hidden_roles):
            district = district.without_role(role)
        return district.renumbered(self.renumbered) if self.renumbered else district

    @property
    def view(self) -> tuple[object, ...]:
        """Tells apart what is shown with these switches."""
        return tuple(sorted(self.hidden_schools)), tuple(sorted(self.hidden_roles)), self.renumbered, self.reissued


class Struck:
    """What befalls one request."""

    def __init__(self, troubles: Sequence[_Trouble] = ()) -> None:
        self._troubles = troubles

    def happen(self) -> None:
        """What happens before the answer."""
        for trouble in self._troubles:
            if trouble.happening:
                trouble.happening()

    @property
    def instead(self) -> Reply | None:
        """What is answered without looking at the request."""
        return next((trouble.instead for trouble in self._troubles if trouble.instead), None)

    def page(self, page: Page) -> Page:
        """The page as it is told."""
        for trouble in self._troubles:
            if trouble.page_change:
                page = trouble.page_change(page)
        return page

    def reply(self, reply: Reply) -> Reply:
        """The reply as it is sent."""
        for trouble in self._troubles:
            if trouble.reply_change:
                reply = trouble.reply_change(reply)
        return reply

"""Clever's data API: the walk through a district's collections (clever-classlink A)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from config.profiles import Clever
from roster_sources.asking import Asking, Keep, Patience
from roster_sources.facts import Facts, tomorrow
from roster_sources.failures import NothingNew, PullFailed
from roster_sources.pages import Form, Page, listed
from roster_sources.secrets import secret_at
from roster_sources.signing import Bearer

_IN_SYNC: Final = "running"
_ROLES: Final = {
    "teachers": "teacher",
    "staff": "staff",
    "district_admins": "district_admin",
    "students": "student",
    "contacts": "contact",
}
_ANY: Final = Form("data", {}, inside="data")


def walk(
    settings: Clever,
    form: Callable[[str], Form],
    keep: Keep,
    *,
    guardians: bool,
    known: str | None,
    patience: Patience,
) -> Facts:
    """Every record that the district shares, page by page.

    Args:
        settings: the district, and how it is asked for.
        form: what is read of the pages of a collection.
        keep: is given each page.
        guardians: whether contacts are wanted too.
        known: the version of the data that need not be read again.
        patience: how long Clever is waited for.

    Raises:
        PullFailed: it cannot be walked to its end, or changed meanwhile.
        NothingNew: the district rests (A6: last year's data stay readable), or was not synced since.
    """
    with _asking(settings, patience) as asking:
        return _walk(asking, settings, form, keep, guardians=guardians, known=known)


def look(settings: Clever, *, patience: Patience) -> dict[str, str]:
    """What Clever tells of the district and of each collection, without fetching it.

    Raises:
        PullFailed: it does not let us in, or is another district's.
    """
    with _asking(settings, patience) as asking:
        district = _district(asking, settings)
        told = {
            "district": str(district.get("name") or ""),
            "state": str(district.get("state") or "not told"),
            "last sync": str(district.get("last_sync") or "never"),
        }
        for collection, path, parameters in _collections(settings, guardians=True):
            some = listed(asking.ask(path, limit="1", **parameters).document, _ANY)
            told[collection.replace("_", " ")] = "shared" if some else "none shared"
    return told


def _asking(settings: Clever, patience: Patience) -> Asking:
    def sign_in() -> Bearer:
        return Bearer(secret_at(settings.token, "clever.token"))

    return Asking(settings.url, sign_in=sign_in, patience=patience)


def _walk(
    asking: Asking, settings: Clever, form: Callable[[str], Form], keep: Keep, *, guardians: bool, known: str | None
) -> Facts:
    before = _district(asking, settings)
    if before.get("state") == "paused":
        raise NothingNew(rests=True, until=before.get("pause_end") or None)
    if known and before.get("last_sync") == known:
        raise NothingNew(rests=False)
    if before.get("state") == _IN_SYNC:
        raise PullFailed("source.changed")
    counts: dict[str, int] = {}
    newest, until = "", tomorrow()
    for collection, path, parameters in _collections(settings, guardians=guardians):
        counts[collection] = 0
        for page in _pages(asking, path, form(collection), parameters):
            keep(collection, page)
            counts[collection] += page.records.height
            newest = max(newest, page.newest("last_modified", until))
    after = _district(asking, settings)
    if any(before.get(key) != after.get(key) for key in ("last_sync", "state")) or after.get("state") == _IN_SYNC:
        raise PullFailed("source.changed")
    state = after.get("state")
    return Facts(
        counts=counts,
        version=after.get("last_sync") or None,
        newest=newest or None,
        trouble=state if state in {"pending", "error"} else None,
    )


def _collections(settings: Clever, *, guardians: bool) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for name in ("schools", "terms", "sections"):
        yield name, f"/{settings.version}/{name}", {}
    for name, role in _ROLES.items():
        if name != "contacts" or guardians:
            yield name, f"/{settings.version}/users", {"role": role}


def _district(asking: Asking, settings: Clever) -> Mapping[str, Any]:
    """The one district of the token.

    Raises:
        PullFailed: it is not the one of the profile.
    """
    found = listed(asking.ask(f"/{settings.version}/districts").document, _ANY)
    if [district.get("id") for district in found] != [settings.district_id]:
        raise PullFailed("source.other_district")
    return found[0]


def _pages(asking: Asking, path: str, form: Form, parameters: Mapping[str, str]) -> Iterator[Page]:
    """The pages of a collection: until no link leads on, or a page is empty (clever-classlink A3)."""
    seen: set[str] = set()
    page = asking.page(path, form, limit=str(asking.page_records), **parameters).document
    while page.records.height:
        yield page
        link = _next(page.links)
        if link is None:
            if not page.links:
                raise PullFailed("source.unusable", "no links")  # Clever always sends `self`: this is no proven end
            return
        if link in seen:
            raise PullFailed("source.endless")
        seen.add(link)
        page = asking.page(link, form).document


def _next(links: Any) -> str | None:
    links = links or []
    if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
        raise PullFailed("source.unusable", "no links")
    return next((str(link["uri"]) for link in links if link.get("rel") == "next" and link.get("uri")), None)

"""Pages of JSON as frames of the columns that a roster needs: few of each, so a walk needs little memory.

polars reads the bytes itself, as strictly as the form says (in a sixth of the time that objects of Python take). A page
in which anything is otherwise (a list where a text belongs, a reference that is flat) is read value by value, and
everything is made to fit the form; so what the values mean is said once, of frames.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from roster_sources.failures import PullFailed
from roster_sources.striking import read_without_secrets, struck_at_once

REFERENCE: Final = pl.Struct({"sourcedId": pl.String})
"""A record that another one names: an object with its ID, or the ID alone (clever-classlink B5)."""

_LINKS: Final = pl.List(pl.Struct({"rel": pl.String, "uri": pl.String}))


@dataclass(frozen=True, slots=True)
class Form:
    """What is read of a page.

    Attributes:
        listed: the name of its list of records.
        columns: what is read of each record.
        inside: the name under which each record stands in an object of its own.
        bare: whether the list may come without a document around it.
    """

    listed: str
    columns: Mapping[str, pl.DataType]
    inside: str = ""
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        body: the JSON without secrets, on one line.
        records: a row each, with the columns of the form.
        links: what the page says of others.
    """

    body: bytes
    records: pl.DataFrame
    links: Any

    def newest(self, column: str, until: date) -> str:
        """The last day that a column tells, in ISO 8601, of those until another one; empty without any."""
        days = self.records[column].str.slice(0, len("2026-11-28")).str.to_date("%Y-%m-%d", strict=False)
        return str(days.filter(days <= until).max() or "")


def read_page(body: bytes, form: Form) -> Page:
    """A page, without its secrets.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is too deep to be read.
        PullFailed: it has no list of records.
    """
    body = body.removeprefix(BOM_UTF8)
    struck = struck_at_once(body)
    page = _at_once(struck, form) if struck is not None else None
    return page or _one_by_one(body, form)


def listed(document: Any, form: Form) -> list[dict[str, Any]]:
    """The records of a document; one without a list of them is never an empty list (clever-classlink B8, C6).

    Raises:
        PullFailed: it has none.
    """
    records = document.get(form.listed) if isinstance(document, dict) else document if form.bare else None
    if isinstance(records, list) and form.inside:
        records = [one.get(form.inside) if isinstance(one, dict) else None for one in records]
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise PullFailed("source.unusable", "no list of records")
    return records


def joined(pages: Sequence[pl.DataFrame], schema: Mapping[str, Any]) -> pl.DataFrame:
    """All pages of a collection, in their order; without any an empty frame of the schema."""
    return pl.concat(pages) if pages else pl.DataFrame(schema=schema)


def newest_of(found: pl.DataFrame, *key: str, modified: str) -> tuple[pl.DataFrame, int]:
    """Each record once, and how many came again as another one: the one that changed last (clever-classlink E 14)."""
    once = found.select(key).n_unique() if found.height else 0
    if found.height == once:
        return found, 0
    newest = found.sort(modified, nulls_last=False, maintain_order=True).unique(key, keep="last", maintain_order=True)
    return newest, found.unique().height - once


def told(value: str | pl.Expr) -> pl.Expr:
    """A text; absent, null and empty are one (clever-classlink A3)."""
    text = pl.col(value) if isinstance(value, str) else value
    return pl.when(text != "").then(text)


def _at_once(struck: bytes, form: Form) -> Page | None:
    """The page as polars reads it; None where it is no such page, whatever it may be."""
    try:
        if struck.lstrip().startswith(b"{"):
            records, links = _in_document(struck, form)
        else:
            records, links = pl.read_json(struck, schema=dict(form.columns)) if form.bare else None, None
    except pl.exceptions.PolarsError:
        return None
    line = struck.replace(b"\r", b" ").replace(b"\n", b" ")  # JSON has them between its parts alone
    return None if records is None else Page(line, records, links)


def _in_document(struck: bytes, form: Form) -> tuple[pl.DataFrame | None, list[Any]]:
    """The records, None where not each is an object, and the links beside them."""
    record = pl.Struct(dict(form.columns))
    held = pl.Struct({form.inside: record}) if form.inside else record
    document = pl.read_json(struck, schema={form.listed: pl.List(held), "links": _LINKS})
    records, links = document[form.listed][0], document["links"][0]
    if records is not None and form.inside:
        records = records.struct.field(form.inside)
    if records is None or records.null_count():
        return None, []
    return records.struct.unnest(), [] if links is None else links.to_list()


def _one_by_one(body: bytes, form: Form) -> Page:
    document = read_without_secrets(body)
    record = pl.Struct(dict(form.columns))
    rows = [_fitted(one, record) for one in listed(document, form)]
    links = document.get("links") if isinstance(document, dict) else None
    text = json.dumps(document, separators=(",", ":"))  # in ASCII: half a surrogate pair can be written no other way
    return Page(text.encode(), pl.DataFrame(rows, schema=dict(form.columns)), links)


def _fitted(value: Any, kind: Any) -> Any:
    """A value as the form wants it."""
    if value is None:
        return None
    if isinstance(kind, pl.List):
        return [_fitted(one, kind.inner) for one in (value if isinstance(value, list) else [value])]
    if not isinstance(kind, pl.Struct):
        return _text(value)
    if kind == REFERENCE and not isinstance(value, dict):
        value = {"sourcedId": value}
    if not isinstance(value, dict):
        return None
    return {field.name: _fitted(value.get(field.name), field.dtype) for field in kind.fields}


def _text(value: Any) -> str | None:
    """A value as polars would write it; of a list its parts with commas between them (B5)."""
    if isinstance(value, list):
        return ",".join(text for one in value if (text := _text(one)))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value).encode(errors="replace").decode()

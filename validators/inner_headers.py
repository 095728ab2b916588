"""Headers in the middle of a file: the files of schools joined into one (sis-deviations 45)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from validators.cells import Cells, position
from validators.findings import Finding
from validators.headers import Columns, Layout, folded
from validators.tables import LINE


def could_repeat_header(cells: Cells, columns: Columns, layout: Layout) -> bool:
    """Whether a header may stand among the rows: hardly any file has one, and one column can tell."""
    first = next(place for place, name in enumerate(columns.names) if name is not None)
    names = {*layout.names.values(), *(columns.header.cells[place] for place, name in enumerate(columns.names) if name)}
    spelled = [form for name in names for form in {name, name.lower(), name.upper(), name[:1].upper() + name[1:]}]
    return not cells.broken.is_empty() or bool(cells.rows.get_column(position(first)).is_in(spelled).any())


def without_headers(cells: Cells, columns: Columns, layout: Layout) -> tuple[Cells, list[Finding]]:
    """The rows without lines that say what the header says; or why the file cannot be used: another header is in it."""
    spelled = {position(place): folded(columns.header.cells[place]) for place in range(len(columns.names))}
    named = [position(place) for place, name in enumerate(columns.names) if name is not None]
    known = [*layout.names, *layout.aliases]
    suspects = cells.rows.filter(pl.any_horizontal(_folded(named).is_in(known)))
    same, other = [], []
    for row in suspects.iter_rows(named=True):
        told = {place: folded(row[place] or "") for place in spelled}
        if told == spelled:
            same.append(row[LINE])
        elif _is_header(list(told.values()), layout):
            other.append(row[LINE])
    other += _torn_headers(cells.broken, columns, layout)
    if other:
        return cells, [Finding(code="header.differs", line=min(other))]
    if not same:
        return cells, []
    rows = cells.rows.filter(~pl.col(LINE).is_in(same))
    note = Finding(code="header.again", line=same[0], count=len(same), detail=str(len(same)))
    return replace(cells, rows=rows, notes=(note, *cells.notes)), []


def _folded(places: Sequence[str]) -> pl.Expr:
    """Cells as `headers.folded` folds what stands in most headers; what it alone folds is looked for in no row."""
    bare = pl.col(*places).str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "")
    return bare.str.replace("sourcedid", "sourceid", literal=True)


def _torn_headers(broken: pl.DataFrame, columns: Columns, layout: Layout) -> Iterator[int]:
    for line, raw in broken.select(LINE, "raw").iter_rows():
        if _is_header([folded(cell) for cell in raw.split(columns.header.separator)], layout):
            yield line


def _is_header(cells: Sequence[str], layout: Layout) -> bool:
    """Whether at least two cells, and half of those with content, are names of columns."""
    names = sum(cell in layout.names or cell in layout.aliases for cell in cells)
    return names >= 2 and names * 2 >= sum(map(bool, cells))

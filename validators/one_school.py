"""Files of a district with one school, which need not say of which school their rows are (connect-behaviour 3.1)."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from config.profiles import Profile
from config.tables import SCHOOL_COLUMNS, TableName, file_of
from validators.elsewhere import all_are_of
from validators.findings import Finding
from validators.sets import rows_in
from validators.tables import Table


def filled(
    tables: Mapping[TableName, Table], profile: Profile
) -> tuple[Mapping[TableName, Table], tuple[Finding, ...]]:
    """The tables with the column of schools that their files lack, and what there is to say of it.

    Where another file of the set names other schools, it is the district's, and a column was lost: nobody knows whose
    the rows are, and the file cannot be used.
    """
    school = profile.only_school
    lacking = [name for name, column in SCHOOL_COLUMNS.items() if name in tables and not tables[name].has(column)]
    if school is None or not lacking:
        return tables, ()
    whole = [table for name, table in tables.items() if name in SCHOOL_COLUMNS and name not in lacking]
    if any(not all_are_of(table.rows[SCHOOL_COLUMNS[table.name]], {school}) for table in whole):
        lost = (
            Finding(code="header.column_missing", file=file_of(name), column=SCHOOL_COLUMNS[name]) for name in lacking
        )
        return {name: table for name, table in tables.items() if name not in lacking}, tuple(lost)
    return {name: _with_school(table, school) if name in lacking else table for name, table in tables.items()}, tuple(
        Finding(
            code="school.assumed",
            file=file_of(name),
            column=SCHOOL_COLUMNS[name],
            detail=school,
            count=rows_in(tables, name),
        )
        for name in lacking
    )


def _with_school(table: Table, school: str) -> Table:
    return replace(table, rows=table.rows.with_columns(pl.lit(school).alias(SCHOOL_COLUMNS[table.name])))

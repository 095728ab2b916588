"""SQL of the moment, whichever database the store lies in; values stand as `:name`."""

from typing import Any

from connect_store.databases import Answer
from connect_store.dialect import SQLITE
from connect_store.store import Store


def ask(store: Store, sql: str, **values: object) -> list[tuple[Any, ...]]:
    """What a question answers."""
    return _run(store, sql, values).fetchall()


def change(store: Store, sql: str, **values: object) -> int:
    """How many rows a change touched."""
    return _run(store, sql, values).rowcount


def _run(store: Store, sql: str, values: dict[str, object]) -> Answer:
    database = store._database
    return database.execute(database.dialect.filled(sql), values)


def columns_of(store: Store, *, views: bool = False) -> dict[str, tuple[str, ...]]:
    """The columns of every table in order, those of the stages too; or of every view."""
    if store._database.dialect is SQLITE:
        schema = "(select * from sqlite_master union all select * from sqlite_temp_master)"
        names = ask(store, f"select name from {schema} where type = :type", type="view" if views else "table")
        sql = "select name from pragma_table_info(:table) order by cid"
    else:
        visible = "pg_table_is_visible(oid) and relnamespace <> 'pg_catalog'::regnamespace and relkind = :kind"
        names = ask(store, f"select relname from pg_class where {visible}", kind="v" if views else "r")
        sql = (
            "select attname from pg_attribute"
            " where attrelid = to_regclass(:table) and attnum > 0 and not attisdropped order by attnum"
        )
    return {table: tuple(column for (column,) in ask(store, sql, table=table)) for (table,) in sorted(names)}

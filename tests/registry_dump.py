"""What a registry holds, in a form that is equal for equal registries, and what was written to it.

"The same registry" leaves out when and how often something was done: times of our own clock,
attempts, the history of events, messages to send, and generated row numbers, which are replaced
by the names of their rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from underbutler.registry import schema
from underbutler.registry.registry import Registry

_LEFT_OUT_TABLES = {"ingest_event", "outbox"}
_LEFT_OUT_COLUMNS = {
    "attempts",
    "first_seen",
    "ingested_at",
    "last_seen",
    "next_attempt",
    "seen_at",
}
# Columns of generated row numbers → table whose rows they number.
_NUMBERS = {
    ("collection_chain", "parent"): "collection",
    ("collection_chain", "child"): "collection",
    ("dataset", "dataset_type"): "dataset_type",
    ("dataset", "run"): "collection",
    ("dataset_file", "raw_object"): "raw_object",
    ("dataset_tag", "collection"): "collection",
    ("dataset_tag", "dataset_type"): "dataset_type",
    ("dataset_validity", "collection"): "collection",
    ("dataset_validity", "dataset_type"): "dataset_type",
}
_NAMES = {"collection": ("name",), "dataset_type": ("name",), "raw_object": ("bucket", "key")}


def dump(registry: Registry, tables: Iterable[str] | None = None) -> list[str]:
    """Write down a registry, one sorted line a row; all tables by default."""
    wanted = set(schema.METADATA.tables if tables is None else tables) - _LEFT_OUT_TABLES
    with registry.read() as transaction:
        connection = transaction.connection
        names = {table: _names(connection, table) for table in _NAMES}
        return sorted(
            f"{table.name} {json.dumps(_row(table, row, names), default=_plain)}"
            for table in schema.METADATA.sorted_tables
            if table.name in wanted
            for row in connection.execute(sa.select(table))
        )


@contextmanager
def nothing_written(registry: Registry, *, but: Iterable[str] = ()) -> Iterator[None]:
    """Make sure that no row was inserted, updated or deleted, not even with its own values.

    PostgreSQL makes a new row version of every update, whatever it changes: rows have to stay
    where they are, written by whom they were. An SQLite file that was not written keeps its data
    version, as seen by another connection; with exceptions, all its rows are compared.

    Parameters
    ----------
    registry
        Which.
    but
        Tables that may be written.
    """
    left_out = frozenset(but)
    if registry.engine.dialect.name == "postgresql":
        before = _by_table(registry, left_out, "SELECT ctid::text, xmin::text FROM {}")
        yield
        assert _by_table(registry, left_out, "SELECT ctid::text, xmin::text FROM {}") == before
        return
    before = _by_table(registry, left_out, "SELECT rowid, * FROM {}")
    watcher = registry.engine.raw_connection()
    try:
        version = _data_version(watcher)
        yield
        assert left_out or _data_version(watcher) == version
    finally:
        watcher.close()
    assert _by_table(registry, left_out, "SELECT rowid, * FROM {}") == before


def count(registry: Registry, table: sa.Table) -> int:
    """Count a table's rows."""
    with registry.read() as transaction:
        number: int = transaction.connection.execute(
            sa.select(sa.func.count()).select_from(table)
        ).scalar_one()
    return number


def _by_table(registry: Registry, left_out: frozenset[str], query: str) -> dict[str, list[Any]]:
    with registry.read() as transaction:
        return {
            name: sorted(
                map(tuple, transaction.connection.exec_driver_sql(query.format(f'"{name}"'))),
                key=repr,
            )
            for name in schema.METADATA.tables
            if name not in left_out
        }


def _data_version(watcher: Any) -> int:
    cursor = watcher.cursor()
    version: int = cursor.execute("PRAGMA data_version").fetchone()[0]
    cursor.close()
    return version


def _names(connection: Connection, table: str) -> Callable[[int | None], str | None]:
    columns = schema.METADATA.tables[table].c
    shown = [columns[name] for name in _NAMES[table]]
    names = {
        number: "/".join(parts)
        for number, *parts in connection.execute(sa.select(columns.id, *shown))
    }
    return lambda number: None if number is None else names[number]


def _row(
    table: sa.Table, row: sa.Row[Any], names: dict[str, Callable[[int | None], str | None]]
) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for column in table.columns:
        value = row._mapping[column]
        if column.name in _LEFT_OUT_COLUMNS or column is table.autoincrement_column:
            continue
        owner = _NUMBERS.get((table.name, column.name))
        written[column.name] = names[owner](value) if owner else value
    return written


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:16]}"
    return str(value)

"""Questions to the registry: datasets, and dimension records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from underbutler.errors import QuerySyntaxError
from underbutler.model.data_id import DataId, check_value
from underbutler.model.dataset import DatasetRef, DatasetType
from underbutler.registry import schema
from underbutler.registry.namespace import ELEMENTS, Namespace
from underbutler.registry.where_clause import compile_where
from underbutler.where.expression import Expression

__all__ = ["query_datasets", "query_dimension_records"]


def query_datasets(
    connection: Connection,
    dataset_type: DatasetType,
    runs: Sequence[str],
    *,
    where: Expression | None = None,
    where_text: str = "",
    data_id: Mapping[str, Any] | None = None,
    find_first: bool = True,
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> list[DatasetRef]:
    """Find datasets of one type in runs.

    Parameters
    ----------
    connection
        Open transaction.
    dataset_type
        What kind.
    runs
        Names of runs, in order of search.
    where, where_text
        Condition, and the text it was read from.
    data_id
        Values of dimensions, required or implied.
    find_first
        Whether of equal data IDs only the dataset of the first run counts.
    order_by
        Names to sort by, ``-`` before one for descending; by data ID after them.
    limit
        Most results.

    Raises
    ------
    QuerySyntaxError
        A name means nothing here, or a value in the condition has the wrong type.
    DataIdError
        A value of the data ID has the wrong type.
    """
    table, kinds, places = schema.dataset, schema.dataset_type, schema.collection
    if not runs:
        return []
    rank = sa.case({name: position for position, name in enumerate(runs)}, value=places.c.name)
    columns = {name: table.c[name] for name in dataset_type.dimensions}
    fields: dict[str, sa.ColumnElement[Any]] = {
        f"{dataset_type.name}.{name}": column
        for name, column in (
            ("ingest_date", table.c.ingested_at),
            ("dataset_id", table.c.id),
            ("run", places.c.name),
            ("collection", places.c.name),
        )
    }
    root = table.join(kinds, kinds.c.id == table.c.dataset_type).join(
        places, places.c.id == table.c.run
    )
    namespace = Namespace(root, columns, fields)
    conditions = [kinds.c.name == dataset_type.name, places.c.name.in_(runs)]
    conditions += _conditions(namespace, where, where_text, data_id)
    shown = {
        name: column
        for name in dataset_type.all_dimensions
        if (column := namespace.dimension(name)) is not None
    }
    order = _order(namespace, order_by) + [(columns[name], False) for name in sorted(columns)]
    statement = sa.select(
        table.c.id.label("dataset_id"),
        places.c.name.label("run_name"),
        table.c.data_key.label("data_key"),
        rank.label("search_rank"),
        *(column.label(name) for name, column in shown.items()),
        *_labelled(order),
    ).where(*conditions)
    statement = statement.select_from(namespace.source)
    if namespace.multiplies:
        statement = statement.distinct()
    all_rows = _execute(
        connection,
        statement,
        order,
        find_first and len(runs) > 1,
        None if namespace.multiplies else limit,
    )
    rows = _each_once(all_rows, ["dataset_id"], limit)
    return [
        DatasetRef(
            id=row["dataset_id"],
            dataset_type=dataset_type,
            run=row["run_name"],
            data_id=DataId({name: row[name] for name in dataset_type.dimensions}),
            implied=DataId(
                {
                    name: row[name]
                    for name in shown
                    if name not in dataset_type.dimensions and row[name] is not None
                }
            ),
        )
        for row in rows
    ]


def query_dimension_records(
    connection: Connection,
    element: str,
    *,
    where: Expression | None = None,
    where_text: str = "",
    data_id: Mapping[str, Any] | None = None,
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Find records of a dimension element; parameters as those of `query_datasets`.

    Returns
    -------
    records
        Column → value, with the Butler's names; timespans in TAI nanoseconds.

    Raises
    ------
    QuerySyntaxError
        There is no such element, or as for `query_datasets`.
    """
    if element not in ELEMENTS:
        raise QuerySyntaxError(
            f"There is no dimension element {element!r}.", hint=f"Known: {', '.join(ELEMENTS)}."
        )
    table = ELEMENTS[element]
    columns: dict[str, sa.ColumnElement[Any]] = {
        name: table.c[name] for name in (*ELEMENTS, "band") if name in table.c
    }
    key = next((name for name in ("id", "name") if name in table.c), None)
    if key is not None:
        columns[element] = table.c[key]
    fields = {
        f"{element}.{column.name.replace('timespan_', 'timespan.')}": column for column in table.c
    }
    namespace = Namespace(table, columns, fields)
    conditions = _conditions(namespace, where, where_text, data_id)
    keys = list(table.primary_key.columns)
    order = _order(namespace, order_by) + [(column, False) for column in keys]
    shown = [column for column in table.c if not column.name.startswith("metadata_")]
    statement = sa.select(*shown, *_labelled(order)).where(*conditions)
    statement = statement.select_from(namespace.source).order_by(*_sorting(order))
    if namespace.multiplies:
        statement = statement.distinct()
    elif limit is not None:
        statement = statement.limit(limit)
    rows = [row._mapping for row in connection.execute(statement)]
    return [
        {column.name: row[column.name] for column in shown}
        for row in _each_once(rows, [column.name for column in keys], limit)
    ]


def _conditions(
    namespace: Namespace,
    where: Expression | None,
    where_text: str,
    data_id: Mapping[str, Any] | None,
) -> list[sa.ColumnElement[bool]]:
    conditions = []
    for name, value in (data_id or {}).items():
        column = namespace.resolve(name)
        # Here: databases compare what differs in type each in their own way.
        conditions.append(column == check_value(name, value, column.type.python_type))
    if where is not None:
        conditions.append(compile_where(where, namespace, where_text))
    return conditions


_Order = list[tuple[sa.ColumnElement[Any], bool]]
"""Columns to sort by, and whether descending."""


def _order(namespace: Namespace, names: Sequence[str]) -> _Order:
    return [(namespace.resolve(name.removeprefix("-")), name.startswith("-")) for name in names]


def _labelled(order: _Order) -> list[sa.Label[Any]]:
    return [column.label(f"order_{position}") for position, (column, _) in enumerate(order)]


def _sorting(order: _Order) -> list[sa.ColumnElement[Any]]:
    """Sort in the same way everywhere: the unknown is above all, as PostgreSQL has it."""
    return [
        column.desc().nulls_first() if descending else column.asc().nulls_last()
        for column, descending in order
    ]


def _each_once(
    rows: Sequence[sa.RowMapping], key: Sequence[str], limit: int | None
) -> list[sa.RowMapping]:
    """Keep the first of the rows that a name of several values made of one."""
    first: dict[tuple[Any, ...], sa.RowMapping] = {}
    for row in rows:
        first.setdefault(tuple(row[name] for name in key), row)
    return list(first.values())[:limit]


def _execute(
    connection: Connection,
    statement: sa.Select[Any],
    order: _Order,
    find_first: bool,
    limit: int | None,
) -> list[sa.RowMapping]:
    """Run a dataset query: the first of equal data IDs, sorted, as many as wanted."""
    found = statement.subquery("found")
    if find_first:
        # A dataset may be there several times, once for every value that it is sorted by.
        place = sa.func.rank().over(
            partition_by=found.c.data_key, order_by=(found.c.search_rank, found.c.dataset_id)
        )
        ranked = sa.select(found, place.label("place")).subquery("ranked")
        final = sa.select(ranked).where(ranked.c.place == 1)
        columns = ranked.c
    else:
        final = sa.select(found)
        columns = found.c
    final = final.order_by(
        *_sorting([(columns[f"order_{n}"], descending) for n, (_, descending) in enumerate(order)])
    )
    if limit is not None:
        final = final.limit(limit)
    return [row._mapping for row in connection.execute(final)]

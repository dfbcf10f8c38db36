"""Rows whose columns equal given values: the shape of nearly all look-ups of the registry."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from underbutler.registry.dialect import Columns, Dialect

__all__ = ["delete_matching", "matches", "select_matching"]


def matches(
    dialect: Dialect, table: sa.Table, name: str, columns: Columns
) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
    """Make a table of values to be bound under a name, and the condition that rows match them.

    The values' columns are named as the table's.
    """
    wanted = dialect.values(name, columns)
    return wanted, sa.and_(*(table.c[column] == wanted.c[column] for column in columns))


def select_matching(
    dialect: Dialect, table: sa.Table, name: str, columns: Columns
) -> sa.Select[Any]:
    """Select the rows of a table that match values to be bound under a name."""
    wanted, condition = matches(dialect, table, name, columns)
    return sa.select(table).join(wanted, condition)


def delete_matching(dialect: Dialect, table: sa.Table, name: str, columns: Columns) -> sa.Delete:
    """Delete the rows of a table that match values to be bound under a name."""
    _, condition = matches(dialect, table, name, columns)
    return sa.delete(table).where(sa.exists().where(condition))

"""What tables are made of: their naming, their columns, their references."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from underbutler.registry.column_types import NAME

__all__ = [
    "BIG",
    "BOOL",
    "INT",
    "METADATA",
    "REAL",
    "TEXT",
    "key",
    "optional",
    "refers",
    "required",
]

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key(name: str, type_: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Make a column of the primary key."""
    return sa.Column(name, type_, primary_key=True, autoincrement=False)


def required(name: str, type_: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Make a column that every row has a value for."""
    return sa.Column(name, type_, nullable=False)


def optional(name: str, type_: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Make a column whose value may be unknown."""
    return sa.Column(name, type_, nullable=True)


def refers(
    columns: str, table: str, targets: str | None = None, *, cascade: bool = False
) -> sa.ForeignKeyConstraint:
    """Make a foreign key of space-separated columns to those of another table."""
    return sa.ForeignKeyConstraint(
        columns.split(),
        [f"{table}.{target}" for target in (targets or columns).split()],
        ondelete="CASCADE" if cascade else None,
    )


TEXT = NAME
INT = sa.Integer()
BIG = sa.BigInteger()
REAL: sa.types.TypeEngine[Any] = sa.Double()
BOOL = sa.Boolean()

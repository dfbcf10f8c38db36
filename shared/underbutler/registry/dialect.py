"""All that differs between PostgreSQL and SQLite."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

__all__ = ["Columns", "Dialect", "dialect_of"]

Row = Mapping[str, Any]
Columns = Mapping[str, sa.types.TypeEngine[Any]]
"""Name of a column → its type."""

_NEW_ROWS = "new_rows"

# PostgreSQL SQLSTATEs (manual, appendix A) after which the same statement may succeed:
# serialization failure, deadlock, lock not available, read-only server after a failover,
# too many connections, statement cancelled by a timeout.
_TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03", "25006", "53300", "57014"})
# Connection exceptions, operator intervention (shutdown, crash, starting up), I/O and resources.
_TRANSIENT_CLASSES = ("08", "57P", "58", "53")
# Data exceptions and integrity constraint violations.
_REFUSAL_CLASSES = ("22", "23")
# Invalid authorization, no such database, insufficient privilege.
_SET_UP_CLASSES = ("28", "3D", "42501")
# SQLite result codes of a file that is none, is broken, or may not be read or written:
# PERM, READONLY, CORRUPT, CANTOPEN, NOTADB.
_UNUSABLE_FILES = frozenset({3, 8, 11, 14, 26})


class Dialect(ABC):
    """One database's ways to insert sets, to join with values, to lock, and to fail."""

    def __init__(self, insert: Any) -> None:
        self._insert = insert
        self._statements: dict[Hashable, Any] = {}

    def upsert(
        self,
        connection: Connection,
        table: sa.Table,
        rows: Sequence[Row],
        *,
        conflict: Sequence[str] | None = None,
        update: Iterable[str] = (),
        where: Any = None,
        counter: str = "",
    ) -> None:
        """Insert rows in one statement; update those that exist already.

        Parameters
        ----------
        connection
            Open transaction.
        table
            Where to.
        rows
            All with the same columns, in an order that all writers share, so that none deadlock.
        conflict
            Columns whose values identify a row; the primary key by default.
        update
            Columns to take over when the row exists and any of them differs; none to leave it.
        where
            Function of the table's columns and the new row's columns: a further condition.
        counter
            Column to count up when the row exists, which is then updated in any case.
        """
        if not rows:
            return
        shape = (
            table,
            tuple(rows[0]),
            tuple(conflict or ()),
            tuple(update),
            where,
            counter,
        )
        statement = self.statement(shape, lambda: self._upsert_statement(*shape))
        self._execute_insert(connection, statement, table, rows)

    def insert(self, connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows that are new by construction, in one statement."""
        if rows:
            names = tuple(rows[0])
            statement = self.statement((table, names), lambda: self._insert_rows(table, names))
            self._execute_insert(connection, statement, table, rows)

    def statement(self, name: Hashable, build: Callable[[], Any]) -> Any:
        """Build a statement once in the life of the process: building takes as long as running.

        Parameters
        ----------
        name
            What tells it from all others.
        build
            Makes it; whatever varies from call to call is bound, not built in.
        """
        if name not in self._statements:
            self._statements[name] = build()
        return self._statements[name]

    def _upsert_statement(
        self,
        table: sa.Table,
        names: tuple[str, ...],
        conflict: tuple[str, ...],
        columns: tuple[str, ...],
        where: Any,
        counter: str,
    ) -> Any:
        statement = self._insert_rows(table, names)
        identity = list(conflict or (column.name for column in table.primary_key))
        new = statement.excluded
        if counter:
            return statement.on_conflict_do_update(
                index_elements=identity,
                set_={name: new[name] for name in columns} | {counter: table.c[counter] + 1},
            )
        if not columns:
            return statement.on_conflict_do_nothing(index_elements=identity)
        condition = sa.or_(*(table.c[name].is_distinct_from(new[name]) for name in columns))
        if where is not None:
            condition = sa.and_(condition, where(table.c, new))
        return statement.on_conflict_do_update(
            index_elements=identity,
            set_={name: new[name] for name in columns},
            where=condition,
        )

    @abstractmethod
    def _insert_rows(self, table: sa.Table, names: tuple[str, ...]) -> Any:
        """Start an INSERT of rows with these columns, to which conflict handling can be added."""

    @abstractmethod
    def _execute_insert(
        self, connection: Connection, statement: Any, table: sa.Table, rows: Sequence[Row]
    ) -> None:
        """Run an INSERT."""

    @abstractmethod
    def values(self, name: str, columns: Columns) -> sa.FromClause:
        """Make a table to join with, of values that `bind` gives: one parameter a column."""

    @abstractmethod
    def bind(self, name: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
        """Write the values of a table that `values` made as parameters of its statement."""

    @abstractmethod
    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        """Hold these names, against other holders of any of them, until the transaction ends."""

    @abstractmethod
    def is_transient(self, error: DBAPIError) -> bool:
        """Tell whether the same transaction may succeed when tried again."""

    @abstractmethod
    def is_refusal(self, error: DBAPIError) -> bool:
        """Tell whether the values were refused: others may be taken by the same statement."""

    @abstractmethod
    def is_misconfigured(self, error: DBAPIError) -> bool:
        """Tell whether nothing can succeed until the set-up is changed."""


class _Postgres(Dialect):
    def __init__(self) -> None:
        super().__init__(postgresql.insert)

    def _insert_rows(self, table: sa.Table, names: tuple[str, ...]) -> Any:
        source = self.values(_NEW_ROWS, _columns(table, names))
        return self._insert(table).from_select(names, sa.select(*source.c))

    def _execute_insert(
        self, connection: Connection, statement: Any, table: sa.Table, rows: Sequence[Row]
    ) -> None:
        columns = _columns(table, tuple(rows[0]))
        values = ([row[name] for name in columns] for row in rows)
        connection.execute(statement, self.bind(_NEW_ROWS, columns, values))

    def values(self, name: str, columns: Columns) -> sa.FromClause:
        arrays = [
            sa.cast(
                sa.bindparam(f"{name}_{column}", type_=_AsGiven()),
                postgresql.ARRAY(_array_element(type_)),
            )
            for column, type_ in columns.items()
        ]
        return (
            sa.func.unnest(*arrays)
            .table_valued(*(sa.column(column, type_) for column, type_ in columns.items()))
            .render_derived(name=name)
        )

    def bind(self, name: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
        by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
        return {
            f"{name}_{column}": _plain(values)
            for column, values in zip(columns, by_column, strict=True)
        }

    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        # Sorted, so that two transactions that share several names never wait for each other.
        numbers = sorted({_lock_number(name) for name in names})
        if numbers:
            connection.execute(_LOCK, {"numbers": numbers})

    def is_transient(self, error: DBAPIError) -> bool:
        state = getattr(error.orig, "pgcode", None)
        if state is None:
            # A connection that could not be made, or broke, carries no SQLSTATE.
            return error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
        return state in _TRANSIENT_STATES or state.startswith(_TRANSIENT_CLASSES)

    def is_refusal(self, error: DBAPIError) -> bool:
        return str(getattr(error.orig, "pgcode", None) or "").startswith(_REFUSAL_CLASSES)

    def is_misconfigured(self, error: DBAPIError) -> bool:
        return str(getattr(error.orig, "pgcode", None) or "").startswith(_SET_UP_CLASSES)


class _Sqlite(Dialect):
    def __init__(self) -> None:
        super().__init__(sqlite.insert)

    def _insert_rows(self, table: sa.Table, names: tuple[str, ...]) -> Any:
        # Values are bound when it runs, as numbers: their text would not be read back exactly.
        return self._insert(table).values({name: sa.bindparam(name) for name in names})

    def _execute_insert(
        self,
        connection: Connection,
        statement: Any,
        table: sa.Table,  # noqa: ARG002 - the statement knows it
        rows: Sequence[Row],
    ) -> None:
        connection.execute(statement, list(rows))

    def values(self, name: str, columns: Columns) -> sa.FromClause:
        text = sa.bindparam(f"{name}_rows", type_=sa.Text())
        element = sa.func.json_each(text).table_valued("value", name=f"{name}_json")
        return sa.select(
            *(
                sa.type_coerce(
                    sa.func.json_extract(element.c.value, f"$[{position}]"), type_
                ).label(column)
                for position, (column, type_) in enumerate(columns.items())
            )
        ).subquery(name)

    def bind(
        self,
        name: str,
        columns: Columns,  # noqa: ARG002 - JSON tells numbers from text
        rows: Iterable[Sequence[Any]],
    ) -> dict[str, Any]:
        return {f"{name}_rows": json.dumps([_plain_row(row) for row in rows])}

    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        """Do nothing: a write transaction has the whole database for itself (BEGIN IMMEDIATE)."""

    def is_transient(self, error: DBAPIError) -> bool:
        message = str(error.orig)
        return "database is locked" in message or "database is busy" in message

    def is_refusal(self, error: DBAPIError) -> bool:
        return isinstance(error, (sa.exc.IntegrityError, sa.exc.DataError))

    def is_misconfigured(self, error: DBAPIError) -> bool:
        # The low byte of an extended result code is the primary one.
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE_FILES


class _AsGiven(sa.types.UserDefinedType[Any]):
    """A parameter that psycopg2 writes as it is: a list becomes an ARRAY."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TEXT"


_LOCK = sa.text(
    "SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS l(number)"
)


def _columns(table: sa.Table, names: tuple[str, ...]) -> Columns:
    return {name: table.c[name].type for name in names}


def _lock_number(name: str) -> int:
    """Map a name to one of 2⁶³ advisory locks; a rare clash costs a wait, nothing else."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


def _array_element(type_: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    # A collation belongs to a column, not to an array's elements.
    return sa.Text() if isinstance(type_, sa.Text) else type_


def _plain(values: Sequence[Any]) -> list[Any]:
    return [str(value) if isinstance(value, UUID) else value for value in values]


def _plain_row(row: Sequence[Any]) -> list[Any]:
    # SQLAlchemy keeps a UUID in SQLite as 32 hexadecimal digits.
    return [value.hex if isinstance(value, UUID) else value for value in row]


_DIALECTS: dict[str, Dialect] = {"postgresql": _Postgres(), "sqlite": _Sqlite()}


def dialect_of(connectable: sa.Engine | Connection) -> Dialect:
    """Find the dialect of an engine or connection."""
    return _DIALECTS[connectable.dialect.name]

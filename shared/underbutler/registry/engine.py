"""Connections to the registry's database, and what its failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from underbutler.errors import (
    ConfigurationError,
    RefusedByRegistryError,
    RegistryUnavailableError,
)
from underbutler.registry.dialect import dialect_of

__all__ = ["begin", "connect_registry", "read", "registry_url"]

# Nothing of ours holds a transaction this long; what does is stuck, and would block the others.
_STATEMENT_TIMEOUT_S = 60
_LOCK_TIMEOUT_S = 30
_IDLE_TIMEOUT_S = 60
_CONNECT_TIMEOUT_S = 10
# SQLite has one writer: others wait their turn.
_SQLITE_BUSY_TIMEOUT_S = 300


def registry_url(text: str) -> URL:
    """Read a database URL; plain ``postgresql://`` means psycopg2, whatever SQLAlchemy's default.

    Raises
    ------
    ConfigurationError
        The text is no URL, or of a database that the registry does not run on.
    """
    try:
        url = make_url(text)
    # ValueError: a port that is no number.
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(
            "The registry's database URL cannot be read.",
            hint="Expected postgresql://user@host:5432/database or sqlite:////path/file.sqlite3.",
        ) from error
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg2")
        case "sqlite":
            return url
    raise ConfigurationError(
        f"The registry runs on PostgreSQL or SQLite, not on {url.get_backend_name()!r}."
    )


def connect_registry(url: str | URL, *, pool_size: int = 1) -> sa.Engine:
    """Make the engine of a registry; nothing is connected before its first use.

    Parameters
    ----------
    url
        Database URL.
    pool_size
        Connections kept and allowed: one for a Lambda environment, which handles one event at a
        time, so that the sum over environments is a budget.

    Raises
    ------
    ConfigurationError
        The URL is unusable.
    """
    url = registry_url(str(url)) if isinstance(url, str) else url
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = _sqlite_engine(url) if is_sqlite else _postgres_engine(url, pool_size)
    sa.event.listen(engine, "handle_error", _refuse_values)
    return engine


def _postgres_engine(url: URL, pool_size: int) -> sa.Engine:
    options = (
        f"-c statement_timeout={_STATEMENT_TIMEOUT_S}s -c lock_timeout={_LOCK_TIMEOUT_S}s"
        f" -c idle_in_transaction_session_timeout={_IDLE_TIMEOUT_S}s -c timezone=UTC -c jit=off"
    )
    try:
        return sa.create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_size=pool_size,
            max_overflow=0,
            # A function's transactions are tried again anyway; a client's are asked for once.
            pool_pre_ping=pool_size > 1,
            pool_timeout=_LOCK_TIMEOUT_S,
            connect_args={
                "options": options,
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "application_name": "underbutler",
            },
        )
    except NoSuchModuleError as error:  # pragma: no cover - psycopg2 is a dependency
        raise ConfigurationError("psycopg2 is not installed.") from error


def _sqlite_engine(url: URL) -> sa.Engine:
    path = Path(url.database or "")
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"The folder of the registry's SQLite file does not exist: {path.parent}."
        )
    engine = sa.create_engine(
        url, connect_args={"timeout": _SQLITE_BUSY_TIMEOUT_S, "check_same_thread": False}
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        # SQLAlchemy begins transactions below; sqlite3's own way would begin them too late.
        connection.isolation_level = None
        # The journal stays SQLite's own: a write-ahead log could not be read by those who may not
        # write, nor over a network.
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that began by reading could not become one beside another: it would fail.
        is_reading = connection.get_execution_options().get("underbutler_read")
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine


def _refuse_values(context: ExceptionContext) -> RefusedByRegistryError | None:
    """Name what drivers do not even send: NUL in text, lone surrogates, numbers of over 64 bits."""
    error = context.original_exception
    if context.execution_context is None or not isinstance(error, (ValueError, OverflowError)):
        return None
    return RefusedByRegistryError(f"The registry's database does not take the values: {error}.")


@contextmanager
def begin(engine: sa.Engine) -> Iterator[Connection]:
    """Open a write transaction: committed at the end, rolled back on any error.

    Raises
    ------
    RegistryUnavailableError
        The database failed in a way that a new attempt may not: retry the whole transaction.
    """
    with _translated(engine), engine.begin() as connection:
        yield connection


@contextmanager
def read(engine: sa.Engine) -> Iterator[Connection]:
    """Open a read transaction.

    Raises
    ------
    RegistryUnavailableError
        The database failed in a way that a new attempt may not.
    """
    with (
        _translated(engine),
        engine.connect().execution_options(underbutler_read=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _translated(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        dialect = dialect_of(engine)
        if dialect.is_refusal(error):
            raise RefusedByRegistryError(
                f"The registry's database refused the values: {_first_line(error)}."
            ) from error
        if dialect.is_transient(error):
            raise RegistryUnavailableError(
                f"The registry's database is not available: {_first_line(error)}.",
                hint="Try again; if it lasts, look at the database.",
            ) from error
        if dialect.is_misconfigured(error):
            raise ConfigurationError(
                f"The registry's database cannot be used: {_first_line(error)}.",
                hint=f"It is {engine.url!r}.",
            ) from error
        raise
    except sa.exc.TimeoutError as error:
        raise RegistryUnavailableError(
            "No connection to the registry became free in time."
        ) from error


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0].rstrip(".")

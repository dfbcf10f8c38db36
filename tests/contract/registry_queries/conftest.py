"""Fixtures of these tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from query_rows import fill
from underbutler.local.postgres import PostgresServer
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry


@pytest.fixture(scope="module")
def postgres_copy(postgres: PostgresServer, postgres_template: str) -> Iterator[Callable[[], str]]:
    """Make databases with a registry's tables, for the module."""
    made: list[str] = []

    def execute(statement: str) -> None:
        with closing(psycopg2.connect(postgres.url())) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def make() -> str:
        made.append(f"queries_{len(made)}")
        execute(f"CREATE DATABASE {made[-1]} TEMPLATE {postgres_template}")
        return postgres.url(made[-1])

    yield make
    for name in made:
        execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def stocked(request: pytest.FixtureRequest) -> Iterator[Registry]:
    """A registry with all rows, only to be read: on PostgreSQL, and again on SQLite."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_copy")()
    else:
        path = request.getfixturevalue("tmp_path_factory").mktemp("queries") / "stocked.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    registry = Registry(connect_registry(url))
    fill(registry)
    yield registry
    registry.close()

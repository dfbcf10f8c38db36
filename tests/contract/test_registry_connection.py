"""How a registry's database is named, and what is wrong with those that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from underbutler.errors import ConfigurationError
from underbutler.registry.engine import connect_registry, registry_url
from underbutler.registry.registry import Registry


@contextmanager
def opened(url: str | URL) -> Iterator[Registry]:
    registry = Registry(connect_registry(url))
    yield registry
    registry.close()


def run(registry: Registry, *statements: str) -> None:
    with registry.begin() as transaction:
        for statement in statements:
            transaction.connection.exec_driver_sql(statement)


@pytest.mark.parametrize("url", ["mysql://host/db", "oracle://x", "no url", ""])
def test_a_url_of_another_database_is_a_mistake_of_the_set_up(url: str):
    with pytest.raises(ConfigurationError):
        connect_registry(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_url_means_psycopg2(scheme: str):
    assert registry_url(f"{scheme}://u@h/d").drivername == "postgresql+psycopg2"


def test_nothing_is_connected_before_it_is_used():
    connect_registry("postgresql://nobody@127.0.0.1:1/nothing").dispose()


def test_an_sqlite_file_in_no_folder_is_a_mistake_of_the_set_up(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="does not exist"):
        connect_registry(f"sqlite:///{tmp_path}/nowhere/registry.sqlite3")


def test_a_file_that_is_no_sqlite_file_is_a_mistake_of_the_set_up(tmp_path: Path):
    path = tmp_path / "registry.sqlite3"
    path.write_bytes(b"SIMPLE  =                    T" * 200)
    with (
        opened(f"sqlite:///{path}") as registry,
        pytest.raises(ConfigurationError, match="not a database"),
    ):
        registry.check_version()


def test_an_sqlite_file_that_may_not_be_written_is_a_mistake_of_the_set_up(sqlite_url: str):
    with opened(sqlite_url) as registry, pytest.raises(ConfigurationError, match="readonly"):
        run(registry, "PRAGMA query_only=ON", "DELETE FROM raw_object")


def test_a_message_about_the_set_up_does_not_show_the_password(postgres_registry: Registry):
    url = postgres_registry.engine.url.set(password="swordfish")
    failing = "DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '28000'; END $$"
    with (
        opened(url) as registry,
        pytest.raises(ConfigurationError, match=r"\*\*\*") as caught,
    ):
        run(registry, failing)
    assert "swordfish" not in str(caught.value)

"""Failures of the database, told apart: try again, or refuse the values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from factories import NOW, raw_object
from interleaving import background, wait_until_blocked
from registry_dump import count
from underbutler.errors import (
    ConfigurationError,
    RefusedByRegistryError,
    RegistryUnavailableError,
    UnderbutlerError,
)
from underbutler.local.postgres import free_port
from underbutler.patience import with_patience
from underbutler.registry import engine as engine_module
from underbutler.registry import schema
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry

# PostgreSQL manual, appendix A.
TRANSIENT = [
    "08000", "08001", "08003", "08004", "08006", "08007", "25006", "40001", "40P01", "53000",
    "53100", "53200", "53300", "53400", "55P03", "57014", "57P01", "57P02", "57P03", "57P05",
    "58000", "58030",
]  # fmt: skip
REFUSED = ["22001", "22003", "22008", "22021", "22P02", "22P05", "23502", "23503", "23505", "23P01"]
WRONG_SET_UP = ["28000", "28P01", "3D000", "42501"]
OUR_MISTAKE = ["42601", "42703", "42P01", "0A000", "XX000"]


def run(registry: Registry, *statements: str) -> None:
    """Run statements in one transaction."""
    with registry.begin() as transaction:
        for statement in statements:
            transaction.connection.exec_driver_sql(statement)


def save(registry: Registry, **fields: Any) -> None:
    with registry.begin() as transaction:
        transaction.objects.save([raw_object(**fields)], NOW)


def terminate_others(registry: Registry) -> None:
    """Terminate all sessions of a registry's database but our own, which is new."""
    url = registry.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def outcome(work: Callable[[], object]) -> type[BaseException] | None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - which it is, is the question
        return type(error)
    return None


def raising(state: str) -> str:
    """Make a statement that fails with an SQLSTATE."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{state}'; END $$"


@pytest.fixture
def sqlite_registry(sqlite_url: str) -> Iterator[Registry]:
    """A registry in SQLite that does not wait long for its turn."""
    opened = Registry(connect_registry(sqlite_url))

    def be_impatient(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    sa.event.listen(opened.engine, "connect", be_impatient)
    yield opened
    opened.close()


def test_states_after_which_the_same_may_succeed_are_transient(postgres_registry: Registry):
    found = {s: outcome(lambda s=s: run(postgres_registry, raising(s))) for s in TRANSIENT}
    assert found == dict.fromkeys(TRANSIENT, RegistryUnavailableError)


def test_states_of_bad_values_are_refusals(postgres_registry: Registry):
    found = {s: outcome(lambda s=s: run(postgres_registry, raising(s))) for s in REFUSED}
    assert found == dict.fromkeys(REFUSED, RefusedByRegistryError)


def test_states_of_a_wrong_set_up_are_named_as_such(postgres_registry: Registry):
    found = {s: outcome(lambda s=s: run(postgres_registry, raising(s))) for s in WRONG_SET_UP}
    assert found == dict.fromkeys(WRONG_SET_UP, ConfigurationError)


def test_states_of_our_own_mistakes_are_not_dressed_up(postgres_registry: Registry):
    found = {s: outcome(lambda s=s: run(postgres_registry, raising(s))) for s in OUR_MISTAKE}
    assert not [s for s, error in found.items() if not error or issubclass(error, UnderbutlerError)]


def test_a_backend_terminated_in_a_transaction_is_transient(postgres_registry: Registry):
    def work() -> None:
        with postgres_registry.begin() as transaction:
            transaction.objects.save([raw_object()], NOW)
            terminate_others(postgres_registry)
            transaction.objects.save([raw_object("other.fits")], NOW)

    assert outcome(work) is RegistryUnavailableError


def test_a_backend_terminated_before_its_commit_wrote_nothing(postgres_registry: Registry):
    def work() -> None:
        with postgres_registry.begin() as transaction:
            transaction.objects.save([raw_object()], NOW)
            terminate_others(postgres_registry)

    assert outcome(work) is RegistryUnavailableError
    assert count(postgres_registry, schema.raw_object) == 0


def test_a_connection_of_a_client_that_broke_while_it_was_idle_is_made_anew(
    postgres_registry: Registry,
):
    save(postgres_registry)
    terminate_others(postgres_registry)
    save(postgres_registry, attempts=2)


def test_a_connection_of_a_function_that_broke_while_it_was_idle_costs_one_attempt(
    postgres_url: str,
):
    with closing(Registry(connect_registry(postgres_url, pool_size=1))) as registry:
        save(registry)
        terminate_others(registry)
        with_patience(lambda: save(registry, attempts=2))
        assert count(registry, schema.raw_object) == 1


def test_a_lock_that_is_not_had_in_time_is_transient(postgres_registry: Registry):
    with postgres_registry.begin() as holder:
        holder.connection.exec_driver_sql("LOCK TABLE raw_object IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RegistryUnavailableError, match="lock timeout"):
            run(postgres_registry, "SET LOCAL lock_timeout = 20", "TABLE raw_object")


def test_a_statement_that_takes_too_long_is_transient(postgres_registry: Registry):
    with pytest.raises(RegistryUnavailableError, match="statement timeout"):
        run(postgres_registry, "SET LOCAL statement_timeout = 20", "SELECT pg_sleep(10)")


def test_a_server_that_has_become_read_only_is_transient(postgres_registry: Registry):
    def work() -> None:
        with postgres_registry.begin() as transaction:
            transaction.connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            transaction.objects.save([raw_object()], NOW)

    assert outcome(work) is RegistryUnavailableError


def test_one_of_two_that_wait_for_each_other_is_to_try_again(postgres_registry: Registry):
    def lock(*numbers: int) -> Iterator[None]:
        with postgres_registry.begin() as transaction:
            transaction.connection.exec_driver_sql("SET LOCAL deadlock_timeout = 50")
            for number in numbers:
                transaction.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")
                yield

    def work() -> None:
        mine = lock(1, 2)
        next(mine)
        with background() as start:
            theirs = lock(2, 1)
            next(theirs)
            other = start(outcome, lambda: list(theirs))
            wait_until_blocked(postgres_registry)
            outcomes.add(outcome(lambda: list(mine)))
            outcomes.add(other.result())

    outcomes: set[type[BaseException] | None] = set()
    work()
    assert outcomes == {RegistryUnavailableError, None}


def test_a_server_without_a_free_connection_is_transient(postgres_registry: Registry):
    run(postgres_registry, "DROP ROLE IF EXISTS one_at_a_time")
    run(postgres_registry, "CREATE ROLE one_at_a_time LOGIN CONNECTION LIMIT 1")
    url = postgres_registry.engine.url.set(username="one_at_a_time")
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(closing(Registry(connect_registry(url)))) for _ in range(2)
        )
        with first.read(), pytest.raises(RegistryUnavailableError, match="too many connections"):
            run(second, "SELECT 1")


def test_a_client_without_a_free_connection_is_transient(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine_module, "_LOCK_TIMEOUT_S", 0.02)
    with (
        closing(Registry(connect_registry(postgres_url))) as registry,
        registry.read(),
        pytest.raises(RegistryUnavailableError, match="became free in time"),
    ):
        run(registry, "SELECT 1")


def test_a_server_that_does_not_listen_is_transient():
    url = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
    with (
        closing(Registry(connect_registry(url))) as registry,
        pytest.raises(RegistryUnavailableError, match="refused"),
    ):
        registry.check_version()


def test_an_sqlite_file_that_others_write_is_transient(sqlite_registry: Registry, sqlite_url: str):
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegistryUnavailableError, match="locked"):
            save(sqlite_registry)


def test_an_sqlite_file_that_others_write_can_be_read(sqlite_registry: Registry, sqlite_url: str):
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert count(sqlite_registry, schema.raw_object) == 0


@pytest.mark.parametrize(
    "fields",
    [{"message": "lone \ud800 surrogate"}, {"size_bytes": 2**63}, {"exposure": -(2**63) - 1}],
    ids=["surrogate", "too large", "too small"],
)
def test_a_value_that_no_database_holds_is_refused(registry: Registry, fields: dict[str, Any]):
    with pytest.raises(RefusedByRegistryError):
        save(registry, **fields)


@pytest.mark.parametrize(
    "fields", [{"message": "a\x00b"}, {"detector": 2**31}], ids=["NUL", "over 32 bits"]
)
def test_a_value_that_postgresql_does_not_hold_is_refused(
    postgres_registry: Registry, fields: dict[str, Any]
):
    with pytest.raises(RefusedByRegistryError):
        save(postgres_registry, **fields)


def test_a_transaction_with_a_refused_value_writes_nothing(registry: Registry):
    def work() -> None:
        with registry.begin() as transaction:
            transaction.objects.save([raw_object("good.fits")], NOW)
            transaction.objects.save([raw_object("bad.fits", size_bytes=2**63)], NOW)

    assert outcome(work) is RefusedByRegistryError
    assert count(registry, schema.raw_object) == 0


def test_what_goes_wrong_in_a_transaction_for_other_reasons_is_not_the_databases(
    registry: Registry,
):
    def work() -> None:
        with registry.begin():
            raise ValueError("of the caller")

    assert outcome(work) is ValueError

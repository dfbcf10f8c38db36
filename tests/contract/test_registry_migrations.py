from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from interleaving import together
from registry_dump import nothing_written
from underbutler.errors import ConfigurationError
from underbutler.registry import schema
from underbutler.registry.column_types import NAME
from underbutler.registry.engine import connect_registry
from underbutler.registry.migrate import migrate_registry
from underbutler.registry.registry import Registry


@pytest.fixture(params=["postgresql", "sqlite"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """A database without tables."""
    if request.param == "postgresql":
        url = request.getfixturevalue("empty_postgres_url")
    else:
        url = f"sqlite:///{tmp_path}/empty.sqlite3"
    opened = Registry(connect_registry(url, pool_size=4))
    yield opened
    opened.close()


def set_version(registry: Registry, version: str) -> None:
    with registry.begin() as transaction:
        transaction.connection.execute(
            sa.update(schema.registry_attribute)
            .where(schema.registry_attribute.c.name == "schema_version")
            .values(value=version)
        )


def tables(registry: Registry) -> set[str]:
    return set(sa.inspect(registry.engine).get_table_names())


def test_migrations_make_of_an_empty_database_the_very_tables_of_the_schema(empty: Registry):
    migrate_registry(empty.engine)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.METADATA) == []


def test_migrations_make_the_primary_keys_of_the_schema(empty: Registry):
    migrate_registry(empty.engine)
    inspector = sa.inspect(empty.engine)
    assert {
        name: inspector.get_pk_constraint(name)["constrained_columns"]
        for name in schema.METADATA.tables
    } == {
        name: [column.name for column in table.primary_key]
        for name, table in schema.METADATA.tables.items()
    }


def test_migrations_make_the_conditions_of_partial_indexes(empty: Registry):
    migrate_registry(empty.engine)
    inspector = sa.inspect(empty.engine)
    dialect = empty.engine.dialect.name
    partial = {
        index["name"]
        for name in schema.METADATA.tables
        for index in inspector.get_indexes(name)
        if index.get("dialect_options", {}).get(f"{dialect}_where") is not None
    }
    assert partial == {
        index.name
        for table in schema.METADATA.tables.values()
        for index in table.indexes
        if index.dialect_options[dialect]["where"] is not None
    }


def test_deleting_a_visit_takes_along_what_belongs_to_it_by_the_migrated_keys(empty: Registry):
    migrate_registry(empty.engine)
    inspector = sa.inspect(empty.engine)
    assert {
        name
        for name in schema.METADATA.tables
        for reference in inspector.get_foreign_keys(name)
        if reference["referred_table"] == "visit" and reference["options"]["ondelete"] == "CASCADE"
    } == {"visit_definition", "visit_detector_region", "visit_htm7", "visit_system_membership"}


def test_text_of_postgresql_is_ordered_by_code_point(postgres_registry: Registry):
    query = sa.text(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND collation_name = 'C'"
    )
    with postgres_registry.read() as transaction:
        found = set(transaction.connection.execute(query).scalars())
    assert found == {
        f"{name}.{column.name}"
        for name, table in schema.METADATA.tables.items()
        for column in table.c
        if column.type is NAME
    }


def test_a_second_migration_changes_nothing(registry: Registry):
    with nothing_written(registry):
        migrate_registry(registry.engine)


def test_two_migrations_at_once_wait_for_each_other(empty: Registry):
    other = Registry(connect_registry(empty.engine.url))
    together([lambda: migrate_registry(empty.engine), lambda: migrate_registry(other.engine)])
    other.close()
    assert empty.version() == schema.SCHEMA_VERSION


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Registry):
    with empty.begin() as transaction:
        transaction.connection.execute(sa.text("CREATE TABLE visit_problem (stranger INTEGER)"))
    with pytest.raises(sa.exc.DBAPIError, match="visit_problem"):
        migrate_registry(empty.engine)
    assert tables(empty) == {"visit_problem"}


def test_files_registered_before_there_were_several_datasets_to_a_file_hold_raws(empty: Registry):
    migrate_registry(empty.engine, "0002")
    columns = "bucket, key, stem, kind, state, code, message, attempts, first_seen, last_seen"
    values = "'', '', 0, '2026-03-01 05:00:00', '2026-03-01 05:00:00'"
    with empty.begin() as transaction:
        for name, kind, more, given in (
            ("a.fits", "fits", ", instrument, exposure, detector", ", 'HSC', 1, 2"),
            ("b.fits", "fits", "", ""),
        ):
            transaction.connection.execute(
                sa.text(
                    f"INSERT INTO raw_object ({columns}{more})"
                    f" VALUES ('raw', '{name}', '{name}', '{kind}', 'registered', {values}{given})"
                )
            )
    assert empty.version() == (1, 0)
    migrate_registry(empty.engine)
    assert empty.version() == schema.SCHEMA_VERSION
    with empty.read() as transaction:
        found = transaction.objects.with_stems([("raw", "a"), ("raw", "a.fits"), ("raw", "b.fits")])
    assert {item.key: item.data_ids for item in found} == {
        "a.fits": (("raw", "HSC", 1, 2),),
        "b.fits": (),
    }


def test_a_database_without_tables_has_no_version(empty: Registry):
    assert empty.version() is None


def test_a_database_without_tables_is_refused_with_the_command_that_makes_them(empty: Registry):
    with pytest.raises(ConfigurationError, match="underbutler create") as caught:
        empty.check_version()
    assert caught.value.kind == "no-registry"


def test_a_registry_of_this_version_is_accepted(registry: Registry):
    registry.check_version()


@pytest.mark.parametrize("minor", ["2.7", "2.99"])
def test_a_registry_of_a_newer_minor_version_is_accepted(registry: Registry, minor: str):
    set_version(registry, minor)
    registry.check_version()


def test_a_registry_of_a_newer_major_version_is_refused_with_the_command_to_run(
    registry: Registry,
):
    set_version(registry, "3.0")
    with pytest.raises(ConfigurationError, match="pip install --upgrade") as caught:
        registry.check_version()
    assert caught.value.kind == "newer-registry"


def test_a_registry_of_an_older_major_version_is_refused_with_the_command_to_run(
    registry: Registry,
):
    set_version(registry, "1.9")
    with pytest.raises(ConfigurationError, match="underbutler migrate") as caught:
        registry.check_version()
    assert caught.value.kind == "older-registry"

"""The registry: opening one, and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from underbutler.errors import ConfigurationError
from underbutler.registry import engine as database
from underbutler.registry import schema
from underbutler.registry.datasets import Datasets
from underbutler.registry.dimension_tables import DimensionTables
from underbutler.registry.metadata_entries import MetadataEntries
from underbutler.registry.outbox import Outbox
from underbutler.registry.raw_objects import RawObjects
from underbutler.registry.visit_tables import VisitTables

__all__ = ["Registry", "RegistryTransaction"]


class RegistryTransaction:
    """All that can be read and written in one transaction, by noun."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.objects = RawObjects(connection)
        self.entries = MetadataEntries(connection)
        self.dimensions = DimensionTables(connection)
        self.datasets = Datasets(connection)
        self.outbox = Outbox(connection)

    def visits(self, instrument: str) -> VisitTables:
        """Visits of one instrument."""
        return VisitTables(self.connection, instrument)


class Registry:
    """A registry in a database.

    Parameters
    ----------
    engine
        Engine of the database, from `connect_registry`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Iterator[RegistryTransaction]:
        """Open a write transaction: committed at the end, rolled back on any error.

        Raises
        ------
        RegistryUnavailableError
            The database failed in a way that a new attempt may not: retry the whole transaction.
        RefusedByRegistryError
            The database does not take the values.
        """
        with database.begin(self.engine) as connection:
            yield RegistryTransaction(connection)

    @contextmanager
    def read(self) -> Iterator[RegistryTransaction]:
        """Open a read transaction; errors as those of `begin`."""
        with database.read(self.engine) as connection:
            yield RegistryTransaction(connection)

    def check_version(self) -> None:
        """Make sure that this software and the registry's tables understand each other.

        Raises
        ------
        ConfigurationError
            The database holds no registry, or one of another major version.
        """
        found = self.version()
        if found is None:
            raise ConfigurationError(
                "The database holds no registry.",
                hint="Make one with `underbutler create` or `underbutler migrate`.",
                kind="no-registry",
            )
        mine = schema.SCHEMA_VERSION
        written = ".".join(map(str, found))
        if found[0] > mine[0]:
            raise ConfigurationError(
                f"The registry has schema version {written}, newer than this software knows.",
                hint="Upgrade it: pip install --upgrade underbutler.",
                kind="newer-registry",
            )
        if found[0] < mine[0]:
            raise ConfigurationError(
                f"The registry has schema version {written}, older than this software needs.",
                hint="Upgrade the registry with `underbutler migrate REPO`.",
                kind="older-registry",
            )

    def version(self) -> tuple[int, int] | None:
        """Read the schema version of the registry's tables; None where there are none."""
        table = schema.registry_attribute
        with database.read(self.engine) as connection:
            if not sa.inspect(connection).has_table(table.name):
                return None
            text = connection.execute(
                sa.select(table.c.value).where(table.c.name == "schema_version")
            ).scalar_one()
        major, _, minor = text.partition(".")
        return int(major), int(minor)

    @property
    def is_local(self) -> bool:
        """Whether it is an SQLite file, which no function of a stack can reach."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

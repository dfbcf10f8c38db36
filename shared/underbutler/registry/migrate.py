"""Schema migrations, run from the package."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from underbutler.registry.engine import begin

__all__ = ["migrate_registry"]


def migrate_registry(engine: sa.Engine, revision: str = "head") -> None:
    """Create a registry's tables, or bring them up to date; nothing happens when they are.

    One transaction: a migration that fails leaves the tables as they were. Two at once wait for
    each other.

    Raises
    ------
    RegistryUnavailableError
        The database is not available.
    """
    # Alembic takes 150 ms to import and is needed once a deployment.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with begin(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(6146230127)"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

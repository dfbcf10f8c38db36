"""How Alembic reaches the registry: through the connection that `migrate_registry` opened."""

from alembic import context

from underbutler.registry.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()

"""``underbutler migrate``."""

from __future__ import annotations

import click


@click.command("migrate")
@click.argument("repo")
def command(repo: str) -> None:
    """Bring the tables of REPO's registry up to date."""
    from underbutler.butler.repository import Repository
    from underbutler.registry.engine import connect_registry
    from underbutler.registry.migrate import migrate_registry
    from underbutler.registry.registry import Registry

    registry = Registry(connect_registry(Repository.read(repo).database))
    before = registry.version()
    migrate_registry(registry.engine)
    registry.check_version()
    after = registry.version()
    written = ".".join(map(str, after or ()))
    click.echo(
        f"The registry has schema version {written} already."
        if before == after
        else f"The registry has schema version {written} now."
    )

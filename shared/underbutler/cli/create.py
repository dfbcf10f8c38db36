"""``underbutler create``."""

from __future__ import annotations

import click


@click.command("create")
@click.argument("repo")
@click.option(
    "--db",
    metavar="URL",
    help="The registry's database: postgresql://user@host:5432/name or sqlite:////path/file."
    " By default an SQLite file in REPO.",
)
@click.option(
    "--corrections",
    metavar="PLACE",
    help="Folder or s3:// prefix of header corrections, <instrument>-<observation_id>.yaml.",
)
def command(repo: str, db: str | None, corrections: str | None) -> None:
    """Create a repository at REPO, a folder or an s3:// prefix.

    A password in the URL is used now and not written down: later commands take it from PGPASSWORD
    or ~/.pgpass.
    """
    from underbutler.butler.repository import create_repository

    repository = create_repository(repo, db, corrections)
    click.echo(f"Created {repository.root}/butler.yaml, registry {repository.database!r}.")
    click.echo(f"Next: underbutler register-instrument {repo} HSC")

"""``underbutler register-instrument``."""

from __future__ import annotations

import click

from underbutler.model.instrument import Grouper


@click.command("register-instrument")
@click.argument("repo")
@click.argument("instruments", nargs=-1, required=True, metavar="INSTRUMENT...")
@click.option(
    "--grouper",
    type=click.Choice([grouper.value for grouper in Grouper]),
    help="How visits are made of exposures; by default as is usual for the instrument.",
)
def command(repo: str, instruments: tuple[str, ...], grouper: str | None) -> None:
    """Register INSTRUMENTs with their detectors and filters.

    An INSTRUMENT is a short name, such as HSC, or the class name of the Butler's instrument. Files
    that waited for it are looked at again.
    """
    from underbutler.butler.butler import Butler
    from underbutler.butler.outbox_work import define_announced, look_again
    from underbutler.butler.registration import register_instruments

    with Butler(repo) as butler:
        client = butler.client
        chosen = None if grouper is None else Grouper(grouper)
        for item in register_instruments(client.registry, instruments, chosen):
            click.echo(f"{item.name}: {'registered' if item.is_new else 'up to date'}.")
            if not item.waiting:
                continue
            if client.registry.is_local:
                outcomes = look_again(client)
                visits = define_announced(client)
                click.echo(f"{len(outcomes)} files had waited for it; {visits} visits defined.")
            else:
                click.echo(
                    f"{item.waiting} files had waited for it: the stack's functions look at them "
                    "within minutes; without a stack, run `underbutler ingest-raws` again."
                )

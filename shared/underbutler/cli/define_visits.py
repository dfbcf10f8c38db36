"""``underbutler define-visits``."""

from __future__ import annotations

from collections import Counter

import click

from underbutler.cli.output import say


@click.command("define-visits")
@click.argument("repo")
@click.argument("instrument")
@click.option("--missing", is_flag=True, help="Look only at exposures that make no visit.")
def command(repo: str, instrument: str, missing: bool) -> None:
    """Define the visits of INSTRUMENT's exposures; those that stand are brought up to date.

    Ingest defines visits by itself: this is for after a change of instrument or software.
    """
    from underbutler.butler.butler import Butler
    from underbutler.butler.visit_definition import define_instrument

    with Butler(repo) as butler:
        defined = define_instrument(butler.client.registry, instrument, only_missing=missing)
    click.echo(f"{len(defined.visits)} visits, {len(defined.deleted)} deleted.")
    for code, number in sorted(Counter(item.code for item in defined.problems).items()):
        first = next(item for item in defined.problems if item.code == code)
        say(f"{number} exposures {code}, such as {first.exposure}: {first.message}")

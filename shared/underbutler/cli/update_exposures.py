"""``underbutler update-exposures``."""

from __future__ import annotations

import sys

import click

from underbutler.cli.output import output_option, print_rows, say, where_option

_DONE_IN_PART = 6
_COLUMNS = ("instrument", "exposure", "obs_id", "column", "before", "after")


@click.command("update-exposures")
@click.argument("repo")
@click.argument("instrument")
@where_option
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@output_option
def command(repo: str, instrument: str, where: str, dry_run: bool, output: str) -> None:
    """Bring exposures of INSTRUMENT up to date with the corrections of their headers.

    Their metadata are read again, as on ingest. By default those exposures are looked at that
    corrections are there for, or were applied to before.
    """
    from underbutler.butler.butler import Butler
    from underbutler.butler.exposure_update import update_exposures

    with Butler(repo) as butler:
        report = update_exposures(butler.client, instrument, where=where, dry_run=dry_run)
    rows = [
        {column: _shown(getattr(item, column)) for column in _COLUMNS} for item in report.changes
    ]
    if rows or output != "table":
        print_rows(rows, _COLUMNS, output)
    changed = len({item.exposure for item in report.changes})
    done = "would change" if dry_run else "changed"
    if output == "table":
        say(
            f"{report.exposures} exposures looked at, {changed} {done}"
            + ("." if dry_run else f", {report.visits} visits defined again.")
        )
    for problem in report.problems:
        say(problem)
    if report.problems:
        sys.exit(_DONE_IN_PART)


def _shown(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)

"""``underbutler ingest-raws``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from underbutler.cli.output import output_option, print_rows, say

if TYPE_CHECKING:
    from underbutler.butler.raw_ingest import IngestReport

_DONE_IN_PART = 6
_SHOWN_PROBLEMS = 20


@click.command("ingest-raws")
@click.argument("repo")
@click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")
@click.option(
    "-t",
    "--transfer",
    type=click.Choice(["direct", "copy"]),
    default="direct",
    show_default=True,
    help="Register files where they are, or copies of them in REPO.",
)
@click.option(
    "--define-visits/--no-define-visits",
    default=True,
    show_default=True,
    help="Define the visits that come of it.",
)
@output_option
def command(
    repo: str, locations: tuple[str, ...], transfer: str, define_visits: bool, output: str
) -> None:
    """Register the raws at LOCATIONs: files, folders, s3:// objects or prefixes.

    Metadata come from _index.json files, sidecars or the headers, in that order. What is registered
    already is passed over, so that the same again does no harm.
    """
    from underbutler.butler.butler import Butler
    from underbutler.butler.raw_ingest import ingest_locations

    started = time.monotonic()
    with Butler(repo) as butler:
        report = ingest_locations(
            butler.client,
            locations,
            copy_to=butler.repository.root if transfer == "copy" else None,
            with_visits=define_visits,
            progress=_progress if sys.stderr.isatty() else None,
        )
    counts = {
        outcome.value: number for outcome, number in sorted(report.outcomes.items()) if number
    }
    summary = {
        "files": sum(counts.values()),
        **counts,
        "copied": report.copied,
        "visits": report.visits,
        "seconds": round(time.monotonic() - started, 2),
    }
    if sys.stderr.isatty():
        click.echo(err=True)
    print_rows([summary], list(summary), output)
    if not counts:
        say(f"There are no raws at {', '.join(locations)}.")
    for note, files in report.notes.most_common(_SHOWN_PROBLEMS):
        say(f"{files} registered, but: {note}")
    for problem in list(report.problems.values())[:_SHOWN_PROBLEMS]:
        say(f"{problem.outcome.value} ({problem.code}) {problem.uri}: {problem.message}")
    if len(report.problems) > _SHOWN_PROBLEMS:
        say(f"… and {len(report.problems) - _SHOWN_PROBLEMS} more.")
    if report.problems:
        sys.exit(_DONE_IN_PART)


def _progress(report: IngestReport) -> None:
    click.echo(
        f"\r{sum(report.outcomes.values())} files, {report.visits} visits", nl=False, err=True
    )

"""``underbutler write-index``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from underbutler.cli.output import say

if TYPE_CHECKING:
    from underbutler.butler.write_index import IndexReport, Remark

_DONE_IN_PART = 6
_SHOWN_REMARKS = 20
_MOST_WORKERS = 256


@click.command("write-index")
@click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")
@click.option(
    "-c",
    "--content",
    type=click.Choice(["translated", "metadata"]),
    default="translated",
    show_default=True,
    help="What to write of a file: properties of the observation, or the header's cards.",
)
@click.option(
    "-o",
    "--outpath",
    metavar="PATH",
    help="One index of all files, a path or s3:// URI that ends in .json; by default each local"
    " folder gets its own _index.json.",
)
@click.option(
    "-r",
    "--regex",
    metavar="REGEX",
    help="Files to take from folders: those with this in their names. By default those that"
    " ingest-raws takes.",
)
@click.option(
    "--detectors",
    is_flag=True,
    help="List the detectors of files with many HDUs. Underbutler reads such lists, the Butler does"
    " not.",
)
@click.option(
    "--corrections",
    metavar="PLACE",
    help="Folder or s3:// prefix of header corrections, <instrument>-<observation_id>.yaml.",
)
@click.option(
    "-j",
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    default=16,
    show_default=True,
    help="Files read at once.",
)
def command(
    locations: tuple[str, ...],
    content: str,
    outpath: str | None,
    regex: str | None,
    detectors: bool,
    corrections: str | None,
    workers: int,
) -> None:
    """Write indexes of the raws at LOCATIONs: files, folders, s3:// objects or prefixes.

    They are those of astrometadata write-index: with one beside the files, neither ingest-raws nor
    the Butler opens these. Only headers are read. A bucket with raws is never written to: the index
    goes to --outpath and names files of other buckets by their URIs, which the Butler reads.
    """
    from underbutler.butler.write_index import IndexPlan, write_index
    from underbutler.model.metadata_entry import ContentMode
    from underbutler.model.uri import ObjectUri

    report = write_index(
        locations,
        IndexPlan(
            content=ContentMode(content),
            outpath=outpath,
            regex=regex,
            lists_detectors=detectors,
            workers=workers,
        ),
        corrections=None if corrections is None else ObjectUri.from_location(corrections),
        progress=_progress if sys.stderr.isatty() else None,
    )
    if sys.stderr.isatty():
        click.echo(err=True)
    for uri, files in report.written.items():
        click.echo(f"{uri}: {files} files.")
    _show(report.notes, "incomplete")
    _show(report.problems, "left out")
    if not report.written:
        say("No index was written.")
    if report.problems:
        sys.exit(_DONE_IN_PART)


def _show(remarks: Sequence[Remark], what: str) -> None:
    for remark in remarks[:_SHOWN_REMARKS]:
        say(f"{what} ({remark.code}) {remark.uri}: {remark.message}")
    if len(remarks) > _SHOWN_REMARKS:
        say(f"… and {len(remarks) - _SHOWN_REMARKS} more.")


def _progress(report: IndexReport) -> None:
    click.echo(f"\r{report.files} files", nl=False, err=True)

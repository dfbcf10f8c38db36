"""``underbutler new-instrument``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from underbutler.butler.new_instrument import NewInstrument, Recognised

_DONE_IN_PART = 6
_SHOWN_VALUES = 4
_SHOWN_CHARACTERS = 60


@click.command("new-instrument")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--name", help="The instrument's name; by default as the headers have it.")
@click.option(
    "--folder",
    metavar="FOLDER",
    help="New folder to write to; by default one named after the instrument.",
)
def command(files: tuple[str, ...], name: str | None, folder: str | None) -> None:
    """Draft a plug-in for the instrument whose raws FILEs are.

    FILEs are local, as they are, gzipped or fpacked: a few exposures, with several detectors and
    filters. What their headers were recognised to say is shown, and what was not. The plug-in is a
    package to be completed and installed; nothing is overwritten.
    """
    from underbutler.butler.new_instrument import write_instrument_plugin

    written = write_instrument_plugin(files, name=name, folder=folder)
    _print_recognised(written)
    _print_missing(written)
    _print_steps(written)
    if written.missing or written.refused:
        sys.exit(_DONE_IN_PART)


def _print_recognised(written: NewInstrument) -> None:
    from underbutler.cli.output import print_rows

    rows = [
        {"property": item.name, "cards": ", ".join(item.cards), "values": _values(item)}
        for item in written.recognised
    ]
    print_rows(rows, ["property", "cards", "values"], "table")


def _values(item: Recognised) -> str:
    """Show what a property is in the files: the values that differ, each with its first file."""
    first: dict[str, str] = {}
    for example, value in item.values:
        first.setdefault(_shown(item.name, value), example)
    if len(first) == 1:
        return next(iter(first))
    shown = [f"{text} ({example})" for text, example in list(first.items())[:_SHOWN_VALUES]]
    left = len(first) - len(shown)
    return "; ".join(shown) + (f"; {left} more" if left else "")


def _shown(name: str, value: Any) -> str:
    if name in ("datetime_begin", "datetime_end"):
        from underbutler.model.timespan import tai_text

        return f"{tai_text(value)} TAI"
    return _short(value)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _print_missing(written: NewInstrument) -> None:
    for item in written.missing:
        cards = ", ".join(f"{keyword} = {_short(value)}" for keyword, value in item.promising)
        promising = f" These look promising: {cards}." if cards else ""
        click.echo(f"Not recognised: {item.name}: {item.why}{promising}")
    if not written.missing:
        for example, why in written.refused:
            click.echo(f"Would be rejected: {example}: {why}")
    for note in written.notes:
        click.echo(f"Note: {note}")


def _print_steps(written: NewInstrument) -> None:
    package = f"{written.folder}/src/{written.names.package}"
    look = "Complete" if written.missing else "Look at"
    click.echo(
        f"Written to {written.folder}. Next:\n"
        f"  {look} {package}/translator.py and {package}/__init__.py\n"
        f"  pip install -e {_path(written)}\n"
        f"  underbutler register-instrument REPO {written.names.instrument}\n"
        "  underbutler ingest-raws REPO FILES"
    )


def _path(written: NewInstrument) -> str:
    """Write the folder so that pip does not take it for a name."""
    import shlex

    text = str(written.folder)
    return shlex.quote(text if written.folder.is_absolute() else f"./{text}")

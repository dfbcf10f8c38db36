"""What commands print: results on stdout, all talk on stderr."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from underbutler.model.timespan import tai_text

__all__ = [
    "asked_for",
    "limit_option",
    "order_option",
    "output_option",
    "print_rows",
    "say",
    "times_as_text",
    "where_option",
    "within_limit",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Row = TypeVar("_Row")

_FORMATS = ("table", "json", "csv")
# As many as the Butler prints.
_DEFAULT_LIMIT = 20_000
_WIDEST = 100_000


def output_option(command: _Command) -> _Command:
    """Add ``--output``."""
    return click.option(
        "--output", "-o", type=click.Choice(_FORMATS), default="table", show_default=True,
        help="Form of the result.",
    )(command)  # fmt: skip


def where_option(command: _Command) -> _Command:
    """Add ``--where``."""
    return click.option(
        "--where", default="", metavar="EXPRESSION",
        help="Condition, such as \"instrument='HSC' AND day_obs IN (20260301..20260303)\".",
    )(command)  # fmt: skip


def limit_option(command: _Command) -> _Command:
    """Add ``--limit``."""
    return click.option(
        "--limit", type=int, default=-_DEFAULT_LIMIT, show_default=True,
        help="Most results; 0 for all; negative: as many, with a warning when there are more.",
    )(command)  # fmt: skip


def order_option(command: _Command) -> _Command:
    """Add ``--order-by``."""
    return click.option(
        "--order-by", multiple=True, metavar="NAME",
        help="Name to sort by, a minus sign before it for descending; may be given several times.",
    )(command)  # fmt: skip


def within_limit(rows: list[_Row], limit: int) -> list[_Row]:
    """Cut what was asked for one above the limit, and say so when the limit is only a caution."""
    most = abs(limit)
    if limit and len(rows) > most:
        if limit < 0:
            say(f"There are more than {most} results: give --limit 0 for all.")
        return rows[:most]
    return rows


def asked_for(limit: int) -> int | None:
    """Tell how many results to ask for, so that it shows whether there are more."""
    return abs(limit) + 1 if limit else None


def say(message: str) -> None:
    """Tell the user something that is not the result."""
    click.echo(message, err=True)


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print rows as a table, as JSON, one object a line of a list, or as CSV with a heading."""
    cells = [[_plain(row.get(column)) for column in columns] for row in rows]
    if form == "json":
        objects = [dict(zip(columns, values, strict=True)) for values in cells]
        click.echo(json.dumps(objects, indent=1, ensure_ascii=False, allow_nan=False))
    elif form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if columns:
            writer.writerow(columns)
        writer.writerows(cells)
        click.echo(text.getvalue(), nl=False)
    else:
        _print_table(cells, columns)


def _plain(value: Any) -> Any:
    """Write a value as JSON can hold it."""
    if isinstance(value, bytes):
        return value.hex()
    return (
        value if value is None or isinstance(value, (bool, int, float, str, list)) else str(value)
    )


def times_as_text(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write a record's timespan as two times, TAI."""
    written = dict(row)
    for end in ("begin", "end"):
        if f"timespan_{end}" in written:
            tai_ns = written.pop(f"timespan_{end}")
            written[f"timespan.{end}"] = None if tai_ns is None else tai_text(tai_ns)
    return written


def _print_table(cells: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        is_number = any(isinstance(values[number], (int, float)) for values in cells)
        table.add_column(column, justify="right" if is_number else "left")
    for values in cells:
        table.add_row(*("" if value is None else str(value) for value in values))
    # Nothing is cut or folded: what is wider than the terminal can still be copied from it.
    console = Console(width=_WIDEST, highlight=False, markup=False, emoji=False)
    if cells:
        console.print(table)
    else:
        say("Nothing matches.")

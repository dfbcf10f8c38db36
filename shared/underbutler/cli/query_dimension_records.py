"""``underbutler query-dimension-records``."""

from __future__ import annotations

import click

from underbutler.cli.output import (
    asked_for,
    limit_option,
    order_option,
    output_option,
    print_rows,
    times_as_text,
    where_option,
    within_limit,
)


@click.command("query-dimension-records")
@click.argument("repo")
@click.argument("element")
@where_option
@order_option
@limit_option
@click.option("--regions", is_flag=True, help="Show regions, as lsst-sphgeom encodes them.")
@output_option
def command(
    repo: str,
    element: str,
    where: str,
    order_by: tuple[str, ...],
    limit: int,
    regions: bool,
    output: str,
) -> None:
    """Find REPO's records of a dimension ELEMENT, such as exposure, visit or detector.

    Times are TAI, angles degrees.
    """
    from underbutler.butler.butler import Butler

    with Butler(repo) as butler:
        records = butler.query_dimension_records(
            element, where=where, order_by=order_by, limit=asked_for(limit)
        )
    rows = [times_as_text(record) for record in within_limit(records, limit)]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    print_rows(rows, [c for c in columns if regions or c != "region"], output)

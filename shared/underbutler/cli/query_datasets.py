"""``underbutler query-datasets``."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

import click

from underbutler.cli.output import (
    asked_for,
    limit_option,
    order_option,
    output_option,
    print_rows,
    where_option,
    within_limit,
)

if TYPE_CHECKING:
    from underbutler.butler.butler import DatasetRefURIs


@click.command("query-datasets")
@click.argument("repo")
@click.argument("dataset_types", nargs=-1, metavar="[DATASET_TYPE]...")
@click.option("--collections", multiple=True, help="Where to search, in order; all by default.")
@where_option
@click.option(
    "--find-first/--find-all",
    default=True,
    show_default=True,
    help="Of equal data IDs, only the dataset found first.",
)
@order_option
@limit_option
@click.option("--show-uri", is_flag=True, help="Show where each dataset is stored.")
@output_option
def command(
    repo: str,
    dataset_types: tuple[str, ...],
    collections: tuple[str, ...],
    where: str,
    find_first: bool,
    order_by: tuple[str, ...],
    limit: int,
    show_uri: bool,
    output: str,
) -> None:
    """Find REPO's datasets of DATASET_TYPEs, names or globs; of all types by default."""
    from underbutler.butler.butler import Butler

    names = [part for item in collections for part in item.split(",")]
    rows: list[dict[str, Any]] = []
    columns: dict[str, None] = dict.fromkeys(["type", "run", "id"])
    with Butler(repo) as butler:
        known = [kind.name for kind in butler.query_dataset_types()]
        chosen = [n for n in known if not dataset_types or _matches(n, dataset_types)]
        # A name that is no glob and matches nothing is a mistake, which the query will name.
        chosen += [n for n in dataset_types if n not in chosen and not set("*?[") & set(n)]
        for name in chosen:
            refs = butler.query_datasets(
                name,
                names or None,
                find_first=find_first,
                where=where,
                order_by=order_by,
                limit=asked_for(limit),
            )
            refs = within_limit(refs, limit)
            uris = butler.get_many_uris(refs) if show_uri else {}
            for ref in refs:
                columns.update(dict.fromkeys(ref.dataset_type.all_dimensions))
                row = {
                    "type": name,
                    "run": ref.run,
                    "id": str(ref.id),
                    **ref.implied,
                    **ref.data_id,
                }
                rows.append(row | _place(uris[ref]) if show_uri else row)
    if show_uri:
        columns["uri"] = None
    if any("hdu" in row for row in rows):
        columns["hdu"] = None
    print_rows(rows, list(columns), output)


def _place(uris: DatasetRefURIs) -> dict[str, Any]:
    """Tell where a dataset is: its file, and its HDU in a file of several."""
    place: dict[str, Any] = {"uri": str(uris.primaryURI)}
    return place if uris.hdu is None else place | {"hdu": uris.hdu}


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)

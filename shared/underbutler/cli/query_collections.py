"""``underbutler query-collections``."""

from __future__ import annotations

import fnmatch

import click

from underbutler.cli.output import output_option, print_rows, where_option


@click.command("query-collections")
@click.argument("repo")
@click.argument("globs", nargs=-1, metavar="[GLOB]...")
@where_option
@output_option
def command(repo: str, globs: tuple[str, ...], where: str, output: str) -> None:
    """List REPO's collections whose names match a GLOB, all by default.

    A condition may ask for name, type and doc, such as "type = 'RUN'".
    """
    from underbutler.butler.butler import Butler

    with Butler(repo) as butler:
        collections = butler.query_collections(where)
    rows = [
        {
            "name": item.name,
            "type": item.type.name,
            "children": ", ".join(item.children),
            "doc": item.doc,
        }
        for item in collections
        if not globs or any(fnmatch.fnmatchcase(item.name, glob) for glob in globs)
    ]
    print_rows(rows, ["name", "type", "children", "doc"], output)

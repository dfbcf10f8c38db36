"""``underbutler``: commands in the Butler's words."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

try:
    import click
except ModuleNotFoundError:
    sys.exit("The command line needs more: pip install 'underbutler[client]'.")

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]

_COMMANDS = {
    "create": "Create a repository.",
    "define-visits": "Define the visits of an instrument's exposures.",
    "ingest-raws": "Register raw files where they are, or copies of them.",
    "migrate": "Bring the registry's tables up to date.",
    "new-instrument": "Draft a plug-in for an instrument from its files.",
    "query-collections": "List collections.",
    "query-datasets": "Find datasets.",
    "query-dimension-records": "Find records of a dimension.",
    "register-instrument": "Register instruments with their detectors and filters.",
    "update-exposures": "Bring exposures up to date with corrections of their headers.",
    "write-index": "Write indexes of raw files, as astrometadata does.",
}


class _LazyGroup(click.Group):
    """Imports a command when it is run: help must not wait for what commands need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"underbutler.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="underbutler")
def cli() -> None:
    """Register raws, define visits, find and read data.

    REPO is a repository: a folder, an s3:// prefix, or the path of its butler.yaml.

    Exit codes: 0 done, 2 wrong request, 4 not found, 5 temporary fault, 6 done in part,
    7 wrong set-up, 8 conflict.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error it knows is one sentence and an exit code."""
    from underbutler.errors import UnderbutlerError

    try:
        cli.main(args=arguments, prog_name="underbutler")
    except UnderbutlerError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    # Nobody but us can mend this: the traceback is for the report, not for the user.
    except Exception as error:
        if os.environ.get("UNDERBUTLER_DEBUG"):
            raise
        click.echo(
            f"Error: {type(error).__name__}: {error}\nThis is a mistake of Underbutler's. "
            "Set UNDERBUTLER_DEBUG=1 to see where it happened, and report it.",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()

"""Help comes at once: it imports nothing of what commands work with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from underbutler.cli.__main__ import cli

HEAVY = {
    "alembic",
    "astro_metadata_translator",
    "astropy",
    "boto3",
    "botocore",
    "lark",
    "lsst",
    "numpy",
    "obstore",
    "psycopg2",
    "rich",
    "sqlalchemy",
    "yaml",
}
COMMANDS = [(), *((name,) for name in cli.list_commands(None))]
# Prints what was imported when the command has ended.
PROGRAM = """
import sys
from underbutler.cli.__main__ import main
try:
    main(sys.argv[1:])
finally:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    """Run a command in a process of its own; returns the top-level names that it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ended.stdout
    return {name.partition(".")[0] for name in ended.stderr.split()}


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_imports_nothing_heavy(command, option):
    names = imported(*command, option)
    assert {"click", "underbutler"} <= names
    assert names & HEAVY == set()


def test_the_version_imports_nothing_heavy():
    assert imported("--version") & HEAVY == set()

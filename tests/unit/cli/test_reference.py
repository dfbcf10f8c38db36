"""The page about the command line says what ``--help`` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from underbutler import errors
from underbutler.cli.__main__ import cli

PAGE = (Path(__file__).parents[3] / "docs/reference/cli.md").read_text(encoding="utf-8")
WIDTH = 100
COMMANDS = cli.list_commands(None)
# Heading of a command → its section; of the page → what stands before the first of them.
SECTIONS = dict(
    section.partition("\n")[::2]
    for section in re.split(r"^##? ", PAGE, flags=re.MULTILINE)
    if section
)


def blocks(section: str, language: str) -> list[str]:
    """The fenced blocks of a section."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)


def help_of(*command: str) -> str:
    result = CliRunner().invoke(
        cli, [*command, "--help"], prog_name="underbutler", terminal_width=WIDTH
    )
    assert result.exit_code == 0
    return result.stdout


def test_the_page_begins_with_the_help_of_all():
    assert blocks(SECTIONS["The command line"], "text") == [help_of()]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_a_section_with_its_help(command):
    assert blocks(SECTIONS[command], "text") == [help_of(command)]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_one_example_with_its_output(command):
    (example,) = blocks(SECTIONS[command], "console")
    first, *output = example.splitlines()
    assert first.startswith(f"$ underbutler {command} /data/")
    assert output


def test_no_section_is_of_a_command_that_is_gone():
    assert set(SECTIONS) == {"The command line", "Exit codes", *COMMANDS}


def test_the_exit_codes_are_those_of_the_errors():
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, flags=re.MULTILINE)}
    raised = {getattr(errors, name).exit_code for name in errors.__all__}
    # Done, and done in part, are no errors.
    assert documented == raised | {0, 6}

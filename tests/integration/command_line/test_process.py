"""Usage, exit status, pipes and signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from command_lines import ARGUMENTS, COMMANDS, ENTRY_POINT, Ended, done, run
from factories import hsc_exposure
from underbutler import Butler
from underbutler.cli.__main__ import cli, main
from underbutler.local.night import hsc_header, make_fits


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("frobnicate",), "No such command 'frobnicate'"),
        (("create",), "Missing argument 'REPO'"),
        (("ingest-raws", "repo"), "Missing argument 'LOCATION...'"),
        (("ingest-raws", "repo", "x", "-t", "move"), "'move' is not one of 'direct', 'copy'"),
        (("query-datasets", "repo", "--output", "xml"), "'xml' is not one of"),
        (("query-datasets", "repo", "--limit", "many"), "not a valid integer"),
        (("query-datasets", "repo", "--frobnicate"), "No such option"),
        (("register-instrument", "repo"), "Missing argument 'INSTRUMENT...'"),
    ],
)
def test_wrong_usage_is_a_wrong_request(arguments, said):
    result = CliRunner().invoke(cli, arguments, prog_name="underbutler")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_every_command_has_help(command, option):
    result = CliRunner().invoke(cli, [*command, option], prog_name="underbutler")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Usage: {' '.join(('underbutler', *command))} ")


@pytest.mark.parametrize(
    ("shared", "commands"),
    [
        (
            "--output",
            {
                *("ingest-raws", "update-exposures"),
                *(name for name in COMMANDS if name.startswith("query-")),
            },
        ),
        (
            "--where",
            {
                *("query-collections", "query-datasets", "query-dimension-records"),
                "update-exposures",
            },
        ),
        ("--order-by", {"query-datasets", "query-dimension-records"}),
        ("--limit", {"query-datasets", "query-dimension-records"}),
    ],
)
def test_an_option_has_one_name_and_one_meaning_in_all_commands(shared, commands):
    found = {
        name: option
        for name in COMMANDS
        for option in cli.get_command(None, name).params
        if shared in option.opts
    }
    assert set(found) == commands
    assert len({option.help for option in found.values()}) == 1
    assert all(
        cli.get_command(None, name).params[0].name == "repo" for name in ("create", *ARGUMENTS)
    )


def test_the_installed_command_ends_with_the_errors_status(tmp_path: Path):
    ended = process("query-datasets", tmp_path / "none")
    assert ended.status == 4
    assert ended.out == ""
    assert ended.err.startswith("Error: There is no repository at ")
    assert ended.err.count("\n") == 1


def test_the_module_runs_as_the_command_does():
    ended = process("--version", command=(sys.executable, "-m", "underbutler.cli"))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("underbutler, version ")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_reader_that_leaves_early_sees_no_traceback(form, ingested: Path):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = process("query-datasets", ingested, "-o", form, stdout=writer)
    finally:
        os.close(writer)
    assert (ended.status, ended.err) == (1, "")


def test_a_table_in_a_pipe_is_neither_folded_nor_coloured(ingested: Path):
    ended = process("query-datasets", ingested, COLUMNS="40", TERM="xterm-256color")
    assert len(ended.out.strip().splitlines()) == 2 + 4
    assert "\x1b" not in ended.out


def test_text_of_any_language_is_printed_under_any_locale(repo: Path, tmp_path: Path):
    exposure = hsc_exposure()
    path = tmp_path / "raw +1 \N{GREEK SMALL LETTER ALPHA}.fits"
    path.write_bytes(make_fits(hsc_header(exposure, 0)))
    done("ingest-raws", repo, path)
    ended = process("query-datasets", repo, "--show-uri", "-o", "csv", LC_ALL="C")
    assert (ended.status, ended.err) == (0, "")
    assert path.name in ended.out


def test_ctrl_c_ends_a_command_without_a_traceback(repo: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        child = subprocess.Popen(
            [ENTRY_POINT, "ingest-raws", repo, "s3://bucket/night"],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # It is connected and waits for an answer that does not come.
        connection, _ = silent.accept()
        with connection:
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err.strip()) == (1, "", "Aborted!")


def test_a_mistake_of_ours_says_how_to_see_it(repo: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(self: Butler, where: str) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr(Butler, "query_collections", fail)
    ended = run("query-collections", repo)
    assert ended.status == 1
    assert "UNDERBUTLER_DEBUG=1" in ended.err
    assert "Traceback" not in ended.err
    monkeypatch.setenv("UNDERBUTLER_DEBUG", "1")
    with pytest.raises(RuntimeError, match="it broke"):
        main(["query-collections", str(repo)])


def process(
    *arguments: object,
    command: tuple[object, ...] = (ENTRY_POINT,),
    stdout: int = subprocess.PIPE,
    **environment: str,
) -> Ended:
    """Run a command in a process of its own."""
    ended = subprocess.run(
        [*map(str, command), *map(str, arguments)],
        env={**os.environ, **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return Ended(status=ended.returncode, out=ended.stdout or "", err=ended.stderr)

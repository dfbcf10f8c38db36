"""The command line, called as users call it."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factories import hsc_exposure
from registry_dump import dump
from underbutler.cli.__main__ import cli, main
from underbutler.local.endpoint import Endpoint
from underbutler.local.night import hsc_header, make_fits, make_index
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry

COMMANDS = tuple(sorted(cli.list_commands(None)))
# What each command on a repository takes after it.
ARGUMENTS = {
    "define-visits": ("HSC",),
    "ingest-raws": (".",),
    "migrate": (),
    "query-collections": (),
    "query-datasets": (),
    "query-dimension-records": ("exposure",),
    "register-instrument": ("HSC",),
    "update-exposures": ("HSC",),
}
QUERIES = (
    ("query-collections",),
    ("query-datasets", "--show-uri"),
    ("query-dimension-records", "exposure"),
    ("query-dimension-records", "instrument"),
    ("query-dimension-records", "visit", "--regions"),
)
EXPOSURES = (100_000, 100_002)
DETECTORS = (0, 1)
ENTRY_POINT = Path(sys.executable).with_name("underbutler")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """What it printed as JSON."""
        rows: list[dict[str, Any]] = json.loads(self.out)
        return rows


def run(*arguments: object) -> Ended:
    """Run a command as the entry point does."""
    with (
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
        pytest.raises(SystemExit) as end,
    ):
        main([str(argument) for argument in arguments])
    return Ended(status=int(end.value.code or 0), out=out.getvalue(), err=err.getvalue())


def done(*arguments: object) -> Ended:
    """Run a command that has to succeed, and to say nothing beside its result."""
    ended = run(*arguments)
    assert (ended.status, ended.err) == (0, "")
    return ended


def refused(status: int, *arguments: object) -> str:
    """Run a command that has to fail with one message; returns the message."""
    ended = run(*arguments)
    assert (ended.status, ended.out) == (status, ""), ended
    lines = ended.err.splitlines()
    assert lines[0].startswith("Error: ")
    assert len(lines) == 1
    assert lines[0].endswith((".", "?")), "an error is a sentence"
    return lines[0]


def datasets(repo: Path, *options: object) -> list[dict[str, Any]]:
    return done("query-datasets", repo, "-o", "json", *options).rows()


def counts(ended: Ended) -> dict[str, int]:
    """The summary of an ingest, without its time."""
    (row,) = ended.rows()
    assert row.pop("seconds") >= 0
    return row


def write_night(folder: Path) -> Path:
    """Write the files of two exposures: one described by an index, one by its headers."""
    for number in EXPOSURES:
        exposure = hsc_exposure(number)
        headers = {f"{exposure.name}-{d:03d}.fits": hsc_header(exposure, d) for d in DETECTORS}
        place = folder / exposure.name
        place.mkdir(parents=True)
        for name, header in headers.items():
            (place / name).write_bytes(make_fits(header))
        if number == EXPOSURES[0]:
            (place / "_index.json").write_bytes(make_index(headers, "metadata"))
    return folder


@contextmanager
def common_user() -> Iterator[None]:
    """Be anybody but root, who may look into every folder."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def dumped(repo: Path) -> list[str]:
    """What a repository's registry holds."""
    registry = Registry(connect_registry(f"sqlite:///{repo}/registry.sqlite3"))
    try:
        return dump(registry)
    finally:
        registry.close()


def upload(endpoint: Endpoint, bucket: str, folder: Path) -> None:
    client = endpoint.client("s3")
    for path in sorted(folder.rglob("*.*")):
        key = f"{folder.name}/{path.relative_to(folder)}"
        client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

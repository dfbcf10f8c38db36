"""The command line from its entry point to files and databases, as a curator uses it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from factories import hsc_exposure
from registry_dump import dump
from underbutler import Butler
from underbutler.bootstrap import make_store
from underbutler.butler.raw_ingest import list_locations
from underbutler.cli.__main__ import cli, main
from underbutler.errors import StoreUnavailableError
from underbutler.local.endpoint import Endpoint
from underbutler.local.night import bad_files, hsc_header, make_fits, make_index
from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry

COMMANDS = tuple(sorted(cli.list_commands(None)))
# What each command takes after the repository.
ARGUMENTS = {
    "define-visits": ("HSC",),
    "ingest-raws": (".",),
    "migrate": (),
    "query-collections": (),
    "query-datasets": (),
    "query-dimension-records": ("exposure",),
    "register-instrument": ("HSC",),
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


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A folder of good raws."""
    return write_night(tmp_path / "night")


@pytest.fixture(scope="module")
def registered_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = tmp_path_factory.mktemp("registered") / "repo"
    done("create", repo)
    done("register-instrument", repo, "HSC")
    return repo


@pytest.fixture(scope="module")
def ingested(registered_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a night in it, to be read only."""
    folder = tmp_path_factory.mktemp("ingested")
    shutil.copytree(registered_template, folder / "repo")
    done("ingest-raws", folder / "repo", write_night(folder / "night"))
    return folder / "repo"


@pytest.fixture
def repo(registered_template: Path, tmp_path: Path) -> Path:
    """A repository of the test's own that knows HSC and no datasets."""
    shutil.copytree(registered_template, tmp_path / "repo")
    return tmp_path / "repo"


# create


def test_a_new_repository_is_a_folder_with_a_configuration_and_a_registry(tmp_path: Path):
    ended = done("create", tmp_path / "a/repo")
    assert {path.name for path in (tmp_path / "a/repo").iterdir()} == {
        "butler.yaml",
        "registry.sqlite3",
    }
    assert f"underbutler register-instrument {tmp_path / 'a/repo'}" in ended.out


def test_a_repository_is_not_made_over_another(repo: Path):
    before = (repo / "butler.yaml").read_bytes()
    assert "already" in refused(8, "create", repo)
    assert (repo / "butler.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("status", "arguments", "said"),
    [
        (7, ("file",), "cannot be made: File exists"),
        (7, ("file/below",), "cannot be made: Not a directory"),
        (7, ("new", "--db", "mysql://host/name"), "PostgreSQL or SQLite, not on 'mysql'"),
        (7, ("new", "--db", "nonsense"), "Expected postgresql://"),
        (7, ("new", "--db", ""), "Expected postgresql://"),
        (7, ("new", "--db", "postgresql://u@h:port/name"), "Expected postgresql://"),
        (7, ("new", "--db", "sqlite://"), "Give a file"),
        (7, ("new", "--db", "sqlite:////proc/none/x.sqlite3"), "/proc/none cannot be made"),
        (5, ("new", "--db", "postgresql://u@127.0.0.1:1/name"), "not available"),
        (2, ("s3://",), "s3://bucket/key"),
        (2, ("ftp://host/repo",), "s3://bucket/key"),
        (2, ("s3://key:secret@bucket/repo",), "holds no credentials"),
        (7, ("s3://bucket/repo",), "no AWS credentials"),
    ],
)
def test_a_repository_that_cannot_be_made_leaves_nothing_behind(
    status, arguments, said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("file").touch()
    message = refused(status, "create", *arguments)
    assert said in message
    assert "secret" not in message
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_repository_in_s3_needs_a_database(aws_environment: Endpoint, bucket: str):
    assert "--db postgresql://" in refused(7, "create", f"s3://{bucket}/repo")


@pytest.mark.parametrize("place", ["user", "query"])
def test_a_password_is_used_and_neither_written_nor_shown(
    place, empty_postgres_url: str, tmp_path: Path
):
    url = make_url(empty_postgres_url)
    url = (
        url.set(password="sesame")
        if place == "user"
        else url.update_query_dict({"password": "sesame"})
    )
    ended = done("create", tmp_path, "--db", url.render_as_string(hide_password=False))
    assert "sesame" not in ended.out + (tmp_path / "butler.yaml").read_text()
    assert done("query-collections", tmp_path, "-o", "json").rows() == []


def test_a_relative_database_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done("create", "repo", "--db", "sqlite:///beside.sqlite3")
    monkeypatch.chdir("/")
    assert done("query-collections", tmp_path / "repo", "-o", "json").rows() == []


def test_a_repository_is_named_by_its_folder_or_its_configuration(ingested: Path):
    by_folder = done("query-collections", ingested)
    assert done("query-collections", ingested / "butler.yaml") == by_folder


def test_a_folder_that_was_moved_is_still_a_repository(repo: Path, tmp_path: Path):
    moved = repo.rename(tmp_path / "moved")
    assert done("query-dimension-records", moved, "instrument", "-o", "json").rows()


# repositories that are none


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "create"])
def test_a_missing_repository_is_not_found_and_told_how_to_make(command, tmp_path: Path):
    place = tmp_path / "none"
    message = refused(4, command, place, *ARGUMENTS[command])
    assert f"Make one with `underbutler create {place}`." in message


def test_a_file_is_no_repository(tmp_path: Path):
    (tmp_path / "file").touch()
    assert "no repository" in refused(4, "query-datasets", tmp_path / "file")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "registry.db is missing"),
        (b"a: [", "registry.db is missing"),
        (b"- 1", "registry.db is missing"),
        (b"registry: {}", "registry.db is missing"),
        (b"registry: {db: 1}", "URL cannot be read"),
        (b'registry: {db: "sqlite:///<butlerRoot>/none.sqlite3"}', "holds no registry"),
        (b'registry: {db: "sqlite:///<butlerRoot>/none/none.sqlite3"}', "does not exist"),
        (b'registry: {db: "sqlite:///<butlerRoot>/butler.yaml"}', "not a database"),
        (b'registry: {db: "postgresql://h/x", managers: {}}', "a repository of the LSST Butler"),
    ],
)
def test_a_broken_configuration_is_a_wrong_set_up(text, said, tmp_path: Path):
    (tmp_path / "butler.yaml").write_bytes(text)
    assert said in refused(7, "query-datasets", tmp_path)


def test_a_repository_that_may_not_be_read_is_told(tmp_path: Path):
    # A folder in place of the file: root may read all files, but not that.
    (tmp_path / "butler.yaml").mkdir()
    assert "butler.yaml cannot be read" in refused(5, "query-datasets", tmp_path)


# register-instrument


@pytest.mark.parametrize("name", ["HSC", "lsst.obs.subaru.HyperSuprimeCam"])
def test_an_instrument_is_registered_by_either_name(name, tmp_path: Path):
    done("create", tmp_path)
    assert done("register-instrument", tmp_path, name).out == "HSC: registered.\n"
    assert done("register-instrument", tmp_path, name).out == "HSC: up to date.\n"


@pytest.mark.parametrize("command", ["register-instrument", "define-visits"])
@pytest.mark.parametrize(("name", "meant"), [("HCS", "HSC"), ("hsc", "HSC"), ("DECcam", "DECam")])
def test_a_wrong_instrument_is_answered_with_the_one_that_was_meant(command, name, meant, repo):
    assert f"Did you mean '{meant}'?" in refused(4, command, repo, name)


def test_no_instrument_is_registered_when_one_of_them_is_wrong(repo: Path):
    refused(4, "register-instrument", repo, "DECam", "Kodak")
    rows = done("query-dimension-records", repo, "instrument", "-o", "json").rows()
    assert [row["name"] for row in rows] == ["HSC"]


def test_files_that_waited_for_an_instrument_are_registered_with_it(night: Path, tmp_path: Path):
    repo = tmp_path / "repo"
    done("create", repo)
    early = run("ingest-raws", repo, night, "-o", "json")
    assert (early.status, counts(early)["waiting"]) == (6, 4)
    assert "underbutler register-instrument REPO HSC" in early.err
    assert (
        "4 files had waited for it; 2 visits defined."
        in done("register-instrument", repo, "HSC").out
    )
    assert len(datasets(repo)) == 4
    assert done("register-instrument", repo, "HSC").out == "HSC: up to date.\n"


# ingest-raws


def test_raws_are_registered_and_their_visits_defined(repo: Path, night: Path):
    ended = done("ingest-raws", repo, night, "-o", "json")
    assert counts(ended) == {"files": 4, "registered": 4, "copied": 0, "visits": 2}
    assert [(row["exposure"], row["detector"]) for row in datasets(repo)] == [
        (100_000, 0),
        (100_002, 0),
        (100_000, 1),
        (100_002, 1),
    ]


def test_visits_are_left_for_later_on_request(repo: Path, night: Path):
    ended = done("ingest-raws", repo, night, "--no-define-visits", "-o", "json")
    assert counts(ended)["visits"] == 0
    assert done("define-visits", repo, "HSC").out == "2 visits, 0 deleted.\n"


def test_the_same_night_twice_adds_nothing(repo: Path, night: Path):
    done("ingest-raws", repo, night)
    before = dumped(repo)
    ended = done("ingest-raws", repo, night, "-o", "json")
    assert counts(ended) == {"files": 4, "duplicate": 4, "copied": 0, "visits": 0}
    assert dumped(repo) == before


@pytest.mark.parametrize("order", [("direct", "copy"), ("copy", "copy"), ("copy", "direct")])
def test_what_was_copied_once_stays_copied_once(order, repo: Path, night: Path):
    for transfer in order:
        done("ingest-raws", repo, night, "-t", transfer)
    before = dumped(repo)
    assert counts(done("ingest-raws", repo, night, "-t", "copy", "-o", "json"))["copied"] == 0
    assert dumped(repo) == before


def test_direct_ingest_leaves_files_where_they_are(repo: Path, night: Path):
    done("ingest-raws", repo, night, "-t", "direct")
    assert list(repo.rglob("*.fits")) == []
    assert {row["uri"] for row in datasets(repo, "--show-uri")} == {
        f"file://{path}" for path in night.rglob("*.fits")
    }


def test_copies_have_the_butlers_names_and_the_files_bytes(repo: Path, night: Path):
    originals = {path.read_bytes() for path in night.rglob("*.fits")}
    assert counts(done("ingest-raws", repo, night, "-t", "copy", "-o", "json"))["copied"] == 4
    copies = sorted(repo.rglob("*.fits"))
    assert str(copies[0].relative_to(repo)) == (
        "HSC/raw/all/raw/20260301/HSCE00100000/raw_HSC_HSCE00100000_1_53_HSC_raw_all.fits"
    )
    assert {path.read_bytes() for path in copies} == originals
    assert {row["uri"] for row in datasets(repo, "--show-uri")} == {f"file://{p}" for p in copies}


def test_copies_stand_without_their_originals(repo: Path, night: Path):
    done("ingest-raws", repo, night, "-t", "copy")
    shutil.rmtree(night)
    with Butler(str(repo)) as butler:
        raw = butler.get("raw", instrument="HSC", exposure=100_000, detector=0)
    assert raw.header["EXP-ID"] == "HSCE00100000"


def test_a_bad_file_is_reported_and_does_not_stop_the_others(repo: Path, night: Path):
    for drop in bad_files().values():
        path = night / drop.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drop.body)
    ended = run("ingest-raws", repo, night, "-o", "json")
    assert ended.status == 6
    assert counts(ended) == {"files": 7, "registered": 5, "rejected": 2, "copied": 0, "visits": 3}
    odd = f"file://{night}/hsc/2026-03-01/odd"
    assert [line.partition(": ")[0] for line in ended.err.splitlines()] == [
        f"rejected (no-end) {odd}/corrupt.fits",
        f"rejected (bad-sidecar) {odd}/half.json",
        f"rejected (unknown-instrument) {odd}/mystery.fits",
    ]


def test_a_bad_file_that_was_mended_is_registered(repo: Path, night: Path):
    path = next(night.rglob("*-000.fits"))
    whole = path.read_bytes()
    (path.parent / "_index.json").unlink(missing_ok=True)
    path.write_bytes(whole[:1200])
    assert run("ingest-raws", repo, night).status == 6
    path.write_bytes(whole)
    assert counts(done("ingest-raws", repo, night, "-o", "json"))["registered"] == 1


@pytest.mark.parametrize("make", [Path.mkdir, None], ids=["empty", "missing"])
def test_a_folder_without_files_is_not_found(make, repo: Path, tmp_path: Path):
    if make:
        make(tmp_path / "folder")
    assert "folder" in refused(4, "ingest-raws", repo, tmp_path / "folder")


def test_a_location_that_the_system_refuses_is_told(repo: Path, night: Path):
    assert "name too long" in refused(5, "ingest-raws", repo, night / ("x" * 300))


def test_a_folder_that_may_not_be_looked_into_is_not_passed_over():
    with common_user(), tempfile.TemporaryDirectory() as folder:
        closed = Path(folder, "closed")
        closed.mkdir(mode=0o000)
        with pytest.raises(StoreUnavailableError, match="closed may not be read"):
            list(list_locations(make_store(), [folder]))


def test_one_file_is_a_location(repo: Path, night: Path):
    path = next(night.rglob("*.fits"))
    assert counts(done("ingest-raws", repo, path, "-o", "json"))["registered"] == 1


def test_relative_locations_are_registered_by_their_whole_path(
    repo: Path, night: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(night)
    done("ingest-raws", repo, ".")
    assert all(
        row["uri"].startswith(f"file://{night}/HSCE") for row in datasets(repo, "--show-uri")
    )


@pytest.mark.parametrize("location", ["ftp://host/x", "s3://", "s3://key:secret@bucket/x"])
def test_a_location_that_is_no_uri_is_a_wrong_request(location, repo: Path):
    assert "secret" not in refused(2, "ingest-raws", repo, location)


def test_raws_in_a_bucket_are_registered_where_they_are(
    repo: Path, night: Path, aws_environment: Endpoint, bucket: str
):
    upload(aws_environment, bucket, night)
    ended = done("ingest-raws", repo, f"s3://{bucket}/night/", "-o", "json")
    assert counts(ended)["registered"] == 4
    assert {row["uri"] for row in datasets(repo, "--show-uri")} == {
        f"s3://{bucket}/night/{path.relative_to(night)}" for path in night.rglob("*.fits")
    }


@pytest.mark.parametrize("location", ["s3://no-such-bucket/night", "s3://{bucket}/nothing"])
def test_a_missing_bucket_or_prefix_is_not_found(
    location, repo: Path, aws_environment: Endpoint, bucket: str
):
    place = location.format(bucket=bucket)
    assert place in refused(4, "ingest-raws", repo, place)


@pytest.mark.parametrize("prefix", ["", "/deep/repo"])
def test_a_repository_may_live_in_a_bucket(
    prefix, night: Path, aws_environment: Endpoint, bucket: str, empty_postgres_url: str
):
    repo = f"s3://{bucket}{prefix}"
    done("create", repo, "--db", empty_postgres_url)
    done("register-instrument", repo, "HSC")
    done("ingest-raws", repo, night, "-t", "copy")
    shutil.rmtree(night)
    rows = done("query-datasets", repo, "--show-uri", "-o", "json").rows()
    assert {row["uri"].partition("/HSC/raw/all/raw/20260301/HSCE")[0] for row in rows} == {repo}
    with Butler(repo) as butler:
        assert butler.get("raw.metadata", instrument="HSC", exposure=100_002, detector=1)["DET-ID"]


# define-visits, migrate


def test_visits_are_defined_again_where_they_stand(repo: Path, night: Path):
    done("ingest-raws", repo, night)
    before = dumped(repo)
    assert done("define-visits", repo, "HSC").out == "2 visits, 0 deleted.\n"
    assert done("define-visits", repo, "HSC", "--missing").out == "0 visits, 0 deleted.\n"
    assert dumped(repo) == before


def test_why_an_exposure_makes_no_visit_is_told(repo: Path, tmp_path: Path):
    bias = hsc_exposure(data_type="BIAS", exposure_time_s=0.0)
    (tmp_path / "bias.fits").write_bytes(make_fits(hsc_header(bias, 0)))
    done("ingest-raws", repo, tmp_path / "bias.fits")
    ended = run("define-visits", repo, "HSC")
    assert (ended.status, ended.out) == (0, "0 visits, 0 deleted.\n")
    assert ended.err.startswith("1 exposures not-on-sky, such as 100000: ")


def test_visits_of_an_instrument_that_is_not_registered_are_refused(repo: Path):
    assert "register-instrument REPO DECam" in refused(4, "define-visits", repo, "DECam")


def test_a_registry_of_today_needs_no_migration(repo: Path):
    assert done("migrate", repo).out.endswith(" already.\n")


# queries


@pytest.mark.parametrize("query", QUERIES, ids=" ".join)
def test_json_csv_and_table_hold_the_same_rows(query, ingested: Path):
    command, *options = query
    by_form = {
        form: done(command, ingested, *options, "-o", form).out for form in ("json", "csv", "table")
    }
    rows = json.loads(by_form["json"])
    texts = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert rows
    assert list(csv.DictReader(io.StringIO(by_form["csv"]))) == texts
    heading, _, *lines = [line for line in by_form["table"].splitlines() if line.strip()]
    assert heading.split() == list(rows[0])
    assert [line.split() for line in lines] == [" ".join(row.values()).split() for row in texts]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("query-datasets", ()), ("query-collections", ()), ("query-dimension-records", ("visit",))],
)
def test_nothing_found_is_no_error(command, arguments, repo: Path):
    assert done(command, repo, *arguments, "-o", "json").rows() == []
    assert run(command, repo, *arguments) == Ended(status=0, out="", err="Nothing matches.\n")


@pytest.mark.parametrize(
    ("condition", "number"),
    [
        ("", 4),
        ("instrument='HSC' AND day_obs IN (20260301..20260303)", 4),
        ("exposure = 100002", 2),
        ("exposure = 100002 AND NOT detector = 0", 1),
        ("exposure.target_name = 'COSMOS' AND detector IN (1, 7)", 2),
        ("visit = 100000", 2),
        ("exposure.day_obs < 20260301", 0),
    ],
)
def test_conditions_choose_datasets(condition, number, ingested: Path):
    assert len(datasets(ingested, "--where", condition)) == number


@pytest.mark.parametrize(
    ("condition", "message", "place"),
    [
        ("exposure = 1 AND", "cannot be read", 16),
        ("exposure = ", "cannot be read", 10),
        ("1 = exposur", "Did you mean exposure", 4),
        ("exposure = 'x'", "compared with what is a number", 11),
        ("day_obs = 1 AND instrument = 3", "compared with", 29),
    ],
)
@pytest.mark.parametrize("command", [("query-datasets",), ("query-dimension-records", "visit")])
def test_a_wrong_condition_is_pointed_at(command, condition, message, place, ingested: Path):
    name, *rest = command
    ended = run(name, ingested, *rest, "--where", condition)
    assert (ended.status, ended.out) == (2, "")
    first, shown, pointer = ended.err.splitlines()
    assert message in first
    assert shown == f"  {condition}"
    assert pointer.index("^") - 2 == place


@pytest.mark.parametrize(
    ("status", "command", "arguments", "said"),
    [
        (4, "query-datasets", ("rawr",), "There is no dataset type 'rawr'. Known: raw."),
        (4, "query-datasets", ("raw", "--collections", "none"), "no collection 'none'"),
        (4, "query-datasets", ("raw", "--collections", "HSC/raw/all,none"), "no collection 'none'"),
        (2, "query-datasets", ("raw", "--order-by", "beauty"), "'beauty' means nothing"),
        (2, "query-dimension-records", ("vist",), "no dimension element 'vist'. Known: instrument"),
        (2, "query-dimension-records", ("visit", "--order-by", "beauty"), "means nothing"),
    ],
)
def test_names_that_mean_nothing_are_named(status, command, arguments, said, ingested: Path):
    assert said in refused(status, command, ingested, *arguments)


def test_names_of_types_and_collections_may_be_globs(ingested: Path):
    assert len(datasets(ingested, "r*")) == 4
    assert run("query-datasets", ingested, "calib*").err == "Nothing matches.\n"
    assert done("query-collections", ingested, "HSC/*", "-o", "json").rows()[0]["type"] == "RUN"


def test_rows_are_sorted_by_what_is_asked(ingested: Path):
    rows = datasets(ingested, "--order-by", "-exposure", "--order-by", "detector")
    assert [(row["exposure"], row["detector"]) for row in rows] == [
        (100_002, 0),
        (100_002, 1),
        (100_000, 0),
        (100_000, 1),
    ]


@pytest.mark.parametrize(
    ("limit", "number", "said"),
    [
        (0, 4, ""),
        (3, 3, ""),
        (4, 4, ""),
        (-4, 4, ""),
        (-3, 3, "There are more than 3 results: give --limit 0 for all.\n"),
    ],
)
def test_a_negative_limit_warns_and_a_positive_one_does_not(limit, number, said, ingested: Path):
    ended = run("query-datasets", ingested, "--limit", limit, "-o", "json")
    assert (ended.status, len(ended.rows()), ended.err) == (0, number, said)


def test_regions_are_shown_on_request_alone(ingested: Path):
    plain = done("query-dimension-records", ingested, "visit", "-o", "json").rows()
    regions = done("query-dimension-records", ingested, "visit", "--regions", "-o", "json").rows()
    assert "region" not in plain[0]
    assert bytes.fromhex(regions[0]["region"])[:1] == b"p"


def test_times_are_shown_as_tai(ingested: Path):
    rows = done("query-dimension-records", ingested, "exposure", "-o", "json").rows()
    assert rows[0]["timespan.begin"] == "2026-03-01 05:00:37.000000000"


# the page about it


def test_the_examples_of_the_page_print_what_it_shows(tmp_path: Path):
    write_night(tmp_path / "night")
    page = (Path(__file__).parents[2] / "docs/reference/cli.md").read_text(encoding="utf-8")
    examples = re.findall(
        r"^```console\n\$ underbutler (.*?)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    assert len(examples) == len(COMMANDS)
    for line, shown in examples:
        ended = done(*shlex.split(line.replace("/data/", f"{tmp_path}/")))
        printed = ended.out.replace(f"{tmp_path}/", "/data/")
        assert plain(printed) == plain(shown), line


def plain(text: str) -> list[list[str]]:
    """The words of a text without its rules, blank lines and durations."""
    durations = re.sub(r" \d+\.\d\d? *$", " SECONDS", text, flags=re.MULTILINE)
    return [words for line in durations.replace("─", "").splitlines() if (words := line.split())]


# usage


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
        ("--output", {"ingest-raws", *(name for name in COMMANDS if name.startswith("query-"))}),
        ("--where", {"query-datasets", "query-dimension-records"}),
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
    assert all(cli.get_command(None, name).params[0].name == "repo" for name in COMMANDS)


# the process


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
    def fail(self: Butler) -> None:
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

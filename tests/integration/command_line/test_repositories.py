"""Repositories made and named, instruments registered."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from command_lines import ARGUMENTS, counts, datasets, done, refused, run
from underbutler.local.endpoint import Endpoint


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


@pytest.mark.parametrize("command", ARGUMENTS)
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

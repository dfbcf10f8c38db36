"""Raws ingested and their visits defined."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from command_lines import common_user, counts, datasets, done, dumped, refused, run, upload
from factories import hsc_exposure, translated
from underbutler import Butler
from underbutler.bootstrap import make_store
from underbutler.butler.raw_ingest import list_locations
from underbutler.errors import StoreUnavailableError
from underbutler.local.endpoint import Endpoint
from underbutler.local.night import bad_files, hsc_header, make_fits
from underbutler.model.uri import ObjectUri


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


def latiss(folder: Path, name: str, **changes: object) -> Path:
    """Write a file that only its sidecar describes; returns the file."""
    entry = translated(
        _translator="LATISS",
        instrument="LATISS",
        physical_filter="empty~empty",
        detector_name="S00",
        detector_unique_name="RXX_S00",
        detector_group="RXX",
        **changes,
    )
    path = folder / f"{name}.fits"
    path.write_bytes(make_fits({"INSTRUME": "LATISS"}))
    path.with_suffix(".json").write_text(json.dumps({**entry, "__CONTENT__": "translated"}))
    return path


@pytest.mark.parametrize("name", ["../../../../escaped", "..", "a/b", "/etc/x", "a b#?c"])
def test_a_copy_stays_in_the_repository_whatever_its_metadata_say(
    repo: Path, tmp_path: Path, name: str
):
    done("register-instrument", repo, "LATISS")
    raws = tmp_path / "raws"
    raws.mkdir()
    latiss(raws, "f", exposure_id=2026030100001, observation_id=name)
    assert counts(done("ingest-raws", repo, raws, "-t", "copy", "-o", "json"))["copied"] == 1
    (row,) = datasets(repo, "--show-uri")
    copy = Path(ObjectUri.parse(row["uri"]).key)
    assert copy.resolve().is_relative_to(repo.resolve() / "LATISS/raw/all")
    assert copy.is_file()


def test_copies_of_two_datasets_never_share_a_file(repo: Path, tmp_path: Path):
    done("register-instrument", repo, "LATISS")
    raws = tmp_path / "raws"
    raws.mkdir()
    for number in (1, 2):
        latiss(raws, str(number), exposure_id=2026030100000 + number, observation_id="same")
    for _ in range(2):
        done("ingest-raws", repo, raws, "-t", "copy")
        rows = datasets(repo, "--show-uri")
        assert len({row["uri"] for row in rows}) == 2
        with Butler(str(repo)) as butler:
            assert [butler.get("raw", instrument="LATISS", exposure=row["exposure"], detector=0)
                    for row in rows]  # fmt: skip


def test_a_file_that_is_named_is_described_by_its_sidecar(repo: Path, tmp_path: Path):
    done("register-instrument", repo, "LATISS")
    path = latiss(tmp_path, "f", exposure_id=2026030100001)
    assert counts(done("ingest-raws", repo, path, "-o", "json"))["registered"] == 1


def test_an_index_that_is_named_stands_for_its_folder(repo: Path, night: Path):
    index = next(night.rglob("*.fits")).with_name("_index.json")
    index.write_text(json.dumps({"__CONTENT__": "metadata"}))
    there = sum(1 for _ in index.parent.glob("*.fits"))
    ended = run("ingest-raws", repo, index, "-o", "json")
    assert counts(ended)["registered"] == there
    # The index says nothing of them, and that is told.
    assert "bad-index" in ended.err


def test_an_empty_location_is_none(repo: Path):
    assert "empty" in refused(2, "ingest-raws", repo, "")


def test_a_folder_without_raws_is_told(repo: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("cloudy")
    ended = run("ingest-raws", repo, empty)
    assert ended.status == 0
    assert "There are no raws" in ended.err

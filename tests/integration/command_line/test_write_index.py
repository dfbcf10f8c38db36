"""Indexes written, compared with those of astro_metadata_translator, and ingested."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from astro_metadata_translator import ObservationGroup
from astro_metadata_translator.bin.writeindex import write_index_files
from astro_metadata_translator.file_helpers import read_file_info
from astro_metadata_translator.indexing import calculate_index, read_index

from command_lines import QUERIES, datasets, done, refused, run, upload
from factories import hsc_fits
from fits_files import COMPRESSED, MINIMAL, hdu, observed
from translations import DECAM_CCD, DECAM_EXPOSURE
from underbutler.bootstrap import make_store
from underbutler.local.endpoint import Endpoint

CONTENTS = ["translated", "metadata"]
THEIR_REGEX = r"\.fit[s]?\b"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Raws of two exposures without an index."""
    place = tmp_path / "raws"
    place.mkdir()
    for number in (100_000, 100_002):
        for detector in (0, 1):
            (place / f"{number}-{detector}.fits").write_bytes(hsc_fits(number, detector))
    return place


def their_index(folder: Path, content: str) -> Any:
    """The index that astro_metadata_translator writes of a folder, as JSON."""
    if content == "translated":
        write_index_files([str(folder)], THEIR_REGEX, -1, False, content, outstream=io.StringIO())
        index = folder / "_index.json"
        written = index.read_text()
        index.unlink()
        return json.loads(written)
    # Of headers read by astropy it writes indexes of single files only: of more, it merges dicts.
    headers = {
        path.name: dict(read_file_info(str(path), -1, None, content))
        for path in sorted(folder.glob("*.fits"))
    }
    return json.loads(json.dumps(calculate_index(headers, content)))


def our_index(folder: Path, *options: object) -> Any:
    done("write-index", folder, *options)
    return json.loads((folder / "_index.json").read_text())


@pytest.mark.parametrize("content", CONTENTS)
def test_an_index_is_equal_to_astrometadata_s(folder: Path, content: str):
    expected = their_index(folder, content)
    found = our_index(folder, "-c", content)

    assert found == expected
    assert list(found) == list(expected)
    assert list(found["__COMMON__"]) == list(expected["__COMMON__"])


@pytest.mark.parametrize("content", CONTENTS)
def test_an_index_of_one_file_is_equal_to_astrometadata_s(folder: Path, content: str):
    path = folder / "100000-0.fits"
    write_index_files([str(path)], THEIR_REGEX, -1, False, content, outstream=io.StringIO())
    expected = json.loads((folder / "_index.json").read_text())
    done("write-index", path, "-c", content)

    assert json.loads((folder / "_index.json").read_text()) == expected


@pytest.mark.parametrize("content", CONTENTS)
def test_one_index_of_a_folder_s_files_is_equal_to_astrometadata_s(
    folder: Path, content: str, monkeypatch: pytest.MonkeyPatch
):
    # Theirs are relative to the working folder, ours to the index's: here these are the same.
    monkeypatch.chdir(folder.parent)
    path = "raws/100000-0.fits"
    write_index_files(
        [path], THEIR_REGEX, -1, False, content, outpath="all.json", outstream=io.StringIO()
    )
    expected = json.loads(Path("all.json").read_text())
    done("write-index", path, "-c", content, "-o", "all.json")

    assert json.loads(Path("all.json").read_text()) == expected


def test_astrometadata_reads_properties_from_our_index(folder: Path):
    our_index(folder)
    found = read_index(str(folder / "_index.json"))

    assert isinstance(found, ObservationGroup)
    assert [info.detector_num for info in found] == [0, 1, 0, 1]
    assert {info.observation_id for info in found} == {"HSCE00100000", "HSCE00100002"}
    assert found[0].datetime_begin.isot == "2026-03-01T05:00:37.000"


def test_astrometadata_reads_an_index_that_lacks_what_cannot_be_had(folder: Path):
    (folder / "100000-0.fits").write_bytes(hsc_fits(100_000, 0, **{"OUT-TMP": 1e999}))
    ended = run("write-index", folder)
    assert ended.status == 0
    assert ended.err.startswith(f"incomplete (lost) file://{folder}/100000-0.fits: temperature: ")
    assert ended.err.count("\n") == 1
    found = read_index(str(folder / "_index.json"))

    assert found[0].temperature is None
    assert found[1].temperature.to_value("K") == pytest.approx(278.35)


def test_astrometadata_reads_cards_from_our_index(folder: Path):
    our_index(folder, "-c", "metadata")
    found = read_index(str(folder / "_index.json"))

    assert [found[name]["DET-ID"] for name in sorted(found)] == [0, 1, 0, 1]
    assert {found[name]["INSTRUME"] for name in found} == {"Hyper Suprime-Cam"}


@pytest.mark.parametrize("content", CONTENTS)
def test_files_are_registered_from_an_index_as_from_their_headers(
    content: str, repo: Path, folder: Path, tmp_path: Path
):
    shutil.copytree(repo, tmp_path / "other")
    done("ingest-raws", repo, folder)
    done("write-index", folder, "-c", content)
    # Nothing but the index can tell what they are.
    for path in folder.glob("*.fits"):
        path.write_bytes(b" " * path.stat().st_size)
    done("ingest-raws", tmp_path / "other", folder)

    assert what_is_seen(tmp_path / "other") == what_is_seen(repo)
    assert len(datasets(tmp_path / "other")) == 4


@pytest.mark.parametrize("content", CONTENTS)
def test_detectors_are_listed_on_request_only(content: str, tmp_path: Path):
    (tmp_path / "decam.fits.fz").write_bytes(decam_file(25, 26))
    ended = run("write-index", tmp_path, "-c", content)
    assert (ended.status, ended.out) == (6, "")
    assert "left out (many-detectors)" in ended.err
    assert "No index was written." in ended.err

    assert run("write-index", tmp_path, "-c", content, "--detectors").status == 0
    found = json.loads((tmp_path / "_index.json").read_text())
    assert [item["__HDU__"] for item in found["decam.fits.fz"]] == [1, 2]


def test_a_bad_file_is_named_and_the_rest_indexed(folder: Path):
    (folder / "bad.fits").write_bytes(b"no FITS file".ljust(2880))
    ended = run("write-index", folder)

    assert ended.status == 6
    assert ended.out == f"file://{folder}/_index.json: 4 files.\n"
    assert ended.err.startswith(
        f"left out (not-fits) file://{folder}/bad.fits: The file is no FITS"
    )


def test_only_the_first_of_many_problems_are_told(folder: Path):
    for number in range(25):
        (folder / f"bad{number}.fits").write_bytes(b"no FITS file".ljust(2880))
    ended = run("write-index", folder)

    assert ended.err.count("left out") == 20
    assert ended.err.endswith("… and 5 more.\n")


def test_a_bucket_with_raws_is_not_written_to(folder: Path, aws_environment: Endpoint, bucket: str):
    upload(aws_environment, bucket, folder)
    for options in ((), ("-o", f"s3://{bucket}/elsewhere/_index.json")):
        message = refused(2, "write-index", f"s3://{bucket}/raws/", *options)
        assert f"s3://{bucket} is read only here" in message
    assert listed(aws_environment, bucket) == sorted(f"raws/{p.name}" for p in folder.iterdir())


@pytest.mark.parametrize("content", CONTENTS)
def test_files_in_a_bucket_are_indexed_in_another_under_their_uris(
    content: str, folder: Path, aws_environment: Endpoint, bucket: str
):
    upload(aws_environment, bucket, folder)
    aws_environment.client("s3").create_bucket(Bucket=f"{bucket}-indexes")
    target = f"s3://{bucket}-indexes/raws/_index.json"
    ended = done("write-index", f"s3://{bucket}/raws/", "-c", content, "-o", target, "-j", 4)
    assert ended.out == f"{target}: 4 files.\n"

    body = make_store().read(f"{bucket}-indexes", "raws/_index.json", largest_bytes=10**6)
    local = our_index(folder, "-c", content)
    assert json.loads(body) == {
        name if name.startswith("__") else f"s3://{bucket}/raws/{name}": entry
        for name, entry in local.items()
    }


def test_a_missing_folder_is_not_found(tmp_path: Path):
    assert "There is no file or folder" in refused(4, "write-index", tmp_path / "none")


def decam_file(*numbers: int) -> bytes:
    return hdu({**MINIMAL, "EXTEND": True, **observed(DECAM_EXPOSURE)}) + b"".join(
        hdu({**COMPRESSED, "INHERIT": True, **DECAM_CCD, "CCDNUM": number}) for number in numbers
    )


def listed(endpoint: Endpoint, bucket: str) -> list[str]:
    found = endpoint.client("s3").list_objects_v2(Bucket=bucket)
    return [item["Key"] for item in found["Contents"]]


def what_is_seen(repo: Path) -> list[str]:
    """What users see of a repository."""
    return [done(command, repo, *options, "-o", "json").out for command, *options in QUERIES]

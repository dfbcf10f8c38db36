"""Corrections of headers: applied on ingest, and to what stands registered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_lines import Ended, counts, done, dumped, refused, run, write_night
from factories import translated
from underbutler.local.night import make_index


@pytest.fixture
def corrections(tmp_path: Path) -> Path:
    folder = tmp_path / "corrections"
    folder.mkdir()
    return folder


@pytest.fixture
def repo(corrections: Path, tmp_path: Path) -> Path:
    place = tmp_path / "corrected"
    done("create", place, "--corrections", corrections)
    done("register-instrument", place, "HSC")
    return place


def exposures(repo: Path) -> dict[int, str]:
    """Exposure → what it is said to look at."""
    rows = done("query-dimension-records", repo, "exposure", "-o", "json").rows()
    return {row["id"]: row["target_name"] for row in rows}


def correct(corrections: Path, text: str, name: str = "HSC-HSCE00100000") -> Path:
    path = corrections / f"{name}.yaml"
    path.write_text(text)
    return path


def update(repo: Path, *options: object, status: int = 0) -> Ended:
    options = options if "-o" in options else (*options, "-o", "json")
    ended = run("update-exposures", repo, "HSC", *options)
    assert ended.status == status, ended
    return ended


def test_headers_are_corrected_on_ingest(repo: Path, night: Path, corrections: Path):
    correct(corrections, "OBJECT: M31\nEXPTIME: 30.5\n")
    done("ingest-raws", repo, night)
    assert exposures(repo) == {100_000: "M31", 100_002: "COSMOS"}
    rows = done(
        "query-dimension-records", repo, "exposure", "-o", "json", "--where", "exposure = 100000"
    ).rows()
    assert rows[0]["exposure_time"] == 30.5


def test_a_dry_run_tells_the_difference_and_makes_none(repo: Path, night: Path, corrections: Path):
    done("ingest-raws", repo, night)
    before = dumped(repo)
    file = correct(corrections, "OBJECT: M31\n")
    ended = update(repo, "--dry-run")
    assert ended.rows() == [
        {
            "instrument": "HSC", "exposure": 100_000, "obs_id": "HSCE00100000",
            "column": "target_name", "before": "COSMOS", "after": "M31",
        },
        {
            "instrument": "HSC", "exposure": 100_000, "obs_id": "HSCE00100000",
            "column": "corrections", "before": None, "after": f"OBJECT from file://{file}",
        },
    ]  # fmt: skip
    assert "1 would change" in update(repo, "--dry-run", "-o", "table").err
    assert dumped(repo) == before


def test_what_stands_registered_is_corrected_and_is_then_as_if_ingested_so(
    repo: Path, night: Path, corrections: Path, tmp_path: Path
):
    done("ingest-raws", repo, night)
    correct(corrections, "OBJECT: M31\nRA2000: '00:42:44.3'\nDEC2000: '+41:16:09'\n")
    assert "1 changed, 1 visits defined again" in update(repo, "-o", "table").err
    assert exposures(repo)[100_000] == "M31"
    again = tmp_path / "again"
    done("create", again, "--corrections", corrections)
    done("register-instrument", again, "HSC")
    done("ingest-raws", again, night)
    assert dumped(repo) == dumped(again)


def test_a_correction_that_makes_another_exposure_of_it_is_told_as_the_dry_run_told_it(
    repo: Path, night: Path, corrections: Path
):
    done("ingest-raws", repo, night)
    correct(corrections, "EXP-ID: HSCE00100004\nFRAMEID: HSCA10000400\n")
    foretold = update(repo, "--dry-run").rows()
    assert "id" in {row["column"] for row in foretold}
    assert update(repo).rows() == foretold
    assert 100_004 in exposures(repo)


def test_a_second_update_finds_nothing_to_change(repo: Path, night: Path, corrections: Path):
    done("ingest-raws", repo, night)
    correct(corrections, "OBJECT: M31\n")
    update(repo)
    before = dumped(repo)
    ended = update(repo)
    assert ended.rows() == []
    assert dumped(repo) == before


def test_corrections_that_are_taken_back_are_undone(repo: Path, night: Path, corrections: Path):
    done("ingest-raws", repo, night)
    before = dumped(repo)
    file = correct(corrections, "OBJECT: M31\n")
    update(repo)
    file.unlink()
    update(repo)
    assert dumped(repo) == before


def test_without_corrections_nothing_is_looked_at(repo: Path, night: Path):
    done("ingest-raws", repo, night)
    assert "0 exposures looked at" in update(repo, "-o", "table").err


def test_a_condition_chooses_exposures(repo: Path, night: Path, corrections: Path):
    done("ingest-raws", repo, night)
    for number in (100_000, 100_002):
        correct(corrections, "OBJECT: M31\n", f"HSC-HSCE{number:08}")
    update(repo, "--where", "exposure = 100002")
    assert exposures(repo) == {100_000: "COSMOS", 100_002: "M31"}


def test_a_file_that_holds_no_corrections_keeps_its_exposure_out_until_it_is_mended(
    repo: Path, night: Path, corrections: Path
):
    file = correct(corrections, "- OBJECT\n- M31\n")
    ended = run("ingest-raws", repo, night, "-o", "json")
    assert ended.status == 6
    assert counts(ended)["rejected"] == 2
    assert "bad-corrections" in ended.err
    assert str(file) in ended.err
    correct(corrections, "OBJECT: M31\n")
    done("ingest-raws", repo, night)
    assert exposures(repo) == {100_000: "M31", 100_002: "COSMOS"}


def test_a_bad_file_of_corrections_leaves_what_stands_registered_as_it_is(
    repo: Path, night: Path, corrections: Path
):
    done("ingest-raws", repo, night)
    before = dumped(repo)
    correct(corrections, "!!python/object:os.system {}\n")
    for options in (["--dry-run"], []):
        ended = update(repo, *options, status=6)
        assert "tag" in ended.err
        assert "translated already" not in ended.err
        assert dumped(repo) == before


def test_files_that_were_rejected_for_their_corrections_are_taken_in_once_these_are_mended(
    repo: Path, night: Path, corrections: Path
):
    correct(corrections, "- OBJECT\n- M31\n")
    run("ingest-raws", repo, night)
    update(repo, status=6)
    correct(corrections, "OBJECT: M31\n")
    update(repo)
    assert exposures(repo) == {100_000: "M31", 100_002: "COSMOS"}


def test_corrections_of_what_is_translated_already_are_told_not_to_apply(
    repo: Path, night: Path, corrections: Path
):
    entries = {
        f"HSCE00100000-{number:03}.fits": translated(detector_num=number) for number in (0, 1)
    }
    (night / "HSCE00100000" / "_index.json").write_bytes(make_index(entries, "translated"))
    done("ingest-raws", repo, night)
    correct(corrections, "OBJECT: M31\n")
    assert "translated already" in update(repo, status=6).err
    assert exposures(repo)[100_000] == "COSMOS"


def test_a_file_that_is_gone_is_named(repo: Path, night: Path, corrections: Path):
    done("ingest-raws", repo, night)
    correct(corrections, "OBJECT: M31\n")
    shutil.rmtree(night)
    ended = update(repo, "--dry-run", status=6)
    assert str(night) in ended.err


def test_an_instrument_that_is_not_registered_is_named_with_what_to_do(repo: Path):
    assert "register-instrument" in refused(4, "update-exposures", repo, "DECam")


def test_exposures_of_another_folder_are_not_meant_by_a_name_alike(
    repo: Path, corrections: Path, tmp_path: Path
):
    done("ingest-raws", repo, write_night(tmp_path / "night"))
    (corrections / "more").mkdir()
    correct(corrections / "more", "OBJECT: M31\n")
    (corrections / "HSC-HSCE00100000.yaml.old").write_text("OBJECT: M31\n")
    assert "0 exposures looked at" in update(repo, "-o", "table").err

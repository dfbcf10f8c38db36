"""Auxiliary files ingested from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from command_lines import counts, datasets, done, run
from factories import translated
from underbutler.local.night import make_fits


def write(path: Path, detector: int) -> None:
    """Write a file of LSSTCam's exposure 1 with its sidecar."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(make_fits({"INSTRUME": "LSSTCam"}))
    entry = translated(
        instrument="LSSTCam", exposure_id=1, detector_num=detector, physical_filter="r_57"
    )
    path.with_suffix(".json").write_text(json.dumps({**entry, "__CONTENT__": "translated"}))


def test_a_guider_that_waited_is_copied_when_its_exposure_comes(tmp_path: Path):
    write(tmp_path / "early" / "1_guider.fits", 193)
    write(tmp_path / "late" / "1.fits", 94)
    repo = tmp_path / "repo"
    done("create", repo)
    done("register-instrument", repo, "LSSTCam")
    assert run("ingest-raws", repo, tmp_path / "early", "-t", "copy").status == 6
    ended = done("ingest-raws", repo, tmp_path / "late", "-t", "copy", "-o", "json")
    assert counts(ended)["copied"] == 2
    assert {row["uri"] for row in datasets(repo, "--show-uri")} == {
        f"file://{path}" for path in repo.rglob("*.fits")
    }
    assert len(list(repo.rglob("guider_raw_*.fits"))) == 1

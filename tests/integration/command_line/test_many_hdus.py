"""Files with a detector an HDU, from the command line to the pixels."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_lines import done
from detector_files import compressed, decam_ccd, decam_primary, table, written
from underbutler import Butler

# Detector → its HDU: CCDs come in any order, with other HDUs between them.
PLACES = {7: 1, 3: 3, 62: 4}


@pytest.fixture
def decam(tmp_path: Path) -> Path:
    """A repository with one raw of DECam."""
    hdus = [compressed(decam_ccd(number)) for number in PLACES]
    hdus.insert(1, table({"EXTNAME": "S3"}))
    (tmp_path / "raws").mkdir()
    (tmp_path / "raws" / "c4d.fits.fz").write_bytes(written(decam_primary(), *hdus))
    repo = tmp_path / "repo"
    done("create", repo)
    done("register-instrument", repo, "DECam")
    done("ingest-raws", repo, tmp_path / "raws")
    return repo


def test_uris_tell_the_hdu(decam: Path):
    with Butler(str(decam)) as butler:
        found = {
            ref.data_id["detector"]: uris.hdu
            for ref, uris in butler.get_many_uris(butler.query_datasets("raw")).items()
        }
        headers = {number: butler.get("raw.metadata", detector=number, exposure=100_000,
                                      instrument="DECam") for number in PLACES}  # fmt: skip
    assert found == PLACES
    assert {number: header["CCDNUM"] for number, header in headers.items()} == {
        number: number for number in PLACES
    }


def test_datasets_are_listed_with_their_hdus(decam: Path):
    rows = done("query-datasets", decam, "--show-uri", "-o", "json").rows()
    assert {row["detector"]: row["hdu"] for row in rows} == PLACES

"""Raws read through a Butler."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from client_raws import (
    FILES,
    LEAST_READ_BYTES,
    SEEKABLE,
    data_id,
    path_of,
    statements_of,
    write_raw,
)
from factories import raw_ref
from underbutler import Butler
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.errors import (
    NotFoundError,
    StoreUnavailableError,
    UnderbutlerError,
    UnreadableHeaderError,
    UserError,
)


@FILES
def test_a_raw_is_what_astropy_reads(exposure, full: Butler, raws: Path):
    raw = full.get("raw", data_id(exposure))
    path = path_of(raws, exposure)
    with fits.open(path) as hdus:
        image = hdus[-1]
        assert raw.data.dtype == image.data.dtype
        np.testing.assert_array_equal(raw.data, image.data)
        assert raw.unit == "adu"
        assert raw.header["EXP-ID"] == image.header["EXP-ID"] == f"HSCE00{exposure}"
    assert raw.wcs.wcs.crval.tolist() == [150.1, 2.2]


@FILES
def test_metadata_are_all_cards_of_the_file(exposure, full: Butler, raws: Path):
    header = full.get("raw.metadata", data_id(exposure))
    with fits.open(path_of(raws, exposure)) as hdus:
        cards = {**hdus[0].header, **hdus[-1].header}
    assert dict(header) == cards


@FILES
def test_the_wcs_is_the_headers(exposure, full: Butler):
    wcs = full.get("raw.wcs", data_id(exposure))
    np.testing.assert_allclose(wcs.pixel_to_world_values(199.0, 299.0), (150.1, 2.2))


@pytest.mark.parametrize("component", ["image", "header", "metadata.wcs", " "])
def test_a_component_that_raws_lack_is_answered_with_those_they_have(component, full: Butler):
    with pytest.raises(UserError, match="It has metadata, wcs"):
        full.get(f"raw.{component}", data_id())


@SEEKABLE
@pytest.mark.parametrize("component", ["metadata", "wcs"])
def test_a_component_costs_one_small_read(component, exposure, full: Butler, reads):
    full.get(f"raw.{component}", data_id(exposure))
    assert reads == [(0, LEAST_READ_BYTES)]


@SEEKABLE
def test_a_raw_is_read_once(exposure, full: Butler, raws: Path, reads):
    full.get("raw", data_id(exposure))
    size = path_of(raws, exposure).stat().st_size
    assert len(reads) == 2
    assert sum(end - start for start, end in reads) <= size + LEAST_READ_BYTES


def test_finding_a_dataset_reads_no_file(full: Butler, reads):
    full.query_datasets("raw")
    full.getURIs("raw", data_id())
    assert reads == []


def test_a_ref_is_read_without_a_search(full: Butler):
    with statements_of(full) as sent:
        full.get(raw_ref())
    assert len(sent) == 1


def test_a_ref_reads_the_same_as_its_data_id(full: Butler):
    ref = full.find_dataset("raw", data_id(detector=1))
    np.testing.assert_array_equal(full.get(ref).data, full.get("raw", data_id(detector=1)).data)


@pytest.mark.parametrize("component", ["", ".metadata", ".wcs"])
def test_a_file_that_is_gone_is_named(component, butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.unlink()
    with pytest.raises(NotFoundError) as missed:
        butler.get(f"raw{component}", data_id(100_006))
    assert str(path) in str(missed.value)
    assert missed.value.kind == "missing-object"


def test_a_file_of_unknown_size_is_read_and_missed_as_others_are(butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    with butler.client.registry.begin() as transaction:
        (file,) = transaction.datasets.files([raw_ref(100_006).id])[raw_ref(100_006).id]
        transaction.datasets.save_files([replace(file, size_bytes=None, etag=None)])
    assert butler.get("raw.metadata", data_id(100_006))["EXP-ID"] == "HSCE00100006"
    path.unlink()
    with pytest.raises(NotFoundError) as missed:
        butler.get("raw", data_id(100_006))
    assert f"file://{path}" in str(missed.value)


def test_another_file_under_the_name_is_not_read_for_the_registered_one(
    butler: Butler, tmp_path: Path
):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.write_bytes(path.read_bytes() + bytes(2880))
    with pytest.raises(StoreUnavailableError, match="changed") as refused:
        butler.get("raw", data_id(100_006))
    assert refused.value.kind == "object-changed"


def test_a_file_that_is_no_fits_is_named(butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.write_bytes(b"no FITS at all")
    with butler.client.registry.begin() as transaction:
        (file,) = transaction.datasets.files([raw_ref(100_006).id])[raw_ref(100_006).id]
        transaction.datasets.save_files([replace(file, size_bytes=None, etag=None)])
    with pytest.raises(UnreadableHeaderError, match=f"file://{path} is no FITS file"):
        butler.get("raw", data_id(100_006))


def test_a_repository_without_datasets_knows_no_dataset_type(butler: Butler):
    with pytest.raises(NotFoundError, match="Nothing is registered yet"):
        butler.query_datasets("raw")
    assert (butler.query_dataset_types(), butler.query_collections()) == ([], [])


def test_every_error_of_the_butler_can_be_caught_as_one(full: Butler):
    with pytest.raises(UnderbutlerError):
        full.get("rawr")

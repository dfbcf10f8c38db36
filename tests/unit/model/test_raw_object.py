from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.model.raw_object import (
    INDEX_NAME,
    ObjectKind,
    ObjectState,
    RawObject,
    classify_key,
    object_uri,
    stem_of,
)

FITS, SIDECAR, INDEX, OTHER = (
    ObjectKind.FITS,
    ObjectKind.SIDECAR,
    ObjectKind.INDEX,
    ObjectKind.OTHER,
)
OBJECT = RawObject(
    bucket="raw",
    key="night/a.fits.fz",
    kind=FITS,
    state=ObjectState.REGISTERED,
    dataset_type="raw",
    instrument="HSC",
    exposure=903334,
    detector=10,
)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("a.fits", FITS),
        ("night/a.fit", FITS),
        ("night/a.fits.fz", FITS),
        ("night/a.fits.gz", FITS),
        ("night/A.FITS", FITS),
        ("a b+c%20α.fits", FITS),
        ("a//b.fits", FITS),
        ("night/a.json", SIDECAR),
        ("night/_index.json", INDEX),
        ("_index.json", INDEX),
        ("night/a_index.json", SIDECAR),
        ("night/", OTHER),
        ("night.fits/", OTHER),
        ("night/a.fits.tmp", OTHER),
        ("night/a.fits.partial", OTHER),
        ("night/.a.fits.Xy12Zz", OTHER),
        ("night/.a.fits", OTHER),
        ("night/.fits", OTHER),
        ("night/a.fits.xz", OTHER),
        ("night/a.fz", OTHER),
        ("night/fits", OTHER),
        ("", OTHER),
    ],
)
def test_an_object_is_what_its_key_says(key, kind):
    assert classify_key(key) is kind


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("night/a.fits", "night/a"),
        ("night/a.fit", "night/a"),
        ("night/a.fits.fz", "night/a"),
        ("night/a.fits.gz", "night/a"),
        ("night/a.json", "night/a"),
        ("night/A.FITS", "night/A"),
        ("a.b/c.d.fits", "a.b/c.d"),
        ("night/.fits", "night/.fits"),
        ("night/a", "night/a"),
        ("night.fits/a", "night.fits/a"),
    ],
)
def test_a_stem_is_the_key_without_what_tells_a_file_from_its_sidecar(key, stem):
    assert stem_of(key) == stem


@given(
    st.text(min_size=1).filter(lambda name: "/" not in name),
    st.sampled_from([".fits", ".fit", ".fits.fz", ".fits.gz"]),
)
def test_a_file_and_its_sidecar_have_one_stem(name, suffix):
    assert stem_of(f"night/{name}{suffix}") == stem_of(f"night/{name}.json") == f"night/{name}"


@given(st.text())
def test_any_key_has_a_kind_and_a_stem(key):
    assert classify_key(key) in ObjectKind
    assert key.startswith(stem_of(key))


def test_the_index_is_named_as_astrometadata_names_it():
    assert INDEX_NAME == "_index.json"


def test_an_object_has_an_s3_uri():
    assert OBJECT.uri == object_uri("raw", "night/a.fits.fz") == "s3://raw/night/a.fits.fz"


def test_a_local_file_has_a_file_uri():
    assert object_uri("", "/data/50%.fits") == "file:///data/50%25.fits"


def test_an_object_knows_its_stem():
    assert OBJECT.stem == "night/a"


def test_an_object_knows_the_data_id_its_metadata_gave():
    assert OBJECT.data_ids == (("raw", "HSC", 903334, 10),)


def test_a_file_whose_datasets_are_hdus_has_a_data_id_for_each():
    many = replace(OBJECT, detector=1, hdus=((1, 3), (2, 1)))
    assert many.data_ids == (("raw", "HSC", 903334, 1), ("raw", "HSC", 903334, 2))


@pytest.mark.parametrize("name", ["dataset_type", "instrument", "exposure", "detector"])
def test_part_of_a_data_id_is_none(name):
    assert replace(OBJECT, **{name: None}).data_ids == ()


def test_zero_is_a_detector():
    assert replace(OBJECT, detector=0).data_ids == (("raw", "HSC", 903334, 0),)

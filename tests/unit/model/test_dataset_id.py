from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_material import SHARED, reference
from underbutler.model.data_id import DataId
from underbutler.model.dataset import RAW
from underbutler.model.dataset_id import NAMESPACE, IdGenerationMode, data_key, dataset_uuid
from underbutler.model.dimensions import DIMENSIONS, required_dimensions

BY_TYPE = IdGenerationMode.DATAID_TYPE
BY_RUN = IdGenerationMode.DATAID_TYPE_RUN

# Dataset type, run, data ID, mode → UUID that the Butler gives (daf_butler DatasetIdFactory).
VECTORS = [
    (
        "raw",
        "HSC/raw/all",
        {"instrument": "HSC", "detector": 10, "exposure": 903334},
        BY_RUN,
        "376ecbca-d1b9-506e-b633-0886ceb8df09",
    ),
    (
        "raw",
        "HSC/raw/all",
        {"instrument": "HSC", "detector": 10, "exposure": 903334},
        BY_TYPE,
        "f6cb9ee9-944b-5a34-9cd1-8cd8c9d118ba",
    ),
    (
        "raw",
        "LSSTCam/raw/all",
        {"instrument": "LSSTCam", "detector": 94, "exposure": 2025120200439},
        BY_RUN,
        "ebb5f392-9575-550a-b4ce-e38a3e426b6f",
    ),
    (
        "raw",
        "DECam/raw/all",
        {"instrument": "DECam", "detector": 25, "exposure": 411371},
        BY_RUN,
        "a7518865-45ea-5420-90ff-91f902c48e0c",
    ),
    (
        "raw",
        "LATISS/raw/all",
        {"instrument": "LATISS", "detector": 0, "exposure": 2022040500348},
        BY_RUN,
        "e668ec78-7cdf-5f63-92d6-51fea30249e2",
    ),
    (
        "guider_raw",
        "LSSTCam/raw/guider",
        {"instrument": "LSSTCam", "detector": 193, "exposure": 2025120200439},
        BY_RUN,
        "1784cb5f-0ed7-50c1-ae2f-a295a26f1265",
    ),
    (
        "camera",
        "HSC/calib/unbounded",
        {"instrument": "HSC"},
        BY_RUN,
        "11b7343c-5650-5ada-9a2c-16306535bd03",
    ),
    (
        "raw",
        "DummyCam/raw/all",
        {"instrument": "DummyCam", "detector": 0, "exposure": 100},
        BY_RUN,
        "17e7ebd8-c83a-557a-a832-8acb305b2846",
    ),
]
DATA_ID = {"instrument": "HSC", "detector": 10, "exposure": 903334}

names = st.sampled_from(["band", "detector", "exposure", "instrument", "skymap", "tract"])
data_ids = st.dictionaries(names, st.integers() | st.text(max_size=8), min_size=1)


def test_the_namespace_is_that_of_the_observatorys_domain():
    assert uuid.uuid5(uuid.NAMESPACE_DNS, "lsst.org") == NAMESPACE


@pytest.mark.parametrize(("dataset_type", "run", "data_id", "mode", "expected"), VECTORS)
def test_a_dataset_has_the_uuid_that_the_butler_gives_it(
    dataset_type, run, data_id, mode, expected
):
    assert str(dataset_uuid(dataset_type, run, data_id, mode)) == expected


def test_the_run_counts_by_default():
    assert dataset_uuid("raw", "HSC/raw/all", DATA_ID) == dataset_uuid(
        "raw", "HSC/raw/all", DATA_ID, BY_RUN
    )


def test_without_the_run_all_runs_are_one():
    assert dataset_uuid("raw", "here", DATA_ID, BY_TYPE) == dataset_uuid(
        "raw", "there", DATA_ID, BY_TYPE
    )


@given(data_ids, st.randoms())
def test_the_order_in_which_dimensions_are_given_changes_nothing(data_id, random):
    items = list(data_id.items())
    random.shuffle(items)

    assert dataset_uuid("raw", "run", dict(items)) == dataset_uuid("raw", "run", DataId(data_id))


def test_text_is_hashed_as_utf_8():
    text = "dataset_type=raw,run=Übung,instrument=Caméra"

    assert dataset_uuid("raw", "Übung", {"instrument": "Caméra"}) == uuid.uuid5(NAMESPACE, text)


def test_the_key_of_a_data_id_depends_on_the_data_id_alone():
    assert data_key(DATA_ID) == uuid.uuid5(NAMESPACE, "detector=10,exposure=903334,instrument=HSC")


def test_numbers_of_any_length_are_written_whole():
    assert data_key({"exposure": 2**63 - 1}) == uuid.uuid5(NAMESPACE, f"exposure={2**63 - 1}")


@reference
def test_every_vector_of_the_reference_is_met():
    document = json.loads((SHARED / "vectors" / "dataset-uuid.json").read_text())
    vectors = document["vectors"]
    assert len(vectors) > 20

    found = [
        str(
            dataset_uuid(
                vector["dataset_type"],
                vector["run"],
                {name: vector["data_id"][name] for name in vector["required_dimensions"]},
                IdGenerationMode[vector["mode"]],
            )
        )
        for vector in vectors
    ]

    assert found == [vector["uuid"] for vector in vectors]


@reference
def test_the_required_dimensions_are_those_of_the_reference():
    vectors = json.loads((SHARED / "vectors" / "dataset-uuid.json").read_text())["vectors"]
    known = [v for v in vectors if v.get("dimensions") and DIMENSIONS.keys() >= {*v["dimensions"]}]
    assert known

    for vector in known:
        assert required_dimensions(vector["dimensions"]) == set(vector["required_dimensions"])


def test_raws_are_named_by_instrument_exposure_and_detector():
    assert RAW.dimensions == {"instrument", "exposure", "detector"}

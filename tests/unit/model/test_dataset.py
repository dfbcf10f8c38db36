from __future__ import annotations

from uuid import UUID

import pytest

from underbutler.errors import DataIdError
from underbutler.model.data_id import DataId
from underbutler.model.dataset import RAW, DatasetRef, DatasetType

DATA_ID = {"instrument": "HSC", "exposure": 903334, "detector": 10}
REF = DatasetRef(
    id=UUID("376ecbca-d1b9-506e-b633-0886ceb8df09"),
    dataset_type=RAW,
    data_id=DataId(DATA_ID),
    run="HSC/raw/all",
)


def test_a_raw_is_an_exposure_of_the_butler():
    assert (RAW.name, RAW.storage_class, RAW.is_calibration) == ("raw", "Exposure", False)


def test_a_dataset_type_keeps_the_required_of_the_dimensions_it_is_given():
    made = DatasetType.from_names("calexp", ["band", "visit", "detector"], "ExposureF")

    assert made.dimensions == {"instrument", "visit", "detector"}


def test_a_dataset_type_names_all_its_dimensions_in_the_universes_order():
    assert DatasetType.from_names(
        "flat", ["physical_filter", "detector"], "Exposure"
    ).all_dimensions == (
        "instrument",
        "band",
        "physical_filter",
        "detector",
    )


def test_a_data_id_is_reduced_to_the_required_dimensions():
    assert RAW.standardize({**DATA_ID, "band": "r", "day_obs": 20131102}) == DataId(DATA_ID)


def test_a_data_id_that_lacks_dimensions_is_refused_and_all_of_them_are_named():
    with pytest.raises(DataIdError, match="'raw' needs detector, exposure"):
        RAW.standardize({"instrument": "HSC"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exposure", "903334"),
        ("detector", 1.0),
        ("detector", True),
        ("instrument", 3),
        ("detector", None),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_and_named(name, value):
    with pytest.raises(DataIdError, match=name):
        RAW.standardize({**DATA_ID, name: value})


def test_a_ref_reads_as_what_it_is_of_where_it_is_and_its_uuid():
    assert str(REF) == (
        "raw@{detector: 10, exposure: 903334, instrument: 'HSC'} [HSC/raw/all]"
        " (376ecbca-d1b9-506e-b633-0886ceb8df09)"
    )


def test_refs_are_equal_whether_or_not_implied_dimensions_were_looked_up():
    looked_up = DatasetRef(
        id=REF.id,
        dataset_type=RAW,
        data_id=REF.data_id,
        run=REF.run,
        implied=DataId({"band": "r"}),
    )

    assert looked_up == REF
    assert hash(looked_up) == hash(REF)

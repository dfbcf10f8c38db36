from __future__ import annotations

from underbutler.model.collection import CollectionType, raw_run


def test_collection_types_have_the_butlers_numbers():
    assert {kind.name: kind.value for kind in CollectionType} == {
        "RUN": 1,
        "TAGGED": 2,
        "CHAINED": 3,
        "CALIBRATION": 4,
    }


def test_raws_go_to_the_run_that_the_butler_puts_them_in():
    assert raw_run("HSC") == "HSC/raw/all"

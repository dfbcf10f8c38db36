from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.model.data_id import DataId

values = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5)


def test_a_data_id_lists_its_dimensions_by_name():
    assert list(DataId({"instrument": "HSC", "detector": 1})) == ["detector", "instrument"]


@given(values, st.randoms())
def test_data_ids_of_the_same_values_are_one_key(given_values, random):
    items = list(given_values.items())
    random.shuffle(items)
    first, second = DataId(given_values), DataId(dict(items))

    assert first == second
    assert len({first, second}) == 1


@given(values)
def test_a_data_id_equals_a_mapping_of_its_values(given_values):
    assert DataId(given_values) == given_values


def test_a_data_id_does_not_follow_what_it_was_made_of():
    given_values = {"detector": 1}
    data_id = DataId(given_values)
    given_values["detector"] = 2

    assert data_id == {"detector": 1}


def test_a_data_id_cannot_be_changed():
    with pytest.raises(TypeError):
        DataId({"detector": 1})["detector"] = 2


def test_a_data_id_equals_nothing_but_mappings():
    assert DataId({"detector": 1}) != [("detector", 1)]


def test_a_data_id_reads_as_it_is_typed():
    assert repr(DataId({"instrument": "HSC", "detector": 1})) == "{detector: 1, instrument: 'HSC'}"

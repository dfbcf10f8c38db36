"""Entries that list the detectors of a file, in indexes and in sidecars."""

from __future__ import annotations

import json
from typing import Any

import pytest
from astro_metadata_translator.indexing import process_index_data
from hypothesis import given
from hypothesis import strategies as st

from underbutler.errors import BadIndexError
from underbutler.metadata.index import parse_index
from underbutler.metadata.sidecar import parse_sidecar
from underbutler.model.metadata_entry import ContentMode, MetadataEntry

BAD_LISTS: list[tuple[list[Any], str]] = [
    ([], "lists 0 detectors; expected 1 to 1000"),
    ([{}] * 1001, "lists 1001 detectors; expected 1 to 1000"),
    (["text"], "detector 1 is no JSON object"),
    ([{}, None], "detector 2 is no JSON object"),
    ([[{}]], "detector 1 is no JSON object"),
    ([{"__HDU__": -1}], "__HDU__ of detector 1 is -1"),
    ([{"__HDU__": True}], "__HDU__ of detector 1 is True"),
    ([{"__HDU__": "1"}], "__HDU__ of detector 1 is '1'"),
    ([{"__HDU__": 1.0}], "__HDU__ of detector 1 is 1.0"),
    ([{"__HDU__": None}], "__HDU__ of detector 1 is None"),
    ([{}, {"__HDU__": 10_001}], "__HDU__ of detector 2 is 10001; expected 0 to 10000"),
    ([{"__HDU__": 10**400}], "__HDU__ of detector 1 is 1000"),
    ([{"__HDU__": 3}, {"__HDU__": 3}], "lists HDU 3 twice"),
    ([{"__HDU__": 2}, {}], "lists HDU 2 twice"),
]


def indexed(detectors: Any, common: dict[str, Any] | None = None) -> MetadataEntry:
    """The entry of a file in an index."""
    content = {"__CONTENT__": "metadata", "__COMMON__": common or {}, "a.fits": detectors}
    (entry,) = parse_index(json.dumps(content).encode(), bucket="raw", key="_index.json").entries
    return entry


def sidecar(content: Any) -> MetadataEntry:
    return parse_sidecar(json.dumps(content).encode(), bucket="raw", key="a.json", etag="e1")


def test_an_entry_may_list_detectors_each_with_its_hdu():
    entry = indexed([{"CCDNUM": 7, "__HDU__": 4}, {"CCDNUM": 9, "__HDU__": 2}])

    assert entry.entry == {}
    assert entry.detectors == ({"CCDNUM": 7, "__HDU__": 4}, {"CCDNUM": 9, "__HDU__": 2})


def test_a_detector_that_names_no_hdu_is_in_that_of_its_place():
    entry = indexed([{"a": 1}, {"a": 2}])

    assert [detector["__HDU__"] for detector in entry.detectors] == [1, 2]


def test_a_detector_may_be_in_the_primary_hdu():
    assert indexed([{"__HDU__": 0}]).detectors == ({"__HDU__": 0},)


def test_what_is_common_to_an_index_is_in_every_detector_and_wins():
    entry = indexed([{"a": 1, "b": 2}, {"a": 3}], {"a": "common", "c": 4})

    assert entry.detectors == (
        {"a": "common", "b": 2, "c": 4, "__HDU__": 1},
        {"a": "common", "c": 4, "__HDU__": 2},
    )


def test_a_file_described_by_an_object_lists_no_detectors():
    assert indexed({"a": 1}).detectors == ()
    assert sidecar({"a": 1}).detectors == ()


def test_a_thousand_detectors_may_be_listed():
    assert len(indexed([{}] * 1000).detectors) == 1000


@pytest.mark.parametrize(("detectors", "why"), BAD_LISTS)
def test_a_bad_list_in_an_index_is_refused_and_the_reason_named(detectors, why):
    with pytest.raises(BadIndexError, match=r"entry for 'a\.fits'") as caught:
        indexed(detectors)
    assert why in caught.value.message
    assert caught.value.kind == "bad-index"


@pytest.mark.parametrize(("detectors", "why"), BAD_LISTS)
def test_a_bad_list_in_a_sidecar_is_refused_and_the_reason_named(detectors, why):
    with pytest.raises(BadIndexError, match="The sidecar") as caught:
        sidecar(detectors)
    assert why in caught.value.message
    assert caught.value.kind == "bad-sidecar"


def test_an_hdu_that_is_common_to_two_detectors_is_refused():
    with pytest.raises(BadIndexError, match="HDU 5 twice"):
        indexed([{}, {}], {"__HDU__": 5})


def test_the_butler_s_reader_refuses_lists_so_that_they_are_ours_alone():
    with pytest.raises(ValueError, match="must be a mapping"):
        process_index_data({"__CONTENT__": "metadata", "__COMMON__": {}, "a.fits": [{}]})


def test_a_sidecar_may_list_detectors():
    entry = sidecar([{"__CONTENT__": "translated", "detector_num": 7}, {"detector_num": 9}])

    assert entry.content is ContentMode.TRANSLATED
    assert entry.entry == {}
    assert entry.detectors == (
        {"detector_num": 7, "__HDU__": 1},
        {"detector_num": 9, "__HDU__": 2},
    )


@pytest.mark.parametrize(
    ("detectors", "mode"),
    [
        ([{"instrument": "HSC", "observation_id": "a"}] * 2, ContentMode.TRANSLATED),
        ([{"instrument": "HSC", "observation_id": "a"}, {"CCDNUM": 1}], ContentMode.METADATA),
        ([{"__CONTENT__": "metadata"}, {"__CONTENT__": "metadata"}], ContentMode.METADATA),
    ],
)
def test_a_list_s_content_is_known_as_an_object_s_is(detectors, mode):
    assert sidecar(detectors).content is mode


def test_detectors_that_contradict_each_other_on_their_content_are_refused():
    with pytest.raises(BadIndexError, match="do not agree on __CONTENT__") as caught:
        sidecar([{"__CONTENT__": "metadata"}, {"__CONTENT__": "translated"}])
    assert caught.value.kind == "bad-sidecar"


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "__HDU__"]), st.integers(0, 12)),
        min_size=1,
        max_size=8,
    )
)
def test_detectors_have_hdus_of_their_own_or_the_list_is_refused(detectors):
    hdus = [detector.get("__HDU__", place) for place, detector in enumerate(detectors, 1)]
    try:
        entry = indexed(detectors)
    except BadIndexError:
        assert len(set(hdus)) < len(hdus)
    else:
        assert [detector["__HDU__"] for detector in entry.detectors] == hdus
        assert len(set(hdus)) == len(hdus)

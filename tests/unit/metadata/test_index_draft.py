from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from astro_metadata_translator.indexing import calculate_index, process_index_data
from hypothesis import given
from hypothesis import strategies as st

from reference_material import SHARED, reference
from underbutler.errors import UserError
from underbutler.metadata import index_draft
from underbutler.metadata.index import parse_index
from underbutler.metadata.index_draft import IndexDraft
from underbutler.model.metadata_entry import ContentMode

names = st.sampled_from([f"{letter}.fits" for letter in "abcdef"])
values = st.none() | st.integers(0, 2) | st.sampled_from(["x", "y"]) | st.lists(st.integers(0, 1))
headers = st.dictionaries(st.sampled_from(["OBJECT", "EXPTIME", "DET-ID", "RA"]), values)


def written(files: Mapping[str, Any], content: ContentMode = ContentMode.METADATA) -> Any:
    """An index of files, as read from JSON again."""
    draft = IndexDraft(content)
    for name, metadata in files.items():
        draft.add(name, metadata)
    return json.loads(draft.to_json())


def test_what_all_files_share_is_written_once():
    assert written({"a.fits": {"x": 1, "y": 2}, "b.fits": {"x": 1, "y": 3}}) == {
        "__CONTENT__": "metadata",
        "__COMMON__": {"x": 1},
        "a.fits": {"y": 2},
        "b.fits": {"y": 3},
    }


def test_a_single_file_has_all_in_common_with_itself():
    assert written({"a.fits": {"x": 1}}) == {
        "__CONTENT__": "metadata",
        "__COMMON__": {"x": 1},
        "a.fits": {},
    }


def test_files_stand_in_order_of_name_and_common_keys_in_that_of_the_first_header():
    found = written({"b.fits": {"z": 1, "a": 2, "n": 1}, "a.fits": {"a": 2, "z": 1, "n": 2}})

    assert list(found) == ["__CONTENT__", "__COMMON__", "a.fits", "b.fits"]
    assert list(found["__COMMON__"]) == ["z", "a"]


@pytest.mark.parametrize(("first", "second"), [(1, True), (1, 1.0), (0, False), ([1], [1.0])])
def test_values_that_python_takes_for_equal_are_kept_apart(first, second):
    found = written({"a.fits": {"x": first}, "b.fits": {"x": second}})

    assert found["__COMMON__"] == {}
    assert json.dumps([found["a.fits"]["x"], found["b.fits"]["x"]]) == json.dumps([first, second])


def test_detectors_share_what_they_have_in_common_with_all_but_their_hdu():
    found = written(
        {
            "a.fits": [{"x": 1, "n": 1, "__HDU__": 1}, {"x": 1, "n": 2, "__HDU__": 2}],
            "b.fits": {"x": 1, "n": 1},
        }
    )

    assert found == {
        "__CONTENT__": "metadata",
        "__COMMON__": {"x": 1},
        "a.fits": [{"n": 1, "__HDU__": 1}, {"n": 2, "__HDU__": 2}],
        "b.fits": {"n": 1},
    }


def test_the_only_detector_of_an_index_keeps_its_hdu_to_itself():
    assert written({"a.fits": [{"x": 1, "__HDU__": 3}]}) == {
        "__CONTENT__": "metadata",
        "__COMMON__": {"x": 1},
        "a.fits": [{"__HDU__": 3}],
    }


def test_what_is_not_finite_is_refused_rather_than_written():
    draft = IndexDraft(ContentMode.METADATA)
    draft.add("a.fits", {"x": float("nan")})

    with pytest.raises(ValueError, match="JSON"):
        draft.to_json()


def test_an_index_that_no_reader_would_take_is_not_written(monkeypatch):
    monkeypatch.setattr(index_draft, "LARGEST_INDEX_BYTES", 100)
    draft = IndexDraft(ContentMode.METADATA)
    draft.add("a.fits", {"x": "y" * 100})

    with pytest.raises(UserError, match="over 100") as caught:
        draft.to_json()
    assert caught.value.kind == "too-large"


@given(st.dictionaries(names, headers, min_size=1))
def test_an_index_is_that_of_astro_metadata_translator(files):
    ordered = dict(sorted(files.items()))

    assert written(ordered) == calculate_index(ordered, "metadata")


@given(st.dictionaries(names, headers))
def test_what_was_added_is_read_again_by_us_and_by_astro_metadata_translator(files):
    content = written(files)
    found = parse_index(json.dumps(content).encode(), bucket="raw", key="_index.json")

    assert {entry.target: entry.entry for entry in found.entries} == files
    assert process_index_data(content) == files


@given(st.dictionaries(names, st.lists(headers, min_size=1, max_size=4)))
def test_lists_of_detectors_are_read_again(files):
    numbered = {
        name: [header | {"__HDU__": 2 * place} for place, header in enumerate(detectors)]
        for name, detectors in files.items()
    }
    body = json.dumps(written(numbered)).encode()
    found = parse_index(body, bucket="raw", key="_index.json")

    assert {entry.target: list(entry.detectors) for entry in found.entries} == numbered


@reference
@pytest.mark.parametrize("content", ContentMode)
def test_an_index_of_the_reference_sidecars_is_the_reference_index(content):
    expected = json.loads((SHARED / f"astrometadata/index-{content}/_index.json").read_text())
    sidecars = {
        name: json.loads(
            (SHARED / f"astrometadata/sidecar-{content}/{name.partition('.')[0]}.json").read_text()
        )
        for name in expected
        if not name.startswith("__")
    }
    for sidecar in sidecars.values():
        assert sidecar.pop("__CONTENT__") == content
    assert len(sidecars) == 5

    assert written(sidecars, content) == expected

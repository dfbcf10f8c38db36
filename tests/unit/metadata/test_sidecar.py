from __future__ import annotations

import json
import logging

import pytest
from astro_metadata_translator import ObservationInfo
from astro_metadata_translator.indexing import process_sidecar_data
from hypothesis import given
from hypothesis import strategies as st

from factories import hsc_exposure, translated
from underbutler.errors import BadIndexError
from underbutler.local.night import hsc_header
from underbutler.metadata.sidecar import parse_sidecar
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource

KEY = "night/a.json"
HEADER = hsc_header(hsc_exposure(), 0)


def sidecar(content: object) -> MetadataEntry:
    return parse_sidecar(json.dumps(content).encode(), bucket="raw", key=KEY, etag="e1")


def test_a_sidecar_describes_the_file_of_its_stem():
    assert sidecar({"__CONTENT__": "metadata", "OBJECT": "COSMOS"}) == MetadataEntry(
        bucket="raw",
        target="night/a",
        source_key=KEY,
        source=MetadataSource.SIDECAR,
        content=ContentMode.METADATA,
        source_etag="e1",
        entry={},
    )


@pytest.mark.parametrize("mode", ContentMode)
def test_a_sidecar_says_what_it_holds(mode):
    entry = sidecar({"__CONTENT__": mode.value, "OBJECT": "COSMOS"})

    assert (entry.content, entry.entry) == (mode, {"OBJECT": "COSMOS"})


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (translated(), ContentMode.TRANSLATED),
        (HEADER, ContentMode.METADATA),
        ({"instrument": "HSC"}, ContentMode.METADATA),
        ({"observation_id": "HSCE00100000"}, ContentMode.METADATA),
        ({}, ContentMode.METADATA),
    ],
)
def test_a_sidecar_that_does_not_say_what_it_holds_is_known_by_its_keys(content, mode):
    assert sidecar(content).content is mode


@pytest.mark.parametrize(
    "content",
    [
        translated() | {"__CONTENT__": "translated"},
        translated(),
        HEADER | {"__CONTENT__": "metadata"},
        HEADER,
        {"__CONTENT__": "metadata", "observation_id": "a", "instrument": "b"},
    ],
)
def test_a_sidecar_is_taken_for_what_astro_metadata_translator_takes_it_for(content, caplog):
    with caplog.at_level(logging.CRITICAL):
        expected = process_sidecar_data(content)
    entry = sidecar(content)

    assert (entry.content is ContentMode.TRANSLATED) == isinstance(expected, ObservationInfo)
    if entry.content is ContentMode.METADATA:
        assert entry.entry == expected


@given(
    st.dictionaries(
        st.text(max_size=8).filter(lambda key: key not in ("__CONTENT__", "instrument")),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_a_header_is_kept_as_it_is(header):
    assert sidecar(header).entry == header


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON"),
        (b'{"a": 1', "no JSON"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b'{"a": "\xff"}', "no JSON"),
        (b"[]", "lists 0 detectors"),
        (b"null", "no JSON object"),
        (b'"text"', "no JSON object"),
        (b"SIMPLE  =                    T", "no JSON"),
    ],
)
def test_what_is_no_sidecar_is_refused_and_the_reason_named(body, why):
    with pytest.raises(BadIndexError, match=why) as caught:
        parse_sidecar(body, bucket="raw", key=KEY)
    assert caught.value.kind == "bad-sidecar"


@pytest.mark.parametrize("mode", ["other", "", 7, ["metadata"], {}])
def test_content_of_an_unknown_kind_is_refused(mode):
    with pytest.raises(BadIndexError, match="__CONTENT__"):
        sidecar({"__CONTENT__": mode})


@given(st.binary() | st.text().map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_a_bad_index(body):
    try:
        parse_sidecar(body, bucket="raw", key=KEY)
    except BadIndexError:
        pass

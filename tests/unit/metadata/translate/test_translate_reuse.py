"""Many files of one exposure, and files of any."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import hsc_exposure
from fits_files import (
    one_hdu_file,
)
from lsst_headers import HEADERS as LSST_HEADERS
from translations import HEADERS, HSC, instruments, oddities, translate
from underbutler.errors import MetadataError, MissingPropertyError
from underbutler.local.night import hsc_header
from underbutler.metadata.property_values import (
    DETECTOR_PROPERTIES,
    EXPOSURE_PROPERTIES,
    take_properties,
)
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation


def test_detectors_of_an_exposure_are_told_apart(translator):
    found = [translator.translate_header(hsc_header(hsc_exposure(), number)) for number in range(4)]

    assert [properties.detector_num for properties in found] == [0, 1, 2, 3]
    assert len({properties.detector_unique_name for properties in found}) == 4


@given(
    st.lists(
        st.tuples(
            instruments,
            st.dictionaries(
                st.sampled_from(["OBJECT", "EXPTIME", "EXP-ID", "DET-ID", "CCDNUM", "EXPNUM"]),
                st.sampled_from([1, 1.0, True, 0, "1", None, "HSCE00100002"]),
                max_size=2,
            ),
        ),
        min_size=2,
        max_size=4,
    )
)
@settings(max_examples=40)
def test_a_header_gives_the_same_whatever_was_translated_before(changes):
    headers = [HEADERS[instrument] | change for instrument, change in changes]
    translator = HeaderTranslator()
    found = [translator.translate_header(header) for header in headers]

    assert found == [HeaderTranslator().translate_header(header) for header in headers]


@given(instruments, st.data())
def test_any_header_is_translated_or_refused(instrument, data):
    header = HEADERS[instrument]
    change = data.draw(st.dictionaries(st.sampled_from(sorted(header)), oddities, max_size=4))

    try:
        Observation.from_properties(HeaderTranslator().translate_header(header | change))
    except MetadataError as error:
        refused = error
    else:
        return
    assert refused.kind in (
        *("missing-property", "bad-value", "bad-time", "bad-text", "unknown-instrument"),
    )


@given(
    st.lists(
        st.tuples(st.integers(0, len(HSC) * 80), st.binary(min_size=1, max_size=4)), max_size=6
    )
)
def test_a_corrupted_file_is_translated_or_refused(places):
    body = bytearray(one_hdu_file(HSC))
    for place, written in places:
        body[place : place + len(written)] = written

    try:
        Observation.from_properties(translate(bytes(body)))
    except MetadataError as error:
        refused = error
    else:
        return
    assert refused.kind != MetadataError.default_kind


@pytest.mark.parametrize("instrument", [*HEADERS, *LSST_HEADERS])
def test_what_detectors_of_an_exposure_share_is_translated_once(
    instrument: str, monkeypatch: pytest.MonkeyPatch
):
    taken: list[tuple[str, ...]] = []

    def take(translator: Any, names: tuple[str, ...]) -> Any:
        taken.append(names)
        return take_properties(translator, names)

    monkeypatch.setattr("underbutler.metadata.translate.take_properties", take)
    header = {**HEADERS, **LSST_HEADERS}[instrument]
    translator = HeaderTranslator()
    for serial in range(4):
        # What no translation looks at.
        translator.translate_header(header | {"CHECKSUM": str(serial)})

    assert taken.count(EXPOSURE_PROPERTIES) == 1
    assert taken.count(DETECTOR_PROPERTIES) == 4


def test_a_card_that_makes_an_exposure_a_simulated_one_is_not_overlooked(translator):
    first = translator.translate_header(LSST_HEADERS["LSSTCam"])
    second = translator.translate_header(LSST_HEADERS["LSSTCam"] | {"SIMULATE MTRotator": 1})

    assert (first.has_simulated_content, second.has_simulated_content) == (False, True)


def test_a_property_that_is_lost_is_not_filled_in_from_another(translator):
    header = LSST_HEADERS["LSSTCam"] | {"CURINDEX": "x"}
    found = translator.translate_header(header)

    assert found.group_counter_start is None
    with pytest.raises(MissingPropertyError, match=r"group_counter_start.*CURINDEX is 'x'"):
        Observation.from_properties(found)

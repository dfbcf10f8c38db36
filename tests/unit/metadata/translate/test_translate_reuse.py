"""Corrections of headers, and many files of one exposure."""

from __future__ import annotations

from pathlib import Path

from astro_metadata_translator import ObservationInfo
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import hsc_exposure
from fits_files import (
    one_hdu_file,
)
from translations import HEADERS, HSC, differences, instruments, oddities, translate
from underbutler.errors import (
    MetadataError,
)
from underbutler.local.night import hsc_header
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation


def correction(folder: Path, name: str, text: str) -> HeaderTranslator:
    (folder / f"{name}.yaml").write_text(text)
    return HeaderTranslator([str(folder)])


def test_a_correction_of_an_exposure_is_applied_to_all_its_detectors(tmp_path):
    translator = correction(tmp_path, "HSC-HSCE00100000", "OBJECT: M31\nPROP-ID: o26002\n")
    first, second = (
        translator.translate_header(hsc_header(hsc_exposure(), detector)) for detector in (0, 1)
    )

    assert (first.object, first.science_program) == ("M31", "o26002")
    assert (second.object, second.detector_num) == ("M31", 1)


def test_a_correction_of_another_exposure_is_not_applied(tmp_path):
    translator = correction(tmp_path, "HSC-HSCE00100002", "OBJECT: M31\n")

    assert translator.translate_header(HSC).object == "COSMOS"


def test_a_file_cannot_keep_its_correction_off(tmp_path):
    translator = correction(tmp_path, "HSC-HSCE00100000", "OBJECT: M31\n")
    marked = HSC | {
        f"HIERARCH ASTRO METADATA FIX {what}": True for what in ("MODIFIED", "DATE", "FILE")
    }

    assert translator.translate_header(marked).object == "M31"


def test_a_correction_does_not_change_the_header_it_is_given(tmp_path):
    header = dict(HSC)
    correction(tmp_path, "HSC-HSCE00100000", "OBJECT: M31\n").translate_header(header)

    assert header == HSC


def test_corrections_that_ship_with_the_translators_are_applied():
    # HSC-HSCA00042600.yaml of astro_metadata_translator.
    header = HSC | {"EXP-ID": "HSCA00042600", "DATE-OBS": "2012-01-01"}
    fixed = ObservationInfo(dict(header)).to_simple()

    assert differences(HeaderTranslator().translate_header(header), fixed) == {}


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

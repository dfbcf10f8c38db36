"""Entries made of headers, against those that astro_metadata_translator makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from astro_metadata_translator import ObservationInfo
from astro_metadata_translator.file_helpers import read_file_info

from fits_files import (
    COMPRESSED,
    EXTENSION,
    MINIMAL,
    CountingReader,
    hdu,
    header_block,
    inheriting_file,
    observed,
    one_hdu_file,
    raw_card,
)
from lsst_headers import LSSTCAM
from reference_material import SHARED, reference
from translations import DECAM, DECAM_CCD, DECAM_EXPOSURE, HSC, SUPRIMECAM
from underbutler.errors import UnknownInstrumentError, UnreadableHeaderError
from underbutler.metadata.header import FitsHeaders
from underbutler.metadata.index_entry import IndexEntry, describe_file, open_headers
from underbutler.metadata.translate import HeaderTranslator
from underbutler.metadata.translated import properties_from_translated
from underbutler.model.metadata_entry import ContentMode
from underbutler.model.observation import Observation, ObservationProperties

LAYOUT = {**MINIMAL, "BITPIX": 16, "NAXIS": 2, "NAXIS1": 64, "NAXIS2": 41}


def describe(body: bytes, content: str = "metadata", **options: bool) -> IndexEntry:
    headers = open_headers(CountingReader(body))
    return describe_file(headers, ContentMode(content), HeaderTranslator(), **options)


def cards(*raw: str | bytes) -> dict[str, Any]:
    """What is written of a header with these very cards."""
    entry = describe(header_block(MINIMAL, *(raw_card(text) for text in raw)))
    assert isinstance(entry.metadata, dict)
    return {key: value for key, value in entry.metadata.items() if key not in MINIMAL}


def decam_file(*numbers: int) -> bytes:
    """A file of an HDU a CCD, which inherit the primary header."""
    return hdu({**MINIMAL, "EXTEND": True, **observed(DECAM_EXPOSURE)}) + b"".join(
        hdu({**COMPRESSED, "INHERIT": True, **DECAM_CCD, "CCDNUM": number}) for number in numbers
    )


@pytest.mark.parametrize("content", ["metadata", "translated"])
@pytest.mark.parametrize(
    "body",
    [
        one_hdu_file(HSC),
        one_hdu_file(SUPRIMECAM),
        # A table beside the image: its cards go over those of the primary header.
        hdu({**LAYOUT, "EXTEND": True, **observed(HSC)}) + hdu({**EXTENSION, "EXTNAME": "LOG"}),
        # Declared, and not there.
        hdu({**LAYOUT, "EXTEND": True, **observed(HSC)}),
        hdu(
            {**LAYOUT, **observed(HSC)}, raw_card("COMMENT one of its kind"), raw_card("UNKNOWN =")
        ),
    ],
    ids=["HSC", "SuprimeCam", "a table", "no table", "odd cards"],
)
def test_an_entry_is_what_astro_metadata_translator_reads_of_the_file(
    body: bytes, content: str, tmp_path: Path
):
    path = tmp_path / "a.fits"
    path.write_bytes(body)
    expected = dict(read_file_info(str(path), -1, None, content))
    expected = {key: str(value) if key == "COMMENT" else value for key, value in expected.items()}
    entry = describe(body, content)

    assert entry.metadata == json.loads(json.dumps(expected))
    assert entry.notes == ()


@reference
@pytest.mark.parametrize("name", ["hsc-HSCA04090107", "decam-raw_dec050441_25", "megaprime"])
def test_translated_entries_of_real_headers_are_the_reference_s(name: str):
    expectations = json.loads((SHARED / "headers/expected-observation-info.json").read_text())
    expected = expectations[f"{name}.json"]
    header = json.loads((SHARED / f"headers/{name}.json").read_text())
    found = describe(one_hdu_file(header), "translated").metadata

    finite = {key: value for key, value in expected.items() if "NaN" not in json.dumps(value)}
    assert found == finite


def test_a_translated_entry_makes_the_same_observation_as_the_header():
    body = one_hdu_file(HSC)
    (properties,) = HeaderTranslator().translate_file(FitsHeaders(CountingReader(body)))

    entry = properties_from_translated(describe(body, "translated").metadata)  # type: ignore[arg-type]
    assert Observation.from_properties(entry) == Observation.from_properties(properties)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("KEY     =", None),
        ("KEY     =                1E999", None),
        ("KEY     =                  1.0", 1.0),
        ("KEY     =                    T", True),
        ("KEY     = 'it''s  '", "it's"),
        ("KEY     = 'a\x01b'", "a?b"),
        ("KEY     = 123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_a_card_is_written_as_json_has_it(raw, value):
    assert cards(raw) == {"KEY": value}


@pytest.mark.parametrize("raw", ["KEY     = (1.0, 2.0)", "KEY     = NaN", "KEY     = 'open"])
def test_a_card_that_json_cannot_hold_is_left_out_and_named(raw):
    entry = describe(header_block(MINIMAL, raw_card(raw)))

    assert entry.metadata == MINIMAL
    (note,) = entry.notes
    assert note.startswith("KEY: ")


def test_texts_are_one_string_or_a_list_and_blank_cards_are_none():
    assert cards("COMMENT one", "HISTORY a", "HISTORY b", "", "        blank") == {
        "COMMENT": "one",
        "HISTORY": ["a", "b"],
    }


def test_of_a_keyword_given_twice_the_first_counts_as_for_who_reads_the_header():
    assert cards("KEY     = 1", "KEY     = 2") == {"KEY": 1}


def test_a_long_keyword_is_written_as_translators_ask_for_it():
    assert cards("HIERARCH ESO DET ID = 3") == {"ESO DET ID": 3}


def test_corrections_are_for_translated_entries_only(tmp_path: Path, monkeypatch):
    (tmp_path / "HSC-HSCE00100000.yaml").write_text("OBJECT: corrected\n")
    monkeypatch.setenv("METADATA_CORRECTIONS_PATH", str(tmp_path))
    body = one_hdu_file(HSC)

    assert describe(body, "metadata").metadata["OBJECT"] == "COSMOS"  # type: ignore[index,call-overload]
    assert describe(body, "translated").metadata["object"] == "corrected"  # type: ignore[index,call-overload]


def test_a_property_that_is_not_finite_is_left_out_as_one_that_is_unknown():
    found = describe(one_hdu_file(HSC | {"OUT-TMP": "unknown"}), "translated").metadata
    expected = describe(one_hdu_file(HSC), "translated").metadata

    assert found == {key: value for key, value in expected.items() if key != "temperature"}  # type: ignore[union-attr]
    ObservationInfo.from_simple(dict(found))  # type: ignore[arg-type]


def test_a_lost_property_is_named():
    entry = describe(one_hdu_file({**HSC, "EXPTIME": "long"}), "translated")

    assert "exposure_time_requested" not in entry.metadata
    assert any(note.startswith("exposure_time_requested: ") for note in entry.notes)


@pytest.mark.parametrize(("keyword", "value"), [("CURINDEX", "two"), ("CONTRLLR", "X")])
def test_what_readers_would_fill_in_is_not_left_out(keyword, value):
    body = one_hdu_file(LSSTCAM | {keyword: value})

    with pytest.raises(UnreadableHeaderError, match=keyword) as caught:
        describe(body, "translated")
    assert caught.value.kind == "bad-metadata"
    assert describe(body).metadata


def test_a_card_that_other_translators_stumble_over_costs_its_property_only():
    entry = describe(one_hdu_file(LSSTCAM | {"FILTER": 3.5}), "translated")

    assert any(note.startswith("physical_filter: FILTER is 3.5") for note in entry.notes)


def test_cards_of_an_unknown_instrument_can_be_written_but_not_translated():
    body = one_hdu_file(HSC | {"INSTRUME": "Kaleidoscope"})

    assert describe(body).metadata["INSTRUME"] == "Kaleidoscope"  # type: ignore[index,call-overload]
    with pytest.raises(UnknownInstrumentError):
        describe(body, "translated")


@pytest.mark.parametrize("body", [b"", b"x" * 2880, header_block(MINIMAL)[:80]])
def test_what_is_no_fits_file_has_no_entry(body):
    with pytest.raises(UnreadableHeaderError):
        describe(body)


def test_a_damaged_second_header_costs_a_single_detector_nothing():
    body = hdu({**LAYOUT, "EXTEND": True, **observed(HSC)})
    entry = describe(body + b"damaged".ljust(2880))

    assert entry.metadata == describe(body).metadata
    (note,) = entry.notes
    assert note.startswith("HDU 1: No header follows")


def test_one_detector_of_an_instrument_with_many_is_an_object_with_what_it_inherits():
    found = describe(inheriting_file(DECAM_EXPOSURE, DECAM_CCD)).metadata

    assert isinstance(found, dict)
    assert {key: found[key] for key in DECAM} == DECAM


@pytest.mark.parametrize("content", ["metadata", "translated"])
def test_a_file_of_many_detectors_is_refused_unless_lists_are_asked_for(content):
    with pytest.raises(UnreadableHeaderError, match=r"3 detectors.*--detectors") as caught:
        describe(decam_file(25, 26, 27), content)
    assert caught.value.kind == "many-detectors"


@pytest.mark.parametrize("content", ["metadata", "translated"])
def test_the_detectors_of_a_file_are_listed_on_request_with_their_hdus(content):
    body = decam_file(25, 26, 27)
    entry = describe(body, content, lists_detectors=True)
    expected = HeaderTranslator().translate_file(FitsHeaders(CountingReader(body)))

    assert isinstance(entry.metadata, tuple)
    assert [item["__HDU__"] for item in entry.metadata] == [1, 2, 3]
    found = [_observation(read(item, content)) for item in entry.metadata]
    assert found == [_observation(properties) for properties in expected]
    assert [observation.detector.id for observation in found] == [25, 26, 27]


def test_a_file_of_one_detector_is_no_list_even_where_lists_are_asked_for():
    assert isinstance(describe(one_hdu_file(HSC), lists_detectors=True).metadata, dict)


def read(item: Any, content: str) -> ObservationProperties:
    if content == "translated":
        return properties_from_translated(item)
    return HeaderTranslator().translate_header(item)


def _observation(properties: ObservationProperties) -> Observation:
    return Observation.from_properties(properties)


def test_a_header_that_says_it_is_the_only_one_is_believed():
    body = hdu({**LAYOUT, "EXTEND": False, **observed(HSC)})
    reader = CountingReader(body)
    open_headers(reader)

    assert len(reader.ranges) == 1
    assert describe(body + hdu({**EXTENSION, "EXTNAME": "LOG"})).metadata == describe(body).metadata


def test_headers_of_a_file_with_extensions_are_read_at_once():
    reader = CountingReader(
        hdu({**LAYOUT, "NAXIS2": 4096, "EXTEND": True, **observed(HSC)}) + hdu(EXTENSION)
    )
    headers = open_headers(reader)
    reads = len(reader.ranges)
    describe_file(headers, ContentMode.METADATA, HeaderTranslator())

    assert reads == len(reader.ranges) == 2

"""Headers that nobody knows, and values that are missing or bad."""

from __future__ import annotations

import math

import pytest

from fits_files import (
    MINIMAL,
    hdu,
    observed,
    one_hdu_file,
    raw_card,
    two_hdu_file,
)
from translations import DECAM, HEADERS, HSC, OPTIONAL, REQUIRED, TEXTS, translate, without
from underbutler.errors import (
    MissingPropertyError,
    UnknownInstrumentError,
    UnreadableHeaderError,
)
from underbutler.local.night import bad_files
from underbutler.model.observation import Observation


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ({"INSTRUME": "Kaleidoscope", "TELESCOP": "Toy"}, "'Kaleidoscope'"),
        ({"TELESCOP": "Toy"}, "'Toy'"),
        ({"INSTRUME": ""}, "''"),
        ({"INSTRUME": 7}, "7"),
        ({"INSTRUME": "HSC"}, "'HSC'"),
        ({"INSTRUME": "decam"}, "'decam'"),
        ({"INSTRUME": "LSSTCam-imSim"}, "'LSSTCam-imSim'"),
        ({"INSTRUME": "x" * 70}, "..."),
        ({"EXPTIME": 30.0}, "names no instrument"),
        ({}, "names no instrument"),
    ],
)
@pytest.mark.parametrize("make", [one_hdu_file, two_hdu_file], ids=["one HDU", "two HDUs"])
def test_the_header_of_an_unknown_instrument_is_refused_and_the_instrument_named(
    header, named, make
):
    with pytest.raises(UnknownInstrumentError) as caught:
        translate(make(header))
    assert caught.value.kind == "unknown-instrument"
    assert named in caught.value.message
    assert len(caught.value.message) < 120


def test_an_unknown_instrument_is_told_which_are_known(translator):
    with pytest.raises(UnknownInstrumentError) as caught:
        translator.translate_header({"INSTRUME": "Kaleidoscope"})
    for name in HEADERS:
        assert name in caught.value.hint


@pytest.mark.parametrize(
    ("what", "error", "kind"),
    [
        ("corrupt FITS", UnreadableHeaderError, "no-end"),
        ("unknown instrument", UnknownInstrumentError, "unknown-instrument"),
    ],
)
def test_a_bad_file_of_the_demo_is_refused(what, error, kind):
    with pytest.raises(error) as caught:
        translate(bad_files()[what].body)
    assert caught.value.kind == kind


@pytest.mark.parametrize(("instrument", "keyword", "name"), REQUIRED)
@pytest.mark.parametrize("has_card", [False, True], ids=["missing", "null"])
def test_a_file_without_what_registration_requires_is_refused_and_it_is_named(
    translator, instrument, keyword, name, has_card
):
    header = without(HEADERS[instrument], keyword) | ({keyword: None} if has_card else {})
    found = translator.translate_header(header)

    assert getattr(found, name) is None
    with pytest.raises(MissingPropertyError, match=name) as caught:
        Observation.from_properties(found)
    assert caught.value.kind == "missing-property"
    assert name in caught.value.context["missing"]


@pytest.mark.parametrize(
    ("instrument", "keyword", "name"), [row for row in REQUIRED if row[2] not in TEXTS]
)
@pytest.mark.parametrize("value", [math.nan, "", "garbage", [], {}], ids=str)
def test_a_file_whose_required_number_or_time_is_none_is_refused_and_it_is_named(
    translator, instrument, keyword, name, value
):
    found = translator.translate_header(HEADERS[instrument] | {keyword: value})

    with pytest.raises(MissingPropertyError, match=name) as caught:
        Observation.from_properties(found)
    assert caught.value.kind == "missing-property"


@pytest.mark.parametrize(("instrument", "keyword", "name"), REQUIRED)
@pytest.mark.parametrize("value", [None, "", math.nan, True, -1, 10**19, "UNKNOWN", "x" * 300])
def test_a_refused_file_is_told_which_card_is_wrong(translator, instrument, keyword, name, value):
    why = refusal(translator, HEADERS[instrument] | {keyword: value})
    # A name that could be no file's is refused before its card is asked for.
    assert why is None or keyword in why or "no file could be named after" in why, name


def refusal(translator, header):
    try:
        Observation.from_properties(translator.translate_header(header))
    except MissingPropertyError as error:
        return error.message
    return None


@pytest.mark.parametrize(("instrument", "keyword", "name"), OPTIONAL)
def test_a_file_without_what_is_optional_is_registered_without_it(
    translator, instrument, keyword, name
):
    found = translator.translate_header(without(HEADERS[instrument], keyword))

    assert getattr(found, name) is None
    assert Observation.from_properties(found)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"RA2000": "25:61:61 and so on"}, "tracking_radec"),
        ({"DEC2000": "+99:00:00"}, "tracking_radec"),
        ({"ALTITUDE": "high"}, "altaz_begin"),
        ({"INST-PA": "NaN?"}, "boresight_rotation_angle"),
    ],
)
def test_an_optional_value_that_makes_no_sense_is_lost_and_named(translator, change, name):
    found = translator.translate_header(HSC | change)

    assert getattr(found, name) is None
    assert [problem.partition(":")[0] for problem in found.problems] == [name]
    assert Observation.from_properties(found).problems == tuple(found.problems)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"EXPTIME": math.nan}, "dark_time"),
        ({"EXPTIME": math.inf}, "exposure_time_requested"),
        ({"INST-PA": math.nan}, "boresight_rotation_angle"),
        ({"ALTITUDE": math.nan}, "altaz_begin"),
    ],
)
def test_a_number_that_is_not_finite_is_unknown(translator, change, name):
    assert getattr(translator.translate_header(HSC | change), name) is None


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"DET-ID": -1}, "bad-value"),
        ({"DATE-OBS": "2026-13-45"}, "missing-property"),
        ({"DATE-OBS": "no date"}, "missing-property"),
        ({"OBJECT": "x" * 5000}, "bad-text"),
        ({"OBJECT": "a\x00b"}, "bad-text"),
        ({"EXP-ID": "HSCE0010000X"}, "missing-property"),
    ],
)
def test_a_value_out_of_bounds_is_refused(translator, change, kind):
    with pytest.raises(MissingPropertyError) as caught:
        Observation.from_properties(translator.translate_header(HSC | change))
    assert caught.value.kind == kind


def test_a_detector_that_the_translator_cannot_name_is_known_by_its_number(translator):
    found = translator.translate_header(HSC | {"DET-ID": 112})

    assert (found.detector_num, found.detector_name) == (112, None)
    assert Observation.from_properties(found).detector.full_name == "112"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", "a\\b", "a\x00b", "x" * 200])
def test_an_exposure_that_no_file_could_be_named_after_is_refused(translator, name):
    with pytest.raises(MissingPropertyError, match="no file could be named after") as caught:
        translator.translate_header(DECAM | {"OBSID": name})
    assert caught.value.kind == "bad-text"
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("keyword", ["INSTRUME", "EXP-ID", "EXPTIME", "DET-ID", "RA2000"])
def test_a_card_that_cannot_be_parsed_and_is_needed_is_named(keyword):
    cards = without(observed(HSC), keyword)
    body = hdu({**MINIMAL, **cards}, raw_card(f"{keyword:<8}= 'open"))

    with pytest.raises(UnreadableHeaderError, match=f"The card {keyword}") as caught:
        translate(body)
    assert caught.value.kind == "bad-card"


def test_a_card_that_cannot_be_parsed_and_is_not_needed_does_not_matter():
    body = hdu({**MINIMAL, **observed(HSC)}, raw_card("NOTE    = 'open"))

    assert translate(body) == translate(one_hdu_file(HSC))


def test_problems_can_be_shown_whatever_the_header_holds(translator):
    found = translator.translate_header(HSC | {"EXP-ID": "HSC\x07\ud800" + "x" * 50})

    assert found.problems
    assert all(problem.isprintable() and len(problem) < 1000 for problem in found.problems)

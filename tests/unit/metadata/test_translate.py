from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from astro_metadata_translator import ObservationInfo
from hypothesis import given, settings
from hypothesis import strategies as st

import underbutler
from factories import BEGIN_NS, hsc_exposure, translated
from fits_files import (
    COMPRESSED,
    MINIMAL,
    CountingReader,
    hdu,
    inheriting_file,
    observed,
    one_hdu_file,
    raw_card,
    two_hdu_file,
)
from reference_material import SHARED, reference
from underbutler.errors import (
    MetadataError,
    MissingPropertyError,
    UnknownInstrumentError,
    UnreadableHeaderError,
)
from underbutler.local.night import bad_files, hsc_header
from underbutler.metadata.header import FIRST_READ_BYTES, FitsHeaders
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation, ObservationProperties
from underbutler.model.timespan import NS_PER_DAY, NS_PER_S

HSC = hsc_header(hsc_exposure(), 0)
SUPRIMECAM = HSC | {
    "INSTRUME": "SuprimeCam",
    "EXP-ID": "SUPE01234560",
    "FRAMEID": "SUPA01234567",
    "DET-ID": 7,
    "FILTER01": "W-S-I+",
}
# What DECam writes into the primary header, and into that of each CCD.
DECAM_EXPOSURE = {
    "INSTRUME": "DECam", "TELESCOP": "CTIO 4.0-m telescope", "OBSERVAT": "CTIO",
    "OBS-LONG": 70.81489, "OBS-LAT": -30.16606, "OBS-ELEV": 2215.0,
    "EXPREQ": 200.0, "EXPTIME": 200.0, "DARKTIME": 201.25, "OBSID": "ct4m20260301t050000",
    "DATE-OBS": "2026-03-01T05:00:00.000000", "DTUTC": "2026-03-01T05:05:00", "TIMESYS": "UTC",
    "EXPNUM": 100_000, "OBJECT": "COSMOS", "OBSTYPE": "object", "PROPID": "2026A-0001",
    "FILTER": "r DECam SDSS c0002 6415.0 1480.0", "RADESYS": "FK5", "EQUINOX": 2000.0,
    "TELRA": "10:00:24.000", "TELDEC": "02:12:00.000", "ZD": 40.5, "AZ": 61.25, "AIRMASS": 1.3,
}  # fmt: skip
DECAM_CCD = {"CCDNUM": 25, "DETPOS": "S1", "DETECTOR": "S3-111_107419-8-3"}
DECAM = DECAM_EXPOSURE | DECAM_CCD
MEGAPRIME = {
    "INSTRUME": "MegaPrime", "TELESCOP": "CFHT 3.6m", "EXTNAME": "ccd02", "EXTVER": 2,
    "LATITUDE": 19.825252, "LONGITUD": -155.468876, "EXPTIME": 150.0, "EXPREQ": 150.0,
    "DARKTIME": 150.5, "OBSID": 100_000, "EXPNUM": 100_000, "OBJECT": "COSMOS",
    "OBSTYPE": "OBJECT", "RUNID": "26AL01", "FILTER": "r.MP9602", "DATE-OBS": "2026-03-01",
    "UTC-OBS": "05:00:00.00", "UTCEND": "05:02:30.00", "RADECSYS": "FK5", "EQUINOX": 2000.0,
    "RA_DEG": 150.1, "DEC_DEG": 2.2, "TELALT": 52.5, "TELAZ": 115.5,
    "CCDNAME": "8352-15-3",
}  # fmt: skip
HEADERS = {"HSC": HSC, "SuprimeCam": SUPRIMECAM, "DECam": DECAM, "MegaPrime": MEGAPRIME}

# The header that must be read, of files that hold one detector.
LAYOUTS = {
    "one HDU": one_hdu_file,
    "fpacked": two_hdu_file,
    "gzipped": lambda header: gzip.compress(one_hdu_file(header)),
    "fpacked and gzipped": lambda header: gzip.compress(two_hdu_file(header)),
}
# What registration requires, and a card without which it cannot be had.
REQUIRED = [
    ("HSC", "EXP-ID", "exposure_id"),
    ("HSC", "EXP-ID", "observation_id"),
    ("HSC", "DATA-TYP", "observation_type"),
    ("HSC", "FILTER01", "physical_filter"),
    ("HSC", "EXPTIME", "exposure_time_requested"),
    ("HSC", "DATE-OBS", "datetime_begin"),
    ("HSC", "DATE-OBS", "datetime_end"),
    ("HSC", "DET-ID", "detector_num"),
    ("SuprimeCam", "EXP-ID", "exposure_id"),
    ("SuprimeCam", "DET-ID", "detector_num"),
    ("DECam", "EXPNUM", "exposure_id"),
    ("DECam", "OBSID", "observation_id"),
    ("DECam", "FILTER", "physical_filter"),
    ("DECam", "EXPREQ", "exposure_time_requested"),
    ("DECam", "CCDNUM", "detector_num"),
    ("MegaPrime", "EXPNUM", "exposure_id"),
    ("MegaPrime", "OBSID", "observation_id"),
    ("MegaPrime", "OBSTYPE", "observation_type"),
    ("MegaPrime", "FILTER", "physical_filter"),
    ("MegaPrime", "EXPREQ", "exposure_time_requested"),
    ("MegaPrime", "DATE-OBS", "datetime_begin"),
    ("MegaPrime", "EXTNAME", "detector_num"),
]
TEXTS = ("observation_id", "observation_type", "physical_filter")
OPTIONAL = [
    ("HSC", "OBJECT", "object"),
    ("HSC", "PROP-ID", "science_program"),
    ("HSC", "RA2000", "tracking_radec"),
    ("HSC", "ALTITUDE", "altaz_begin"),
    ("HSC", "INST-PA", "boresight_rotation_angle"),
    ("DECam", "TELRA", "tracking_radec"),
    ("DECam", "ZD", "altaz_begin"),
    ("DECam", "DARKTIME", "dark_time"),
    ("MegaPrime", "RA_DEG", "tracking_radec"),
    ("MegaPrime", "RUNID", "science_program"),
]

instruments = st.sampled_from(sorted(HEADERS))
oddities = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["", "NaN", "UNKNOWN", "2026-13-45", "9999-12-31", "25:61:61", 10**400])
)


@pytest.fixture(scope="module")
def translator() -> HeaderTranslator:
    return HeaderTranslator()


def translate(body: bytes) -> ObservationProperties:
    return HeaderTranslator().translate_file(FitsHeaders(CountingReader(body)))


def tai_ns(jd: list[float]) -> Fraction:
    return (Fraction(jd[0]) + Fraction(jd[1]) - Fraction("2440587.5")) * NS_PER_DAY


def differences(found: ObservationProperties, expected: dict[str, Any]) -> dict[str, Any]:
    """Properties unlike those of ``ObservationInfo.to_simple``: by 1e-9, times by 1 µs."""
    different = {}
    for name, value in asdict(found).items():
        wanted = expected.get(name)
        if name == "problems":
            same = value == []
        elif wanted is not None and name.startswith("datetime"):
            same = abs(value - tai_ns(wanted)) <= 1000
        elif isinstance(wanted, float | list):
            same = value == pytest.approx(
                tuple(wanted) if isinstance(wanted, list) else wanted, rel=1e-9, abs=1e-9
            )
        else:
            same = value == wanted and type(value) is type(wanted)
        if not same:
            different[name] = (value, wanted)
    return different


def without(header: dict[str, Any], *keywords: str) -> dict[str, Any]:
    return {keyword: value for keyword, value in header.items() if keyword not in keywords}


# What headers say


def test_a_header_of_hsc_gives_every_property(translator):
    assert translator.translate_header(HSC) == ObservationProperties(
        instrument="HSC",
        exposure_id=100_000,
        observation_id="HSCE00100000",
        observation_type="science",
        observation_reason="science",
        exposure_group="100000",
        physical_filter="HSC-R",
        datetime_begin=BEGIN_NS,
        datetime_end=BEGIN_NS + 150 * NS_PER_S,
        observing_day=20260301,
        observing_day_offset=0,
        exposure_time_requested=150.0,
        dark_time=150.0,
        observation_counter=100_000,
        group_counter_start=100_000,
        group_counter_end=100_000,
        object="COSMOS",
        science_program="o26001",
        tracking_radec=pytest.approx((150.1, 2.2), abs=1e-9),
        boresight_rotation_angle=270.0,
        boresight_rotation_coord="sky",
        altaz_begin=pytest.approx((115.5572, 52.6496), abs=1e-9),
        has_simulated_content=False,
        can_see_sky=True,
        detector_num=0,
        detector_unique_name="1_53",
        detector_name="53",
        detector_group="1",
    )


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        (
            "SuprimeCam",
            {"exposure_id": 123_456, "physical_filter": "W-S-I+", "detector_num": 7,
             "detector_name": "clarisse", "boresight_rotation_coord": "unknown",
             "datetime_begin": BEGIN_NS, "observing_day": 20260301},
        ),
        (
            "DECam",
            {"exposure_id": 100_000, "physical_filter": "r DECam SDSS c0002 6415.0 1480.0",
             "detector_num": 25, "detector_unique_name": "S1", "detector_group": "S",
             "datetime_begin": BEGIN_NS, "datetime_end": BEGIN_NS + 300 * NS_PER_S,
             "dark_time": 201.25, "altaz_begin": (61.25, 49.5),
             # Noon to noon.
             "observing_day": 20260228, "observing_day_offset": 43_200},
        ),
        (
            "MegaPrime",
            {"exposure_id": 100_000, "observation_id": "100000", "physical_filter": "r.MP9602",
             "detector_num": 2, "detector_unique_name": "ccd02", "detector_group": None,
             "datetime_begin": BEGIN_NS, "datetime_end": BEGIN_NS + 150 * NS_PER_S,
             "boresight_rotation_angle": 0.0, "observing_day": 20260301},
        ),
    ],
)  # fmt: skip
def test_a_header_of_another_camera_gives_its_properties(translator, instrument, expected):
    found = asdict(translator.translate_header(HEADERS[instrument]))

    assert found["instrument"] == instrument
    assert found["problems"] == []
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("instrument", HEADERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_gives_what_astro_metadata_translator_gives(instrument, layout):
    header = observed(HEADERS[instrument])
    expected = ObservationInfo(dict(header)).to_simple()

    assert differences(translate(LAYOUTS[layout](header)), expected) == {}


@pytest.mark.parametrize("instrument", HEADERS)
def test_what_is_translated_can_be_registered(translator, instrument):
    observation = Observation.from_properties(translator.translate_header(HEADERS[instrument]))

    assert observation.exposure.instrument == instrument


@reference
@pytest.mark.parametrize(
    "name", ["hsc-HSCA04090107", "decam", "decam-raw_dec050441_25", "megaprime"]
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_real_header_gives_what_the_reference_translators_gave(name, layout):
    header = json.loads((SHARED / "headers" / f"{name}.json").read_text())
    expected = json.loads((SHARED / "headers" / "expected-observation-info.json").read_text())

    assert differences(translate(LAYOUTS[layout](header)), expected[f"{name}.json"]) == {}


@reference
@pytest.mark.parametrize("name", ["hsc-HSCA04090107", "decam", "megaprime"])
def test_a_real_header_can_be_registered(name):
    header = json.loads((SHARED / "headers" / f"{name}.json").read_text())
    expected = json.loads((SHARED / "headers" / "expected-observation-info.json").read_text())
    exposure = Observation.from_properties(translate(one_hdu_file(header))).exposure

    assert exposure.id == expected[f"{name}.json"]["exposure_id"]


# Which header


def test_a_header_in_the_primary_hdu_takes_one_read():
    read = CountingReader(one_hdu_file(HSC) + bytes(FIRST_READ_BYTES))
    HeaderTranslator().translate_file(FitsHeaders(read))

    assert read.ranges == [(0, FIRST_READ_BYTES)]


def test_a_ccd_inherits_the_cards_of_the_primary_header():
    found = translate(inheriting_file(DECAM_EXPOSURE, DECAM_CCD))

    assert found == translate(one_hdu_file(DECAM))


def test_a_card_of_the_ccd_goes_before_one_it_inherits():
    found = translate(inheriting_file(DECAM_EXPOSURE, DECAM_CCD | {"OBJECT": "M31"}))

    assert found.object == "M31"


def test_a_header_that_does_not_inherit_stands_alone():
    primary = hdu({**MINIMAL, "EXTEND": True, "OBJECT": "M31", "RUNID": "other"})
    own = hdu({**COMPRESSED, "INHERIT": False, **without(observed(MEGAPRIME), "RUNID")})
    found = translate(primary + own)

    assert (found.object, found.science_program) == ("COSMOS", None)


@pytest.mark.parametrize("instrument", ["DECam", "MegaPrime"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_of_several_detectors_is_refused(instrument, pack):
    ccd = hdu({**COMPRESSED, **observed(HEADERS[instrument])})
    body = hdu({**MINIMAL, "EXTEND": True, "INSTRUME": instrument}) + ccd + ccd

    with pytest.raises(UnreadableHeaderError, match="several detectors") as caught:
        translate(pack(body))
    assert caught.value.kind == "many-detectors"


def test_hdus_after_the_header_that_is_read_are_no_matter():
    assert translate(one_hdu_file(HSC) + hdu(COMPRESSED) * 2).detector_num == 0


def test_a_primary_header_of_decam_alone_has_no_detector():
    found = translate(one_hdu_file(DECAM_EXPOSURE))

    with pytest.raises(MissingPropertyError, match="no detector_num"):
        Observation.from_properties(found)


@pytest.mark.parametrize("name", [None, "COMPRESSED_IMAGE", "image", "ccd", "ccd99"])
def test_a_header_of_megaprime_that_names_no_detector_has_none(translator, name):
    """The translator's dummy, ccd99, is no detector: all files of an exposure would be it."""
    header = without(MEGAPRIME, "EXTNAME") | ({"EXTNAME": name} if name else {})
    found = translator.translate_header(header)

    assert (found.detector_num, found.detector_name) == (None, None)
    assert found.problems == ["detector_num: the header names no detector"]


# Headers nobody knows


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ({"INSTRUME": "Kaleidoscope", "TELESCOP": "Toy"}, "'Kaleidoscope'"),
        ({"TELESCOP": "Toy"}, "'Toy'"),
        ({"INSTRUME": ""}, "''"),
        ({"INSTRUME": 7}, "7"),
        ({"INSTRUME": "HSC"}, "'HSC'"),
        ({"INSTRUME": "decam"}, "'decam'"),
        ({"INSTRUME": "LATISS"}, "'LATISS'"),
        ({"INSTRUME": "lsstCam", "TELESCOP": "Simonyi Survey Telescope"}, "'lsstCam'"),
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


@reference
@pytest.mark.parametrize(
    "name",
    [
        path.name
        for path in sorted((SHARED / "headers").glob("*.json"))
        if path.name.startswith(("latiss", "lsstCam", "comCam"))
    ],
)
@pytest.mark.parametrize("make", [one_hdu_file, two_hdu_file], ids=["one HDU", "two HDUs"])
def test_real_headers_of_instruments_without_a_translator_are_refused(name, make):
    header = json.loads((SHARED / "headers" / name).read_text())

    with pytest.raises(UnknownInstrumentError, match=f"'{header['INSTRUME']}'") as caught:
        translate(make(header))
    assert caught.value.kind == "unknown-instrument"


@reference
@pytest.mark.parametrize(
    "path", sorted((SHARED / "raws").glob("*.fits")), ids=lambda path: path.stem
)
def test_real_raws_of_instruments_without_a_translator_are_refused(path):
    with pytest.raises(UnknownInstrumentError):
        translate(path.read_bytes())


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


# Values that are missing or bad


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


# Corrections


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


# Many files


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


# How little is loaded


def test_translated_metadata_are_read_without_the_translators():
    index = {"__CONTENT__": "translated", "__COMMON__": {}, "a.fits": translated()}
    script = (
        "import json, sys\n"
        "from underbutler.ingest.metadata_reader import MetadataReader\n"
        "from underbutler.metadata.index import parse_index\n"
        "from underbutler.metadata.translated import properties_from_translated\n"
        "from underbutler.model.observation import Observation\n"
        f"body = {json.dumps(index)!r}.encode()\n"
        "(entry,) = parse_index(body, bucket='raw', key='_index.json').entries\n"
        "found = Observation.from_properties(properties_from_translated(entry.entry))\n"
        "heavy = {'astro_metadata_translator', 'astropy', 'numpy', 'lsst'} & sys.modules.keys()\n"
        "print(found.exposure.obs_id, sorted(heavy))\n"
    )
    root = str(Path(underbutler.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {root!r})\n{script}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.strip() == "HSCE00100000 []"

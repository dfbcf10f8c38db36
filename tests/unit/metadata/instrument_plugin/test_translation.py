"""What drafted translators make of headers: values, not code."""

from __future__ import annotations

from pathlib import Path

import pytest

from new_camera import POINTING, drafted, new_header, translator_of, wcs_cards
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import ObservationProperties
from underbutler.model.timespan import tai_text

M31 = (10.6845833, 41.2691667)


def translated(folder: Path, *headers: dict) -> list[ObservationProperties]:
    with translator_of(drafted(*headers), folder):
        return [HeaderTranslator().translate_header(header) for header in headers]


@pytest.mark.parametrize(
    ("cards", "begin"),
    [
        ({"DATE_OBS": "2026-03-01T20:00:00"}, "2026-03-01 20:00:37.000000000"),
        ({"DATE_OBS": "2026-03-01 20:00:00.5Z"}, "2026-03-01 20:00:37.500000000"),
        ({"DATE_OBS": "2026-03-01T20:00:00", "TIMESYS": "TAI"}, "2026-03-01 20:00:00.000000000"),
        (
            {"DATE_OBS": "2026-03-01T20:00:00", "TIMESYS": "UTC(NIST)"},
            "2026-03-01 20:00:37.000000000",
        ),
        ({"DATE_OBS": "2026-03-01", "UT": "9:08:07"}, "2026-03-01 09:08:44.000000000"),
        ({"DATE_OBS": None, "MJD_OBS": 61100.5}, "2026-03-01 12:00:37.000000000"),
        ({"DATE_OBS": None, "JD": 2461101.0}, "2026-03-01 12:00:37.000000000"),
    ],
)
def test_a_beginning_is_read_in_any_writing(tmp_path: Path, cards: dict, begin: str):
    (properties,) = translated(tmp_path, new_header(**cards))
    assert tai_text(properties.datetime_begin) == begin


def test_an_end_is_read_or_follows_from_the_exposure_time(tmp_path: Path):
    plain, ended = (
        translated(tmp_path, new_header(**cards))[0]
        for cards in ({}, {"DATE_END": "2026-03-01T20:21:40"})
    )
    assert plain.datetime_end - plain.datetime_begin == 30_000_000_000
    assert tai_text(ended.datetime_end) == "2026-03-01 20:22:17.000000000"


@pytest.mark.parametrize(
    "cards",
    [
        POINTING,
        {"RA": "00 42 44.3", "DEC": "41 16 09"},
        {"RA": M31[0], "DEC": M31[1]},
        {"RA": str(M31[0]), "DEC": str(M31[1])},
        # In hours: only where the image lies tells.
        {"RA": M31[0] / 15, "DEC": M31[1], **wcs_cards()},
        {**POINTING, "RADESYS": "ICRS", "EQUINOX": 2000.0},
    ],
)
def test_a_pointing_is_read_in_any_writing(tmp_path: Path, cards: dict):
    (properties,) = translated(tmp_path, {**new_header(), **cards})
    assert properties.tracking_radec == pytest.approx(M31, abs=1e-6)


def test_a_pointing_of_another_equinox_is_brought_to_icrs(tmp_path: Path):
    (properties,) = translated(tmp_path, new_header(RADECSYS="FK5", EQUINOX=2026.2))
    # Precession: about 46 arcsec a year in right ascension, 20 in declination there.
    ra, dec = properties.tracking_radec
    assert M31[0] - ra == pytest.approx(26.2 * 49 / 3600, rel=0.1)
    assert M31[1] - dec == pytest.approx(26.2 * 20 / 3600, rel=0.1)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("OBJECT", "science"), ("Light Frame", "science"), ("zero", "bias"), ("ARC ", "arc")],
)
def test_kinds_of_exposures_have_one_name(tmp_path: Path, given: str, meant: str):
    (properties,) = translated(tmp_path, new_header(IMAGETYP=given))
    assert properties.observation_type == meant


def test_a_bias_needs_neither_filter_nor_pointing(tmp_path: Path):
    bias = new_header(502, IMAGETYP="BIAS", FILTER=None, RA=None, DEC=None, OBJECT="", EXPTIME=0.0)
    _, properties = translated(tmp_path, new_header(), bias)
    assert (properties.physical_filter, properties.tracking_radec, properties.object) == (
        *("unknown", None, None),
    )
    assert not properties.problems


def test_altitudes_and_zenith_distances_are_read(tmp_path: Path):
    site = {"SITELAT": "-30:14:26.7", "SITELONG": -70.7, "SITEELEV": 2700.0}
    (high,) = translated(tmp_path, new_header(ALT=60.0, AZ=120.0, **site))
    (low,) = translated(tmp_path, new_header(ZD=30.0, AZ=120.0))
    assert high.altaz_begin == pytest.approx((120.0, 60.0))
    assert low.altaz_begin == pytest.approx((120.0, 60.0))


def test_detectors_with_names_are_numbered_in_their_order(tmp_path: Path):
    headers = [new_header(CCDNUM=None, CCDNAME=name) for name in ("north", "east", "south")]
    found = translated(tmp_path, *headers)
    assert [(item.detector_num, item.detector_name) for item in found] == [
        (1, "north"),
        (0, "east"),
        (2, "south"),
    ]


def test_a_sequence_number_is_taken_together_with_its_day(tmp_path: Path):
    (properties,) = translated(tmp_path, new_header(EXPNUM=None, SEQNUM=12))
    assert (properties.exposure_id, properties.observation_counter) == (2026030100012, 12)


def test_exposures_without_a_number_are_numbered_by_the_second(tmp_path: Path):
    (properties,) = translated(tmp_path, new_header(501, EXPNUM=None))
    assert properties.exposure_id == 20260301202137


def test_what_was_not_recognised_says_so_when_it_is_asked_for(tmp_path: Path):
    (properties,) = translated(tmp_path, new_header(FILTER=None, FLTWHEEL="r'; raise SystemExit"))
    assert properties.physical_filter is None
    (problem,) = properties.problems
    assert "Say in to_physical_filter of translator.py which card gives it." in problem
    assert "FLTWHEEL" in problem

"""What headers of LATISS say."""

from __future__ import annotations

import pytest

from lsst_headers import LATISS, LATISS_LABORATORY, on, translated
from underbutler.metadata.translators.latiss import LatissTranslator
from underbutler.metadata.translators.latiss_corrections import latiss_corrections
from underbutler.metadata.translators.lsst_times import tai_mjd
from underbutler.model.observation import Observation

RA_OF_37_S = 37 / 240


def corrected(day, **cards):
    """Corrections of a header of a day."""
    return latiss_corrections(cards, "AT_O_20200128_000379", lambda _: tai_mjd(day))


def test_a_header_of_the_sky_gives_what_registration_needs():
    found = translated(LATISS)
    assert found.problems == []
    exposure = Observation.from_properties(found).exposure
    assert (exposure.instrument, exposure.id) == ("LATISS", 2025080100412)
    assert exposure.physical_filter == "SDSSr_65mm~empty"
    assert (exposure.seq_start, exposure.seq_num, exposure.seq_end) == (411, 412, 413)
    assert (exposure.sky_angle, exposure.can_see_sky) == (131.5, True)
    assert (found.detector_num, found.detector_unique_name) == (0, "RXX_S00")


def test_a_laboratorys_header_of_2018_gives_what_there_is():
    found = translated(LATISS_LABORATORY)
    assert found.problems == []
    exposure = Observation.from_properties(found).exposure
    assert (exposure.id, exposure.observation_type) == (3018092000065, "unknown")
    assert exposure.physical_filter == "unknown~unknown"
    assert (exposure.target_name, exposure.sky_angle) == ("UNKNOWN", None)


def test_an_early_name_stands_for_name_day_and_number():
    header = {"INSTRUME": "LATISS", "IMGNAME": "AT_O_20190306_000014", "EXPTIME": 1.0} | on(
        "2019-03-06"
    )
    del header["DAYOBS"]
    found = translated(header)
    assert (found.observation_id, found.exposure_id) == ("AT_O_20190306_000014", 2019030600014)


@pytest.mark.parametrize(
    ("filter_", "grating", "joined"),
    [
        ("empty_1", "holo4_003", "empty~holo4_003"),
        ("EMPTY", "Empty_2", "empty~empty"),
        ("empty_ish", None, "empty_ish~unknown"),
        (None, "ronchi90lpmm", "unknown~ronchi90lpmm"),
        ("SDSSr_65mm", "", "SDSSr_65mm~empty"),
    ],
)
def test_filter_and_grating_are_joined(filter_, grating, joined):
    assert translated(LATISS, FILTER=filter_, GRATING=grating).physical_filter == joined


@pytest.mark.parametrize(
    ("place", "last", "start", "end"),
    [(2, 3, 411, 413), (0, 0, 412, 412), (0, 1, 412, 412), (0, None, 412, 412), (2, 0, 411, 412)],
)
def test_snaps_are_counted_from_one_and_zero_says_nothing(place, last, start, end):
    found = translated(LATISS, CURINDEX=place, MAXINDEX=last)
    assert (found.group_counter_start, found.group_counter_end) == (start, end)
    assert found.problems == []


@pytest.mark.parametrize(("dark", "counted"), [(31.0, 31.0), (2.0, 30.0), (None, 30.0)])
def test_charge_is_collected_as_long_as_the_shutter_is_open(dark, counted):
    assert translated(LATISS, DARKTIME=dark).dark_time == counted


def test_an_unknown_exposure_time_is_minus_one_and_the_end_is_the_beginning():
    found = translated(LATISS, on("2022-04-26"), EXPTIME=None, DARKTIME=537.4)
    assert (found.exposure_time_requested, found.dark_time) == (-1.0, 537.4)
    assert found.datetime_end == found.datetime_begin


@pytest.mark.parametrize(
    ("cards", "kind"),
    [
        ({"IMGTYPE": "SKYEXP"}, "science"),
        ({"OBSTYPE": "Bias"}, "bias"),
        (on("2019-12-31"), "engtest"),
        ({"IMGTYPE": None}, "unknown"),
        ({"IMGTYPE": None, "EXPTIME": 0.0}, "bias"),
    ],
)
def test_types_of_observations(cards, kind):
    assert translated(LATISS, cards).observation_type == kind


def test_a_clock_of_1970_is_replaced_by_when_the_file_was_written():
    found = translated(
        LATISS,
        {
            "DATE-OBS": "1970-01-01T00:00:08.000", "DATE-BEG": "1970-01-01T00:00:08.000",
            "MJD-OBS": 40587.00009, "MJD-BEG": 40587.00009,
            "DATE": "2020-01-21T23:42:42.000", "MJD": 58869.988,
        },
    )  # fmt: skip
    assert found.datetime_begin == pytest.approx((58869.988 - 40587) * 86400e9, abs=1e3)
    assert found.datetime_end - found.datetime_begin == 30 * 10**9
    # What the mount says is all there is to tell the position.
    assert found.tracking_radec is not None
    assert found.tracking_radec != (150.25, 2.25)


@pytest.mark.parametrize(
    ("group", "kind", "left"),
    [
        ("bias", "bias", None),
        ("dark_0001_0002", "dark", "absent"),
        ("FocusTest", "FOCUS", "absent"),
        ("test_1", None, "absent"),
    ],
)
def test_until_late_2019_the_type_was_written_as_the_group(group, kind, left):
    changes = corrected("2019-11-06", GROUPID=group)
    assert changes.get("IMGTYPE") == kind
    assert changes.get("GROUPID", "absent") == left
    assert "IMGTYPE" not in corrected("2019-11-08", GROUPID=group)


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2020-04-30", None),
        ("2020-05-02", 150.0 + RA_OF_37_S),
        ("2021-02-11T19:00", 10.0 + RA_OF_37_S),
        ("2021-02-13", 10.0),
    ],
)
def test_start_positions_were_hours_and_37_seconds_off(day, start):
    changes = corrected(day, RASTART=10.0, RAEND=10.0)
    assert changes.get("RASTART", 10.0) == pytest.approx(start)


@pytest.mark.parametrize(
    ("day", "angle"), [("2020-11-18", 30.0), ("2020-11-20", -150.0), ("2021-10-30", 30.0)]
)
def test_angles_were_the_other_way_round_for_a_year(day, angle):
    assert corrected(day, ROTPA=30.0).get("ROTPA", 30.0) == angle


def test_positions_were_radians():
    changes = corrected("2020-01-28T12:00", RA=1.0, DEC=-0.5)
    assert (changes["RA"], changes["DEC"]) == pytest.approx((57.29577951, -28.64788976))


@pytest.mark.parametrize(
    ("day", "keyword", "value", "right"),
    [
        ("2019-06-25", "LSST_NUM", "ITL-3800C-098", "ITL-3800C-068"),
        ("2020-01-31", "DATE-END", "2020-01-31T01:00:00", None),
        ("2022-07-09", "OBJECT", "spec:HD1", "HD1"),
        ("2022-07-11", "TRACKSYS", "SIDEREAL", "RADEC"),
        ("2022-07-11", "TRACKSYS", "", None),
        ("2024-01-01", "SHUTTIME", 2.0, None),
        ("2024-01-01", "OBSGEO-Z", 3195186.45, -3195186.45),
    ],
)
def test_what_was_written_wrong_is_put_right(day, keyword, value, right):
    assert corrected(day, **{keyword: value})[keyword] == right


def test_what_is_right_is_left_alone():
    assert LatissTranslator.corrections(LATISS, LATISS["OBSID"]).keys() <= {
        "LSST_NUM",
        "SHUTTIME",
    }

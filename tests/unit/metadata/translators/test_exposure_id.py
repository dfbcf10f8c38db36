"""Numbers of exposures, groups and detectors' views."""

from __future__ import annotations

import pytest

from underbutler.metadata.translators.exposure_id import (
    detector_exposure_id,
    exposure_id,
    visit_id,
)


@pytest.mark.parametrize(
    ("controller", "year"),
    [("O", 2022), ("C", 3022), ("H", 4022), ("P", 5022), ("Q", 6022), ("S", 7022), (None, 2022)],
)
def test_each_controller_adds_a_thousand_years_while_it_counts_on_its_own(controller, year):
    assert exposure_id(20220405, 348, controller) == year * 10**9 + 40500348


@pytest.mark.parametrize(
    ("controller", "last_day", "next_day", "added"),
    [
        ("C", 20231004, 20231005, 1000),
        ("P", 20250417, 20250418, 3000),
        ("Q", 20250417, 20250418, 4000),
        ("S", 20250417, 20250418, 5000),
    ],
)
def test_controllers_that_share_a_count_add_nothing(controller, last_day, next_day, added):
    assert exposure_id(last_day, 1, controller) == last_day * 10**5 + 1 + added * 10**9
    assert exposure_id(next_day, 1, controller) == next_day * 10**5 + 1


def test_phosim_always_counts_on_its_own():
    assert exposure_id(20300101, 99_999, "H") == 4030010199999


# From lsst/obs_lsst, tests/test_translator.py.
@pytest.mark.parametrize(
    ("exposure", "detector", "expected"),
    [
        (2026031500051, 1, 0xB8E803301),
        (3019031900001, 29, 0x269200011D),
        (4010021700032, 90, 0x401780205A),
        (2024062400106, 0, 44358986240),
    ],
)
def test_a_detectors_view_of_an_exposure_packs_days_since_2010(exposure, detector, expected):
    assert detector_exposure_id(exposure, detector) == expected


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("2026-03-15T22:50:34.110", 3535446341100000),
        ("2024-06-25T01:26:31.895#1", 2992083918950001),
        ("3019031900001", 3019031900001),
    ],
)
def test_a_group_named_after_a_time_counts_milliseconds_since_2015(group, expected):
    assert visit_id(group) == expected


def test_groups_of_other_names_get_numbers_beyond_those_of_times():
    numbers = {visit_id(group) for group in ("test", "TEST01", "dark_0001_0002")}
    assert len(numbers) == 3
    assert min(numbers) > 10**16

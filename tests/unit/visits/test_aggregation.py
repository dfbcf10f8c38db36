from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_material import SHARED, reference
from underbutler.model.dimension_records import ExposureRecord, VisitRecord
from underbutler.model.timespan import Timespan
from underbutler.visits.aggregation import visit_record
from underbutler.visits.grouping import VisitGroup

EXPOSURE = ExposureRecord(
    instrument="HSC",
    id=903334,
    obs_id="HSCA90333400",
    physical_filter="HSC-R",
    group="903334",
    day_obs=20131102,
    timespan=Timespan(1_000, 2_000),
    exposure_time=30.0,
    dark_time=30.0,
    observation_type="science",
    observation_reason="science",
    seq_num=903334,
    seq_start=903334,
    seq_end=903334,
    target_name="STRIPE82L",
    science_program="o13015",
    tracking_ra=320.0,
    tracking_dec=0.5,
    sky_angle=270.0,
    azimuth=115.5,
    zenith_angle=37.25,
    has_simulated=False,
    can_see_sky=True,
)


def group_of(*changes: dict) -> VisitGroup:
    """Make a visit of one exposure for each set of changed columns."""
    return VisitGroup(
        instrument="HSC",
        id=7,
        name="seven",
        systems=(1,),
        exposures=tuple(
            replace(EXPOSURE, id=number, **change) for number, change in enumerate(changes)
        ),
    )


def aggregate(column: str, *values: object) -> object:
    """Aggregate one column, with exposures that differ in nothing else."""
    record = visit_record(group_of(*({column: value} for value in values)), None)
    return getattr(record, column)


def test_the_visit_of_one_exposure_has_its_values():
    assert visit_record(group_of({}), b"region") == VisitRecord(
        instrument="HSC",
        id=7,
        name="seven",
        day_obs=20131102,
        physical_filter="HSC-R",
        seq_num=903334,
        timespan=Timespan(1_000, 2_000),
        exposure_time=30.0,
        target_name="STRIPE82L",
        observation_reason="science",
        science_program="o13015",
        azimuth=115.5,
        zenith_angle=37.25,
        region=b"region",
    )


def test_a_visit_begins_with_its_first_exposure_and_ends_with_its_last():
    spans = Timespan(500, 600), Timespan(100, 900), Timespan(300, 400)

    assert aggregate("timespan", *spans) == Timespan(100, 900)


@pytest.mark.parametrize("column", ["day_obs", "seq_num"])
def test_the_smallest_counts(column):
    assert aggregate(column, 3, 1, 2) == 1


def test_exposure_times_add_up():
    assert aggregate("exposure_time", 15.0, 15.0, 30.5) == 60.5


def test_zenith_angles_are_averaged():
    assert aggregate("zenith_angle", 10.0, 20.0, 60.0) == 30.0


@pytest.mark.parametrize(
    ("azimuths", "mean"),
    [
        ((10.0, 20.0), 15.0),
        ((350.0, 10.0), 0.0),
        ((359.0, 2.0), 0.5),
        ((270.0, 271.0, 272.0), 271.0),
        ((179.0, 181.0), 180.0),
        ((-10.0, -20.0), 345.0),
        ((0.1, 0.1, 0.1), 0.1),
        ((-0.5,), -0.5),
    ],
)
def test_azimuths_are_averaged_as_directions(azimuths, mean):
    assert aggregate("azimuth", *azimuths) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("azimuths", [(0.0, 180.0), (10.0, 130.0, 250.0)])
def test_opposite_azimuths_have_no_mean(azimuths):
    assert aggregate("azimuth", *azimuths) is None


@pytest.mark.parametrize(
    ("values", "common"),
    [
        (("A", "A", "A"), "A"),
        (("A", "B"), None),
        (("A", "B", "B"), None),
        (("B", "B", "A"), None),
        (("A", "B", "C"), None),
        (("A", None), None),
        ((None,), None),
    ],
)
@pytest.mark.parametrize("column", ["target_name", "science_program"])
def test_only_what_all_exposures_share_is_the_visits(column, values, common):
    assert aggregate(column, *values) == common


@pytest.mark.parametrize(
    ("reasons", "reason"),
    [
        (("x", "x", "x"), "x"),
        (("x", "y"), "various"),
        (("x", "y", "y"), "various"),
        (("x", None), "various"),
        ((None,), "various"),
        (("",), ""),
    ],
)
def test_reasons_that_differ_or_are_unknown_are_various(reasons, reason):
    assert aggregate("observation_reason", *reasons) == reason


@pytest.mark.parametrize(
    "column", ["timespan", "seq_num", "exposure_time", "azimuth", "zenith_angle"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_unknown_of_one_exposure_is_unknown_of_the_visit(column, place):
    values = [getattr(EXPOSURE, column)] * 3
    values[place] = None

    assert aggregate(column, *values) is None


angles = st.floats(0, 360, exclude_max=True)
circumstances = st.fixed_dictionaries(
    {
        "day_obs": st.integers(20131101, 20131103),
        "seq_num": st.none() | st.integers(0, 9),
        "timespan": st.none() | st.builds(Timespan, st.integers(0, 9), st.integers(10, 19)),
        "exposure_time": st.none() | st.floats(0, 1e4),
        "target_name": st.sampled_from(["A", "B", None]),
        "science_program": st.sampled_from(["p", "q"]),
        "observation_reason": st.sampled_from(["x", "y", None]),
        "azimuth": st.none() | angles,
        "zenith_angle": st.none() | st.floats(0, 90),
    }
)
members = st.lists(circumstances, min_size=1, max_size=4)


@given(members, st.randoms(use_true_random=False))
def test_the_order_of_exposures_changes_no_bit(changes, random):
    group = group_of(*changes)
    shuffled = random.sample(group.exposures, len(group.exposures))

    # repr tells -0.0 from 0.0 and shows every digit.
    assert repr(visit_record(replace(group, exposures=tuple(shuffled)), None)) == repr(
        visit_record(group, None)
    )


@pytest.mark.parametrize("column", ["exposure_time", "zenith_angle", "azimuth"])
def test_sums_and_means_are_the_same_in_any_order_to_the_last_bit(column):
    # Added from left to right, these give two different sums.
    results = {aggregate(column, *order) for order in itertools.permutations([0.1, 0.2, 0.3, 0.7])}

    assert len(results) == 1


@given(members)
def test_a_common_value_is_one_that_every_exposure_has(changes):
    record = visit_record(group_of(*changes), None)

    for column in ("target_name", "science_program"):
        values = {change[column] for change in changes}
        assert getattr(record, column) == (values.pop() if len(values) == 1 else None)


@given(st.lists(st.floats(-60, 60), min_size=2, max_size=5), angles)
def test_the_mean_azimuth_is_a_direction_between_those_averaged(offsets, center):
    mean = aggregate("azimuth", *(center + offset for offset in offsets))

    offset = math.remainder(mean - center, 360)
    assert min(offsets) - 1e-8 <= offset <= max(offsets) + 1e-8


@reference
@pytest.mark.parametrize("column", ["target_name", "observation_reason"])
def test_the_worked_examples_come_out(column):
    cases = json.loads((SHARED / "vectors" / "visits.json").read_text())["aggregation"][column]

    for *values, expected in cases:
        for order in itertools.permutations(values):
            assert aggregate(column, *order) == expected

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from factories import exposure_record
from underbutler.model.dimension_records import ExposureRecord
from underbutler.model.timespan import Timespan

EXPOSURE = exposure_record()


def changed(value):
    """Make another value of a column."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Timespan):
        return Timespan(value.begin_ns, value.end_ns + 1)
    return value + 1 if isinstance(value, (int, float)) else f"{value}!"


def test_a_record_does_not_differ_from_itself():
    assert list(EXPOSURE.differences(exposure_record())) == []


@pytest.mark.parametrize("column", [field.name for field in fields(ExposureRecord)])
def test_every_column_counts(column):
    mine = getattr(EXPOSURE, column)
    other = replace(EXPOSURE, **{column: changed(mine)})

    assert list(EXPOSURE.differences(other)) == [(column, mine, changed(mine))]


@pytest.mark.parametrize("column", [field.name for field in fields(ExposureRecord)])
def test_every_column_counts_for_the_digest(column):
    other = replace(EXPOSURE, **{column: changed(getattr(EXPOSURE, column))})

    assert other.digest != EXPOSURE.digest


def test_equal_records_have_one_digest():
    assert exposure_record().digest == EXPOSURE.digest


def test_a_digest_stays_what_it_was():
    # Registries hold it: with another, every file known would seem to say something new.
    assert str(EXPOSURE.digest) == "252a9cca-815c-5329-a2de-87e1ea8dbec0"


@pytest.mark.parametrize("error", [0.0, 1e-12, -1e-12, 1.5e-8])
def test_floats_closer_than_their_rounding_are_the_same(error):
    other = replace(EXPOSURE, tracking_ra=150.1 + error)

    assert list(EXPOSURE.differences(other)) == []


def test_floats_near_zero_are_compared_by_their_distance():
    zero, almost = (replace(EXPOSURE, tracking_dec=value) for value in (0.0, 1e-10))

    assert list(zero.differences(almost)) == []


def test_floats_further_apart_differ():
    other = replace(EXPOSURE, tracking_ra=150.1 + 1e-6)

    assert [name for name, *_ in EXPOSURE.differences(other)] == ["tracking_ra"]


def test_a_known_value_differs_from_an_unknown_one():
    other = replace(EXPOSURE, azimuth=None)

    assert list(EXPOSURE.differences(other)) == [("azimuth", 115.5, None)]


def test_unknown_values_are_the_same():
    unknown = replace(EXPOSURE, azimuth=None)

    assert list(unknown.differences(replace(EXPOSURE, azimuth=None))) == []


def test_times_are_compared_to_the_nanosecond():
    begin, end = EXPOSURE.timespan.begin_ns, EXPOSURE.timespan.end_ns
    other = replace(EXPOSURE, timespan=Timespan(begin + 1, end))

    assert [name for name, *_ in EXPOSURE.differences(other)] == ["timespan"]


@pytest.mark.parametrize("column", ["tracking_ra", "tracking_dec", "sky_angle"])
def test_an_exposure_without_a_pointing_is_not_on_the_sky(column):
    assert replace(EXPOSURE, **{column: None}).not_on_sky == f"{column} is unknown"


def test_an_exposure_that_cannot_see_the_sky_is_not_on_it():
    assert replace(EXPOSURE, can_see_sky=False).not_on_sky == "can_see_sky is false"


@pytest.mark.parametrize("can_see_sky", [True, None])
def test_an_exposure_is_on_the_sky_unless_somebody_knows_better(can_see_sky):
    assert replace(EXPOSURE, can_see_sky=can_see_sky).not_on_sky == ""


def test_a_pointing_of_zeros_is_a_pointing():
    pointing = replace(EXPOSURE, tracking_ra=0.0, tracking_dec=0.0, sky_angle=0.0)

    assert pointing.not_on_sky == ""

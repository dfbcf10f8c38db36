from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.model.timespan import (
    NS_PER_DAY,
    NS_PER_S,
    Timespan,
    day_obs_timespan,
    tai_ns_from_jd,
    tai_text,
)

# 2026-03-01T05:00:37 TAI, as a header of 05:00:00 UTC gives it.
NOON_BEFORE_JD = 2461100.5 + 0.5
BEGIN_NS = 1_772_341_237 * NS_PER_S

nanoseconds = st.integers(-(2**63), 2**63 - 1)


def split(tai_ns: int) -> tuple[float, float]:
    """Write an instant as a two-part Julian date: whole days from midnight, and the rest."""
    days, rest = divmod(tai_ns, NS_PER_DAY)
    return 2440587.5 + days, rest / NS_PER_DAY


def test_nanoseconds_are_counted_from_1970_in_tai():
    assert tai_ns_from_jd(2440587.5, 0.0) == 0


def test_both_parts_of_a_julian_date_count():
    assert tai_ns_from_jd(NOON_BEFORE_JD, -0.29123842592592586) == BEGIN_NS


@given(nanoseconds)
def test_a_two_part_julian_date_gives_back_the_very_nanosecond(tai_ns):
    assert tai_ns_from_jd(*split(tai_ns)) == tai_ns


@given(
    st.integers(2415020, 2500000),
    st.floats(-1, 1, allow_nan=False, allow_subnormal=False),
)
def test_the_conversion_is_exact_up_to_the_rounding(day, fraction):
    exact = (Fraction(day) - Fraction(4881175, 2) + Fraction(fraction)) * NS_PER_DAY

    assert abs(tai_ns_from_jd(float(day), fraction) - exact) <= Fraction(1, 2)


@given(st.integers(2415020, 2500000), st.floats(-0.5, 0.5, allow_subnormal=False))
def test_the_conversion_agrees_with_astropy_to_a_nanosecond(day, fraction):
    from astropy.time import Time

    since = Time(float(day), fraction, format="jd", scale="tai") - Time(
        2440587.5, 0.0, format="jd", scale="tai"
    )
    # As daf_butler TimeConverter does.
    whole, part = divmod(since.jd1, 1)
    expected = int(whole) * NS_PER_DAY + round((since.jd2 + part) * NS_PER_DAY)

    assert abs(tai_ns_from_jd(float(day), fraction) - expected) <= 1


@pytest.mark.parametrize(
    ("part", "error"),
    [(math.nan, ValueError), (math.inf, OverflowError), (-math.inf, OverflowError)],
)
def test_a_julian_date_that_is_not_finite_is_refused(part, error):
    with pytest.raises(error):
        tai_ns_from_jd(2461101.0, part)


def test_a_span_keeps_its_bounds():
    assert Timespan.from_bounds(10, 20) == Timespan(10, 20)


@pytest.mark.parametrize("end_ns", [10, 9, -(2**62)])
def test_a_span_that_ends_no_later_than_it_begins_is_a_nanosecond(end_ns):
    assert Timespan.from_bounds(10, end_ns) == Timespan(10, 11)


@given(nanoseconds, nanoseconds)
def test_no_span_is_empty(begin_ns, end_ns):
    span = Timespan.from_bounds(begin_ns, end_ns)

    assert span.begin_ns == begin_ns < span.end_ns


def test_a_time_is_written_with_nine_decimals():
    assert tai_text(BEGIN_NS + 5) == "2026-03-01 05:00:37.000000005"


def test_a_time_before_1970_counts_its_nanoseconds_upwards():
    assert tai_text(-1) == "1969-12-31 23:59:59.999999999"


@given(nanoseconds)
def test_what_is_written_is_the_instant(tai_ns):
    whole, _, decimals = tai_text(tai_ns).partition(".")
    since = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)

    assert (since.days * 86_400 + since.seconds) * NS_PER_S + int(decimals) == tai_ns


def test_an_observing_day_begins_at_midnight_tai_where_the_offset_is_none():
    assert day_obs_timespan(20260301, 0).begin_ns == 1_772_323_200 * NS_PER_S


def test_an_observing_day_begins_later_by_its_offset():
    noon = day_obs_timespan(20260301, 12 * 3600)

    assert noon.begin_ns - day_obs_timespan(20260301, 0).begin_ns == 12 * 3600 * NS_PER_S


@given(st.dates(), st.integers(-86_400, 86_400))
def test_an_observing_day_lasts_a_day(date, offset_s):
    span = day_obs_timespan(int(f"{date:%Y%m%d}".rjust(8, "0")), offset_s)

    assert span.end_ns - span.begin_ns == NS_PER_DAY


@pytest.mark.parametrize("day_obs", [0, 20261301, 20260229, 20260100, -20260301, 10**12])
def test_a_day_that_is_no_date_is_refused(day_obs):
    with pytest.raises((ValueError, OverflowError)):
        day_obs_timespan(day_obs, 0)

"""Time as the registry keeps it: whole nanoseconds of TAI."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

__all__ = ["NS_PER_DAY", "NS_PER_S", "Timespan", "day_obs_timespan", "tai_ns_from_jd", "tai_text"]

NS_PER_S = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_S

# Julian date of 1970-01-01T00:00:00, where the Butler's timespans begin (daf_butler TimeConverter).
_EPOCH_JD = Fraction("2440587.5")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timespan:
    """A half-open interval [begin, end) of TAI."""

    begin_ns: int
    """First instant: TAI nanoseconds since 1970-01-01T00:00:00 TAI."""
    end_ns: int
    """First instant after: TAI nanoseconds since 1970-01-01T00:00:00 TAI."""

    @classmethod
    def from_bounds(cls, begin_ns: int, end_ns: int) -> Timespan:
        """Make the span of an observation as the Butler does.

        An end before the beginning becomes the beginning, and an instant is widened by 1 ns
        (daf_butler ``Timespan``), so that no span is empty.
        """
        return cls(begin_ns, max(end_ns, begin_ns + 1))


def tai_ns_from_jd(jd1: float, jd2: float) -> int:
    """Convert a two-part Julian date of TAI to nanoseconds since 1970-01-01 TAI.

    Exact up to the final rounding to a nanosecond, so that both parts keep their precision.

    Raises
    ------
    ValueError
        A part is not finite.
    OverflowError
        A part is infinite.
    """
    return round((Fraction(jd1) - _EPOCH_JD + Fraction(jd2)) * NS_PER_DAY)


def tai_text(tai_ns: int) -> str:
    """Write TAI nanoseconds as ISO 8601 with nine decimals, the form of the Butler's exports."""
    seconds, ns = divmod(tai_ns, NS_PER_S)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{ns:09d}"


def day_obs_timespan(day_obs: int, offset_s: int) -> Timespan:
    """Compute the span of an observing day.

    Parameters
    ----------
    day_obs
        Day as YYYYMMDD.
    offset_s
        Seconds from midnight TAI of that date to the start of the observing day.

    Raises
    ------
    ValueError
        ``day_obs`` is not a date.
    """
    day, month, year = day_obs % 100, day_obs // 100 % 100, day_obs // 10_000
    midnight = datetime(year, month, day, tzinfo=UTC) - _EPOCH
    begin_ns = (midnight.days * 86_400 + offset_s) * NS_PER_S
    return Timespan(begin_ns, begin_ns + NS_PER_DAY)

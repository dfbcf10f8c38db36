"""Times of day as the observatory keeps them; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["pacific_offset", "tai_mjd"]

_MJD_EPOCH = datetime(1858, 11, 17)  # noqa: DTZ001 - UTC by definition
# IERS Bulletin C: since 2017-01-01.
_TAI_MINUS_UTC = timedelta(seconds=37)


def tai_mjd(utc: str) -> float:
    """Convert a UTC date of after 2016 to a modified Julian date of TAI."""
    return (datetime.fromisoformat(utc) + _TAI_MINUS_UTC - _MJD_EPOCH) / timedelta(days=1)


def pacific_offset(mjd: float) -> timedelta:
    """Compute how far the US Pacific coast is behind, where cameras were built.

    By rule (Energy Policy Act of 2005, §110; since 2007): a Lambda may have no time zones. Years
    before are simulated.

    Parameters
    ----------
    mjd
        Modified Julian date, of TAI.
    """
    time = _MJD_EPOCH + timedelta(days=mjd) - _TAI_MINUS_UTC
    # Summer time from the second Sunday of March to the first of November, at two o'clock.
    march = _sunday_on_or_after(datetime(time.year, 3, 8, 10))  # noqa: DTZ001
    november = _sunday_on_or_after(datetime(time.year, 11, 1, 9))  # noqa: DTZ001
    return timedelta(hours=7 if march <= time < november else 8)


def _sunday_on_or_after(day: datetime) -> datetime:
    return day + timedelta(days=6 - day.weekday())

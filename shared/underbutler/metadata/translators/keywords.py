"""Cards read and checked: what is unknown is None, what is wrong is an error naming the keyword.

Unknown is a card that is absent, undefined (FITS 4.0 §4.1.2.3), blank, or not a number (NaN,
which FITS cannot write but JSON can).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from astropy.io.fits.card import Undefined

__all__ = [
    "choice",
    "date_text",
    "day_obs",
    "flag",
    "is_unknown",
    "label",
    "number",
    "text",
    "whole_number",
]

# Simulations begin in 2000; no exposure ID is beyond 2050 (lsst/obs_lsst, translators/lsst.py).
_YEARS = range(2000, 2051)
# Components of the observatory number their ways to simulate (ts_xml, simulationMode): a few.
_LAST_MODE = 99

Header = Mapping[str, Any]


def text(header: Header, keyword: str) -> str | None:
    """Read a text as it stands.

    Raises
    ------
    ValueError
        Not a text, or one that FITS could not hold (FITS 4.0 §4.2.1: printable ASCII).
    """
    value = header.get(keyword)
    if value is None or isinstance(value, Undefined):
        return None
    if isinstance(value, date):
        # YAML makes one of what a header correction does not quote.
        value = _written(value)
    if not isinstance(value, str):
        raise _wrong(keyword, value, "a text")
    if not value.isascii() or not value.isprintable():
        raise _wrong(keyword, value, "a text of printable ASCII")
    return value if value.strip() else None


def label(header: Header, keyword: str) -> str | None:
    """Read a name; one of digits alone may be written as a number.

    Raises
    ------
    ValueError
        Neither a text nor a whole number.
    """
    value = header.get(keyword)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(header, keyword)


def choice(header: Header, keyword: str, choices: Collection[str]) -> str | None:
    """Read a text of which only a few are known.

    Raises
    ------
    ValueError
        It is none of them.
    """
    value = text(header, keyword)
    if value is not None and value not in choices:
        raise _wrong(keyword, value, f"one of {', '.join(choices)}")
    return value


def number(header: Header, keyword: str, low: float, high: float) -> float | None:
    """Read a number within bounds, the bounds included; a text may hold it.

    Raises
    ------
    ValueError
        No number, or one out of bounds.
    """
    value = header.get(keyword)
    if value is None or isinstance(value, str | Undefined):
        written = text(header, keyword)
        if written is None:
            return None
        try:
            value = float(written)
        except ValueError as error:
            raise _wrong(keyword, written, "a number") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(keyword, value, "a number")
    # Compared before it is converted: an integer may be larger than any other number.
    if low <= value <= high:
        return float(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    raise _wrong(keyword, value, f"within {low:g} and {high:g}")


def whole_number(header: Header, keyword: str, low: int, high: int) -> int | None:
    """Read a whole number within bounds; errors as those of `number`."""
    value = number(header, keyword, low, high)
    if value is not None and not value.is_integer():
        raise _wrong(keyword, value, "a whole number")
    return None if value is None else int(value)


def flag(header: Header, keyword: str) -> bool | None:
    """Read yes or no, written as a logical value or as the number of a mode, zero being none.

    Raises
    ------
    ValueError
        Something else.
    """
    value = header.get(keyword)
    if isinstance(value, bool):
        return value
    mode = whole_number(header, keyword, 0, _LAST_MODE)
    return None if mode is None else mode > 0


def day_obs(header: Header, keyword: str = "DAYOBS") -> int | None:
    """Read an observing day, written YYYYMMDD, YYYY-MM-DD or with a time after it.

    Raises
    ------
    ValueError
        No date, or one at which no camera of the observatory took data.
    """
    written = label(header, keyword)
    if written is None:
        return None
    digits = written.partition("T")[0].replace("-", "")
    try:
        if len(digits) != 8 or not digits.isdecimal():
            raise ValueError(digits)
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise _wrong(keyword, written, "a date YYYYMMDD") from error
    if day.year not in _YEARS:
        raise _wrong(keyword, written, f"a date from {_YEARS[0]} to {_YEARS[-1]}")
    return int(digits)


def date_text(header: Header, keyword: str) -> str | None:
    """Read a date with its time of day, as FITS writes it (FITS 4.0 §9.1.1).

    Raises
    ------
    ValueError
        The year is not one of the observatory's; the rest is checked by whoever parses it.
    """
    written = text(header, keyword)
    if written is None:
        return None
    if not written[:4].isdecimal() or int(written[:4]) not in _YEARS:
        raise _wrong(keyword, written, f"a date from {_YEARS[0]} to {_YEARS[-1]}")
    return written


def is_unknown(header: Header, keyword: str) -> bool:
    """Tell whether a card is absent, undefined or blank."""
    value = header.get(keyword)
    return value is None or isinstance(value, Undefined) or str(value).strip() == ""


def _written(day: date) -> str:
    if isinstance(day, datetime):
        return day.isoformat(timespec="milliseconds")
    return day.isoformat()


def _wrong(keyword: str, value: object, wanted: str) -> ValueError:
    return ValueError(f"{keyword} is {ascii(value)[:60]}, not {wanted}.")

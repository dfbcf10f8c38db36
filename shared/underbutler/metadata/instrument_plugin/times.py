"""Which cards say when an exposure began, how long it took, and when it ended."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from underbutler.metadata.instrument_plugin.examples import is_number, with_all
from underbutler.metadata.instrument_plugin.rules import Missing, Rule, promising

__all__ = ["begins_of", "time_rules"]

Header = Mapping[str, Any]

# FITS 4.0 §9.1.1, with a blank for the T, and the Z that some write.
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d*)?Z?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}(\.\d*)?")
_BEGIN_DATES = ("DATE-BEG", "DATE-OBS", "DATE_OBS", "DATEOBS", "DATE-STR", "UTC-OBS", "DATETIME")
_BEGIN_CLOCKS = (
    *("TIME-BEG", "TIME-OBS", "TIME_OBS", "UTSTART", "UT-STR", "UTC-STR", "UTC-OBS", "UTC_OBS"),
    *("UTSHUT", "UT-OBS", "UTOBS", "UT", "UTC", "EXPSTART"),
)
_BEGIN_DAYS = (("MJD-BEG", "mjd"), ("MJD-OBS", "mjd"), ("MJD_OBS", "mjd"), ("MJD-STR", "mjd"),
               ("MJD", "mjd"), ("JD", "jd"))  # fmt: skip
_END_DATES = ("DATE-END", "DATE_END", "DATEEND", "DATE-STP")
_END_DAYS = (("MJD-END", "mjd"), ("MJD_END", "mjd"))
_EXPOSURE_TIMES = (
    *("EXPTIME", "EXPOSURE", "EXP-TIME", "EXP_TIME", "XPOSURE", "ITIME", "TEXPTIME", "INTTIME"),
    *("EXPOSED", "ELAPTIME", "SHUTTIME", "ESO DET WIN1 DIT1"),
)
_REQUESTED_TIMES = ("EXPREQ", "REQTIME", "EXP_REQ", "EXPTREQ", "SHUTREQ")
_DARK_TIMES = ("DARKTIME", "DARK-TIM", "DARK_TIM", "EXPDARK")
_TIME_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "u.s"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "u.ms"),
    **dict.fromkeys(("min", "minute", "minutes"), "u.min"),
    **dict.fromkeys(("h", "hr", "hour", "hours"), "u.h"),
}


def begins_of(headers: Sequence[Header], rules: Sequence[Rule]) -> list[Hashable]:
    """Take what each header says of its beginning; the header's own place where it says nothing."""
    cards = [card for rule in rules if rule.name == "datetime_begin" for card in rule.cards]
    if not cards:
        return list(range(len(headers)))
    return [tuple(str(header.get(card)) for card in cards) for header in headers]


def time_rules(
    headers: Sequence[Header], units: Mapping[str, str]
) -> tuple[list[Rule], list[Missing]]:
    """Find the cards of times.

    Parameters
    ----------
    headers
        Headers of the examples.
    units
        Keyword → unit, as far as comments name it; else seconds.
    """
    rules: list[Rule] = []
    missing: list[Missing] = []
    begin = _moment("datetime_begin", "When the exposure began.", headers)
    exposed = _duration("exposure_time", _EXPOSURE_TIMES, headers, units)
    for rule, name, why in (
        (begin, "datetime_begin", "no known card has a date and time in every file."),
        (exposed, "exposure_time", "no known card has a duration in every file."),
    ):
        if rule is not None:
            rules.append(rule)
        else:
            found = promising(name, headers[0])
            missing.append(Missing(name=name, why=why, promising=found))
    rules.append(
        _moment("datetime_end", "When the exposure ended.", headers)
        or Rule(
            name="datetime_end",
            body="return self.to_datetime_begin() + self.to_exposure_time()",
            returns="Time",
            summary="When the exposure ended: no card says more than how long it took.",
        )
    )
    requested = _duration("exposure_time_requested", _REQUESTED_TIMES, headers, units)
    rules += [requested] if requested else []
    rules.append(
        _duration("dark_time", _DARK_TIMES, headers, units)
        or Rule(
            name="dark_time",
            body="return self.to_exposure_time()",
            summary="How long charge was gathered.",
        )
    )
    return rules, missing


def _duration(
    name: str, keywords: Sequence[str], headers: Sequence[Header], units: Mapping[str, str]
) -> Rule | None:
    for keyword in with_all(headers, keywords, is_number):
        unit = _TIME_UNITS.get(units.get(keyword, "s").lower(), "u.s")
        mapping = f"({keyword!r}, {{'unit': {unit}}})"
        return Rule(name=name, cards=(keyword,), mapping=mapping)
    return None


def _moment(name: str, summary: str, headers: Sequence[Header]) -> Rule | None:
    """Find a date and time: in one card, in two, or as a Julian date."""
    is_begin = name == "datetime_begin"
    dates = _BEGIN_DATES if is_begin else _END_DATES
    for keyword in with_all(headers, dates, lambda value: _fits(_MOMENT, value)):
        body = f"return _time(self._header[{keyword!r}], self._scale())"
        return Rule(name=name, cards=(keyword,), body=body, returns="Time", summary=summary)
    clocks = list(with_all(headers, _BEGIN_CLOCKS, lambda value: _fits(_CLOCK, value)))
    for keyword in with_all(headers, dates, lambda value: _fits(_DAY, value)):
        if is_begin and clocks:
            body = (
                f"day, clock = self._header[{keyword!r}], self._header[{clocks[0]!r}]\n"
                'return _time(f"{day.strip()}T{clock.strip():0>8}", self._scale())'
            )
            return Rule(
                name=name,
                cards=(keyword, clocks[0]),
                body=body,
                returns="Time",
                summary=summary,
            )
    for keyword, form in _BEGIN_DAYS if is_begin else _END_DAYS:
        if any(True for _ in with_all(headers, [keyword], is_number)):
            body = (
                f"days = float(self._header[{keyword!r}])\n"
                f"return Time(days, format={form!r}, scale=self._scale())"
            )
            return Rule(name=name, cards=(keyword,), body=body, returns="Time", summary=summary)
    return None


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value.strip()) is not None

"""Headers with any one card missing or wrong: a right value, or a problem that names the card."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsst_headers import HEADERS, LATISS, LSSTCAM, translated
from underbutler.errors import MissingPropertyError, UnknownInstrumentError
from underbutler.metadata.translators.exposure_id import CONTROLLERS
from underbutler.model.observation import Observation

cards = st.sampled_from(
    [(camera, keyword) for camera, header in HEADERS.items() for keyword in header]
)
wrong_values = st.sampled_from(
    [
        *(None, "", "  ", float("nan"), "NaN"),
        *([1], {"a": 1}, b"x", True, -1, 2.5, 1e30, -1e30, 10**400, math.inf),
        *("x" * 300, "Grün", "a\nb", "\x00", "25:61:61", "2025-13-45", "1970-01-01T00:00:00"),
    ]
) | st.text(max_size=5)
# Free text, which is taken for what it is; and numbers of which any within bounds may be right.
FREE = {
    *("OBSID", "GROUPID", "IMGTYPE", "REASON", "TESTTYPE", "PROGRAM", "RUNNUM", "OBJECT"),
    *("FILTER", "FILTER2", "GRATING"),
}
NUMBERS = {
    *("SEQNUM", "CURINDEX", "MAXINDEX", "EXPTIME", "SHUTTIME", "DARKTIME", "ROTPA", "RA", "DEC"),
    *("RASTART", "DECSTART", "AZSTART", "ELSTART"),
}
# What registration fills in where it is lost (properties_from_translated); the problem stays.
FILLED_IN = ("group_counter_start", "group_counter_end", "has_simulated_content")
# Part of Python's own messages, which say nothing to whoever wrote the header.
INTERNALS = ("NoneType", "unsupported operand", "object has no", "not callable", "too large")


def properties(header: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    found = asdict(translated(header))
    return found, found.pop("problems")


def is_plausible(keyword: str, value: Any) -> bool:
    if keyword == "FILTER" and (value is None or not str(value).strip()):
        return True  # the second one alone
    if keyword in FREE:
        return isinstance(value, str | int)
    if keyword == "CONTRLLR":
        return value in CONTROLLERS
    if keyword == "TRACKSYS":
        return value == ""  # nothing is followed
    if keyword.startswith("SIMULATE"):
        return isinstance(value, bool) or (isinstance(value, str) and value.strip().isdecimal())
    try:
        return keyword in NUMBERS and abs(float(value)) < 400
    except (TypeError, ValueError, OverflowError):
        return False


@given(card=cards, value=wrong_values)
@settings(max_examples=400)
def test_a_wrong_card_is_named_or_makes_no_difference(card, value):
    camera, keyword = card
    header = HEADERS[camera]
    without = {other: it for other, it in header.items() if other != keyword}
    try:
        found, problems = properties(header | {keyword: value})
    except (UnknownInstrumentError, MissingPropertyError):
        assert keyword in ("INSTRUME", "TELESCOP", "OBSID")
        return
    if keyword == "INSTRUME":
        return  # whose header it is, nobody knows
    assert not any(word in problem for problem in problems for word in INTERNALS)
    if is_plausible(keyword, value) or any(keyword in problem for problem in problems):
        return
    right, absent = properties(header)[0], properties(without)[0]
    assert all(repr(found[name]) in (repr(right[name]), repr(absent[name])) for name in found)


@pytest.mark.parametrize("camera", HEADERS)
def test_without_a_card_an_exposure_is_as_it_was_or_told_why_not(camera):
    header = HEADERS[camera]
    whole = asdict(Observation.from_properties(translated(header)).exposure)
    lost = {}
    for keyword in header.keys() - {"INSTRUME", "TELESCOP"}:
        found = translated({other: it for other, it in header.items() if other != keyword})
        named = any(keyword in problem for problem in found.problems)
        try:
            exposure = asdict(Observation.from_properties(found).exposure)
        except MissingPropertyError:
            assert named, keyword
            continue
        changed = {name for name in whole if repr(exposure[name]) != repr(whole[name])}
        if changed and not named:
            lost[keyword] = changed
    # What is told by another card, less exactly, or said to be unknown.
    assert {keyword: names for keyword, names in lost.items() if keyword not in REPLACED} == {}


REPLACED = {
    *("GROUPID", "CURINDEX", "MAXINDEX", "REASON", "PROGRAM", "RUNNUM", "OBJECT", "DARKTIME"),
    *("EXPTIME", "FILTER", "FILTER2", "GRATING", "VIGN_MIN", "RASTART", "DECSTART", "ROTCOORD"),
    *("DATE-END", "MJD-BEG", "MJD-OBS", "TESTTYPE", "IMGTYPE"),
}


@pytest.mark.parametrize(
    ("header", "keyword", "value", "lost"),
    [
        (LSSTCAM, "ROTPA", None, "boresight_rotation_angle"),
        (LSSTCAM, "RASTART", 999.0, "tracking_radec"),
        (LSSTCAM, "DECSTART", -91.0, "tracking_radec"),
        (LSSTCAM, "RADESYS", "GALACTIC", "tracking_radec"),
        (LSSTCAM, "TRACKSYS", "MOON", "tracking_radec"),
        (LSSTCAM, "ELSTART", 99.0, "altaz_begin"),
        (LSSTCAM, "AZSTART", None, "altaz_begin"),
        (LSSTCAM, "VIGN_MIN", "MAYBE", "can_see_sky"),
        (LSSTCAM, "ROTCOORD", "horizon", "boresight_rotation_coord"),
        (LSSTCAM, "TIMESYS", "GPS", "datetime_end"),
        (LSSTCAM, "DATE-END", "2025-08-05T00:00:00", "datetime_end"),
        (LSSTCAM, "DATE-END", "2025-08-02T25:00:00", "datetime_end"),
        (LSSTCAM, "MJD-BEG", 0.0, "datetime_begin"),
        (LSSTCAM, "CONTRLLR", "OC", "exposure_id"),
        (LSSTCAM, "SEQNUM", 100_000, "exposure_id"),
        (LSSTCAM, "DAYOBS", "20250230", "exposure_id"),
        (LSSTCAM, "CALIB_ID", "x", "exposure_id"),
        (LSSTCAM, "CCDSLOT", "S33", "detector_num"),
        (LSSTCAM, "RAFTBAY", "R05", "detector_num"),
        (LSSTCAM, "EXPTIME", -5.0, "exposure_time_requested"),
        (LATISS, "CURINDEX", 4, "group_counter_end"),
        (LATISS, "CURINDEX", 0, "group_counter_start"),
        (LATISS, "OBJECT", None, "object"),
        (LATISS, "SIMULATE ATDOME", "broken", "has_simulated_content"),
    ],
)
def test_what_cannot_be_right_is_lost_and_the_card_is_named(header, keyword, value, lost):
    found, problems = properties(header | {keyword: value})
    assert found[lost] is None or lost in FILLED_IN
    assert any(problem.startswith(lost) and keyword in problem for problem in problems)

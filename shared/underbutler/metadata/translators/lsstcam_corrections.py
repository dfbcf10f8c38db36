"""What is known to be wrong in headers of LSSTCam; pure.

Days, sequence numbers and values: lsst/obs_lsst, python/lsst/obs/lsst/translators/lsstCam.py,
``fix_header``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from underbutler.metadata.translators import keywords

__all__ = ["lsstcam_corrections"]

# Days on which the filter's name had a zero too much.
_PADDED_FILTER_DAYS = frozenset({20231107, 20231108, 20241015, 20241016})
# Before the first nights were over, the angle was ComCam's, a quarter turn off; then, for half a
# night, the other way round.
_COMCAM_ANGLE_DAYS = range(20250302, 20250422)
_TURNED_ANGLE_DAY, _TURNED_ANGLE_SEQ_NUMS = 20250422, range(251)
# Day → sequence numbers taken under a closed dome, though headers say otherwise (DM-51847,
# DM-52249).
_CLOSED_DOME = {
    20250518: (range(100_000),),
    20250703: (range(743, 746),),
    20250704: (range(832, 835),),
    20250705: (range(1, 737),),
    20250707: (range(744, 824), range(864, 944)),
    20250714: (range(258, 782),),
    20250715: (range(205, 1219),),
    20250819: (range(4, 1053),),
}
# Day → sequence numbers, and the filter that was really there (DM-52711).
_TRUE_FILTERS: dict[int, tuple[range, dict[str, Any]]] = {
    20250609: (
        range(76, 579),
        {"FILTER": "z_20", "FILTBAND": "z", "FILTPOS": 201.0, "FILTSLOT": 4},
    ),
    20260315: (
        range(49, 110),
        {"FILTER": "i_39", "FILTBAND": "i", "FILTPOS": 304.0, "FILTSLOT": 1},
    ),
}
# Days on which tests ran under the number of a survey (DM-53949).
_TEST_BLOCK_DAYS = frozenset(
    {
        *(20250415, 20250416, 20250417, 20250418, 20250421, 20250423, 20250424, 20250425),
        *(20250503, 20250504, 20250512, 20250522, 20250524, 20250826, 20250827, 20250828),
    }
)


def lsstcam_corrections(header: Mapping[str, Any]) -> dict[str, Any]:
    """Find the cards to correct, and their right values.

    A card that cannot be read is left as it is: who translates it will say so.
    """
    changes: dict[str, Any] = {}
    if "FILTER" not in header and header.get("FILTER2") is not None:
        # In the laboratory: not so where the first one is there but undefined, as without a filter.
        changes["FILTER2"] = None
    day = seq_num = None
    with suppress(ValueError):
        day = keywords.day_obs(header)
    with suppress(ValueError):
        seq_num = keywords.whole_number(header, "SEQNUM", 0, 99_999)
    if day is None:
        return changes
    if day in _PADDED_FILTER_DAYS and header.get("FILTER") == "ph_05":
        changes["FILTER"] = "ph_5"
    if day in _TEST_BLOCK_DAYS and header.get("PROGRAM") == "BLOCK-417":
        changes["PROGRAM"] = "BLOCK-T417"
    with suppress(ValueError):
        changes |= _angle(header, day, seq_num)
    if seq_num is None:
        return changes
    if "VIGN_MIN" in header and any(seq_num in nums for nums in _CLOSED_DOME.get(day, ())):
        changes["VIGN_MIN"] = "FULLY"
    seq_nums, true_filter = _TRUE_FILTERS.get(day, (range(0), {}))
    if seq_num in seq_nums:
        changes |= true_filter
    return changes


def _angle(header: Mapping[str, Any], day: int, seq_num: int | None) -> dict[str, Any]:
    angle = keywords.number(header, "ROTPA", -720.0, 720.0)
    # Zero is written for want of an angle.
    if not angle:
        return {}
    if day in _COMCAM_ANGLE_DAYS:
        return {"ROTPA": angle - 90.0}
    if day == _TURNED_ANGLE_DAY and seq_num in _TURNED_ANGLE_SEQ_NUMS:
        return {"ROTPA": angle % 360.0 - 180.0}
    return {}

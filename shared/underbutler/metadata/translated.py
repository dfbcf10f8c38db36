"""Translated metadata: properties of an observation in their JSON encoding.

The encoding is that of ``astro_metadata_translator.ObservationInfo.to_simple``; it is read here
without that package, which takes most of a second to import.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from underbutler.model.observation import ObservationProperties
from underbutler.model.timespan import tai_ns_from_jd

__all__ = ["properties_from_translated"]


def properties_from_translated(entry: Mapping[str, Any]) -> ObservationProperties:
    """Read translated metadata.

    Properties that registration does not use are passed over, known or not, so that files of a
    newer translator can be read. One of the wrong type counts as missing and is named among the
    problems.
    """
    properties = ObservationProperties()
    for name, read in _READERS.items():
        value = entry.get(name)
        if value is None:
            continue
        try:
            setattr(properties, name, read(value))
        except (TypeError, ValueError, OverflowError):
            properties.problems.append(f"{name} cannot be read: {reprlib.repr(value)}")
    # Absent from what older versions wrote (ObservationInfo._apply_constructor_defaults).
    if properties.group_counter_start is None:
        properties.group_counter_start = properties.observation_counter
    if properties.group_counter_end is None:
        properties.group_counter_end = properties.observation_counter
    if properties.has_simulated_content is None:
        properties.has_simulated_content = False
    return properties


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _name(value: Any) -> str | None:
    """Read a name; a blank is none."""
    return _text(value).strip() or None


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise TypeError
    return int(value)


def _number(value: Any) -> float | None:
    """Read a number; one that is not finite is unknown, as a database would have it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    # Added to zero, minus zero becomes zero: databases do not keep its sign.
    return float(value) + 0.0 if math.isfinite(value) else None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _pair(value: Any) -> tuple[float, float] | None:
    """Read two angles; unknown when either is not finite."""
    first, second = (_number(part) for part in value)
    return None if first is None or second is None else (first, second)


def _time(value: Any) -> int:
    """Read a two-part Julian date of TAI as nanoseconds since 1970."""
    first, second = value
    if not all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in value):
        raise TypeError
    return tai_ns_from_jd(first, second)


_READERS: dict[str, Callable[[Any], Any]] = {
    "instrument": _name,
    "exposure_id": _integer,
    "observation_id": _text,
    "observation_type": _text,
    "observation_reason": _text,
    "exposure_group": _text,
    "physical_filter": _text,
    "datetime_begin": _time,
    "datetime_end": _time,
    "observing_day": _integer,
    "observing_day_offset": _integer,
    "exposure_time_requested": _number,
    "dark_time": _number,
    "observation_counter": _integer,
    "group_counter_start": _integer,
    "group_counter_end": _integer,
    "object": _text,
    "science_program": _text,
    "tracking_radec": _pair,
    "boresight_rotation_angle": _number,
    "boresight_rotation_coord": _text,
    "altaz_begin": _pair,
    "has_simulated_content": _flag,
    "can_see_sky": _flag,
    "detector_num": _integer,
    "detector_unique_name": _text,
    "detector_name": _text,
    "detector_group": _text,
}

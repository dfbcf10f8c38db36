"""What the exposures of a visit have in common: its dimension record.

Pure, and the same to the last bit whatever the order of the exposures. Rules and columns are
those of obs_base ``DefineVisitsTask``; where it errs, with three exposures and more (of targets
A, B, B it makes B), this does not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from underbutler.model.dimension_records import VisitRecord
from underbutler.model.timespan import Timespan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from underbutler.visits.grouping import VisitGroup

__all__ = ["visit_record"]

_T = TypeVar("_T")

# Length of a mean of unit vectors below which the directions cancel, but for rounding.
_NO_DIRECTION = 1e-9
# Decimals of a mean azimuth in deg; beyond them is the rounding of sines and cosines.
_AZIMUTH_DECIMALS = 9


def visit_record(group: VisitGroup, region: bytes | None) -> VisitRecord:
    """Make the dimension record of a visit.

    What is unknown of one exposure is unknown of the visit.

    Parameters
    ----------
    group
        The visit and its exposures.
    region
        Convex polygon around all detectors, as lsst-sphgeom encodes it; None without geometry.
    """
    exposures = group.exposures
    reason = _common(exposure.observation_reason for exposure in exposures)
    return VisitRecord(
        instrument=group.instrument,
        id=group.id,
        name=group.name,
        day_obs=min(exposure.day_obs for exposure in exposures),
        physical_filter=exposures[0].physical_filter,
        seq_num=min(_known(exposure.seq_num for exposure in exposures), default=None),
        timespan=_span(exposure.timespan for exposure in exposures),
        exposure_time=_sum(exposure.exposure_time for exposure in exposures),
        target_name=_common(exposure.target_name for exposure in exposures),
        # Also when the only reason is unknown: what obs_base writes then.
        observation_reason="various" if reason is None else reason,
        science_program=_common(exposure.science_program for exposure in exposures),
        azimuth=_mean_direction(exposure.azimuth for exposure in exposures),
        zenith_angle=_mean(exposure.zenith_angle for exposure in exposures),
        region=region,
    )


def _known(values: Iterable[_T | None]) -> list[_T]:
    """List values, or nothing when one of them is unknown."""
    known: list[_T] = []
    for value in values:
        if value is None:
            return []
        known.append(value)
    return known


def _common(values: Iterable[str | None]) -> str | None:
    different = set(_known(values))
    return different.pop() if len(different) == 1 else None


def _span(values: Iterable[Timespan | None]) -> Timespan | None:
    spans = _known(values)
    if not spans:
        return None
    return Timespan(min(span.begin_ns for span in spans), max(span.end_ns for span in spans))


def _sum(values: Iterable[float | None]) -> float | None:
    numbers = _known(values)
    return math.fsum(numbers) if numbers else None


def _mean(values: Iterable[float | None]) -> float | None:
    numbers = _known(values)
    return math.fsum(numbers) / len(numbers) if numbers else None


def _mean_direction(values: Iterable[float | None]) -> float | None:
    """Average directions in deg to [0, 360), as vectors; None when they cancel.

    Of one direction, or several equal ones, that very value. obs_base gives the mean between
    -180 and 180.
    """
    directions = _known(values)
    if len(set(directions)) <= 1:
        return directions[0] if directions else None
    x = math.fsum(math.cos(math.radians(direction)) for direction in directions)
    y = math.fsum(math.sin(math.radians(direction)) for direction in directions)
    if math.hypot(x, y) < _NO_DIRECTION * len(directions):
        return None
    return round(math.degrees(math.atan2(y, x)), _AZIMUTH_DECIMALS) % 360.0

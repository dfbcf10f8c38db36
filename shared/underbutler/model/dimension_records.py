"""Dimension records: what is known of each value of a dimension.

Fields, their names, units and meanings are those of universe 8 of the Butler
(daf_butler ``configs/dimensions.yaml``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from uuid import UUID, uuid5

from underbutler.model.dataset_id import NAMESPACE
from underbutler.model.timespan import Timespan

__all__ = [
    "DayObsRecord",
    "DetectorRecord",
    "ExposureRecord",
    "GroupRecord",
    "InstrumentRecord",
    "PhysicalFilterRecord",
    "VisitDetectorRegionRecord",
    "VisitRecord",
]

# Relative difference under which two floats of one exposure's headers mean the same.
_FLOAT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRecord:
    """A camera on a telescope."""

    name: str
    visit_max: int
    """No visit ID is larger."""
    exposure_max: int
    """No exposure ID is larger."""
    detector_max: int
    """No detector ID is larger."""
    visit_system: int | None
    """Visit system preferred for reading by exposure, if any."""
    class_name: str
    """Python class of the Butler's instrument, for interchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRecord:
    """A detector of a camera."""

    instrument: str
    id: int
    full_name: str
    name_in_raft: str | None = None
    raft: str | None = None
    purpose: str | None = None
    """SCIENCE, WAVEFRONT, GUIDER or FOCUS; UNKNOWN where only a header names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalFilterRecord:
    """A filter and the band it passes."""

    instrument: str
    name: str
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord:
    """Exposures that were taken to go together."""

    instrument: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayObsRecord:
    """A night (or day) of observing."""

    instrument: str
    id: int
    """YYYYMMDD."""
    timespan: Timespan | None
    """Unknown where the instrument does not say when its day begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureRecord:
    """One opening of the shutter."""

    instrument: str
    id: int
    obs_id: str
    physical_filter: str
    group: str
    day_obs: int
    """YYYYMMDD."""
    timespan: Timespan | None
    exposure_time: float | None
    """Requested, s."""
    dark_time: float | None
    """s."""
    observation_type: str
    """``science``, ``bias``, ``flat`` and so on."""
    observation_reason: str | None
    seq_num: int | None
    """Counter of the exposure, within its day where the instrument restarts it."""
    seq_start: int
    """``seq_num`` of the first exposure of its sequence."""
    seq_end: int
    """``seq_num`` of the last exposure of its sequence."""
    target_name: str | None
    science_program: str | None
    tracking_ra: float | None
    """ICRS, deg."""
    tracking_dec: float | None
    """ICRS, deg."""
    sky_angle: float | None
    """Boresight rotation angle on the sky, deg."""
    azimuth: float | None
    """deg."""
    zenith_angle: float | None
    """deg."""
    has_simulated: bool
    can_see_sky: bool | None
    """Whether photons of the sky reach the detectors; None where nobody knows."""

    @property
    def digest(self) -> UUID:
        """Name of these very values, equal for equal records everywhere."""
        return uuid5(NAMESPACE, repr([getattr(self, name) for name in _EXPOSURE_FIELDS]))

    @property
    def not_on_sky(self) -> str:
        """Why it makes no visit (obs_base ``DefineVisitsTask``); empty if it does."""
        for name in ("tracking_ra", "tracking_dec", "sky_angle"):
            if getattr(self, name) is None:
                return f"{name} is unknown"
        return "can_see_sky is false" if self.can_see_sky is False else ""

    def differences(self, other: ExposureRecord) -> Iterator[tuple[str, object, object]]:
        """Name the columns in which two records of one exposure really differ.

        Yields
        ------
        difference
            Column, own value, other value. Floats within 1e-9 of each other are the same.
        """
        for name in _EXPOSURE_FIELDS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine == theirs:
                continue
            if (
                isinstance(mine, float)
                and isinstance(theirs, float)
                and math.isclose(mine, theirs, rel_tol=_FLOAT_TOLERANCE, abs_tol=_FLOAT_TOLERANCE)
            ):
                continue
            yield name, mine, theirs


_EXPOSURE_FIELDS = tuple(field.name for field in fields(ExposureRecord))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """Exposures that are processed together as one pointing."""

    instrument: str
    id: int
    name: str
    day_obs: int
    """YYYYMMDD."""
    physical_filter: str
    seq_num: int | None
    timespan: Timespan | None
    exposure_time: float | None
    """Sum over the exposures, s."""
    target_name: str | None
    observation_reason: str | None
    science_program: str | None
    azimuth: float | None
    """Mean, deg."""
    zenith_angle: float | None
    """Mean, deg."""
    region: bytes | None
    """Convex polygon around all detectors, as lsst-sphgeom encodes it; None without geometry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDetectorRegionRecord:
    """What a detector saw of the sky in a visit."""

    instrument: str
    visit: int
    detector: int
    region: bytes
    """Convex polygon, as lsst-sphgeom encodes it."""

"""Visits with all that belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from underbutler.model.dimension_records import VisitRecord

__all__ = ["Visit", "VisitProblem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit: its record, what it is made of, what it covers."""

    record: VisitRecord
    systems: tuple[int, ...]
    """Visit systems it belongs to."""
    exposures: tuple[int, ...]
    """Exposures it is made of."""
    detector_regions: Mapping[int, bytes] = field(default_factory=dict)
    """Detector → convex polygon, as lsst-sphgeom encodes it."""
    htm7: tuple[int, ...] = ()
    """HTM level-7 pixels that its region touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitProblem:
    """Why an exposure makes no visit, or not the one it might."""

    instrument: str
    exposure: int
    code: str
    """Stable slug: ``not-on-sky``, ``mixed-filter``, ``bad-group-name``, ``no-geometry``."""
    message: str

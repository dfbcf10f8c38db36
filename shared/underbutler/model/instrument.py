"""Instruments: cameras, their detectors on the focal plane, their filters, how visits are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from underbutler.model.dimension_records import (
    DetectorRecord,
    InstrumentRecord,
    PhysicalFilterRecord,
)

__all__ = ["Camera", "CameraDetector", "Grouper", "Instrument"]


class Grouper(StrEnum):
    """Ways to make visits of exposures, by the names of obs_base ``GroupExposuresTask``."""

    ONE_TO_ONE = "one-to-one"
    BY_GROUP_METADATA = "by-group-metadata"
    ONE_TO_ONE_AND_BY_COUNTER = "one-to-one-and-by-counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraDetector:
    """A detector and where it lies on the focal plane."""

    id: int
    full_name: str
    raft: str | None
    name_in_raft: str | None
    purpose: str
    """SCIENCE, WAVEFRONT, GUIDER or FOCUS."""
    nx: int
    """Columns of the trimmed image, pixels."""
    ny: int
    """Rows of the trimmed image, pixels."""
    field_angle_corners_deg: tuple[tuple[float, float], ...]
    """Field angles (x, y) of the corners x0y0, x1y0, x1y1, x0y1 of the trimmed image, before
    rotation by the boresight rotation angle, deg; shape (4, 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Geometry of a focal plane on the sky."""

    detectors: tuple[CameraDetector, ...]
    focal_plane_x_flipped: bool
    """False: with +Y to the North, +X points West; true: East."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """All that has to be known of an instrument to register its data."""

    name: str
    class_name: str
    """Class of the Butler's instrument, accepted as a name and written on export."""
    visit_max: int
    exposure_max: int
    detector_max: int
    visit_system: int | None
    grouper: Grouper
    camera: Camera | None
    """None where nobody described the focal plane: visits then have no regions."""
    bands: Mapping[str, str] = field(default_factory=dict)
    """Physical filter → band."""

    @property
    def record(self) -> InstrumentRecord:
        """Its dimension record."""
        return InstrumentRecord(
            name=self.name,
            visit_max=self.visit_max,
            exposure_max=self.exposure_max,
            detector_max=self.detector_max,
            visit_system=self.visit_system,
            class_name=self.class_name,
        )

    @property
    def detector_records(self) -> list[DetectorRecord]:
        """Dimension records of the camera's detectors."""
        return [
            DetectorRecord(
                instrument=self.name,
                id=detector.id,
                full_name=detector.full_name,
                name_in_raft=detector.name_in_raft,
                raft=detector.raft,
                purpose=detector.purpose,
            )
            for detector in (self.camera.detectors if self.camera else ())
        ]

    @property
    def physical_filter_records(self) -> list[PhysicalFilterRecord]:
        """Dimension records of the known filters."""
        return [
            PhysicalFilterRecord(instrument=self.name, name=name, band=band)
            for name, band in self.bands.items()
        ]

    def band_of(self, physical_filter: str) -> str:
        """Find the band of a filter; ``unknown`` for one nobody described."""
        return self.bands.get(physical_filter, "unknown")

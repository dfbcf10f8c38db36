"""Instruments: cameras, their detectors on the focal plane, their filters, how visits are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from underbutler.model.auxiliary import Auxiliary
from underbutler.model.band_names import infer_band
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
    translator: str = ""
    """Class that translates its headers, ``module:Class``, imported when a header has to be; empty
    where astro_metadata_translator or Underbutler brings it."""
    auxiliaries: tuple[Auxiliary, ...] = ()
    """Kinds of files that are taken along with exposures."""

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

    def auxiliary(self, dataset_type: str) -> Auxiliary:
        """Find the kind of auxiliary file that is registered as a dataset type."""
        return next(item for item in self.auxiliaries if item.dataset_type == dataset_type)

    def auxiliary_at(self, stem: str) -> Auxiliary | None:
        """Find the kind of auxiliary file that a file's stem names; None of a raw."""
        return next((item for item in self.auxiliaries if item.matches(stem)), None)

    def band_of(self, physical_filter: str) -> str:
        """Find the band of a filter; ``unknown`` where its name does not tell, either."""
        return self.bands.get(physical_filter) or self.infer_band(physical_filter) or "unknown"

    def infer_band(self, physical_filter: str) -> str | None:
        """Infer the band of a filter nobody described from its name; None when in doubt."""
        return infer_band(self.name, physical_filter, self.bands)

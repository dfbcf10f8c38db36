"""Translator of LSSTCam, in the laboratory since 2018 and at the Simonyi telescope since 2025.

Rules and constants: lsst/obs_lsst, python/lsst/obs/lsst/translators/lsstCam.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import astropy.units as u
from astro_metadata_translator import cache_translation
from astropy.coordinates import EarthLocation
from astropy.time import Time, TimeDelta

from underbutler.metadata.translators.lsst import LsstTranslator
from underbutler.metadata.translators.lsst_times import pacific_offset, tai_mjd
from underbutler.metadata.translators.lsstcam_corrections import lsstcam_corrections

__all__ = ["LsstCamTranslator"]

_SCIENCE_RAFTS = (
    *("R01", "R02", "R03", "R10", "R11", "R12", "R13", "R14", "R20", "R21", "R22"),
    *("R23", "R24", "R30", "R31", "R32", "R33", "R34", "R41", "R42", "R43"),
)
_CORNER_RAFTS = ("R00", "R04", "R40", "R44")
_SCIENCE_SLOTS = ("S00", "S01", "S02", "S10", "S11", "S12", "S20", "S21", "S22")
# Guiders and halves of wavefront sensors.
_CORNER_SLOTS = ("SG0", "SG1", "SW0", "SW1")

_DETECTOR_NUMBERS = {
    place: number
    for number, place in enumerate(
        [(raft, slot) for raft in _SCIENCE_RAFTS for slot in _SCIENCE_SLOTS]
        + [(raft, slot) for raft in _CORNER_RAFTS for slot in _CORNER_SLOTS]
    )
}
"""Raft and slot → number (lsst/obs_lsst ``policy/lsstCam``: science rafts, then the corners)."""


class LsstCamTranslator(LsstTranslator):
    """Translates headers of LSSTCam, those of its guiders included.

    A guider's file tells which detector and which exposure it belongs to, but neither when nor
    how long that was.
    """

    name = "LSSTCam"
    supported_instrument = "LSSTCam"
    _const_map = {  # noqa: RUF012
        "instrument": "LSSTCam",
        "telescope": "Simonyi Survey Telescope",
    }

    # lsst/obs_lsst, translators/lsst.py: SIMONYI_LOCATION; deg and m on WGS 84.
    pier = EarthLocation.from_geodetic(-70.749417, -30.244639, 2663.0)
    checks_type_for_sky = False

    detector_numbers: Mapping[tuple[str, str], int] = _DETECTOR_NUMBERS
    """Raft and slot → number."""
    on_telescope_mjd = tai_mjd("2025-03-01")
    """When it was mounted; TAI."""
    left_pacific_mjd = 60431.0
    """2024-05-01, when days no longer began at midnight of the US Pacific coast; TAI."""

    @classmethod
    def can_translate(
        cls,
        header: Mapping[str, Any],
        filename: str | None = None,  # noqa: ARG003
    ) -> bool:
        """Tell whether a header is LSSTCam's."""
        return str(header.get("INSTRUME")).lower() == "lsstcam"

    @classmethod
    def corrections(cls, header: Mapping[str, Any], obsid: str | None) -> dict[str, Any]:  # noqa: ARG003
        """Find the cards to correct, and their right values."""
        return lsstcam_corrections(header)

    @classmethod
    def observing_date_to_offset(cls, observing_date: Time) -> TimeDelta:
        """Tell how much later than TAI midnight the observing day began at a time."""
        mjd = observing_date.tai.mjd
        if mjd >= cls.left_pacific_mjd:
            return super().observing_date_to_offset(observing_date)
        return TimeDelta(pacific_offset(mjd).total_seconds(), format="sec", scale="tai")

    def is_on_mountain(self) -> bool:
        """Tell whether the camera was at its telescope, as simulated ones always are."""
        if self.controller() == "H":
            return True
        return bool(self.to_datetime_begin().mjd > self.on_telescope_mjd)

    @cache_translation
    def to_exposure_time(self) -> u.Quantity:
        """Read how long the shutter was open; of darks, how long it was closed."""
        shutter = self._seconds("SHUTTIME")
        return shutter * u.s if shutter else self.to_exposure_time_requested()

    @cache_translation
    def to_can_see_sky(self) -> bool | None:
        """Tell whether light of the sky could reach the detector; None if that is unknown."""
        return super().to_can_see_sky() if self.is_on_mountain() else False

    @cache_translation
    def to_physical_filter(self) -> str:
        """Join the filters; from laboratories there may be three in a row."""
        filters = [self._text(name) for name in ("FILTER", "FILTER1", "FILTER2")]
        joined = "~".join(name for name in filters if name) or "unknown"
        while joined.endswith("~empty"):
            joined = joined.removesuffix("~empty")
        return joined.replace("NONE", "none")

    @cache_translation
    def to_detector_group(self) -> str:
        """Read the raft, such as ``R22``."""
        return self._needed(self._text("RAFTBAY"), "RAFTBAY")

    @cache_translation
    def to_detector_name(self) -> str:
        """Read the detector's slot in its raft, such as ``S11``."""
        return self._needed(self._text("CCDSLOT"), "CCDSLOT")

    @cache_translation
    def to_detector_num(self) -> int:
        """Number the detector by its raft and slot."""
        place = (self.to_detector_group(), self.to_detector_name())
        if place not in self.detector_numbers:
            raise ValueError(
                f"RAFTBAY is {place[0][:40]!r} and CCDSLOT {place[1][:40]!r}: no such detector."
            )
        return self.detector_numbers[place]

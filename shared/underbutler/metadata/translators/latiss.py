"""Translator of LATISS, the spectrograph at the Rubin Auxiliary Telescope.

Rules and constants: lsst/obs_lsst, python/lsst/obs/lsst/translators/latiss.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import astropy.units as u
from astro_metadata_translator import cache_translation
from astropy.coordinates import AltAz, EarthLocation

from underbutler.metadata.translators.latiss_corrections import latiss_corrections
from underbutler.metadata.translators.lsst import LsstTranslator
from underbutler.metadata.translators.lsst_times import tai_mjd

__all__ = ["LatissTranslator"]

# Before, headers are a laboratory's, and much in them is not to be relied on.
_ON_TELESCOPE_MJD = tai_mjd("2020-01-01")
# Such as empty, empty_1.
_EMPTY_SLOT = re.compile(r"empty_?\d*", re.ASCII | re.IGNORECASE)


class LatissTranslator(LsstTranslator):
    """Translates headers of LATISS."""

    # Translated files name it so.
    name = "LSST_LATISS"
    supported_instrument = "LATISS"
    _const_map = {  # noqa: RUF012
        "instrument": "LATISS",
        "telescope": "Rubin Auxiliary Telescope",
        # There is one sensor, and no raft; headers say R00 at times.
        "detector_group": "RXX",
        "detector_name": "S00",
        "detector_num": 0,
    }

    pier = EarthLocation.from_geodetic(-70.747698, -30.244728, 2663.0)
    unknown_angle_deg = math.nan

    @classmethod
    def can_translate(
        cls,
        header: Mapping[str, Any],
        filename: str | None = None,  # noqa: ARG003
    ) -> bool:
        """Tell whether a header is LATISS's, by its name of today or of 2018."""
        return header.get("INSTRUME") in ("LATISS", "LSST_ATISS")

    @classmethod
    def corrections(cls, header: Mapping[str, Any], obsid: str | None) -> dict[str, Any]:
        """Find the cards to correct, and their right values."""
        return latiss_corrections(
            header, obsid, lambda corrected: float(cls(corrected).to_datetime_begin().mjd)
        )

    def is_on_mountain(self) -> bool:
        """Tell whether the camera was at its telescope."""
        return bool(self.to_datetime_begin().mjd > _ON_TELESCOPE_MJD)

    @cache_translation
    def to_observation_id(self) -> str:
        """Read the name of the exposure; until 2019 under another keyword."""
        return self._needed(self._label("OBSID", "IMGNAME"), "OBSID", "IMGNAME")

    @cache_translation
    def to_detector_serial(self) -> str:
        """Read the sensor's serial number."""
        return self._needed(self._label("LSST_NUM", "DETSER"), "LSST_NUM", "DETSER")

    @cache_translation
    def to_exposure_time(self) -> u.Quantity:
        """Read how long the shutter was open; -1 s if that is unknown, as of 2022-04-26."""
        seconds = self._seconds("EXPTIME")
        return (-1.0 if seconds is None else seconds) * u.s

    @cache_translation
    def to_exposure_time_requested(self) -> u.Quantity:
        """Read how long the shutter should have been open: what was wanted is what was done."""
        return self.to_exposure_time()

    @cache_translation
    def to_dark_time(self) -> u.Quantity:
        """Read how long charge was collected: never less than the exposure."""
        exposure, dark_s = self.to_exposure_time(), self._seconds("DARKTIME")
        return exposure if dark_s is None else max(dark_s, exposure.to_value(u.s)) * u.s

    @cache_translation
    def to_observation_type(self) -> str:
        """Read the type of observation; early headers leave it out."""
        kind = (self._text("OBSTYPE", "IMGTYPE") or "").lower()
        if not kind:
            return "bias" if self._seconds("EXPTIME") == 0.0 else "unknown"
        if kind == "object" and not self.is_on_mountain():
            # Science would be on the sky.
            return "labobject"
        return "science" if kind in ("skyexp", "object") else kind

    @cache_translation
    def to_object(self) -> str:
        """Read what was looked at; science on the sky must say."""
        name = self._label("OBJECT")
        if name is None and self.to_observation_type() == "science" and self.is_on_mountain():
            self._needed(None, "OBJECT")
        return name or "UNKNOWN"

    @cache_translation
    def to_science_program(self) -> str:
        """Read for which programme."""
        return self._label("PROGRAM") or "unknown"

    @cache_translation
    def to_physical_filter(self) -> str:
        """Join the filter and the grating, such as ``SDSSr_65mm~empty``."""
        name = self._text("FILTER") or "unknown"
        grating = self._text("GRATING")
        if grating is None:
            # A blank says that there is none.
            grating = "empty" if self._header.get("GRATING") == "" else "unknown"
        return "~".join(
            (
                "empty" if _EMPTY_SLOT.fullmatch(name) else name,
                "empty" if grating.lower().startswith("empty") else grating,
            )
        )

    @cache_translation
    def to_altaz_end(self) -> AltAz | None:
        """Read where the telescope pointed at the end; for a year a misspelt card hid it."""
        if "AELEND" in self._header and "ELEND" not in self._header:
            return None
        return super().to_altaz_end()

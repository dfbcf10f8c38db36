"""Translator of LSSTComCam, one raft of its own, at the Simonyi telescope until the end of 2024.

Rules and constants: lsst/obs_lsst, python/lsst/obs/lsst/translators/comCam.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from astro_metadata_translator import cache_translation

from underbutler.metadata.translators import keywords
from underbutler.metadata.translators.lsst_times import tai_mjd
from underbutler.metadata.translators.lsstcam import LsstCamTranslator

__all__ = ["LsstComCamTranslator"]

_TELESCOPES = ("Simonyi Survey Telescope", "LSST")
# Slot → sensor, which early headers leave out; in the order of detector numbers.
_SERIALS = {
    "S00": "ITL-3800C-229",
    "S01": "ITL-3800C-251",
    "S02": "ITL-3800C-215",
    "S10": "ITL-3800C-326",
    "S11": "ITL-3800C-283",
    "S12": "ITL-3800C-243",
    "S20": "ITL-3800C-319",
    "S21": "ITL-3800C-209",
    "S22": "ITL-3800C-206",
}
# When it left Tucson, where a filter was in it that headers call by its band.
_TO_CHILE_MJD = tai_mjd("2020-03-13")


class LsstComCamTranslator(LsstCamTranslator):
    """Translates headers of LSSTComCam."""

    name = "LSSTComCam"
    supported_instrument = "LSSTComCam"
    _const_map = {"instrument": "LSSTComCam"}  # noqa: RUF012

    detector_numbers = {  # noqa: RUF012
        ("R22", slot): number for number, slot in enumerate(_SERIALS)
    }
    on_telescope_mjd = tai_mjd("2024-08-24")
    left_pacific_mjd = 58909.0
    """2020-03-01; TAI."""

    @classmethod
    def can_translate(
        cls,
        header: Mapping[str, Any],
        filename: str | None = None,  # noqa: ARG003
    ) -> bool:
        """Tell whether a header is LSSTComCam's: other observatories' were called so, too."""
        if "TELESCOP" not in header:
            return False
        instrument = str(header.get("INSTRUME")).lower()
        if instrument == "comcam" and header["TELESCOP"] in _TELESCOPES:
            return True
        # In the laboratory of 2019.
        return instrument == "lsst_camera" and header.get("TELCODE") == "CC"

    @classmethod
    def corrections(cls, header: Mapping[str, Any], obsid: str | None) -> dict[str, Any]:  # noqa: ARG003
        """Find the cards to correct, and their right values."""
        changes: dict[str, Any] = {}
        with suppress(KeyError, ValueError):
            if keywords.text(header, "FILTER") in (None, "r"):
                changes["FILTER"] = cls(header).filter_not_named()
        return changes

    @cache_translation
    def to_detector_serial(self) -> str:
        """Read the sensor's serial number; the slot tells it as well."""
        return self._label("LSST_NUM") or self._needed(
            _SERIALS.get(self.to_detector_name()), "LSST_NUM"
        )

    def filter_not_named(self) -> str:
        """Tell which filter a header means that names none, or but a band."""
        if self._header.get("FILTER") is None:
            return "unknown"
        return "empty" if self.to_datetime_begin().mjd > _TO_CHILE_MJD else "r_03"

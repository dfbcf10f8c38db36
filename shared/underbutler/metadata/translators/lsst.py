"""What headers of all the observatory's cameras have in common.

Rules and constants: lsst/obs_lsst, python/lsst/obs/lsst/translators/lsst.py, where nothing else
is named. Values are read through `keywords`, so that a bad card is an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import astropy.units as u
from astro_metadata_translator import cache_translation
from astropy.time import Time, TimeDelta

from underbutler.metadata.translators import keywords
from underbutler.metadata.translators.exposure_id import (
    SIMULATORS,
    detector_exposure_id,
    exposure_id,
    visit_id,
)
from underbutler.metadata.translators.lsst_pointing import NO_SKY, LsstPointing

__all__ = ["LsstTranslator"]

# Modified Julian dates of 2000 and 2051: phoSim's exposures are of 2000.
_FIRST_MJD, _LAST_MJD = 51544.0, 70172.0
# Five digits of an exposure ID.
_LAST_SEQ_NUM = 99_999
# LSE-400, SITCOMTN-032: the day begins at noon.
_DAY_BEGINS = TimeDelta(12 * 3600, format="sec", scale="tai")


class LsstTranslator(LsstPointing):
    """Translates what all cameras' headers have in common."""

    checks_type_for_sky = True
    """Whether the observation's type tells if the sky is seen, when no keyword does."""

    @classmethod
    def observing_date_to_offset(cls, observing_date: Time) -> TimeDelta:  # noqa: ARG003
        """Tell how much later than TAI midnight the observing day began at a time."""
        return _DAY_BEGINS

    @classmethod
    def fix_header(
        cls,
        header: MutableMapping[str, Any],
        instrument: str,  # noqa: ARG003
        obsid: str | None,
        filename: str | None = None,  # noqa: ARG003
    ) -> bool:
        """Correct what is known to be wrong in a header; tells whether anything was."""
        changes = cls.corrections(header, obsid)
        header.update(changes)
        return bool(changes)

    @classmethod
    def corrections(cls, header: Mapping[str, Any], obsid: str | None) -> dict[str, Any]:  # noqa: ARG003
        """Find the cards to correct, and their right values; None for what is unknown."""
        return {}

    # Which exposure.

    @cache_translation
    def to_observation_id(self) -> str:
        """Read the name of the exposure, such as ``MC_O_20250415_000060``."""
        return self._needed(self._label("OBSID"), "OBSID")

    @cache_translation
    def to_exposure_id(self) -> int:
        """Number the exposure by its day, sequence number and controller."""
        if "CALIB_ID" in self._header:
            raise ValueError("CALIB_ID is there: the header is a calibration's, not an exposure's.")
        self._used_these_cards("DAYOBS")
        day = self._needed(keywords.day_obs(self._header), "DAYOBS")
        return exposure_id(day, self.to_observation_counter(), self.controller())

    @cache_translation
    def to_visit_id(self) -> int:
        """Number the exposure's group."""
        return visit_id(self.to_exposure_group())

    @cache_translation
    def to_exposure_group(self) -> str:
        """Read the name of the exposure's group; one without is a group by itself."""
        return self._label("GROUPID") or str(self.to_exposure_id())

    @cache_translation
    def to_observing_day(self) -> int | None:
        """Read the observing day, YYYYMMDD; else compute it from the time."""
        self._used_these_cards("DAYOBS")
        return keywords.day_obs(self._header) or super().to_observing_day()

    @cache_translation
    def to_observation_counter(self) -> int:
        """Read the number of the exposure within its day."""
        return self._needed(self._whole_number("SEQNUM", 0, _LAST_SEQ_NUM), "SEQNUM")

    @cache_translation
    def to_group_counter_start(self) -> int:
        """Number the first exposure of the visit: snaps know their place in it."""
        place, _ = self._place_among_snaps()
        counter = self.to_observation_counter()
        if place is None:
            # Numbers of zero say nothing: all such exposures would make one visit.
            return counter or self.to_exposure_id()
        if place > counter + 1:
            raise ValueError(f"CURINDEX is {place}, more than SEQNUM, {counter}, allows.")
        return counter - place + 1

    @cache_translation
    def to_group_counter_end(self) -> int:
        """Number the last exposure of the visit."""
        place, last = self._place_among_snaps()
        counter = self.to_observation_counter()
        if place is None or last is None:
            return counter or self.to_exposure_id()
        return counter + last - place

    def _place_among_snaps(self) -> tuple[int | None, int | None]:
        """Read which of how many snaps this is, counted from one; since 2020."""
        # Zero is written for want of a number. Of one snap alone both may be unknown; of several,
        # one counted from zero would be put into a visit that is not its own.
        last = self._whole_number("MAXINDEX", 0, _LAST_SEQ_NUM) or None
        place = self._whole_number("CURINDEX", 0 if last in (None, 1) else 1, _LAST_SEQ_NUM) or None
        if place is not None and last is not None and place > last:
            raise ValueError(f"CURINDEX is {place}, over MAXINDEX, {last}.")
        return place, last

    # When.

    @cache_translation
    def to_datetime_begin(self) -> Time:
        """Read when the exposure began, which is always written in TAI."""
        for name in ("MJD-BEG", "DATE-BEG", "MJD-OBS", "DATE-OBS"):
            if name.startswith("MJD"):
                mjd = self._number(name, _FIRST_MJD, _LAST_MJD)
                if mjd is not None:
                    return Time(mjd, format="mjd", scale="tai")
            elif (written := self._date(name, "tai")) is not None:
                return written
        raise KeyError("The header gives no MJD-BEG, DATE-BEG, MJD-OBS nor DATE-OBS.")

    @cache_translation
    def to_datetime_end(self) -> Time:
        """Read when the exposure ended; else its beginning and the exposure time tell."""
        begin = self.to_datetime_begin()
        self._used_these_cards("TIMESYS")
        scale = keywords.choice(self._header, "TIMESYS", ("TAI", "UTC")) or "TAI"
        end = self._date("DATE-END", scale.lower())
        if end is None:
            # LATISS says -1 s where none is known.
            seconds = max(self.to_exposure_time().to_value(u.s), 0.0)
            return begin + TimeDelta(seconds, format="sec")
        if abs(end.tai.mjd - begin.mjd) > 1.0:
            raise ValueError(
                f"DATE-END is {end.tai.isot}, over a day from the beginning, {begin.isot}, which"
                " MJD-BEG, DATE-BEG, MJD-OBS or DATE-OBS gives."
            )
        return end

    def _date(self, name: str, scale: str) -> Time | None:
        self._used_these_cards(name)
        written = keywords.date_text(self._header, name)
        if written is None:
            return None
        try:
            return Time(written, format="fits", scale=scale)
        except ValueError as error:
            raise ValueError(f"{name} is {written[:40]!r}, not a date of FITS.") from error

    @cache_translation
    def to_exposure_time_requested(self) -> u.Quantity:
        """Read how long the shutter should have been open."""
        return self._needed(self._seconds("EXPTIME"), "EXPTIME") * u.s

    @cache_translation
    def to_dark_time(self) -> u.Quantity:
        """Read how long charge was collected: no less than the exposure, if nothing is said."""
        seconds = self._seconds("DARKTIME")
        return self.to_exposure_time() if seconds is None else seconds * u.s

    # What for.

    @cache_translation
    def to_observation_type(self) -> str:
        """Read the type of observation, in lower case."""
        kind = self._needed(self._text("IMGTYPE"), "IMGTYPE").lower()
        return "science" if kind in ("skyexp", "object") else kind

    @cache_translation
    def to_observation_reason(self) -> str:
        """Read why the observation was made, in lower case."""
        reason = self._text("REASON", "TESTTYPE")
        return str(super().to_observation_reason()) if reason is None else reason.lower()

    @cache_translation
    def to_object(self) -> str:
        """Read what was looked at."""
        return self._label("OBJECT") or "UNKNOWN"

    @cache_translation
    def to_science_program(self) -> str:
        """Read for which programme, or in the laboratory for which run."""
        return self._label("PROGRAM", "RUNNUM") or "unknown"

    @cache_translation
    def to_detector_serial(self) -> str:
        """Read the sensor's serial number."""
        return self._needed(self._label("LSST_NUM"), "LSST_NUM")

    @cache_translation
    def to_detector_exposure_id(self) -> int:
        """Number the detector's view of the exposure."""
        return detector_exposure_id(self.to_exposure_id(), self.to_detector_num())

    @cache_translation
    def to_has_simulated_content(self) -> bool:
        """Tell whether anything was simulated: a component, which its own card says, or all."""
        # Components come and go, so keywords are not listed here: HIERARCH SIMULATE ATMCS.
        for name in list(self._header):
            if "SIMULATE" in name and self._is_simulated(name):
                return True
        return self.controller() in SIMULATORS

    def _is_simulated(self, name: str) -> bool:
        self._used_these_cards(name)
        # SIMULATED DATE-END and the like say when.
        if "SIMULATED" in name:
            return not keywords.is_unknown(self._header, name) and bool(self._header[name])
        return bool(keywords.flag(self._header, name))

    @cache_translation
    def to_can_see_sky(self) -> bool | None:
        """Tell whether light of the sky could reach the detector; None if that is unknown."""
        if self._seconds("SHUTTIME") == 0.0:
            return False
        self._used_these_cards("VIGN_MIN")
        shadow = keywords.choice(self._header, "VIGN_MIN", ("NO", "PARTIALLY", "FULLY", "UNKNOWN"))
        if shadow is not None:
            return None if shadow == "UNKNOWN" else shadow != "FULLY"
        if self.checks_type_for_sky or self.controller() == "H":
            kind = self.to_observation_type()
            return True if kind == "science" else False if kind in NO_SKY else None
        return None

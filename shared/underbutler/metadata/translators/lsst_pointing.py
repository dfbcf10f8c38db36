"""Where telescopes of the observatory stood and pointed, and in which weather.

Rules and constants: lsst/obs_lsst, python/lsst/obs/lsst/translators/lsst.py.
"""

from __future__ import annotations

import math

import astropy.units as u
from astro_metadata_translator import cache_translation
from astropy.coordinates import ICRS, AltAz, Angle, EarthLocation, SkyCoord
from astropy.utils import iers

from underbutler.metadata.translators import keywords
from underbutler.metadata.translators.checked_translator import CheckedTranslator
from underbutler.metadata.translators.exposure_id import CONTROLLERS

__all__ = ["NO_SKY", "LsstPointing"]

NO_SKY = ("bias", "dark", "flat")
"""Types of observations that are not of the sky."""

_FRAMES = {"ICRS": "icrs", "FK5": "fk5", "FK4": "fk4"}
_MOVING_TARGET = "GAPPT"
# What can be followed; only the first keeps a right ascension.
_TRACKED = ("RADEC", "SIDEREAL", "AZEL", "LOCAL", "PLANET", "EPHEMERIS")
# What the drives can do: below the horizon, and beyond the zenith.
_LOWEST_DEG, _HIGHEST_DEG = -5.55, 95.55
# OBSGEO-X, -Y, -Z: how far from the pier a survey of its place may be.
_NEAR_M = 10_000.0
# Above, a pressure is in Pa, below in hPa: both were written.
_MOST_HPA = 10_000.0


class LsstPointing(CheckedTranslator):
    """Translates what depends on where the camera was."""

    pier: EarthLocation
    """Where the telescope stands, for headers that do not say."""
    unknown_angle_deg = 0.0
    """Rotation angle of what is no science and gives none."""

    def is_on_mountain(self) -> bool:
        """Tell whether the camera was at its telescope."""
        raise NotImplementedError

    def is_on_sky(self) -> bool:
        """Tell whether the telescope followed the sky, with the shutter open."""
        if (self._text("TRACKSYS") or "").lower() == "local":
            return False
        return self.to_observation_type() not in NO_SKY and self.is_on_mountain()

    def controller(self) -> str | None:
        """Tell who commanded the exposure: one of `CONTROLLERS`.

        The exposure's name repeats it, for headers that leave it out.
        """
        self._used_these_cards("CONTRLLR")
        code = keywords.choice(self._header, "CONTRLLR", CONTROLLERS)
        if code is None:
            parts = (self._label("OBSID") or "").split("_")
            code = parts[1] if len(parts) == 4 and parts[1] in CONTROLLERS else None
        return code

    @cache_translation
    def to_location(self) -> EarthLocation | None:
        """Read where the telescope stands; unknown for a camera that was elsewhere."""
        if not self.is_on_mountain():
            return None
        names = ("OBSGEO-X", "OBSGEO-Y", "OBSGEO-Z")
        metres = [self._number(name, -1e7, 1e7) for name in names]
        if None in metres:
            return self.pier
        known = [axis.to_value(u.m) for axis in self.pier.geocentric]
        for name, found, expected in zip(names, metres, known, strict=True):
            if found is None or abs(found - expected) > _NEAR_M:
                raise ValueError(f"{name} is {found} m, far from the telescope at {expected:.0f}.")
        return EarthLocation.from_geocentric(*metres, unit=u.m)

    def _place(self) -> EarthLocation | None:
        """Take the place that directions are seen from; none of them is wrong if it is."""
        try:
            return self.to_location()
        except ValueError:
            return self.pier

    @cache_translation
    def to_tracking_radec(self) -> SkyCoord | None:
        """Read which place of the sky was followed, if one was."""
        kind = self.to_observation_type()
        # Calibrations may claim to track. Darks do at times, to test it.
        if kind in NO_SKY and kind != "dark":
            return None
        # A blank is no unknown here: simulations write it beside a place of zeros.
        if self._header.get("TRACKSYS") == "":
            return None
        if keywords.choice(self._header, "TRACKSYS", _TRACKED) not in (None, "RADEC"):
            return None
        self._used_these_cards("DATE", "DATE-OBS")
        if self._header.get("DATE-OBS", "") == self._header.get("DATE"):
            return self._radec_of_mount()
        system = (self._text("RADESYS") or "ICRS").strip().upper()
        if system == _MOVING_TARGET:
            return None
        if system not in _FRAMES:
            raise ValueError(f"RADESYS is {system[:40]!r}, not one of {', '.join(_FRAMES)}.")
        for ra_name, dec_name in (("RASTART", "DECSTART"), ("RA", "DEC")):
            ra, dec = self._number(ra_name, -361.0, 361.0), self._number(dec_name, -90.0, 90.0)
            if ra is not None and dec is not None:
                return SkyCoord(
                    ra * u.deg,
                    dec * u.deg,
                    frame=_FRAMES[system],
                    obstime=self.to_datetime_begin(),
                    location=self._place(),
                )
        self._need_for_science("RASTART", "DECSTART", "RA", "DEC")
        return None

    def _radec_of_mount(self) -> SkyCoord | None:
        """Convert the mount's direction: a corrected date tells of no right right ascension."""
        self.to_location()
        altaz = self.to_altaz_begin()
        if altaz is None:
            if self.is_on_sky():
                self._need_for_science("AZSTART", "ELSTART")
            return None
        # With the Earth's orientation as it ships with astropy.
        with (
            iers.conf.set_temp("auto_download", False),
            iers.conf.set_temp("iers_degraded_accuracy", "ignore"),
        ):
            return SkyCoord(altaz.transform_to(ICRS()))

    def _need_for_science(self, *names: str) -> None:
        """Let it pass that something is unknown, unless it is science."""
        if self.to_observation_type() == "science":
            self._needed(None, *names)

    @cache_translation
    def to_altaz_begin(self) -> AltAz | None:
        """Read where the telescope pointed at the beginning; science must say."""
        altaz = self._altaz("AZSTART", "ELSTART")
        # phoSim makes science without.
        if altaz is None and self.is_on_mountain() and self.controller() != "H":
            self._need_for_science("AZSTART", "ELSTART")
        return altaz

    @cache_translation
    def to_altaz_end(self) -> AltAz | None:
        """Read where the telescope pointed at the end."""
        return self._altaz("AZEND", "ELEND")

    def _altaz(self, azimuth_name: str, altitude_name: str) -> AltAz | None:
        if not self.is_on_mountain():
            return None
        azimuth = self._number(azimuth_name, -math.inf, 720.0)
        altitude = self._number(altitude_name, -math.inf, _HIGHEST_DEG)
        # Out of all bounds is no direction: what is written for want of one.
        if azimuth is None or altitude is None or azimuth < -360.0 or altitude < -90.0:
            return None
        if altitude < _LOWEST_DEG:
            raise ValueError(f"{altitude_name} is {altitude}, below what the telescope can do.")
        return AltAz(
            azimuth * u.deg,
            min(altitude, 90.0) * u.deg,
            obstime=self.to_datetime_begin(),
            location=self._place(),
        )

    @cache_translation
    def to_boresight_airmass(self) -> float | None:
        """Read the air mass at the beginning; early headers give the altitude only."""
        if not self.is_on_sky():
            return None
        airmass = self._number("AMSTART", 0.0, 100.0)
        if airmass is not None:
            return airmass
        altaz = self.to_altaz_begin()
        return 1.0 if altaz is None else float(altaz.secz.to_value())

    @cache_translation
    def to_boresight_rotation_coord(self) -> str:
        """Read what the rotation angle is measured in, of an observation of the sky."""
        if not self.is_on_sky():
            return "unknown"
        self._used_these_cards("ROTCOORD")
        known = ("sky", "mount", "physical", "unknown")
        return keywords.choice(self._header, "ROTCOORD", known) or "unknown"

    @cache_translation
    def to_boresight_rotation_angle(self) -> Angle:
        """Read the angle of the camera; science on the sky must give it."""
        for name in ("ROTPA", "ROTANGLE"):
            degrees = self._number(name, -720.0, 720.0)
            if degrees is not None:
                return Angle(degrees * u.deg)
        if self.to_observation_type() == "science" and self.is_on_mountain():
            self._needed(None, "ROTPA", "ROTANGLE")
        return Angle(self.unknown_angle_deg * u.deg)

    @cache_translation
    def to_focus_z(self) -> u.Quantity:
        """Read how far the camera was out of focus."""
        return (self._number("FOCUSZ", -100.0, 100.0) or 0.0) * u.mm

    @cache_translation
    def to_relative_humidity(self) -> float | None:  # type: ignore[override]
        """Read the relative humidity in per cent."""
        return self._number("HUMIDITY", 0.0, 110.0)

    @cache_translation
    def to_pressure(self) -> u.Quantity | None:
        """Read the air pressure, whose unit changed in time."""
        pressure = self._number("PRESSURE", 0.0, 120_000.0)
        if pressure is None:
            return None
        return pressure * (u.Pa if pressure > _MOST_HPA else u.hPa)

    @cache_translation
    def to_temperature(self) -> u.Quantity | None:
        """Read the temperature of the air outside."""
        celsius = self._number("AIRTEMP", -100.0, 100.0)
        return None if celsius is None else celsius * u.deg_C

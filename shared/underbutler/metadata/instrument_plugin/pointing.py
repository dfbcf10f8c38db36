"""Which cards say where the telescope pointed, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from underbutler.metadata.instrument_plugin.examples import is_number, is_text, with_some
from underbutler.metadata.instrument_plugin.rules import Rule

__all__ = ["fixed_rotation", "pointing_rules"]

Header = Mapping[str, Any]

_RADEC = (
    *(("RA", "DEC"), ("RA_DEG", "DEC_DEG"), ("RA-DEG", "DEC-DEG"), ("RADEG", "DECDEG")),
    *(("TELRA", "TELDEC"), ("TEL-RA", "TEL-DEC"), ("TEL_RA", "TEL_DEC"), ("RABORE", "DECBORE")),
    *(("RA-OBS", "DEC-OBS"), ("RA_OBS", "DEC_OBS"), ("RA2000", "DEC2000")),
    *(("OBJCTRA", "OBJCTDEC"), ("RA_OBJ", "DEC_OBJ"), ("TARGRA", "TARGDEC")),
)
# Altitude or zenith distance, azimuth, whether it is the zenith distance.
_ALTAZ = (
    *(("ALT", "AZ", False), ("ALTITUDE", "AZIMUTH", False), ("TELALT", "TELAZ", False)),
    *(("ALT_OBS", "AZ_OBS", False), ("EL", "AZ", False), ("ELEVATIO", "AZIMUTH", False)),
    *(("OBJCTALT", "OBJCTAZ", False), ("CENTALT", "CENTAZ", False)),
    *(("ZD", "AZ", True), ("ZENDIST", "AZIMUTH", True), ("ZD", "AZIMUTH", True)),
)
_SITES = (
    *(("SITELAT", "SITELONG", "SITEELEV"), ("LATITUDE", "LONGITUD", "HEIGHT")),
    *(("OBS-LAT", "OBS-LONG", "OBS-ELEV"), ("OBSLAT", "OBSLONG", "OBSALT")),
    *(("LAT-OBS", "LONG-OBS", "ALT-OBS"), ("OBS_LAT", "OBS_LON", "OBS_ELEV")),
)
_ROTATION = ("boresight_rotation_angle", "boresight_rotation_coord")
_ROTATIONS = ("ROTPA", "ROTANGLE", "POSANGLE", "SKY-PA", "PA")
_SEXAGESIMAL = re.compile(r"[+-]?\d{1,3}([: ]\d{1,2}){1,2}(\.\d*)?")
_NEAR_DEG = 5.0


def pointing_rules(headers: Sequence[Header], units: Mapping[str, str]) -> list[Rule]:
    """Find the cards of directions; a property that no card gives is constantly none.

    Parameters
    ----------
    headers
        Headers of the examples.
    units
        Keyword → unit, as far as comments name it; else degrees, and hours where a right ascension
        is sexagesimal.
    """
    rotation = _rotation(headers)
    return [
        _tracking(headers, units) or Rule(name="tracking_radec", constant="None"),
        _altaz(headers) or Rule(name="altaz_begin", constant="None"),
        *_location(headers),
        *(rotation or (Rule(name=name, constant="None") for name in _ROTATION)),
    ]


def fixed_rotation() -> list[Rule]:
    """Make the rules of a camera whose +Y axis is North always."""
    return [
        Rule(
            name="boresight_rotation_angle",
            body=(
                "# The camera's corners in __init__.py are those of an image with North up: there\n"
                "# is no card that would say how it was turned.\n"
                "return Angle(0.0 * u.deg)"
            ),
            returns="Angle",
            summary="Position angle of the focal plane's +Y axis, from North through East.",
        ),
        Rule(name="boresight_rotation_coord", constant="'sky'"),
    ]


def _tracking(headers: Sequence[Header], units: Mapping[str, str]) -> Rule | None:
    for ra, dec in _RADEC:
        if not any(True for _ in with_some(headers, [ra], _is_angle)):
            continue
        if not any(True for _ in with_some(headers, [dec], _is_angle)):
            continue
        unit = "u.hourangle" if _is_in_hours(ra, headers, units) else "u.deg"
        body = (
            f"if not self.are_keys_ok([{ra!r}, {dec!r}]):\n"
            "    return None\n"
            f"ra, dec = self._header[{ra!r}], self._header[{dec!r}]\n"
            f"return SkyCoord(_angle(ra, {unit}), _angle(dec, u.deg), **self._frame())"
        )
        return Rule(
            name="tracking_radec",
            cards=(ra, dec),
            body=body,
            returns="SkyCoord | None",
            summary="Where the telescope pointed; none of what has no such cards, as a bias.",
        )
    return None


def _is_angle(value: object) -> bool:
    return is_number(value) or (
        is_text(value) and _SEXAGESIMAL.fullmatch(str(value).strip()) is not None
    )


def _is_in_hours(keyword: str, headers: Sequence[Header], units: Mapping[str, str]) -> bool:
    values = [header[keyword] for header in headers if keyword in header]
    if not all(is_number(value) for value in values):
        return True
    if unit := units.get(keyword):
        return unit.lower().startswith("h")
    # Where an image lies tells them apart.
    for header in headers:
        middle = header.get("CRVAL1")
        if keyword in header and str(header.get("CTYPE1", "")).startswith("RA") and middle:
            right_ascension = float(header[keyword])
            as_hours = abs((15 * right_ascension - middle + 180) % 360 - 180)
            as_degrees = abs((right_ascension - middle + 180) % 360 - 180)
            return bool(as_hours < _NEAR_DEG < as_degrees)
    return False


def _altaz(headers: Sequence[Header]) -> Rule | None:
    for altitude, azimuth, is_zenith_distance in _ALTAZ:
        if len(list(with_some(headers, [altitude, azimuth], is_number))) < 2:
            continue
        expression = f"float(self._header[{altitude!r}])"
        if is_zenith_distance:
            expression = f"90 - {expression}"
        body = (
            f"if not self.are_keys_ok([{altitude!r}, {azimuth!r}]):\n"
            "    return None\n"
            "return AltAz(\n"
            f"    alt=({expression}) * u.deg,\n"
            f"    az=float(self._header[{azimuth!r}]) * u.deg,\n"
            "    obstime=self.to_datetime_begin(),\n"
            "    location=self.to_location(),\n"
            ")"
        )
        return Rule(
            name="altaz_begin",
            cards=(altitude, azimuth),
            body=body,
            returns="AltAz | None",
            summary="Altitude and azimuth at the beginning, without refraction.",
        )
    return None


def _location(headers: Sequence[Header]) -> list[Rule]:
    geocentric = ["OBSGEO-X", "OBSGEO-Y", "OBSGEO-Z"]
    if len(list(with_some(headers, geocentric, is_number))) == len(geocentric):
        # FitsTranslator reads these (FITS 4.0 §8.4.1).
        return []
    for latitude, longitude, height in _SITES:
        if len(list(with_some(headers, [latitude, longitude], _is_angle))) < 2:
            continue
        body = (
            f"longitude = _angle(self._header[{longitude!r}], u.deg)\n"
            f"latitude = _angle(self._header[{latitude!r}], u.deg)\n"
            f"height = float(self._header.get({height!r}) or 0.0)\n"
            "return EarthLocation.from_geodetic(longitude, latitude, height * u.m)"
        )
        return [
            Rule(
                name="location",
                cards=(latitude, longitude),
                body=body,
                returns="EarthLocation",
                summary="Where the telescope stands; longitudes count to the East.",
            )
        ]
    return [Rule(name="location", constant="None")]


def _rotation(headers: Sequence[Header]) -> tuple[Rule, ...]:
    for keyword in with_some(headers, _ROTATIONS, is_number):
        return (
            Rule(
                name="boresight_rotation_angle",
                cards=(keyword,),
                body=(
                    f"if not self.is_key_ok({keyword!r}):\n"
                    "    return None\n"
                    "# Taken as it is: see whether its sign and its origin are as said above.\n"
                    f"return Angle(float(self._header[{keyword!r}]) * u.deg)"
                ),
                returns="Angle | None",
                summary="Position angle of the focal plane's +Y axis, from North through East.",
            ),
            Rule(name="boresight_rotation_coord", constant="'sky'"),
        )
    return ()

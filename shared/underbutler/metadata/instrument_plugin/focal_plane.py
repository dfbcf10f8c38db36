"""Where detectors lie on the focal plane, from the WCS of images and the pointing."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from underbutler.metadata.instrument_plugin.examples import Example
from underbutler.model.instrument import Camera, CameraDetector
from underbutler.model.observation import ObservationProperties

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["camera_of", "image_section"]

# NOAO's conventions for what of an image is no overscan: [first:last,first:last], from 1.
_SECTIONS = ("TRIMSEC", "DATASEC")
_SECTION = re.compile(r"\[(\d+):(\d+),(\d+):(\d+)\]")
# Exposures of one detector may disagree by as much of its side; beyond, the camera was turned.
_TOLERANCE = 0.02
# No camera sees as far from where its telescope points.
_FARTHEST_DEG = 15.0
_DIGITS = 7

_Corners = tuple[tuple[float, float], ...]
_Section = tuple[int, int, int, int]


def image_section(header: Header) -> _Section | None:
    """Find the part of an image that saw light: first and last column, first and last row.

    All of it where no card names a part; None of what is no image.
    """
    for keyword in _SECTIONS:
        found = _SECTION.fullmatch(str(header.get(keyword, "")).replace(" ", ""))
        if found:
            x0, x1, y0, y1 = (int(part) for part in found.groups())
            return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None
    prefix = "ZNAXIS" if "ZNAXIS1" in header else "NAXIS"
    size = (header.get(f"{prefix}1"), header.get(f"{prefix}2"))
    if all(isinstance(pixels, int) and pixels > 1 for pixels in size):
        return 1, int(size[0]), 1, int(size[1])
    return None


def camera_of(
    examples: Sequence[Example], translated: Sequence[ObservationProperties]
) -> tuple[Camera | None, str]:
    """Compute the corners of the detectors that the examples show.

    Parameters
    ----------
    examples
        Headers of the images.
    translated
        What each says of its detector, of where the telescope pointed, and how the camera was
        turned; North up where it does not say.

    Returns
    -------
    camera
        None where the headers do not tell.
    why
        What is missing then, or what has to be known of the camera.
    """
    corners: dict[int, list[_Corners]] = {}
    detectors: dict[int, CameraDetector] = {}
    for example, properties in zip(examples, translated, strict=True):
        number, section = properties.detector_num, image_section(example.image)
        if number is None or section is None:
            continue
        found = _corners(example.image, section, properties)
        if found is None:
            continue
        corners.setdefault(number, []).append(found)
        name = properties.detector_unique_name or properties.detector_name or str(number)
        detectors[number] = CameraDetector(
            id=number,
            full_name=name,
            raft=properties.detector_group,
            name_in_raft=properties.detector_name,
            purpose="SCIENCE",
            nx=section[1] - section[0] + 1,
            ny=section[3] - section[2] + 1,
            field_angle_corners_deg=corners[number][0],
        )
    if not detectors:
        return None, "No header has both a celestial WCS and where the telescope pointed."
    if not all(_agree(group) for group in corners.values()):
        return None, "The corners from the WCS of several exposures do not agree."
    seen = {item.detector_num for item in translated}
    camera = Camera(
        detectors=tuple(detectors[number] for number in sorted(detectors)),
        focal_plane_x_flipped=False,
    )
    unknown = len(seen - detectors.keys())
    return camera, f"{unknown} detectors have no WCS." if unknown else ""


def _corners(
    header: Header, section: _Section, properties: ObservationProperties
) -> _Corners | None:
    if properties.tracking_radec is None:
        return None
    x0, x1, y0, y1 = section
    # The outer edges of the outermost pixels, whose middles are whole numbers.
    edges = [
        (x0 - 0.5, y0 - 0.5), (x1 + 0.5, y0 - 0.5), (x1 + 0.5, y1 + 0.5), (x0 - 0.5, y1 + 0.5),
    ]  # fmt: skip
    sky = _sky_of(header, edges)
    if sky is None:
        return None
    angle = properties.boresight_rotation_angle or 0.0
    found = tuple(_field_angle(place, properties.tracking_radec, angle) for place in sky)
    corners = tuple(place for place in found if place is not None)
    return corners if len(corners) == len(found) else None


def _sky_of(header: Header, pixels: Sequence[tuple[float, float]]) -> Any:
    """Convert pixels to right ascension and declination, deg; None without a celestial WCS."""
    from astropy.wcs import WCS

    if not str(header.get("CTYPE1", "")).startswith(("RA", "DEC")):
        return None
    try:
        with warnings.catch_warnings():
            # Of cards not quite standard: the result tells whether they matter.
            warnings.simplefilter("ignore")
            wcs = WCS(header, naxis=2)
            if not wcs.has_celestial:
                return None
            places = wcs.celestial.all_pix2world(pixels, 1).tolist()
    # A header may hold anything, and astropy fails on it in any way: then there is no WCS.
    except Exception:  # noqa: BLE001
        return None
    # In the order of the axes, of which the declination may be the first.
    if wcs.celestial.wcs.lng == 1:
        places = [(ra, dec) for dec, ra in places]
    return places if all(math.isfinite(part) for place in places for part in place) else None


def _field_angle(
    place: tuple[float, float], boresight: tuple[float, float], angle_deg: float
) -> tuple[float, float] | None:
    """Project a place to the focal plane, as visits.regions projects field angles to the sky."""
    ra, dec = (math.radians(part) for part in place)
    ra0, dec0 = (math.radians(part) for part in boresight)
    turn = math.radians(angle_deg)
    depth = math.sin(dec0) * math.sin(dec) + math.cos(dec0) * math.cos(dec) * math.cos(ra - ra0)
    if depth < math.cos(math.radians(_FARTHEST_DEG)):
        return None
    east = math.cos(dec) * math.sin(ra - ra0) / depth
    north = math.cos(dec0) * math.sin(dec) - math.sin(dec0) * math.cos(dec) * math.cos(ra - ra0)
    north /= depth
    # With +Y to the North, +X points West.
    x = -math.cos(turn) * east + math.sin(turn) * north
    y = math.sin(turn) * east + math.cos(turn) * north
    return round(math.degrees(x), _DIGITS), round(math.degrees(y), _DIGITS)


def _agree(group: Sequence[_Corners]) -> bool:
    first = group[0]
    side = math.dist(first[0], first[1])
    return all(
        math.dist(here, there) <= _TOLERANCE * side
        for other in group
        for here, there in zip(first, other, strict=True)
    )

"""What a camera covers of the sky, from where it points and how it is turned.

Neither pixels nor the header's own WCS count: the Butler's regions do not depend on them either
(obs_base ``single-raw-wcs``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lsst.sphgeom import ConvexPolygon, UnitVector3d

    from underbutler.model.instrument import Camera, CameraDetector

__all__ = ["PADDING_PX", "VisitRegions", "region_centre", "sky_corners", "visit_regions"]

# obs_base ComputeVisitRegionsConfig.padding.
PADDING_PX = 250
"""What the Butler grows each detector by on each side, pixels, to allow for errors of pointing."""

_HTM_LEVEL = 7

_Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRegions:
    """Regions of a visit; polygons as lsst-sphgeom encodes them."""

    visit: bytes
    """Convex polygon around all detectors."""
    detectors: Mapping[int, bytes]
    """Detector → convex polygon around it."""
    htm7: tuple[int, ...]
    """HTM level-7 pixels that cover the visit's polygon, in ascending order."""


def visit_regions(
    camera: Camera,
    ra_deg: float,
    dec_deg: float,
    sky_angle_deg: float,
    padding_px: float = PADDING_PX,
) -> VisitRegions:
    """Compute what a visit and each of its detectors cover of the sky.

    Parameters
    ----------
    camera
        Geometry of the focal plane.
    ra_deg, dec_deg
        Boresight, ICRS, deg; right ascension of any turn.
    sky_angle_deg
        Position angle of the focal plane's +Y axis, from North through East, deg; of any turn.
    padding_px
        What each detector is grown by on each side, in its own pixels.

    Raises
    ------
    ValueError
        A number is not finite, the declination is beyond a pole, or the camera has no detectors.
    """
    from lsst.sphgeom import ConvexPolygon

    if not math.isfinite(padding_px):
        raise ValueError(f"The padding is {padding_px} pixels, not a finite number.")
    projection = _Projection.of(camera, ra_deg, dec_deg, sky_angle_deg)
    corners: list[UnitVector3d] = []
    detectors: dict[int, bytes] = {}
    for detector in camera.detectors:
        own = projection.unit_vectors(_padded_corners(detector, padding_px))
        detectors[detector.id] = ConvexPolygon.convexHull(own).encode()
        corners += own
    visit = ConvexPolygon.convexHull(corners)
    return VisitRegions(visit=visit.encode(), detectors=detectors, htm7=_htm7(visit))


def sky_corners(
    camera: Camera, ra_deg: float, dec_deg: float, sky_angle_deg: float
) -> dict[int, tuple[tuple[float, float], ...]]:
    """Compute where on the sky the corners of each detector are, without padding.

    Parameters
    ----------
    camera, ra_deg, dec_deg, sky_angle_deg
        As for `visit_regions`.

    Returns
    -------
    corners
        Detector → (right ascension in [0, 360), declination), ICRS, deg, of its corners x0y0,
        x1y0, x1y1, x0y1; shape (4, 2).

    Raises
    ------
    ValueError
        A number is not finite, or the declination is beyond a pole.
    """
    projection = _Projection.of(camera, ra_deg, dec_deg, sky_angle_deg)
    return {
        detector.id: tuple(
            _radec(projection.vector(x, y)) for x, y in detector.field_angle_corners_deg
        )
        for detector in camera.detectors
    }


def region_centre(region: bytes) -> tuple[float, float]:
    """Compute the middle of a region.

    Parameters
    ----------
    region
        Convex polygon, as lsst-sphgeom encodes it.

    Returns
    -------
    ra_deg, dec_deg
        Right ascension in [0, 360) and declination, ICRS, deg.
    """
    from lsst.sphgeom import ConvexPolygon

    polygon: Any = ConvexPolygon.decode(region)
    centre = polygon.getCentroid()
    return _radec((centre.x(), centre.y(), centre.z()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Projection:
    """A tangent plane on the sky, turned and mirrored as the focal plane is."""

    boresight: _Vector
    """Unit vector, ICRS."""
    x_axis: _Vector
    """Direction of the focal plane's +X, at right angles to the boresight."""
    y_axis: _Vector
    """Direction of the focal plane's +Y, at right angles to the boresight."""

    @classmethod
    def of(cls, camera: Camera, ra_deg: float, dec_deg: float, sky_angle_deg: float) -> _Projection:
        values = {"right ascension": ra_deg, "declination": dec_deg, "sky angle": sky_angle_deg}
        for name, value in values.items():
            if not math.isfinite(value):
                raise ValueError(f"The {name} of the boresight is {value}, not a finite number.")
        if abs(dec_deg) > 90:
            raise ValueError(f"The declination of the boresight is {dec_deg} deg, beyond a pole.")
        # Whole turns go while they are degrees: they are no round number of radians.
        ra, turn = math.radians(ra_deg % 360), math.radians(sky_angle_deg % 360)
        dec = math.radians(dec_deg)
        east = (-math.sin(ra), math.cos(ra), 0.0)
        north = (-math.sin(dec) * math.cos(ra), -math.sin(dec) * math.sin(ra), math.cos(dec))
        # +X lies 90 deg East of +Y where it is flipped, else 90 deg West.
        side = 1 if camera.focal_plane_x_flipped else -1
        return cls(
            boresight=(math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec)),
            x_axis=_combine(side * math.cos(turn), east, -side * math.sin(turn), north),
            y_axis=_combine(math.sin(turn), east, math.cos(turn), north),
        )

    def vector(self, x_deg: float, y_deg: float) -> _Vector:
        """Project a field angle to the sky; the vector's length is not one."""
        offset = _combine(math.radians(x_deg), self.x_axis, math.radians(y_deg), self.y_axis)
        return _combine(1.0, self.boresight, 1.0, offset)

    def unit_vectors(self, field_angles_deg: Iterator[tuple[float, float]]) -> list[UnitVector3d]:
        """Project field angles to the sky."""
        from lsst.sphgeom import UnitVector3d

        return [UnitVector3d(*self.vector(x, y)) for x, y in field_angles_deg]


def _combine(a: float, u: _Vector, b: float, v: _Vector) -> _Vector:
    return (a * u[0] + b * v[0], a * u[1] + b * v[1], a * u[2] + b * v[2])


def _radec(vector: _Vector) -> tuple[float, float]:
    x, y, z = vector
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))


def _padded_corners(detector: CameraDetector, padding_px: float) -> Iterator[tuple[float, float]]:
    """Extrapolate field angles, bilinear in pixels, to the corners of the grown image, deg."""
    (x00, y00), (x10, y10), (x11, y11), (x01, y01) = detector.field_angle_corners_deg
    right, top = padding_px / detector.nx, padding_px / detector.ny
    for u, v in ((-right, -top), (1 + right, -top), (1 + right, 1 + top), (-right, 1 + top)):
        yield (
            x00 + u * (x10 - x00) + v * (x01 - x00) + u * v * (x00 - x10 + x11 - x01),
            y00 + u * (y10 - y00) + v * (y01 - y00) + u * v * (y00 - y10 + y11 - y01),
        )


def _htm7(region: ConvexPolygon) -> tuple[int, ...]:
    from lsst.sphgeom import HtmPixelization

    ranges = HtmPixelization(_HTM_LEVEL).envelope(region).ranges()
    return tuple(pixel for begin, end in ranges for pixel in range(begin, end))

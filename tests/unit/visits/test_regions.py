from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from lsst.sphgeom import ConvexPolygon, HtmPixelization, LonLat, Region, UnitVector3d

from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.instrument import Camera, CameraDetector
from underbutler.visits import regions
from underbutler.visits.regions import PADDING_PX, sky_corners, visit_regions

CAMERAS = ("HSC", "DECam", "MegaPrime", "LSSTCam", "LSSTComCam", "LATISS")

# Right ascension and declination, deg: equator, wrap, both poles and close to them.
POINTINGS = (
    (0.0, 0.0),
    (359.999, 0.01),
    (150.1, 2.2),
    (53.3, -27.99),
    (222.2, -80.9),
    (80.0, 89.9),
    (10.0, 90.0),
    (200.0, -90.0),
)
SKY_ANGLES = (0.0, 37.5, 90.0, 180.0, 270.0, -43.6, 725.0)


def camera_of(name: str) -> Camera:
    return load_instrument(name).camera


def square(half_width: float, pixels: int) -> Camera:
    """Make a camera of one detector about the boresight; half its width in deg."""
    w = half_width
    return camera_with(((-w, -w), (w, -w), (w, w), (-w, w)), pixels)


def camera_with(corners: tuple[tuple[float, float], ...], pixels: int) -> Camera:
    detector = CameraDetector(
        id=3,
        full_name="three",
        raft=None,
        name_in_raft=None,
        purpose="SCIENCE",
        nx=pixels,
        ny=pixels,
        field_angle_corners_deg=corners,
    )
    return Camera(detectors=(detector,), focal_plane_x_flipped=False)


def vectors(radec_deg: np.ndarray) -> np.ndarray:
    """Turn directions, shape (..., 2), to unit vectors, shape (..., 3)."""
    ra, dec = np.moveaxis(np.radians(radec_deg), -1, 0)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def unit_vector(ra_deg: float, dec_deg: float) -> UnitVector3d:
    return UnitVector3d(LonLat.fromDegrees(ra_deg, dec_deg))


def vertices(encoded: bytes) -> np.ndarray:
    return np.array([[v.x(), v.y(), v.z()] for v in Region.decode(encoded).getVertices()])


def tangent_plane(ra: float, dec: float, sky_angle: float, *, flipped: bool) -> WCS:
    """Make the FITS WCS that has field angles in deg for pixels."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra, dec
    wcs.wcs.crpix = 0.0, 0.0
    # Its default differs at the northern pole (FITS WCS II, §2.2).
    wcs.wcs.lonpole = 180.0
    turn = math.radians(sky_angle)
    along_x = np.array([math.cos(turn), -math.sin(turn)]) * (1 if flipped else -1)
    along_y = np.array([math.sin(turn), math.cos(turn)])
    wcs.wcs.cd = np.column_stack([along_x, along_y])
    return wcs


class TestSkyCorners:
    @pytest.mark.parametrize("flipped", [False, True])
    @pytest.mark.parametrize(("ra", "dec"), POINTINGS)
    @pytest.mark.parametrize("name", CAMERAS)
    def test_they_are_where_the_tangent_projection_of_fits_puts_them(self, name, ra, dec, flipped):
        camera = replace(camera_of(name), focal_plane_x_flipped=flipped)
        field_angles = np.array([d.field_angle_corners_deg for d in camera.detectors])

        for sky_angle in SKY_ANGLES:
            wcs = tangent_plane(ra, dec, sky_angle, flipped=flipped)
            expected = wcs.wcs_pix2world(field_angles.reshape(-1, 2), 1)
            corners = sky_corners(camera, ra, dec, sky_angle)

            found = np.array([corners[d.id] for d in camera.detectors]).reshape(-1, 2)
            offset = np.linalg.norm(vectors(found) - vectors(expected), axis=-1)
            assert np.degrees(offset.max()) * 3600 < 1e-6

    def test_up_is_north_and_x_points_west_on_a_plane_that_is_not_flipped(self):
        lower_left, lower_right, upper_right, _ = sky_corners(square(0.5, 100), 10, 0, 0)[3]

        assert lower_right[0] < 10 < lower_left[0]
        assert lower_right[1] < 0 < upper_right[1]

    def test_x_points_east_on_a_flipped_plane(self):
        camera = replace(square(0.5, 100), focal_plane_x_flipped=True)

        lower_left, lower_right, *_ = sky_corners(camera, 10, 0, 0)[3]

        assert lower_left[0] < 10 < lower_right[0]

    @pytest.mark.parametrize("flipped", [False, True])
    def test_an_angle_of_90_degrees_turns_up_to_the_east(self, flipped):
        camera = replace(square(0.5, 100), focal_plane_x_flipped=flipped)

        lower_left, _, _, upper_left = sky_corners(camera, 10, 0, 90)[3]

        assert lower_left[0] < 10 < upper_left[0]

    @pytest.mark.parametrize(("ra", "dec"), POINTINGS)
    def test_right_ascension_is_in_one_turn(self, ra, dec):
        corners = np.array(list(sky_corners(camera_of("DECam"), ra, dec, 12).values()))

        assert corners[..., 0].min() >= 0
        assert corners[..., 0].max() < 360


class TestVisitRegions:
    @pytest.mark.parametrize(("ra", "dec"), POINTINGS)
    @pytest.mark.parametrize("name", CAMERAS)
    def test_a_region_decodes_to_four_corners_about_the_detector(self, name, ra, dec):
        camera = camera_of(name)
        found = visit_regions(camera, ra, dec, 30)

        assert found.detectors.keys() == {detector.id for detector in camera.detectors}
        for detector, corners in sky_corners(camera, ra, dec, 30).items():
            region = Region.decode(found.detectors[detector])
            assert isinstance(region, ConvexPolygon)
            assert len(region.getVertices()) == 4
            assert all(region.contains(unit_vector(*corner)) for corner in corners)

    @pytest.mark.parametrize(("ra", "dec"), POINTINGS)
    @pytest.mark.parametrize("name", CAMERAS)
    def test_the_visits_region_is_around_all_its_detectors(self, name, ra, dec):
        found = visit_regions(camera_of(name), ra, dec, 30)
        visit = Region.decode(found.visit)

        assert visit.contains(unit_vector(ra, dec))
        of_detectors = {tuple(v) for one in found.detectors.values() for v in vertices(one)}
        own = {tuple(v) for v in vertices(found.visit)}
        assert own <= of_detectors
        assert all(visit.contains(UnitVector3d(*v)) for v in of_detectors - own)

    @pytest.mark.parametrize("name", CAMERAS)
    def test_the_visits_region_has_no_vertex_too_many(self, name):
        corners = Region.decode(visit_regions(camera_of(name), 53, -28, 12).visit).getVertices()

        for number, corner in enumerate(corners):
            others = ConvexPolygon.convexHull(corners[:number] + corners[number + 1 :])
            assert not others.contains(corner)

    @pytest.mark.parametrize("turns", [-2, -1, 1, 2])
    def test_whole_turns_change_nothing(self, turns):
        camera = camera_of("LSSTComCam")

        assert visit_regions(camera, 10 + 360 * turns, -30, 45 - 360 * turns) == visit_regions(
            camera, 10, -30, 45
        )

    def test_padding_grows_a_detector_by_its_own_pixels_on_each_side(self):
        grown = visit_regions(square(0.1, 1000), 10, 20, 30, padding_px=250)
        large = visit_regions(square(0.15, 1500), 10, 20, 30, padding_px=0)

        assert vertices(grown.detectors[3]) == pytest.approx(vertices(large.detectors[3]))

    def test_padding_is_the_butlers_by_default(self):
        camera = square(0.1, 1000)

        assert PADDING_PX == 250
        assert visit_regions(camera, 1, 2, 3) == visit_regions(camera, 1, 2, 3, padding_px=250)

    def test_padding_follows_the_sides_of_a_distorted_detector(self):
        # With (u, v) from 0 to 1 over the pixels, x = u + u v / 2 and y = v.
        distorted = camera_with(((0, 0), (1, 0), (1.5, 1), (0, 1)), 1000)
        grown = camera_with(((-0.375, -0.5), (1.125, -0.5), (2.625, 1.5), (-0.875, 1.5)), 2000)

        assert vertices(visit_regions(distorted, 10, 20, 30, padding_px=500).visit) == (
            pytest.approx(vertices(visit_regions(grown, 10, 20, 30, padding_px=0).visit))
        )

    @pytest.mark.parametrize(("ra", "dec"), POINTINGS)
    @pytest.mark.parametrize("name", CAMERAS)
    def test_htm_pixels_cover_the_visit_and_touch_it(self, name, ra, dec):
        found = visit_regions(camera_of(name), ra, dec, 30)
        visit = Region.decode(found.visit)
        pixelization = HtmPixelization(7)

        assert list(found.htm7) == sorted(set(found.htm7))
        for corners in (vertices(encoded) for encoded in found.detectors.values()):
            for inside in (*corners, corners.sum(axis=0)):
                assert pixelization.index(UnitVector3d(*inside)) in found.htm7
        assert all(pixelization.triangle(pixel).intersects(visit) for pixel in found.htm7)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize(
        ("place", "name"), [(0, "right ascension"), (1, "declination"), (2, "sky angle")]
    )
    @pytest.mark.parametrize("function", [visit_regions, sky_corners])
    def test_a_number_that_is_not_finite_is_named(self, function, place, name, bad):
        pointing = [10.0, 20.0, 30.0]
        pointing[place] = bad

        with pytest.raises(ValueError, match=f"{name} .* is {bad}, not a finite number"):
            function(square(0.1, 1000), *pointing)

    @pytest.mark.parametrize("declination", [90.001, -91.0])
    def test_a_declination_beyond_a_pole_is_refused(self, declination):
        with pytest.raises(ValueError, match="beyond a pole"):
            visit_regions(square(0.1, 1000), 10, declination, 0)

    def test_a_padding_that_is_not_finite_is_refused(self):
        with pytest.raises(ValueError, match="padding is nan"):
            visit_regions(square(0.1, 1000), 10, 20, 30, padding_px=math.nan)

    @settings(deadline=None, max_examples=50)
    @given(
        st.sampled_from(CAMERAS),
        st.floats(-720, 720),
        st.floats(-90, 90),
        st.floats(-720, 720),
    )
    def test_wherever_it_points_a_detector_lies_within_its_region(self, name, ra, dec, angle):
        camera = camera_of(name)
        found = visit_regions(camera, ra, dec, angle)

        for detector, corners in sky_corners(camera, ra, dec, angle).items():
            region = Region.decode(found.detectors[detector])
            assert all(region.contains(unit_vector(*corner)) for corner in corners)


def test_the_geometry_library_is_loaded_only_when_a_region_is_computed():
    """In a process of its own, as a function starts."""
    package_root = str(Path(regions.__file__).parents[2])
    script = (
        f"import sys; sys.path.insert(0, {package_root!r})\n"
        "import underbutler.visits.regions\n"
        "print('lsst.sphgeom' in sys.modules, 'numpy' in sys.modules)"
    )

    run = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )

    assert run.stdout.split() == ["False", "False"]

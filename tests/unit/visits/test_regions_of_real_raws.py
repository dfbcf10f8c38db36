"""Detectors where the telescopes' own WCS sees them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import astropy.units as u
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from reference_material import SHARED, reference
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.instrument import Camera, CameraDetector
from underbutler.visits.regions import sky_corners

CAMERAS = ("HSC", "DECam", "MegaPrime", "LSSTCam", "LSSTComCam", "LATISS")


# The telescopes' own WCS of two raws, with the boresight (ICRS, deg) and the rotation angle (deg)
# that astro_metadata_translator makes of their headers.
DECAM_HEADER = {
    "DATASEC": "[57:2104,51:4146]",
    "RADESYS": "FK5",
    "EQUINOX": 2000.0,
    "CTYPE1": "RA---TPV",
    "CTYPE2": "DEC--TPV",
    "CUNIT1": "deg",
    "CUNIT2": "deg",
    "CRVAL1": 42.819958,
    "CRVAL2": -0.001583,
    "CRPIX1": 2151.2,
    "CRPIX2": 14826.0,
    "CD1_1": -1.8249413473e-07,
    "CD1_2": 7.28535892432e-05,
    "CD2_1": -7.2849900453899e-05,
    "CD2_2": -1.82181666096e-07,
    "PV1_0": 0.0107262491558,
    "PV1_1": 1.03899426784,
    "PV1_2": -0.00253295758814,
    "PV1_3": 0.0,
    "PV1_4": 0.0440579429998,
    "PV1_5": -0.00480948264558,
    "PV1_6": 0.00735227852542,
    "PV1_7": 0.01641672826,
    "PV1_8": -0.00253592468977,
    "PV1_9": 0.00562233785525,
    "PV1_10": -0.00235436587955,
    "PV2_0": -0.000677378816994,
    "PV2_1": 1.01170064187,
    "PV2_2": -0.00154844123095,
    "PV2_3": 0.0,
    "PV2_4": -0.000974573910792,
    "PV2_5": 0.015516347937,
    "PV2_6": -0.00176930825331,
    "PV2_7": -0.00664988058298,
    "PV2_8": -0.00246200658752,
    "PV2_9": 0.00641298947322,
    "PV2_10": -0.000605534691727,
}
MEGAPRIME_HEADER = {
    "DATASEC": "[33:2080,1:4612]",
    "RADECSYS": "FK5",
    "EQUINOX": 2000.0,
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 135.40942,
    "CRVAL2": -2.4,
    "CRPIX1": -3118.8,
    "CRPIX2": 9640.5,
    "CD1_1": 5.194e-05,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": -5.194e-05,
}
WCS_KEYWORD = re.compile(r"(CTYPE|CUNIT|CRVAL|CRPIX)[12]|CD[12]_[12]|PV[12]_\d+|RADESYS|EQUINOX")


def center_by_header(header: dict, detector: CameraDetector) -> SkyCoord:
    """Compute where the header's WCS puts the centre of the trimmed image."""
    cards = fits.Header()
    for keyword, value in header.items():
        name = {"RADECSYS": "RADESYS"}.get(keyword, keyword)
        if WCS_KEYWORD.fullmatch(name):
            cards[name] = value
    # FITS pixels count from 1, those of the raw with its overscan.
    first_x, last_x, first_y, last_y = map(int, re.findall(r"\d+", header["DATASEC"]))
    assert (last_x - first_x + 1, last_y - first_y + 1) == (detector.nx, detector.ny)
    wcs = WCS(cards)
    return wcs.pixel_to_world((first_x + last_x) / 2 - 1, (first_y + last_y) / 2 - 1).icrs


def residual_arcsec(
    header: dict, camera: Camera, detector: int, radec: tuple[float, float], sky_angle: float
) -> float:
    """Compute how far apart header and geometry see the centre of a detector."""
    (chip,) = [d for d in camera.detectors if d.id == detector]
    corners = SkyCoord(sky_corners(camera, *radec, sky_angle)[detector], unit="deg")
    middle = corners.cartesian.xyz.sum(axis=1)
    center = SkyCoord(*middle, representation_type="cartesian", frame="icrs")
    return center_by_header(header, chip).separation(center).to_value(u.arcsec)


@pytest.mark.parametrize(
    ("name", "detector", "header", "radec", "sky_angle"),
    [
        ("DECam", 25, DECAM_HEADER, (42.81995197238151, -0.0015811524500888654), 90.0),
        ("MegaPrime", 2, MEGAPRIME_HEADER, (135.40941054827553, -2.399994319165603), 0.0),
    ],
)
class TestTheTelescopesOwnWcs:
    def test_it_sees_the_detector_where_the_geometry_puts_it(
        self, name, detector, header, radec, sky_angle
    ):
        assert (
            residual_arcsec(header, load_instrument(name).camera, detector, radec, sky_angle) < 20
        )

    def test_it_would_not_if_the_plane_were_mirrored_or_turned(
        self, name, detector, header, radec, sky_angle
    ):
        camera = load_instrument(name).camera
        mirrored = replace(camera, focal_plane_x_flipped=not camera.focal_plane_x_flipped)

        assert residual_arcsec(header, mirrored, detector, radec, sky_angle) > 300
        for wrong in (90, 180, 270):
            assert residual_arcsec(header, camera, detector, radec, sky_angle + wrong) > 300


@reference
@pytest.mark.parametrize(
    ("file", "name", "limit_arcsec"),
    [
        ("decam.json", "DECam", 20),
        ("megaprime.json", "MegaPrime", 20),
        # Its pointing is off by minutes of arc, as the reference says.
        ("decam-raw_dec050441_25.json", "DECam", 240),
    ],
)
def test_the_headers_of_real_raws_see_their_detector_where_the_geometry_puts_it(
    file, name, limit_arcsec
):
    header = json.loads((SHARED / "headers" / file).read_text())
    expected = json.loads((SHARED / "headers" / "expected-observation-info.json").read_text())[file]

    residual = residual_arcsec(
        header,
        load_instrument(name).camera,
        expected["detector_num"],
        tuple(expected["tracking_radec"]),
        expected["boresight_rotation_angle"],
    )

    assert residual < limit_arcsec

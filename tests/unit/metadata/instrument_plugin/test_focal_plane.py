from __future__ import annotations

import pytest
from astropy.io import fits

from new_camera import examples_of, new_header, wcs_cards
from underbutler.metadata.instrument_plugin.focal_plane import camera_of, image_section
from underbutler.model.observation import ObservationProperties
from underbutler.visits.regions import sky_corners

BORESIGHT = (10.6845833333, 41.2691666667)
# Columns of 0.01 deg; the boresight is five columns to the right of detector 1, which is to the
# East, since with +Y to the North +X points West.
CORNERS = {
    1: ((-0.65, -0.24), (-0.05, -0.24), (-0.05, 0.24), (-0.65, 0.24)),
    2: ((0.05, -0.24), (0.65, -0.24), (0.65, 0.24), (0.05, 0.24)),
}


def seen(
    ccd: int = 1, pointing: tuple[float, float] | None = BORESIGHT, angle: float | None = None
) -> ObservationProperties:
    return ObservationProperties(
        detector_num=ccd,
        detector_unique_name=f"ccd{ccd}",
        detector_name=f"ccd{ccd}",
        tracking_radec=pointing,
        boresight_rotation_angle=angle,
    )


def header(ccd: int = 1, turned: bool = False, **changes) -> dict:
    return {**new_header(ccd=ccd, **changes), **wcs_cards(ccd, turned)}


def test_detectors_lie_where_their_wcs_puts_them():
    examples = examples_of(header(1), header(2))
    camera, note = camera_of(examples, [seen(1), seen(2)])
    assert note == ""
    for detector in camera.detectors:
        assert (detector.nx, detector.ny, detector.full_name) == (60, 48, f"ccd{detector.id}")
        for corner, expected in zip(
            detector.field_angle_corners_deg, CORNERS[detector.id], strict=True
        ):
            assert corner == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("turned", "angle"), [(False, None), (False, 25.0), (True, 90.0)])
def test_regions_of_visits_are_where_the_images_were(turned: bool, angle: float | None):
    from astropy.wcs import WCS

    (example,) = examples_of(header(2, turned))
    camera, _ = camera_of([example], [seen(2, angle=angle)])
    (found,) = sky_corners(camera, *BORESIGHT, angle or 0.0).values()
    edges = [(0.5, 0.5), (60.5, 0.5), (60.5, 48.5), (0.5, 48.5)]
    expected = WCS(example.image, naxis=2).all_pix2world(edges, 1)
    assert found == tuple(pytest.approx(tuple(place), abs=1e-6) for place in expected)


@pytest.mark.parametrize(
    ("examples", "translated"),
    [
        (examples_of(new_header()), [seen()]),
        (examples_of(header()), [seen(pointing=None)]),
        (examples_of(header()), [seen(pointing=(190.0, -41.0))]),
        (examples_of(header(CRVAL1=None) | {"CTYPE1": "LINEAR"}), [seen()]),
        (examples_of(header() | {"CD1_1": 0.0, "CD2_2": 0.0}), [seen()]),
    ],
    ids=["no WCS", "no pointing", "another pointing", "not of the sky", "a singular matrix"],
)
def test_without_wcs_and_pointing_there_is_no_camera(examples, translated):
    camera, why = camera_of(examples, translated)
    assert camera is None
    assert why.endswith(".")


def test_exposures_that_disagree_give_no_camera():
    examples = examples_of(header(), header(turned=True))
    camera, why = camera_of(examples, [seen(), seen()])
    assert camera is None
    assert "do not agree" in why


def test_detectors_without_a_wcs_are_counted():
    examples = examples_of(header(1), new_header(ccd=2))
    camera, note = camera_of(examples, [seen(1), seen(2)])
    assert [detector.id for detector in camera.detectors] == [1]
    assert note == "1 detectors have no WCS."


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"NAXIS1": 60, "NAXIS2": 48}, (1, 60, 1, 48)),
        ({"NAXIS1": 8, "NAXIS2": 48, "ZNAXIS1": 60, "ZNAXIS2": 48}, (1, 60, 1, 48)),
        ({"NAXIS1": 60, "NAXIS2": 48, "DATASEC": "[5:54,1:40]"}, (5, 54, 1, 40)),
        (
            {"NAXIS1": 60, "NAXIS2": 48, "DATASEC": "[5:54,1:40]", "TRIMSEC": "[6:53, 1:40]"},
            (6, 53, 1, 40),
        ),
        ({"NAXIS1": 60, "NAXIS2": 48, "DATASEC": "[54:5,1:40]"}, None),
        ({}, None),
    ],
)
def test_the_section_that_saw_light_is_found(cards: dict, expected):
    assert image_section(fits.Header(cards)) == expected

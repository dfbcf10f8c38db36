"""What headers of LSSTComCam say."""

from __future__ import annotations

import pytest

from lsst_headers import COMCAM, on, translated
from underbutler.errors import UnknownInstrumentError
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.metadata.translators.lsstcomcam import LsstComCamTranslator
from underbutler.model.observation import Observation

LABORATORY = COMCAM | on("2019-05-26") | {"IMGTYPE": "BIAS"}


def test_a_header_of_the_sky_gives_what_registration_needs():
    found = translated(COMCAM)
    assert found.problems == []
    exposure = Observation.from_properties(found).exposure
    assert (exposure.instrument, exposure.physical_filter) == ("LSSTComCam", "g_01")
    assert (found.detector_num, exposure.sky_angle) == (4, 131.5)


def test_detectors_are_numbered_as_the_camera_has_them():
    camera = load_instrument("LSSTComCam").camera
    assert camera is not None
    numbers = {(it.raft, it.name_in_raft): it.id for it in camera.detectors}
    assert dict(LsstComCamTranslator.detector_numbers) == numbers


@pytest.mark.parametrize(
    "cards",
    [{"INSTRUME": "COMCAM"}, {"TELESCOP": "LSST"}, {"INSTRUME": "LSST_CAMERA", "TELCODE": "CC"}],
)
def test_it_went_by_several_names(cards):
    assert translated(COMCAM, cards).instrument == "LSSTComCam"


@pytest.mark.parametrize(
    "cards", [{"TELESCOP": "WHT"}, {"INSTRUME": "LSST_CAMERA", "TELCODE": "XX"}]
)
def test_commissioning_cameras_of_others_are_not_it(cards):
    with pytest.raises(UnknownInstrumentError):
        translated(COMCAM, cards)


@pytest.mark.parametrize(
    ("cards", "name"),
    [({"FILTER": "r"}, "r_03"), ({"FILTER": ""}, "r_03"), ({"FILTER": None}, "unknown")],
)
def test_in_tucson_a_band_meant_the_one_filter(cards, name):
    assert translated(LABORATORY, cards).physical_filter == name


def test_in_chile_a_band_meant_no_filter():
    assert translated(COMCAM, FILTER="r").physical_filter == "empty"


@pytest.mark.parametrize(("day", "hours"), [("2020-02-29", 8), ("2020-03-01", 12)])
def test_days_began_at_midnight_in_the_laboratory_until_the_camera_left(day, hours):
    assert translated(LABORATORY, on(day)).observing_day_offset == hours * 3600


def test_a_slot_tells_the_sensor():
    header = {key: value for key, value in COMCAM.items() if key != "LSST_NUM"}
    assert LsstComCamTranslator(header).to_detector_serial() == "ITL-3800C-283"


def test_an_angle_that_is_missing_is_zero_in_the_laboratory_only():
    assert translated(LABORATORY, ROTPA=None).boresight_rotation_angle == 0.0
    found = translated(COMCAM, ROTPA=None)
    assert found.boresight_rotation_angle is None
    assert any("ROTPA" in problem for problem in found.problems)

"""What headers of LSSTCam say."""

from __future__ import annotations

import pytest

from lsst_headers import GUIDER, LSSTCAM, LSSTCAM_LABORATORY, on, translated
from underbutler.errors import MissingPropertyError
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.metadata.translators.lsstcam import LsstCamTranslator
from underbutler.model.observation import Observation, ObservationProperties
from underbutler.model.timespan import NS_PER_DAY, NS_PER_S

BEGIN_NS = (60889 - 40587) * NS_PER_DAY + 3 * 3600 * NS_PER_S


def test_a_header_of_the_sky_gives_every_property():
    assert translated(LSSTCAM) == ObservationProperties(
        instrument="LSSTCam",
        exposure_id=2025080100412,
        observation_id="MC_O_20250801_000412",
        observation_type="science",
        observation_reason="survey_deep",
        exposure_group="2025-08-02T02:59:50.125",
        physical_filter="r_57",
        datetime_begin=BEGIN_NS,
        datetime_end=BEGIN_NS + 31_500_000_000,
        observing_day=20250801,
        observing_day_offset=43200,
        exposure_time_requested=30.0,
        dark_time=31.0,
        observation_counter=412,
        group_counter_start=412,
        group_counter_end=412,
        object="COSMOS",
        science_program="BLOCK-1",
        tracking_radec=(150.25, 2.25),
        boresight_rotation_angle=131.5,
        boresight_rotation_coord="sky",
        altaz_begin=(61.5, 52.5),
        has_simulated_content=False,
        can_see_sky=True,
        detector_num=94,
        detector_unique_name="R22_S11",
        detector_name="S11",
        detector_group="R22",
    )


def test_a_laboratorys_header_gives_what_there_is():
    found = translated(LSSTCAM_LABORATORY)
    assert found.problems == []
    assert Observation.from_properties(found).exposure.id == 3019032200002
    assert (found.physical_filter, found.science_program) == ("SDSSi~ND_OD0.5", "6489D")
    assert (found.exposure_group, found.object) == ("3019032200002", "UNKNOWN")
    assert found.observing_day_offset == 7 * 3600
    assert found.datetime_end - found.datetime_begin == 2_500_000_000
    assert found.can_see_sky is False
    assert found.tracking_radec is found.altaz_begin is None


@pytest.mark.parametrize(
    ("cards", "hours"),
    [
        (on("2019-03-10", "09:00:00"), 8),
        (on("2019-03-10", "11:00:00"), 7),
        (on("2023-11-05", "08:59:00"), 7),
        (on("2023-11-05", "09:01:00"), 8),
        (on("2024-04-30"), 7),
        (on("2024-05-01"), 12),
    ],
)
def test_days_began_at_midnight_in_california_until_the_camera_left(cards, hours):
    assert translated(LSSTCAM_LABORATORY, cards).observing_day_offset == hours * 3600


def test_detectors_are_numbered_as_the_camera_has_them():
    camera = load_instrument("LSSTCam").camera
    assert camera is not None
    numbers = {(it.raft, it.name_in_raft): it.id for it in camera.detectors}
    assert dict(LsstCamTranslator.detector_numbers) == numbers


@pytest.mark.parametrize(
    ("raft", "slot", "number"),
    [("R00", "SG0", 189), ("R04", "SW1", 196), ("R44", "SW0", 203), ("R01", "S00", 0)],
)
def test_guiders_and_wavefront_sensors_are_detectors(raft, slot, number):
    found = translated(LSSTCAM, RAFTBAY=raft, CCDSLOT=slot)
    assert (found.detector_num, found.detector_unique_name) == (number, f"{raft}_{slot}")


def test_a_guiders_file_tells_its_exposure_and_detector_but_not_when():
    found = translated(GUIDER)
    assert (found.instrument, found.exposure_id, found.detector_num) == (
        "LSSTCam",
        2024091800013,
        189,
    )
    assert (found.observation_id, found.observing_day) == ("MC_C_20240918_000013", 20240918)
    assert found.datetime_begin is None
    assert any("MJD-BEG" in problem for problem in found.problems)
    with pytest.raises(MissingPropertyError, match="datetime_begin"):
        Observation.from_properties(found)


@pytest.mark.parametrize(
    ("cards", "sees"),
    [
        ({"VIGN_MIN": "FULLY"}, False),
        ({"VIGN_MIN": "PARTIALLY"}, True),
        ({"VIGN_MIN": "UNKNOWN"}, None),
        ({"VIGN_MIN": None}, None),
        ({"SHUTTIME": 0.0}, False),
        (on("2025-02-28"), False),
    ],
)
def test_the_sky_is_seen_by_an_open_shutter_in_an_open_dome_on_the_mountain(cards, sees):
    assert translated(LSSTCAM, cards).can_see_sky is sees


@pytest.mark.parametrize(
    ("cards", "simulated"),
    [
        ({"SIMULATE MTM2": 1}, True),
        ({"SIMULATE MTM2": 2}, True),
        ({"SIMULATE MTM2": 0}, False),
        ({"SIMULATE MTM2": None}, False),
        ({"HIERARCH.SIMULATE.MTROTATOR": True}, True),
        ({"SIMULATED DATE-END": "2025-08-02T03:00:00"}, True),
        ({"CONTRLLR": "S"}, True),
        ({"CONTRLLR": "C"}, False),
    ],
)
def test_a_simulated_component_or_controller_simulates_content(cards, simulated):
    assert translated(LSSTCAM, cards).has_simulated_content is simulated


def test_the_exposures_name_tells_the_controller_where_no_card_does():
    assert translated(LSSTCAM_LABORATORY, CONTRLLR=None).exposure_id == 3019032200002


def test_times_without_a_scale_are_tai():
    assert translated(LSSTCAM, TIMESYS=None).datetime_end == BEGIN_NS + 31_500_000_000


@pytest.mark.parametrize("kind", ["BIAS", "FLAT"])
def test_calibrations_follow_no_place_of_the_sky(kind):
    found = translated(LSSTCAM, IMGTYPE=kind)
    assert found.tracking_radec is None
    assert found.boresight_rotation_coord == "unknown"


@pytest.mark.parametrize("followed", ["AZEL", "LOCAL", ""])
def test_fixed_pointings_follow_no_place_of_the_sky(followed):
    found = translated(LSSTCAM, TRACKSYS=followed)
    assert (found.tracking_radec, found.problems) == (None, [])


def test_without_start_positions_those_asked_for_count():
    assert translated(LSSTCAM, RASTART=None).tracking_radec == (150.5, 2.5)


def test_older_equinoxes_are_converted():
    ra, dec = translated(LSSTCAM, RADESYS="FK5").tracking_radec
    assert (ra, dec) == pytest.approx((150.25, 2.25), abs=1e-4)
    assert (ra, dec) != (150.25, 2.25)


def test_a_direction_past_the_zenith_is_the_zenith():
    assert translated(LSSTCAM, ELSTART=91.0).altaz_begin == (61.5, 90.0)


@pytest.mark.parametrize(
    ("cards", "angle"),
    [
        # ComCam's angle, in the first nights; then the other way round, for half a night.
        ({"DAYOBS": "20250421"}, 41.5),
        ({"DAYOBS": "20250422", "SEQNUM": 250}, -48.5),
        ({"DAYOBS": "20250422", "SEQNUM": 251}, 131.5),
        ({"DAYOBS": "20250423"}, 131.5),
    ],
)
def test_rotation_angles_of_the_first_nights_are_corrected(cards, angle):
    assert translated(LSSTCAM, cards).boresight_rotation_angle == pytest.approx(angle)


@pytest.mark.parametrize(
    ("seq_num", "name"), [(75, "r_57"), (76, "z_20"), (578, "z_20"), (579, "r_57")]
)
def test_the_filter_of_a_night_is_corrected(seq_num, name):
    assert translated(LSSTCAM, DAYOBS="20250609", SEQNUM=seq_num).physical_filter == name


@pytest.mark.parametrize(("seq_num", "sees"), [(742, True), (743, False), (746, True)])
def test_domes_that_were_closed_are_closed(seq_num, sees):
    assert translated(LSSTCAM, DAYOBS="20250703", SEQNUM=seq_num).can_see_sky is sees


def test_tests_under_a_surveys_number_get_their_own():
    found = translated(LSSTCAM, DAYOBS="20250827", PROGRAM="BLOCK-417")
    assert found.science_program == "BLOCK-T417"


def test_a_filters_superfluous_zero_is_dropped():
    assert translated(LSSTCAM, DAYOBS="20241015", FILTER="ph_05").physical_filter == "ph_5"


def test_a_second_filter_tells_nothing_unless_the_first_is_said_to_be_none():
    header = {key: value for key, value in LSSTCAM_LABORATORY.items() if key != "FILTER"}
    assert translated(header).physical_filter == "unknown"
    assert translated(header, FILTER=None).physical_filter == "ND_OD0.5"


def test_empty_filter_slots_are_left_out():
    assert translated(LSSTCAM_LABORATORY, FILTER2="empty").physical_filter == "SDSSi"

from __future__ import annotations

from dataclasses import replace

from underbutler.model.dimension_records import DetectorRecord, InstrumentRecord
from underbutler.model.instrument import Camera, CameraDetector, Grouper, Instrument

CAMERA = Camera(
    detectors=(
        CameraDetector(
            id=3,
            full_name="R22_S11",
            raft="R22",
            name_in_raft="S11",
            purpose="SCIENCE",
            nx=4000,
            ny=4072,
            field_angle_corners_deg=((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2)),
        ),
    ),
    focal_plane_x_flipped=False,
)
INSTRUMENT = Instrument(
    name="NewCam",
    class_name="lsst.obs.new.NewCam",
    visit_max=10,
    exposure_max=20,
    detector_max=30,
    visit_system=2,
    grouper=Grouper.ONE_TO_ONE,
    camera=CAMERA,
    bands={"r_57": "r"},
)


def test_groupers_have_the_names_that_obs_base_gives_them():
    assert {grouper.value for grouper in Grouper} == {
        "one-to-one",
        "by-group-metadata",
        "one-to-one-and-by-counter",
    }


def test_an_instrument_registers_its_maxima_and_its_class():
    assert INSTRUMENT.record == InstrumentRecord(
        name="NewCam",
        visit_max=10,
        exposure_max=20,
        detector_max=30,
        visit_system=2,
        class_name="lsst.obs.new.NewCam",
    )


def test_an_instrument_registers_each_detector():
    assert INSTRUMENT.detector_records == [
        DetectorRecord(
            instrument="NewCam",
            id=3,
            full_name="R22_S11",
            name_in_raft="S11",
            raft="R22",
            purpose="SCIENCE",
        )
    ]


def test_an_instrument_registers_each_filter_with_its_band():
    (record,) = INSTRUMENT.physical_filter_records

    assert (record.instrument, record.name, record.band) == ("NewCam", "r_57", "r")


def test_a_filter_that_nobody_described_has_an_unknown_band():
    assert INSTRUMENT.band_of("y_10") == "unknown"


def test_a_filter_that_nobody_described_has_the_band_that_its_name_tells():
    described = replace(INSTRUMENT, name="HSC", bands={"HSC-Z2": "special"})

    assert described.band_of("HSC-G") == described.infer_band("HSC-G") == "g"
    # What was described goes before what a name tells.
    assert described.band_of("HSC-Z2") == "special"
    assert described.infer_band("never heard of") is None


def test_the_translator_of_an_instrument_that_is_brought_along_needs_no_name():
    assert INSTRUMENT.translator == ""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from reference_material import SHARED, reference
from underbutler.errors import ConfigurationError, NotFoundError
from underbutler.metadata.instruments import catalogue
from underbutler.metadata.instruments.catalogue import (
    PLUGIN_GROUP,
    instrument_names,
    load_instrument,
)
from underbutler.model.instrument import Grouper, Instrument

# What register() of each class gives the registry: lsst/obs_subaru, obs_decam, obs_cfht, obs_lsst,
# _instrument.py. In order: class, visit_max = exposure_max, detector_max, visit_system.
REGISTERED = {
    "HSC": ("lsst.obs.subaru.HyperSuprimeCam", 21474800, 200, 0),
    "DECam": ("lsst.obs.decam.DarkEnergyCamera", 2**25, 100, 0),
    "MegaPrime": ("lsst.obs.cfht.MegaPrime", 2**31, 36, 0),
    "LSSTCam": ("lsst.obs.lsst.LsstCam", 7050123199999, 1000, 2),
    "LSSTComCam": ("lsst.obs.lsst.LsstComCam", 7050123199999, 1000, 2),
    "LATISS": ("lsst.obs.lsst.Latiss", 7050123199999, 1, 2),
}
DETECTORS = {
    "HSC": 112,
    "DECam": 62,
    "MegaPrime": 36,
    "LSSTCam": 205,
    "LSSTComCam": 9,
    "LATISS": 1,
}
NEW_CAM = Instrument(
    name="NewCam",
    class_name="lsst.obs.new.NewCam",
    visit_max=10,
    exposure_max=10,
    detector_max=1,
    visit_system=None,
    grouper=Grouper.ONE_TO_ONE,
    camera=None,
)


@pytest.fixture
def plug_in(monkeypatch):
    """Return a function that installs entry points, named, in place of the real ones."""
    module = ModuleType("new_cam_plugin")
    module.NEW_CAM, module.NOTHING = NEW_CAM, None
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def install(**targets):
        def entry_points(*, group):
            assert group == PLUGIN_GROUP
            return [metadata.EntryPoint(name, value, group) for name, value in targets.items()]

        monkeypatch.setattr(metadata, "entry_points", entry_points)
        _forget_plugins()

    yield install
    _forget_plugins()


def _forget_plugins():
    catalogue._plugins.cache_clear()
    catalogue._load_plugin.cache_clear()


@pytest.mark.parametrize("name", REGISTERED)
def test_an_instrument_has_the_numbers_that_the_butler_registers(name):
    record = load_instrument(name).record

    assert record.name == name
    assert (
        record.class_name,
        record.visit_max,
        record.detector_max,
        record.visit_system,
    ) == REGISTERED[name]
    assert record.exposure_max == record.visit_max


@pytest.mark.parametrize("name", REGISTERED)
def test_the_butlers_class_name_finds_the_same_instrument(name):
    assert load_instrument(REGISTERED[name][0]) is load_instrument(name)


def test_a_class_is_also_known_by_the_private_module_it_is_written_in():
    assert load_instrument("lsst.obs.lsst._instrument.LsstCam") is load_instrument("LSSTCam")


def test_the_instruments_of_the_rubin_observatory_make_visits_by_counter_and_the_others_do_not():
    by_counter = {
        name
        for name in instrument_names()
        if load_instrument(name).grouper is Grouper.ONE_TO_ONE_AND_BY_COUNTER
    }

    assert by_counter == {"LSSTCam", "LSSTComCam", "LATISS"}


@pytest.mark.parametrize(("name", "number"), DETECTORS.items())
def test_every_detector_has_four_corners_and_an_id_of_its_own_below_the_maximum(name, number):
    instrument = load_instrument(name)
    detectors = instrument.camera.detectors

    assert len({detector.id for detector in detectors}) == number == len(detectors)
    assert all(0 <= detector.id < instrument.detector_max for detector in detectors)
    assert all(len(detector.field_angle_corners_deg) == 4 for detector in detectors)


@pytest.mark.parametrize(
    ("name", "detector", "expected"),
    [
        ("HSC", 0, ("1_53", "1", "53", "SCIENCE")),
        ("HSC", 104, ("1_48", "1", "48", "FOCUS")),
        ("DECam", 25, ("S1", "S", "1", "SCIENCE")),
        ("MegaPrime", 2, ("ccd02", None, "ccd02", "SCIENCE")),
        ("LSSTCam", 94, ("R22_S11", "R22", "S11", "SCIENCE")),
        ("LSSTCam", 191, ("R00_SW0", "R00", "SW0", "WAVEFRONT")),
        ("LSSTComCam", 4, ("R22_S11", "R22", "S11", "SCIENCE")),
        ("LATISS", 0, ("RXX_S00", "RXX", "S00", "SCIENCE")),
    ],
)
def test_detectors_are_named_as_the_butler_registers_them(name, detector, expected):
    (record,) = [r for r in load_instrument(name).detector_records if r.id == detector]

    assert (record.full_name, record.raft, record.name_in_raft, record.purpose) == expected


@pytest.mark.parametrize(
    ("name", "physical_filter", "band"),
    [
        ("HSC", "HSC-R2", "r"),
        ("DECam", "z DECam SDSS c0004 9260.0 1520.0", "z"),
        ("MegaPrime", "i.MP9702", "i"),
        ("LSSTCam", "i_39", "i"),
        ("LATISS", "SDSSr_65mm~empty", "r"),
        ("LSSTComCam", "g_01", "g"),
        ("HSC", "never heard of", "unknown"),
    ],
)
def test_a_filter_has_a_band(name, physical_filter, band):
    assert load_instrument(name).band_of(physical_filter) == band


def test_an_instrument_without_known_geometry_has_no_camera():
    suprime_cam = load_instrument("SuprimeCam")

    assert suprime_cam.camera is None
    assert not suprime_cam.bands
    assert suprime_cam.detector_records == []


def test_an_instrument_is_read_once():
    assert load_instrument("HSC") is load_instrument("HSC")


def test_loading_an_instrument_reads_no_other_and_looks_for_no_plug_ins():
    """In a process of its own, as a function starts."""
    script = (
        "import pathlib, sys\n"
        "read, original = [], pathlib.Path.read_text\n"
        "pathlib.Path.read_text = lambda path, *a, **k: (read.append(path.name),"
        " original(path, *a, **k))[1]\n"
        "from underbutler.metadata.instruments.catalogue import load_instrument\n"
        "load_instrument('lsst.obs.subaru.HyperSuprimeCam')\n"
        "heavy = {'importlib.metadata', 'numpy', 'lsst.sphgeom', 'astropy', 'difflib'}\n"
        "print(read, sorted(heavy & sys.modules.keys()))\n"
    )
    package_root = str(Path(catalogue.__file__).parents[3])

    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {package_root!r})\n{script}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.strip() == "['HSC.json'] []"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hsc", "HSC"),
        ("LSSTComCan", "LSSTComCam"),
        ("lsst.obs.lsst.Lsstcam", "lsst.obs.lsst.LsstCam"),
    ],
)
def test_an_unknown_name_is_answered_with_the_likely_one(name, meant):
    with pytest.raises(NotFoundError, match=f"(?s)'{name}'.*Did you mean '{meant}'"):
        load_instrument(name)


def test_an_unknown_name_is_answered_with_all_known_ones():
    with pytest.raises(NotFoundError, match=", ".join(instrument_names())):
        load_instrument("zzz")


def test_the_empty_name_is_no_instrument():
    with pytest.raises(NotFoundError):
        load_instrument("")


def test_names_are_sorted_and_include_plug_ins(plug_in):
    plug_in(NewCam="new_cam_plugin:NEW_CAM")

    assert instrument_names() == tuple(sorted([*REGISTERED, "SuprimeCam", "NewCam"]))


@pytest.mark.parametrize("name", ["NewCam", "lsst.obs.new.NewCam"])
def test_a_plug_in_is_found_by_its_name_and_by_its_class(plug_in, name):
    plug_in(NewCam="new_cam_plugin:NEW_CAM")

    assert load_instrument(name) is NEW_CAM


def test_a_packaged_instrument_wins_over_a_plug_in_of_its_name(plug_in):
    plug_in(HSC="new_cam_plugin:NEW_CAM")

    assert load_instrument("HSC").class_name == "lsst.obs.subaru.HyperSuprimeCam"
    assert instrument_names().count("HSC") == 1


@pytest.mark.parametrize(
    "value", ["no_such_module:NEW_CAM", "new_cam_plugin:NO_CAM", "new_cam_plugin:NOTHING"]
)
def test_a_plug_in_that_gives_no_instrument_is_named(plug_in, value):
    plug_in(Broken=value)

    with pytest.raises(ConfigurationError, match=f"'Broken' \\({value}\\)"):
        load_instrument("Broken")


def test_a_plug_in_named_unlike_its_instrument_is_refused(plug_in):
    plug_in(OtherCam="new_cam_plugin:NEW_CAM")

    with pytest.raises(ConfigurationError, match="'OtherCam'"):
        load_instrument("OtherCam")


@reference
@pytest.mark.parametrize("name", DETECTORS)
def test_the_geometry_keeps_every_digit_of_the_reference(name):
    expected = json.loads((SHARED / "cameras" / f"{name}.json").read_text())
    camera = load_instrument(name).camera

    assert camera.focal_plane_x_flipped == expected["focal_plane_x_flipped"]
    assert [
        (
            detector.id,
            detector.full_name,
            detector.purpose,
            detector.nx,
            detector.ny,
            [list(corner) for corner in detector.field_angle_corners_deg],
        )
        for detector in camera.detectors
    ] == [
        tuple(
            detector[key]
            for key in ("id", "full_name", "purpose", "nx", "ny", "field_angle_corners_deg")
        )
        for detector in expected["detectors"]
    ]


@reference
@pytest.mark.parametrize("name", DETECTORS)
def test_rafts_are_those_of_the_reference_where_it_has_them(name):
    expected = json.loads((SHARED / "cameras" / f"{name}.json").read_text())
    known = {detector.id: detector for detector in load_instrument(name).camera.detectors}

    for detector in expected["detectors"]:
        for key in ("raft", "name_in_raft"):
            assert detector[key] in (None, getattr(known[detector["id"]], key))


@reference
def test_the_bands_are_those_of_the_reference():
    expected = json.loads((SHARED / "cameras" / "filters.json").read_text())

    assert {name: load_instrument(name).bands for name in expected} == expected

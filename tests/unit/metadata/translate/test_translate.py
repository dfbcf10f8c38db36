"""What headers of known instruments say."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from astro_metadata_translator import ObservationInfo

import underbutler
from factories import BEGIN_NS, translated
from fits_files import (
    COMPRESSED,
    MINIMAL,
    CountingReader,
    hdu,
    inheriting_file,
    observed,
    one_hdu_file,
)
from reference_material import SHARED, reference
from translations import (
    DECAM,
    DECAM_CCD,
    DECAM_EXPOSURE,
    HEADERS,
    HSC,
    LAYOUTS,
    MEGAPRIME,
    differences,
    translate,
    without,
)
from underbutler.errors import (
    MissingPropertyError,
)
from underbutler.metadata.header import FIRST_READ_BYTES, FitsHeaders
from underbutler.metadata.translate import HeaderTranslator
from underbutler.model.observation import Observation, ObservationProperties
from underbutler.model.timespan import NS_PER_S


def test_a_header_of_hsc_gives_every_property(translator):
    assert translator.translate_header(HSC) == ObservationProperties(
        instrument="HSC",
        exposure_id=100_000,
        observation_id="HSCE00100000",
        observation_type="science",
        observation_reason="science",
        exposure_group="100000",
        physical_filter="HSC-R",
        datetime_begin=BEGIN_NS,
        datetime_end=BEGIN_NS + 150 * NS_PER_S,
        observing_day=20260301,
        observing_day_offset=0,
        exposure_time_requested=150.0,
        dark_time=150.0,
        observation_counter=100_000,
        group_counter_start=100_000,
        group_counter_end=100_000,
        object="COSMOS",
        science_program="o26001",
        tracking_radec=pytest.approx((150.1, 2.2), abs=1e-9),
        boresight_rotation_angle=270.0,
        boresight_rotation_coord="sky",
        altaz_begin=pytest.approx((115.5572, 52.6496), abs=1e-9),
        has_simulated_content=False,
        can_see_sky=True,
        detector_num=0,
        detector_unique_name="1_53",
        detector_name="53",
        detector_group="1",
    )


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        (
            "SuprimeCam",
            {"exposure_id": 123_456, "physical_filter": "W-S-I+", "detector_num": 7,
             "detector_name": "clarisse", "boresight_rotation_coord": "unknown",
             "datetime_begin": BEGIN_NS, "observing_day": 20260301},
        ),
        (
            "DECam",
            {"exposure_id": 100_000, "physical_filter": "r DECam SDSS c0002 6415.0 1480.0",
             "detector_num": 25, "detector_unique_name": "S1", "detector_group": "S",
             "datetime_begin": BEGIN_NS, "datetime_end": BEGIN_NS + 300 * NS_PER_S,
             "dark_time": 201.25, "altaz_begin": (61.25, 49.5),
             # Noon to noon.
             "observing_day": 20260228, "observing_day_offset": 43_200},
        ),
        (
            "MegaPrime",
            {"exposure_id": 100_000, "observation_id": "100000", "physical_filter": "r.MP9602",
             "detector_num": 2, "detector_unique_name": "ccd02", "detector_group": None,
             "datetime_begin": BEGIN_NS, "datetime_end": BEGIN_NS + 150 * NS_PER_S,
             "boresight_rotation_angle": 0.0, "observing_day": 20260301},
        ),
    ],
)  # fmt: skip
def test_a_header_of_another_camera_gives_its_properties(translator, instrument, expected):
    found = asdict(translator.translate_header(HEADERS[instrument]))

    assert found["instrument"] == instrument
    assert found["problems"] == []
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("instrument", HEADERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_gives_what_astro_metadata_translator_gives(instrument, layout):
    header = observed(HEADERS[instrument])
    expected = ObservationInfo(dict(header)).to_simple()

    assert differences(translate(LAYOUTS[layout](header)), expected) == {}


@pytest.mark.parametrize("instrument", HEADERS)
def test_what_is_translated_can_be_registered(translator, instrument):
    observation = Observation.from_properties(translator.translate_header(HEADERS[instrument]))

    assert observation.exposure.instrument == instrument


@reference
@pytest.mark.parametrize(
    "name", ["hsc-HSCA04090107", "decam", "decam-raw_dec050441_25", "megaprime"]
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_real_header_gives_what_the_reference_translators_gave(name, layout):
    header = json.loads((SHARED / "headers" / f"{name}.json").read_text())
    expected = json.loads((SHARED / "headers" / "expected-observation-info.json").read_text())

    assert differences(translate(LAYOUTS[layout](header)), expected[f"{name}.json"]) == {}


@reference
@pytest.mark.parametrize("name", ["hsc-HSCA04090107", "decam", "megaprime"])
def test_a_real_header_can_be_registered(name):
    header = json.loads((SHARED / "headers" / f"{name}.json").read_text())
    expected = json.loads((SHARED / "headers" / "expected-observation-info.json").read_text())
    exposure = Observation.from_properties(translate(one_hdu_file(header))).exposure

    assert exposure.id == expected[f"{name}.json"]["exposure_id"]


def test_a_header_in_the_primary_hdu_takes_one_read():
    read = CountingReader(one_hdu_file(HSC) + bytes(FIRST_READ_BYTES))
    HeaderTranslator().translate_file(FitsHeaders(read))

    assert read.ranges == [(0, FIRST_READ_BYTES)]


def test_a_ccd_inherits_the_cards_of_the_primary_header():
    found = translate(inheriting_file(DECAM_EXPOSURE, DECAM_CCD))

    assert found == translate(one_hdu_file(DECAM))


def test_a_card_of_the_ccd_goes_before_one_it_inherits():
    found = translate(inheriting_file(DECAM_EXPOSURE, DECAM_CCD | {"OBJECT": "M31"}))

    assert found.object == "M31"


def test_a_header_that_does_not_inherit_stands_alone():
    primary = hdu({**MINIMAL, "EXTEND": True, "OBJECT": "M31", "RUNID": "other"})
    own = hdu({**COMPRESSED, "INHERIT": False, **without(observed(MEGAPRIME), "RUNID")})
    found = translate(primary + own)

    assert (found.object, found.science_program) == ("COSMOS", None)


def test_hdus_after_the_header_that_is_read_are_no_matter():
    assert translate(one_hdu_file(HSC) + hdu(COMPRESSED) * 2).detector_num == 0


def test_a_primary_header_of_decam_alone_has_no_detector():
    found = translate(one_hdu_file(DECAM_EXPOSURE))

    with pytest.raises(MissingPropertyError, match="no detector_num"):
        Observation.from_properties(found)


@pytest.mark.parametrize("name", [None, "COMPRESSED_IMAGE", "image", "ccd", "ccd99"])
def test_a_header_of_megaprime_that_names_no_detector_has_none(translator, name):
    """The translator's dummy, ccd99, is no detector: all files of an exposure would be it."""
    header = without(MEGAPRIME, "EXTNAME") | ({"EXTNAME": name} if name else {})
    found = translator.translate_header(header)

    assert (found.detector_num, found.detector_name) == (None, None)
    assert found.problems == ["detector_num: EXTNAME names no detector"]


def test_translated_metadata_are_read_without_the_translators():
    index = {"__CONTENT__": "translated", "__COMMON__": {}, "a.fits": translated()}
    script = (
        "import json, sys\n"
        "from underbutler.ingest.metadata_reader import MetadataReader\n"
        "from underbutler.metadata.index import parse_index\n"
        "from underbutler.metadata.translated import properties_from_translated\n"
        "from underbutler.model.observation import Observation\n"
        f"body = {json.dumps(index)!r}.encode()\n"
        "(entry,) = parse_index(body, bucket='raw', key='_index.json').entries\n"
        "found = Observation.from_properties(properties_from_translated(entry.entry))\n"
        "heavy = {'astro_metadata_translator', 'astropy', 'numpy', 'lsst'} & sys.modules.keys()\n"
        "print(found.exposure.obs_id, sorted(heavy))\n"
    )
    root = str(Path(underbutler.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {root!r})\n{script}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.strip() == "HSCE00100000 []"

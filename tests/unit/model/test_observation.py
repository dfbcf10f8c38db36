from __future__ import annotations

import random
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BEGIN_NS, exposure_record
from underbutler.errors import MissingPropertyError
from underbutler.model.dimension_records import DayObsRecord, DetectorRecord
from underbutler.model.observation import (
    ExposureMetadata,
    MetadataSource,
    Observation,
    ObservationProperties,
)
from underbutler.model.timespan import NS_PER_S, Timespan

# What registration requires of a file's metadata (obs_base RawIngestTask).
REQUIRED = [
    "instrument",
    "exposure_id",
    "observation_id",
    "observation_type",
    "exposure_group",
    "physical_filter",
    "datetime_begin",
    "datetime_end",
    "observing_day",
    "exposure_time_requested",
    "group_counter_start",
    "group_counter_end",
    "has_simulated_content",
    "detector_num",
]
OPTIONAL = [
    field.name
    for field in fields(ObservationProperties)
    if field.name not in REQUIRED and field.name != "problems"
]
TEXTS = [
    "instrument",
    "observation_id",
    "observation_type",
    "observation_reason",
    "exposure_group",
    "physical_filter",
    "object",
    "science_program",
    "detector_unique_name",
    "detector_name",
    "detector_group",
]
INTEGERS = {
    "exposure_id": 63,
    "observation_counter": 63,
    "group_counter_start": 63,
    "group_counter_end": 63,
    "detector_num": 31,
}


def properties(**overrides) -> ObservationProperties:
    """Properties of one HSC detector."""
    given_values = {
        "instrument": "HSC",
        "exposure_id": 100_000,
        "observation_id": "HSCE00100000",
        "observation_type": "science",
        "observation_reason": "science",
        "exposure_group": "100000",
        "physical_filter": "HSC-R",
        "datetime_begin": BEGIN_NS,
        "datetime_end": BEGIN_NS + 150 * NS_PER_S,
        "observing_day": 20260301,
        "observing_day_offset": 0,
        "exposure_time_requested": 150.0,
        "dark_time": 150.0,
        "observation_counter": 100_000,
        "group_counter_start": 100_000,
        "group_counter_end": 100_000,
        "object": "COSMOS",
        "science_program": "o26001",
        "tracking_radec": (150.1, 2.2),
        "boresight_rotation_angle": 270.0,
        "boresight_rotation_coord": "sky",
        "altaz_begin": (115.5, 52.7),
        "has_simulated_content": False,
        "can_see_sky": True,
        "detector_num": 0,
        "detector_unique_name": "1_53",
        "detector_name": "53",
        "detector_group": "1",
    }
    return ObservationProperties(**(given_values | overrides))


def observe(**overrides) -> Observation:
    return Observation.from_properties(properties(**overrides))


def test_an_exposure_is_made_as_the_butler_makes_it():
    assert observe().exposure == exposure_record()


def test_a_day_is_made_as_the_butler_makes_it():
    midnight_ns = 1_772_323_200 * NS_PER_S

    assert observe().day_obs == DayObsRecord(
        instrument="HSC",
        id=20260301,
        timespan=Timespan(midnight_ns, midnight_ns + 86_400 * NS_PER_S),
    )


def test_a_detector_is_described_as_far_as_the_file_names_it():
    assert observe().detector == DetectorRecord(
        instrument="HSC",
        id=0,
        full_name="1_53",
        name_in_raft="53",
        raft="1",
        purpose="UNKNOWN",
    )


@pytest.mark.parametrize(
    ("names", "full_name"),
    [
        ({"detector_unique_name": None}, "53"),
        ({"detector_unique_name": None, "detector_name": None}, "0"),
    ],
)
def test_a_detector_without_a_full_name_is_called_by_the_next_best(names, full_name):
    assert observe(**names).detector.full_name == full_name


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_property_that_is_missing_is_named(name):
    with pytest.raises(MissingPropertyError, match=rf"give no {name}\.") as caught:
        observe(**{name: None})
    assert caught.value.context == {"missing": [name]}


def test_all_required_properties_that_are_missing_are_named_at_once():
    with pytest.raises(MissingPropertyError) as caught:
        Observation.from_properties(ObservationProperties())
    assert caught.value.context["missing"] == REQUIRED


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_property_may_be_missing(name):
    observe(**{name: None})


@pytest.mark.parametrize("name", ["exposure_id", "detector_num", "observation_counter"])
def test_zero_is_a_value(name):
    observe(**{name: 0})


def test_an_end_before_the_beginning_becomes_the_beginning_as_the_butler_has_it():
    timespan = observe(datetime_end=BEGIN_NS - NS_PER_S).exposure.timespan

    assert timespan == Timespan(BEGIN_NS, BEGIN_NS + 1)


@pytest.mark.parametrize("coordinate", ["unknown", None, "Sky"])
def test_a_rotation_angle_that_is_not_on_the_sky_is_no_sky_angle(coordinate):
    assert observe(boresight_rotation_coord=coordinate).exposure.sky_angle is None


def test_the_zenith_angle_is_what_lacks_to_the_altitude():
    assert observe(altaz_begin=(10.0, 90.0)).exposure.zenith_angle == 0.0


def test_a_day_without_offset_has_no_timespan():
    assert observe(observing_day_offset=None).day_obs.timespan is None


def test_a_day_begins_later_by_its_offset():
    first, later = (observe(observing_day_offset=offset).day_obs for offset in (0, 43_200))

    assert later.timespan.begin_ns - first.timespan.begin_ns == 43_200 * NS_PER_S


@pytest.mark.parametrize(("name", "bits"), INTEGERS.items())
def test_an_integer_may_have_as_many_bits_as_its_column(name, bits):
    observe(**{name: 2**bits - 1})


@pytest.mark.parametrize(("name", "bits"), INTEGERS.items())
@pytest.mark.parametrize("is_negative", [True, False])
def test_an_integer_out_of_bounds_is_refused(name, bits, is_negative):
    with pytest.raises(MissingPropertyError, match=name) as caught:
        observe(**{name: -1 if is_negative else 2**bits})
    assert caught.value.kind == "bad-value"


@pytest.mark.parametrize("name", ["datetime_begin", "datetime_end"])
@pytest.mark.parametrize("tai_ns", [-(2**63) - 1, 2**63 - 1, 2**70])
def test_a_time_that_no_column_holds_is_refused(name, tai_ns):
    with pytest.raises(MissingPropertyError, match=name) as caught:
        observe(**{name: tai_ns})
    assert caught.value.kind == "bad-time"


@pytest.mark.parametrize("name", ["datetime_begin", "datetime_end"])
def test_the_last_instants_of_a_column_are_taken(name):
    bounds = {"datetime_begin": -(2**63), "datetime_end": 2**63 - 2}

    assert observe(**bounds).exposure.timespan == Timespan(-(2**63), 2**63 - 2)


@pytest.mark.parametrize("day", [20260229, 20261301, 0, 26_03_01, 99_999_999])
def test_an_observing_day_that_is_no_date_is_refused(day):
    with pytest.raises(MissingPropertyError, match="observing_day") as caught:
        observe(observing_day=day)
    assert caught.value.kind == "bad-time"


@pytest.mark.parametrize("day", [1_01_01, 1677_01_01, 2262_12_31, 9999_12_31])
def test_an_observing_day_whose_bounds_no_column_holds_is_refused(day):
    with pytest.raises(MissingPropertyError, match="observing_day") as caught:
        observe(observing_day=day)
    assert caught.value.kind == "bad-time"


@pytest.mark.parametrize("offset_s", [86_401, -86_401, 2**70])
def test_an_offset_of_over_a_day_is_refused(offset_s):
    with pytest.raises(MissingPropertyError, match="observing_day_offset") as caught:
        observe(observing_day_offset=offset_s)
    assert caught.value.kind == "bad-time"


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\nb", "\x1b[31m", "\u202eb"])
def test_a_text_with_characters_that_cannot_be_shown_is_refused_and_named(name, text):
    with pytest.raises(MissingPropertyError, match=name) as caught:
        observe(**{name: text})
    assert caught.value.kind == "bad-text"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_may_have_256_characters(name):
    observe(**{name: "x" * 256})


@pytest.mark.parametrize("name", TEXTS)
def test_a_longer_text_is_refused_and_named(name):
    with pytest.raises(MissingPropertyError, match=f"{name} has 257 characters") as caught:
        observe(**{name: "x" * 257})
    assert caught.value.kind == "bad-text"


@pytest.mark.parametrize("text", ["", "NGC 1234", "αβγ", "日本", "50% 'quoted'; DROP TABLE"])
def test_any_other_text_is_kept_as_it_is(text):
    assert observe(object=text).exposure.target_name == text


def test_properties_that_were_lost_stay_with_the_observation():
    given_values = properties(dark_time=None)
    given_values.problems.append("dark_time: no card")

    assert Observation.from_properties(given_values).problems == ("dark_time: no card",)


@given(
    st.fixed_dictionaries(
        {},
        optional={name: st.none() | st.text(max_size=300) for name in TEXTS}
        | {
            name: st.none() | st.integers(-(2**70), 2**70)
            for name in (
                *INTEGERS,
                "datetime_begin",
                "datetime_end",
                "observing_day",
                "observing_day_offset",
            )
        },
    )
)
def test_whatever_is_not_refused_can_be_stored(values):
    try:
        observation = observe(**values)
    except MissingPropertyError:
        return
    stored = [
        *(getattr(observation.exposure, field.name) for field in fields(observation.exposure)),
        *(getattr(observation.detector, field.name) for field in fields(observation.detector)),
        observation.day_obs.id,
    ]
    spans = [observation.exposure.timespan, observation.day_obs.timespan]
    stored += [end for span in spans if span for end in (span.begin_ns, span.end_ns)]
    for value in stored:
        if isinstance(value, str):
            assert value.encode("utf-8").count(b"\x00") == 0
        elif isinstance(value, int):
            assert -(2**63) <= value < 2**63


def test_the_better_source_ranks_first_then_the_lower_detector_then_the_smaller_uri():
    ranked = [
        ExposureMetadata(record=exposure_record(), source=source, detector=detector, uri=uri)
        for source in (MetadataSource.INDEX, MetadataSource.SIDECAR, MetadataSource.HEADER)
        for detector in (2, 10)
        for uri in ("s3://raw/a", "s3://raw/b")
    ]

    assert sorted(random.Random(1).sample(ranked, 12), key=lambda item: item.rank) == ranked

from __future__ import annotations

import math
import warnings

import pytest
from astro_metadata_translator import ObservationInfo
from hypothesis import given
from hypothesis import strategies as st

from factories import BEGIN_NS, translated
from underbutler.metadata.translated import properties_from_translated
from underbutler.model.observation import ObservationProperties
from underbutler.model.timespan import NS_PER_S

TEXTS = [
    "instrument",
    "observation_id",
    "observation_type",
    "observation_reason",
    "exposure_group",
    "physical_filter",
    "object",
    "science_program",
    "boresight_rotation_coord",
    "detector_unique_name",
    "detector_name",
    "detector_group",
]
INTEGERS = [
    "exposure_id",
    "observing_day",
    "observing_day_offset",
    "observation_counter",
    "detector_num",
]
NUMBERS = ["exposure_time_requested", "dark_time", "boresight_rotation_angle"]
PAIRS = ["tracking_radec", "altaz_begin"]
TIMES = ["datetime_begin", "datetime_end"]
FLAGS = ["has_simulated_content", "can_see_sky"]
NAMES = [*TEXTS, *INTEGERS, *NUMBERS, *PAIRS, *TIMES, *FLAGS]
# Absent, they follow from the counter.
COUNTERS = ["group_counter_start", "group_counter_end"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=6,
)


def read(name: str, value: object) -> object:
    """Read one property of otherwise good metadata; it must not be a problem."""
    properties = properties_from_translated(translated() | {name: value})
    assert properties.problems == []
    return getattr(properties, name)


def test_every_property_is_read():
    assert properties_from_translated(translated()) == ObservationProperties(
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
        tracking_radec=(150.1, 2.2),
        boresight_rotation_angle=270.0,
        boresight_rotation_coord="sky",
        altaz_begin=(115.5, 52.7),
        has_simulated_content=False,
        can_see_sky=True,
        detector_num=0,
        detector_unique_name="1_53",
        detector_name="53",
        detector_group="1",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_property_that_is_missing_is_unknown_and_no_problem(name):
    entry = translated()
    del entry[name]
    properties = properties_from_translated(entry)

    assert getattr(properties, name) is (False if name == "has_simulated_content" else None)
    assert properties.problems == []


@pytest.mark.parametrize("name", NAMES)
def test_null_is_as_good_as_missing(name):
    assert read(name, None) is (False if name == "has_simulated_content" else None)


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (TEXTS, 7),
        (TEXTS, ["HSC"]),
        (TEXTS, True),
        (TEXTS, {}),
        (INTEGERS, "7"),
        (INTEGERS, 7.5),
        (INTEGERS, True),
        (INTEGERS, [7]),
        (INTEGERS, math.nan),
        (INTEGERS, math.inf),
        (NUMBERS, "7.5"),
        (NUMBERS, True),
        (NUMBERS, [7.5]),
        (NUMBERS, 10**400),
        (PAIRS, 7.5),
        (PAIRS, "ab"),
        (PAIRS, [1.0]),
        (PAIRS, [1.0, 2.0, 3.0]),
        (PAIRS, ["1.0", "2.0"]),
        (PAIRS, [None, None]),
        (PAIRS, {"ra": 1.0, "dec": 2.0}),
        (TIMES, 2461101.0),
        (TIMES, "2026-03-01T05:00:00"),
        (TIMES, [2461101.0]),
        (TIMES, [2461101.0, 0.0, 0.0]),
        (TIMES, ["2461101.0", "0.25"]),
        (TIMES, ["1e1000000000", "0"]),
        (TIMES, [2461101.0, True]),
        (TIMES, [2461101.0, math.nan]),
        (TIMES, [math.inf, 0.0]),
        (TIMES, [None, None]),
        (FLAGS, "true"),
        (FLAGS, 1),
        (FLAGS, []),
    ],
)
def test_a_value_of_the_wrong_type_is_unknown_and_a_problem_that_names_it(names, value):
    for name in names:
        properties = properties_from_translated(translated() | {name: value})

        assert getattr(properties, name) is (False if name == "has_simulated_content" else None)
        assert len(properties.problems) == 1
        assert properties.problems[0].startswith(f"{name} cannot be read: ")


def test_a_problem_of_a_long_value_is_short_and_printable():
    for value in (
        ["x" * 100_000] * 100,
        {"\x1b\ud800\n": "\x00" * 1000},
        10**4000,
        [[[[[[[[1]]]]]]]],
    ):
        (problem,) = properties_from_translated({"object": value}).problems

        assert len(problem) < 500
        assert problem.isprintable()


def test_a_value_nested_as_deep_as_json_goes_is_a_problem_like_any_other():
    value: list = []
    for _ in range(5_000):
        value = [value]

    assert len(properties_from_translated({"object": value}).problems) == 1


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_unknown(name, value):
    assert read(name, value) is None


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("value", [[math.nan, 2.0], [1.0, math.nan], [math.inf, 2.0]])
def test_a_pair_of_which_one_is_not_finite_is_unknown(name, value):
    assert read(name, value) is None


@pytest.mark.parametrize("name", NUMBERS)
def test_an_integer_is_a_number(name):
    value = read(name, 150)

    assert (type(value), value) == (float, 150.0)


@pytest.mark.parametrize("name", INTEGERS)
def test_a_whole_number_is_an_integer(name):
    value = read(name, 20.0)

    assert (type(value), value) == (int, 20)


def test_an_integer_of_64_bits_keeps_every_digit():
    assert read("exposure_id", 2**63 - 1) == 2**63 - 1


def test_a_text_is_kept_as_it_is():
    assert read("object", " α'\n ") == " α'\n "


@pytest.mark.parametrize("name", COUNTERS)
def test_a_group_begins_and_ends_with_the_exposure_itself_by_default(name):
    entry = translated(observation_counter=7)
    del entry[name]

    assert getattr(properties_from_translated(entry), name) == 7


@pytest.mark.parametrize("name", COUNTERS)
def test_a_group_of_several_keeps_its_bounds(name):
    assert read(name, 99_999) == 99_999


def test_without_a_counter_a_group_has_no_bounds():
    properties = properties_from_translated({})

    assert (properties.group_counter_start, properties.group_counter_end) == (None, None)


def test_the_requested_exposure_time_is_not_guessed_from_another():
    entry = translated()
    del entry["exposure_time_requested"]

    assert properties_from_translated(entry).exposure_time_requested is None


def test_properties_that_registration_does_not_use_are_passed_over():
    entry = translated(temperature="warm", ext_new=[1], location=[math.nan] * 3, unheard_of={})

    assert properties_from_translated(entry) == properties_from_translated(translated())


def test_what_astro_metadata_translator_writes_is_read_as_it_has_it():
    """Its own objects are the oracle: their values, not their encoding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        info = ObservationInfo.from_simple(translated())
        simple = info.to_simple()
        properties = properties_from_translated(simple)

        for name in (*TEXTS, *INTEGERS, *COUNTERS, *FLAGS):
            value = getattr(info, name)
            if name == "observing_day_offset":
                value = round(value.to_value("s"))
            assert getattr(properties, name) == value
        assert properties.exposure_time_requested == info.exposure_time_requested.to_value("s")
        assert properties.dark_time == info.dark_time.to_value("s")
        assert properties.boresight_rotation_angle == info.boresight_rotation_angle.deg
        assert properties.tracking_radec == pytest.approx(
            (info.tracking_radec.icrs.ra.deg, info.tracking_radec.icrs.dec.deg), abs=1e-12
        )
        assert properties.altaz_begin == pytest.approx(
            (info.altaz_begin.az.deg, info.altaz_begin.alt.deg), abs=1e-12
        )
        assert properties.datetime_begin / NS_PER_S == pytest.approx(
            info.datetime_begin.unix_tai, abs=1e-6
        )


@given(st.dictionaries(st.sampled_from([*NAMES, *COUNTERS, "other"]), json_values))
def test_arbitrary_values_never_raise(entry):
    properties = properties_from_translated(entry)

    assert all(problem.isprintable() for problem in properties.problems)

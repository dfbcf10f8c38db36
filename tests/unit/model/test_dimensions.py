from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underbutler.errors import DataIdError
from underbutler.model.dimensions import (
    DIMENSIONS,
    UNIVERSE_NAMESPACE,
    UNIVERSE_VERSION,
    expand_dimensions,
    required_dimensions,
)

names = st.lists(st.sampled_from(sorted(DIMENSIONS)), max_size=6)

RAW_REQUIRED = {"instrument", "exposure", "detector"}


def test_the_universe_is_version_8_of_the_butlers():
    assert (UNIVERSE_NAMESPACE, UNIVERSE_VERSION) == ("daf_butler", 8)


@pytest.mark.parametrize(
    "given_names",
    [
        ["exposure", "detector"],
        ["instrument", "exposure", "detector"],
        ["band", "instrument", "day_obs", "detector", "group", "physical_filter", "exposure"],
    ],
)
def test_a_raw_needs_three_dimensions_however_many_are_named(given_names):
    assert required_dimensions(given_names) == RAW_REQUIRED


@pytest.mark.parametrize(
    ("given_names", "required"),
    [
        (["physical_filter"], {"instrument", "physical_filter"}),
        (["band"], {"band"}),
        (["physical_filter", "band"], {"instrument", "physical_filter"}),
        (["visit"], {"instrument", "visit"}),
        (["visit", "day_obs", "physical_filter"], {"instrument", "visit"}),
        (["patch"], {"skymap", "tract", "patch"}),
        (["subfilter"], {"band", "subfilter"}),
        (["htm7"], {"htm7"}),
        ([], set()),
    ],
)
def test_what_is_required_is_added_and_what_is_implied_is_dropped(given_names, required):
    assert required_dimensions(given_names) == required


def test_all_dimensions_of_a_raw_are_in_the_universes_order():
    assert expand_dimensions(["exposure", "detector"]) == (
        "instrument",
        "band",
        "physical_filter",
        "detector",
        "group",
        "day_obs",
        "exposure",
    )


@given(names, st.randoms())
def test_the_order_of_names_changes_nothing(given_names, random):
    shuffled = list(given_names)
    random.shuffle(shuffled)

    assert required_dimensions(shuffled) == required_dimensions(given_names)


@given(names)
def test_what_is_required_requires_nothing_more(given_names):
    required = required_dimensions(given_names)

    assert required_dimensions(required) == required


@given(names)
def test_expanding_keeps_the_names_that_were_given(given_names):
    assert set(given_names) <= set(expand_dimensions(given_names))


def test_an_unknown_dimension_is_answered_with_the_known_ones():
    with pytest.raises(DataIdError, match=r"'detektor'.*Known: instrument, band"):
        required_dimensions(["exposure", "detektor"])


def test_a_dimension_comes_after_what_it_requires_and_implies():
    order = list(DIMENSIONS)
    later = itertools.chain.from_iterable(
        (order.index(needed) > order.index(item.name) for needed in (*item.requires, *item.implies))
        for item in DIMENSIONS.values()
    )

    assert not any(later)

"""Any condition finds what Python finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_conditions import Condition, answers, asks_for, conditions, first_found, keys
from query_rows import RUNS, Candidate, datasets, exposures, raws, records, visits
from underbutler.model.data_id import DataId
from underbutler.registry.registry import Registry

FIFTY = settings(max_examples=50, deadline=None, database=None)


@FIFTY
@given(condition=conditions(raws(with_visits=True)), find_first=st.booleans())
def test_datasets_are_those_for_which_the_condition_holds(
    stocked: Registry, condition: Condition, find_first: bool
):
    expected = answers(raws(asks_for(condition, "visit")), condition)
    wanted = first_found(expected) if find_first else expected
    found = datasets(stocked, condition.text, find_first=find_first)
    assert [ref.data_id for ref in found] == [ref.data_id for ref in wanted]
    assert {(ref.id, ref.run) for ref in found} == {(ref.id, ref.run) for ref in wanted}


@FIFTY
@given(condition=conditions(exposures(with_visits=True)))
def test_exposures_are_those_for_which_the_condition_holds(stocked: Registry, condition: Condition):
    expected = answers(exposures(asks_for(condition, "visit")), condition)
    assert keys(records(stocked, "exposure", condition.text)) == expected


@FIFTY
@given(condition=conditions(visits(with_exposures=True)))
def test_visits_are_those_for_which_the_condition_holds(stocked: Registry, condition: Condition):
    expected = answers(visits(asks_for(condition, "exposure")), condition)
    assert keys(records(stocked, "visit", condition.text)) == expected


ORDERS = [
    ["exposure.target_name"],
    ["-exposure.target_name", "detector"],
    ["exposure.timespan.begin"],
    ["-exposure.exposure_time", "-exposure"],
    ["detector.raft", "exposure.can_see_sky"],
    ["band", "-day_obs", "raw.run"],
]


def sorted_by(candidates: Sequence[Candidate], names: Sequence[str]) -> list[Any]:
    """Answers by the values of names, the unknown above all, then as they came; each once."""
    found = list(candidates)
    for name in reversed(names):
        values = [item.values[name.removeprefix("-")] for item in found]
        order = sorted(
            range(len(found)),
            key=lambda n: (values[n] is None, 0 if values[n] is None else values[n]),
            reverse=name.startswith("-"),
        )
        found = [found[n] for n in order]
    return list(dict.fromkeys(item.answer for item in found))


@pytest.mark.parametrize("names", ORDERS, ids=",".join)
def test_datasets_are_sorted_by_names_and_then_by_data_id(stocked: Registry, names: list[str]):
    expected = sorted_by([item for item in raws(False) if item.values["raw.run"] != RUNS[2]], names)
    found = datasets(stocked, order_by=names, runs=RUNS[:2])
    assert [ref.data_id for ref in found] == [ref.data_id for ref in expected]


@pytest.mark.parametrize("names", [["-exposure.zenith_angle"], ["exposure.target_name", "-band"]])
def test_exposures_are_sorted_by_names_and_then_by_number(stocked: Registry, names: list[str]):
    found = records(stocked, "exposure", order_by=names)
    assert keys(found) == sorted_by(exposures(False), names)


@pytest.mark.parametrize(
    "names", [["visit"], ["-visit"], ["-exposure.zenith_angle"], ["-visit.name", "exposure"]]
)
def test_what_has_several_visits_is_sorted_by_the_first_of_them_and_found_once(
    stocked: Registry, names: list[str]
):
    found = records(stocked, "exposure", "visit > 0", order_by=names)
    assert keys(found) == sorted_by(exposures(True), names)
    for runs in (RUNS, RUNS[:1]):
        wanted = [item for item in raws(True) if item.values["raw.run"] in runs]
        for find_first in (True, False):
            refs = datasets(stocked, "visit > 0", runs=runs, order_by=names, find_first=find_first)
            ids = [ref.data_id for ref in refs]
            expected = [ref.data_id for ref in sorted_by(wanted, names)]
            assert list(dict.fromkeys(ids)) == list(dict.fromkeys(expected))
            assert len({ref.id for ref in refs}) == len(refs)


@pytest.mark.parametrize("where", ["", "visit > 0"])
@pytest.mark.parametrize("limit", [0, 1, 7, 10**6])
def test_no_more_is_found_than_asked_for(stocked: Registry, where: str, limit: int):
    options: dict[str, Any] = {"order_by": ["-exposure.zenith_angle"]}
    for ask in (datasets, lambda *args, **named: records(args[0], "exposure", *args[1:], **named)):
        assert ask(stocked, where, limit=limit, **options) == ask(stocked, where, **options)[:limit]


@pytest.mark.parametrize(
    "data_id",
    [
        {"instrument": "HSC", "exposure": 1003, "detector": 2},
        {"instrument": "LATISS", "exposure": 1003},
        {"band": "r"},
        {"day_obs": 20260302, "detector": 1},
        {"physical_filter": "HSC-R2", "instrument": "HSC"},
        {"visit": 1002, "instrument": "HSC"},
        {"group": "3"},
        {"exposure": 5},
    ],
    ids=str,
)
def test_datasets_are_found_by_values_of_dimensions(stocked: Registry, data_id: dict[str, Any]):
    expected = [
        item.answer
        for item in raws("visit" in data_id)
        if all(item.values[name] == value for name, value in data_id.items())
    ]
    found = datasets(stocked, data_id=data_id, find_first=False)
    assert {ref.id for ref in found} == {ref.id for ref in expected}
    assert len(found) == len(expected)


def test_a_data_id_and_a_condition_hold_both(stocked: Registry):
    found = datasets(stocked, "exposure < 1003", data_id={"instrument": "HSC", "detector": 1})
    assert [ref.data_id["exposure"] for ref in found] == [1000, 1002]


def test_datasets_come_with_the_dimensions_that_follow(stocked: Registry):
    implied = {ref.data_id: ref.implied for ref in datasets(stocked)}
    assert implied == {
        item.answer.data_id: DataId(
            {name: item.values[name] for name in ("band", "physical_filter", "day_obs", "group")}
        )
        for item in raws(False)
    }

"""Visits beside those that the Butler's own code made."""

from __future__ import annotations

import json
from dataclasses import replace

from latiss_exposures import (
    BY_COUNTER,
    BY_GROUP,
    EXPOSURE,
    visits_of,
)
from reference_material import SHARED, reference
from underbutler.model.instrument import Grouper
from underbutler.visits.grouping import (
    group_exposures,
)


def from_vector(values: dict):
    return replace(EXPOSURE, **({"group": "1"} | values))


@reference
def test_the_visits_are_those_of_the_butlers_own_groupers():
    cases = json.loads((SHARED / "vectors" / "visits-random.json").read_text())["cases"]
    assert cases

    for case in cases:
        exposures = [from_vector(values) for values in case["exposures"]]
        for grouper, expected in case["visits"].items():
            assert visits_of(group_exposures(exposures, Grouper(grouper))) == [
                (visit["id"], visit["name"], visit["systems"], visit["exposures"])
                for visit in expected
            ]


@reference
def test_the_visits_are_those_of_the_worked_example():
    example = json.loads((SHARED / "vectors" / "visits.json").read_text())
    by_counter = example["one_to_one_and_by_counter"]
    exposures = [from_vector(values) for values in by_counter["exposures"]]
    by_group = example["by_group_metadata"]

    def expected(visits):
        return sorted((v["id"], v["name"], v["systems"], v["exposures"]) for v in visits)

    assert visits_of(group_exposures(exposures, BY_COUNTER)) == expected(by_counter["visits"])
    assert visits_of(
        group_exposures([e for e in exposures if e.seq_num != 348], BY_COUNTER)
    ) == expected(by_counter["if_348_never_arrives"])
    assert visits_of(group_exposures([from_vector({"group": by_group["group"]})], BY_GROUP)) == [
        (by_group["visit_id"], by_group["visit_name"], [1], [EXPOSURE.id])
    ]

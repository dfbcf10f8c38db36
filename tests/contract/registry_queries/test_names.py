"""Collections, binds, elements, and names that mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from query_conditions import first_found, keys
from query_rows import BIAS, REFS, RUNS, _data_id_order, _indexed, datasets, records
from underbutler.errors import QuerySyntaxError
from underbutler.registry.registry import Registry


def test_of_equal_data_ids_the_dataset_of_the_run_searched_first_counts(stocked: Registry):
    both = datasets(stocked, find_first=False)
    for runs in (RUNS, RUNS[::-1]):
        ordered = sorted(both, key=lambda ref: (_data_id_order(ref), runs.index(ref.run)))
        assert datasets(stocked, runs=runs) == first_found(ordered)
    assert {ref.run for ref in datasets(stocked)} == set(RUNS)


@pytest.mark.parametrize("runs", [RUNS[:1], RUNS[1:], RUNS[2:], ("no such run",), ()], ids=str)
def test_datasets_are_found_in_the_runs_that_are_searched(stocked: Registry, runs: tuple[str, ...]):
    found = {ref.id for ref in datasets(stocked, runs=runs, find_first=False)}
    assert found == {ref.id for ref in REFS if ref.run in runs}


def test_datasets_of_another_type_are_not_found(stocked: Registry):
    assert datasets(stocked, "detector.purpose = 'SCIENCE'", dataset_type=BIAS) == []


@pytest.mark.parametrize(
    ("where", "bind"),
    [
        ("exposure IN (numbers)", {"numbers": range(1003, 1006)}),
        ("exposure IN (:numbers)", {"numbers": [1003, 1004, 1005]}),
        ("exposure >= low AND exposure <= :high", {"low": 1003, "high": 1005}),
        ("exposure IN (1003..1005)", {}),
    ],
)
def test_what_is_bound_is_as_if_it_were_written(
    stocked: Registry, where: str, bind: dict[str, Any]
):
    found = records(stocked, "exposure", where, bind=bind, data_id={"instrument": "HSC"})
    assert keys(found) == [("HSC", number) for number in (1003, 1004, 1005)]


@pytest.mark.parametrize("text", ["'", "' OR 1=1 --", "%", "%s", "%(x)s", ":name", "\\", '"', "?"])
def test_a_text_is_only_compared(stocked: Registry, text: str):
    assert datasets(stocked, "exposure.target_name = name", bind={"name": text}) == []
    assert datasets(stocked, data_id={"instrument": text}) == []


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("exposure = 9223372036854775807", 0),
        ("exposure < 9223372036854775807", 60),
        ("exposure >= -9223372036854775808", 60),
        ("exposure < 1001.5", 4),
        ("exposure IN (1000.5, 1001)", 2),
        ("true", 60),
        ("NOT true", 0),
    ],
)
def test_numbers_of_any_size_and_kind_are_compared(stocked: Registry, where: str, number: int):
    assert len(records(stocked, "exposure", where)) == number


@pytest.mark.parametrize(
    ("element", "where", "number"),
    [
        ("instrument", "instrument = 'HSC'", 1),
        ("instrument", "instrument.visit_system IS NULL", 1),
        ("detector", "detector.purpose = 'GUIDER'", 2),
        ("detector", "instrument.visit_max > 1000000000 AND detector IN (0, 1)", 2),
        ("physical_filter", "band = 'r'", 2),
        ("physical_filter", "physical_filter = 'HSC-G'", 1),
        ("day_obs", "day_obs.timespan.begin IS NULL", 2),
        ("group", "group = '3'", 2),
        ("subfilter", "band = 'r' AND subfilter = 1", 1),
        ("visit_definition", "exposure.seq_num = 3", 6),
        ("visit_definition", "instrument = 'HSC' AND exposure = visit", 12),
        ("visit_system", "", 0),
        ("skymap", "skymap = 'x'", 0),
        ("patch", "tract = 1 AND patch.cell_x = 2", 0),
    ],
)
def test_records_of_every_element_are_found(
    stocked: Registry, element: str, where: str, number: int
):
    assert len(records(stocked, element, where)) == number


def test_a_record_has_the_element_s_columns_and_not_where_they_come_from(stocked: Registry):
    (found,) = records(stocked, "exposure", "instrument = 'HSC' AND exposure = 1003")
    row = _indexed()["exposure"]["HSC", 1003]
    assert found == {name: row[name] for name in row if not name.startswith("metadata_")}


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("exposre", "exposure"),
        ("seq_num", "exposure.seq_num or visit.seq_num"),
        ("exposure.days_obs", "exposure.day_obs"),
        ("raw.ingestdate", "raw.ingest_date"),
        ("detektor", "detector"),
        ("purpose", "detector.purpose"),
        ("exposure.dayobs", "exposure.day_obs"),
    ],
)
def test_an_unknown_name_is_answered_with_one_that_is_like_it(
    stocked: Registry, name: str, suggestion: str
):
    asked: list[Callable[[], Any]] = [
        lambda: datasets(stocked, f"{name} = 1"),
        lambda: datasets(stocked, f"{name} IS NULL"),
        lambda: datasets(stocked, order_by=[f"-{name}"]),
        lambda: datasets(stocked, data_id={name: 1}),
    ]
    for ask in asked:
        with pytest.raises(QuerySyntaxError, match=f"'{name}' means nothing here") as caught:
            ask()
        assert f"Did you mean {suggestion}" in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "seeing",
        "exposure.metadata_uri",
        "visit.region",
        "band.width",
        "tract",
        "skymap.hash",
        "exposure.timespan",
        "raw.nothing",
        "exposure.id.x",
    ],
)
def test_a_name_that_leads_nowhere_means_nothing(stocked: Registry, name: str):
    with pytest.raises(QuerySyntaxError, match=f"'{name}' means nothing here") as caught:
        datasets(stocked, f"{name} = 1")
    assert f"mean {name} " not in str(caught.value)


def test_an_unknown_name_is_pointed_at(stocked: Registry):
    with pytest.raises(QuerySyntaxError) as caught:
        records(stocked, "exposure", "exposure > 5 AND sed_num = 3")
    assert str(caught.value).endswith("\n  exposure > 5 AND sed_num = 3\n                   ^")


def test_a_dimension_that_the_dataset_type_lacks_means_nothing(stocked: Registry):
    with pytest.raises(QuerySyntaxError, match="'exposure' means nothing here"):
        datasets(stocked, "exposure = 1", dataset_type=BIAS)


def test_a_group_is_no_visit_s(stocked: Registry):
    with pytest.raises(QuerySyntaxError, match="'group' means nothing here"):
        records(stocked, "visit", "group = '3'")


def test_an_unknown_element_is_answered_with_those_that_are_known(stocked: Registry):
    with pytest.raises(QuerySyntaxError, match="no dimension element 'exposures'") as caught:
        records(stocked, "exposures")
    assert "Known: instrument, detector" in caught.value.hint


@pytest.mark.parametrize(
    "where",
    [
        "exposure = 'a'",
        "exposure.target_name > 5",
        "exposure.timespan.begin = '2026-03-01'",
        "exposure.target_name = T'2026-03-01'",
        "exposure IN (1, 'a')",
        "exposure.target_name IN (1..5)",
        "exposure.zenith_angle IN (1..5)",
        "exposure.zenith_angle IN (1..5:2)",
        "exposure.has_simulated = 1",
        "exposure.exposure_time = true",
        "exposure.has_simulated IN (0..1)",
        "exposure.day_obs = exposure.target_name",
        "exposure.has_simulated = exposure.seq_num",
        "exposure.target_name < exposure.zenith_angle",
        "raw.dataset_id = '840b31d9-05cd-5161-b2c8-00d32b280d0f'",
        "raw.ingest_date > '2026-03-01'",
        "raw.ingest_date > T'2026-03-01'",
        "detector.purpose",
        "NOT exposure",
        "5 = 5",
        "5",
        "5 IN (5)",
        "5 IS NULL",
    ],
)
def test_what_cannot_be_compared_is_refused_before_a_database_sees_it(
    stocked: Registry, where: str
):
    with pytest.raises(QuerySyntaxError, match=r"\^$"):
        datasets(stocked, where)


def test_a_region_cannot_be_compared(stocked: Registry):
    with pytest.raises(QuerySyntaxError, match=r"visit.region cannot be compared"):
        records(stocked, "visit", "visit.region = 'x'")

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from factories import exposure_record, save_exposures, visit
from registry_dump import dump, nothing_written
from underbutler.errors import RefusedByRegistryError
from underbutler.model.instrument import Grouper
from underbutler.model.visit import Visit, VisitProblem
from underbutler.registry import schema
from underbutler.registry.registry import Registry, RegistryTransaction

VISIT_TABLES = (
    "visit",
    "visit_definition",
    "visit_detector_region",
    "visit_htm7",
    "visit_system_membership",
)
PROBLEM = VisitProblem(instrument="HSC", exposure=1, code="not-on-sky", message="It's dark.")


@pytest.fixture
def sky(registry: Registry) -> Registry:
    """A registry with exposures 1 to 6 of HSC in two groups, and visit systems, but no visit."""
    with registry.begin() as transaction:
        save_exposures(transaction, *(grouped(number) for number in range(1, 7)))
        transaction.visits("HSC").register_systems({0: "one-to-one", 2: "by-seq-start-end"})
    return registry


def grouped(number: int):
    first = 1 if number < 4 else 4
    return exposure_record(id=number, group=f"g{first}", seq_start=first, seq_end=first + 2)


def save(registry: Registry, *visits: Visit) -> None:
    with registry.begin() as transaction:
        transaction.visits("HSC").save(visits)


def ids(records: Iterable[Any]) -> list[int]:
    return sorted(record.id for record in records)


def rows(transaction: RegistryTransaction, table: sa.Table) -> list[dict[str, Any]]:
    found = transaction.connection.execute(sa.select(table).order_by(*table.primary_key))
    return [dict(row._mapping) for row in found]


def all_rows(registry: Registry, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    with registry.read() as transaction:
        return [tuple(row[name] for name in columns) for row in rows(transaction, table)]


def test_a_visit_is_written_with_its_record(sky: Registry):
    written = visit(1)
    save(sky, written)
    with sky.read() as transaction:
        (row,) = rows(transaction, schema.visit)
    record = written.record
    assert record.timespan is not None
    row |= {"timespan": (row.pop("timespan_begin"), row.pop("timespan_end"))}
    assert row == {name: getattr(record, name) for name in record.__slots__} | {
        "timespan": (record.timespan.begin_ns, record.timespan.end_ns)
    }


def test_a_visit_of_which_little_is_known_is_written(sky: Registry):
    unknown = dict.fromkeys(
        ("seq_num", "timespan", "exposure_time", "target_name", "azimuth", "region")
    )
    save(sky, visit(1, record=replace(visit(1).record, **unknown), detector_regions={}, htm7=()))
    assert all_rows(sky, schema.visit, "id", "timespan_begin", "region") == [(1, None, None)]


def test_a_visit_is_written_with_its_exposures(sky: Registry):
    save(sky, visit(1, 1, 2, 3), visit(91, 1))
    assert all_rows(sky, schema.visit_definition, "exposure", "visit") == [
        (1, 1),
        (1, 91),
        (2, 1),
        (3, 1),
    ]


def test_a_visit_is_written_with_its_systems_regions_and_pixels(sky: Registry):
    save(sky, visit(1, systems=(0, 2), detector_regions={3: b"r"}, htm7=(140_000, 131_072)))
    assert (
        all_rows(sky, schema.visit_system_membership, "visit", "visit_system"),
        all_rows(sky, schema.visit_detector_region, "visit", "detector", "region"),
        all_rows(sky, schema.visit_htm7, "htm7", "visit"),
    ) == ([(1, 0), (1, 2)], [(1, 3, b"r")], [(131_072, 1), (140_000, 1)])


def test_a_visit_saved_again_takes_the_place_of_what_was_there(sky: Registry):
    other = visit(1, 2, systems=(2,), detector_regions={1: b"other"}, htm7=(131_073,))
    save(sky, visit(1, 1, 3))
    save(sky, other)
    second_time = dump(sky, VISIT_TABLES)
    with sky.begin() as transaction:
        transaction.visits("HSC").delete([1])
        transaction.visits("HSC").save([other])
    assert dump(sky, VISIT_TABLES) == second_time


def test_a_visit_saved_again_with_less_keeps_nothing_of_what_was_there(sky: Registry):
    save(sky, visit(1, 1, 2))
    save(sky, visit(1, systems=(), exposures=(), detector_regions={}, htm7=()))
    assert {line.partition(" ")[0] for line in dump(sky, VISIT_TABLES)} == {"visit"}


def test_visits_saved_again_change_no_row(sky: Registry):
    visits = [visit(1, 1, 2), visit(4, 4, systems=(0, 2))]
    save(sky, *visits)
    with nothing_written(sky):
        save(sky, *reversed(visits))


def test_a_visit_saved_leaves_the_others_as_they_are(sky: Registry):
    save(sky, visit(1), visit(2))
    before = [line for line in dump(sky, VISIT_TABLES) if '"visit": 2' in line]
    save(sky, visit(1, 3, detector_regions={}, htm7=(), systems=(2,)))
    assert [line for line in dump(sky, VISIT_TABLES) if '"visit": 2' in line] == before


def test_no_visits_to_save_are_no_error(sky: Registry):
    with nothing_written(sky):
        save(sky)


def test_deleted_visits_leave_nothing_behind(sky: Registry):
    save(sky, visit(1), visit(2), visit(3))
    with sky.begin() as transaction:
        transaction.visits("HSC").delete([1, 3, 99])
    expected = dump(sky, VISIT_TABLES)
    with sky.begin() as transaction:
        transaction.visits("HSC").delete([2])
        transaction.visits("HSC").save([visit(2)])
    assert dump(sky, VISIT_TABLES) == expected


def test_a_visit_of_another_instrument_is_not_deleted(sky: Registry):
    save(sky, visit(1))
    with nothing_written(sky), sky.begin() as transaction:
        transaction.visits("LATISS").delete([1])


def test_deleting_no_visits_is_no_error(sky: Registry):
    save(sky, visit(1))
    with nothing_written(sky), sky.begin() as transaction:
        transaction.visits("HSC").delete([])


@pytest.mark.parametrize(
    "impossible",
    [{"exposures": (77,)}, {"systems": (1,)}, {"detector_regions": {77: b"r"}}],
    ids=["exposure", "system", "detector"],
)
def test_a_visit_of_what_does_not_exist_is_refused(sky: Registry, impossible: dict[str, Any]):
    with pytest.raises(RefusedByRegistryError):
        save(sky, visit(1, **impossible))


def test_memberships_are_the_visits_of_exposures_with_all_their_exposures(sky: Registry):
    save(sky, visit(1, 1, 2, 3), visit(91, 1), visit(4, 4))
    with sky.read() as transaction:
        assert transaction.visits("HSC").memberships([2]) == {1: {1, 2, 3}}
        assert transaction.visits("HSC").memberships([1, 4]) == {1: {1, 2, 3}, 91: {1}, 4: {4}}


def test_exposures_without_visits_have_no_memberships(sky: Registry):
    save(sky, visit(1))
    with sky.read() as transaction:
        assert [transaction.visits("HSC").memberships(e) for e in ([], [2], [99])] == [{}, {}, {}]


def test_exposures_are_read_by_number(sky: Registry):
    with sky.read() as transaction:
        assert transaction.visits("HSC").exposures([3, 99, 3]) == [grouped(3)]


def test_exposures_are_read_by_group(sky: Registry):
    with sky.read() as transaction:
        assert ids(transaction.visits("HSC").exposures_of_groups({"g4", "none"})) == [4, 5, 6]


def test_exposures_are_read_by_sequence(sky: Registry):
    sequences = {(20260301, 1, 3), (20260301, 1, 6), (20260302, 4, 6)}
    with sky.read() as transaction:
        assert ids(transaction.visits("HSC").exposures_of_sequences(sequences)) == [1, 2, 3]


def test_exposures_of_another_instrument_are_not_read(sky: Registry):
    with sky.read() as transaction:
        other = transaction.visits("LATISS")
        assert other.exposures([1]) == other.exposures_of_groups({"g1"}) == []


def test_exposures_are_listed_all_or_only_those_without_a_visit(sky: Registry):
    save(sky, visit(1, 1, 2), visit(4))
    with sky.read() as transaction:
        tables = transaction.visits("HSC")
        assert tables.exposure_ids(without_visit=False) == [1, 2, 3, 4, 5, 6]
        assert tables.exposure_ids(without_visit=True) == [3, 5, 6]


def test_detectors_are_listed(sky: Registry):
    with sky.read() as transaction:
        assert transaction.visits("HSC").detectors() == {0, 1, 2, 3}


def test_problems_take_the_place_of_what_was_known_of_the_exposures(sky: Registry):
    with sky.begin() as transaction:
        tables = transaction.visits("HSC")
        tables.replace_problems([1], [PROBLEM, replace(PROBLEM, code="no-geometry")])
        tables.replace_problems([1], [replace(PROBLEM, message="It rains.")])
    assert all_rows(sky, schema.visit_problem, "exposure", "code", "message") == [
        (1, "not-on-sky", "It rains.")
    ]


def test_problems_that_are_no_more_are_deleted(sky: Registry):
    with sky.begin() as transaction:
        tables = transaction.visits("HSC")
        tables.replace_problems([1, 2], [PROBLEM, replace(PROBLEM, exposure=2)])
        tables.replace_problems([1], [])
    assert all_rows(sky, schema.visit_problem, "exposure") == [(2,)]


def test_problems_written_again_change_no_row(sky: Registry):
    with sky.begin() as transaction:
        transaction.visits("HSC").replace_problems([1], [PROBLEM])
    with nothing_written(sky), sky.begin() as transaction:
        transaction.visits("HSC").replace_problems([1, 2], [PROBLEM])


def test_how_visits_are_made_is_kept_for_each_instrument(sky: Registry):
    with sky.begin() as transaction:
        transaction.visits("HSC").set_grouper(Grouper.ONE_TO_ONE)
        transaction.visits("HSC").set_grouper(Grouper.BY_GROUP_METADATA)
    with sky.read() as transaction:
        assert transaction.visits("HSC").grouper() is Grouper.BY_GROUP_METADATA
        assert transaction.visits("LATISS").grouper() is None


def test_visit_systems_registered_again_change_no_row(sky: Registry):
    with nothing_written(sky), sky.begin() as transaction:
        transaction.visits("HSC").register_systems({2: "by-seq-start-end", 0: "one-to-one"})

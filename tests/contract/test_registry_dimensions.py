from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from factories import BEGIN_NS, exposure_metadata, exposure_record, instrument, save_exposures
from registry_dump import count, nothing_written
from underbutler.errors import RefusedByRegistryError
from underbutler.model.dimension_records import (
    DayObsRecord,
    DetectorRecord,
    GroupRecord,
    PhysicalFilterRecord,
)
from underbutler.model.observation import ExposureMetadata, MetadataSource
from underbutler.model.timespan import NS_PER_DAY, Timespan
from underbutler.registry import schema
from underbutler.registry.registry import Registry

INDEX, SIDECAR, HEADER = MetadataSource.INDEX, MetadataSource.SIDECAR, MetadataSource.HEADER
# From the best to the worst: the source counts before the detector, the detector before the URI.
RANKED = [
    (INDEX, 0, "s3://raw/b"),
    (INDEX, 7, "s3://raw/a"),
    (SIDECAR, 0, "s3://raw/a"),
    (SIDECAR, 0, "s3://raw/a0"),
    (HEADER, 0, "s3://raw/A"),
    (HEADER, 0, "s3://raw/a"),
    (HEADER, 9, "s3://raw/a"),
    (HEADER, 10, "s3://raw/a"),
]
# Nobody knows, early, late.
ORDERS = list(itertools.permutations([None, 5, 9]))


def day(begin_ns: int | None, number: int = 20260301) -> DayObsRecord:
    span = None if begin_ns is None else Timespan(begin_ns, begin_ns + NS_PER_DAY)
    return DayObsRecord(instrument="HSC", id=number, timespan=span)


def add_days(registry: Registry, *days: DayObsRecord) -> None:
    with registry.begin() as transaction:
        transaction.dimensions.add_days(days)


def begins(registry: Registry) -> list[int | None]:
    table = schema.day_obs
    with registry.read() as transaction:
        query = sa.select(table.c.timespan_begin).order_by(table.c.id)
        return list(transaction.connection.execute(query).scalars())


def ranked(position: int) -> ExposureMetadata:
    source, detector, uri = RANKED[position]
    return exposure_metadata(source, detector, uri, target_name=f"of rank {position}")


def known(registry: Registry, *numbers: int) -> dict[tuple[str, int], ExposureMetadata]:
    with registry.begin() as transaction:
        return transaction.dimensions.lock_exposures([("HSC", n) for n in numbers or (100_000,)])


def target(registry: Registry) -> str | None:
    (found,) = known(registry).values()
    return found.record.target_name


@pytest.fixture
def hsc(registry: Registry) -> Registry:
    """A registry that knows HSC and what one exposure refers to."""
    with registry.begin() as transaction:
        save_exposures(transaction, exposure_record(id=1, group="100000"))
        transaction.dimensions.register_instrument(instrument())
    return registry


def test_of_several_spans_of_a_day_the_earliest_stays_in_whatever_order_they_come(hsc: Registry):
    for number, order in enumerate(ORDERS):
        for begin_ns in order:
            add_days(hsc, day(begin_ns, number))
    assert begins(hsc)[: len(ORDERS)] == [5] * len(ORDERS)


def test_of_several_spans_of_a_day_in_one_batch_the_earliest_stays(hsc: Registry):
    for number, order in enumerate(ORDERS):
        add_days(hsc, *(day(begin_ns, number) for begin_ns in order))
    assert begins(hsc)[: len(ORDERS)] == [5] * len(ORDERS)


def test_a_day_whose_span_nobody_knows_is_a_day_all_the_same(hsc: Registry):
    add_days(hsc, day(None, 20260302))
    assert begins(hsc) == [None, None]


def test_a_day_added_again_or_with_a_later_span_changes_no_row(hsc: Registry):
    add_days(hsc, day(5))
    with nothing_written(hsc):
        for again in (5, 9, None):
            add_days(hsc, day(again))


@pytest.mark.parametrize(
    ("method", "record", "table"),
    [
        ("add_groups", GroupRecord(instrument="HSC", name="g"), schema.exposure_group),
        (
            "add_physical_filters",
            PhysicalFilterRecord(instrument="HSC", name="f", band="unknown"),
            schema.physical_filter,
        ),
        ("add_detectors", DetectorRecord(instrument="HSC", id=77, full_name="x"), schema.detector),
    ],
)
def test_records_named_twice_in_a_batch_are_one_row_and_again_change_none(
    hsc: Registry, method: str, record: Any, table: sa.Table
):
    before = count(hsc, table)
    with hsc.begin() as transaction:
        getattr(transaction.dimensions, method)([record, record])
    with nothing_written(hsc), hsc.begin() as transaction:
        getattr(transaction.dimensions, method)([record])
    assert count(hsc, table) == before + 1


def test_nothing_to_add_is_no_error(hsc: Registry):
    with nothing_written(hsc), hsc.begin() as transaction:
        dimensions = transaction.dimensions
        for method in (dimensions.add_days, dimensions.add_groups, dimensions.add_detectors):
            method([])
        dimensions.add_physical_filters([])
        dimensions.save_observations([])
        dimensions.save_exposures([], replace=False)


def test_an_exposure_is_read_back_as_it_was_written(hsc: Registry):
    written = exposure_metadata(SIDECAR, 17, "s3://raw/ä 'quoted' %.fits")
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([written], replace=False)
    assert known(hsc) == {("HSC", 100_000): written}


def test_an_exposure_of_which_little_is_known_is_read_back_as_it_was_written(hsc: Registry):
    unknown = dict.fromkeys(
        (
            "timespan", "exposure_time", "dark_time", "observation_reason", "seq_num",
            "target_name", "science_program", "tracking_ra", "tracking_dec", "sky_angle",
            "azimuth", "zenith_angle", "can_see_sky",
        )
    )  # fmt: skip
    written = exposure_metadata(**unknown)
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([written], replace=False)
    assert known(hsc) == {("HSC", 100_000): written}


def test_only_the_exposures_asked_for_are_read(hsc: Registry):
    with hsc.begin() as transaction:
        save_exposures(transaction, *(exposure_record(id=number) for number in (2, 3, 4)))
    assert sorted(known(hsc, 1, 3, 99)) == [("HSC", 1), ("HSC", 3)]


def test_better_metadata_take_the_place_of_worse_ones(hsc: Registry):
    found = []
    for position in reversed(range(len(RANKED))):
        with hsc.begin() as transaction:
            transaction.dimensions.save_exposures([ranked(position)], replace=False)
        found.append(target(hsc))
    assert found == [f"of rank {position}" for position in reversed(range(len(RANKED)))]


def test_worse_metadata_change_no_row(hsc: Registry):
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([ranked(0)], replace=False)
    with nothing_written(hsc):
        for position in range(1, len(RANKED)):
            with hsc.begin() as transaction:
                transaction.dimensions.save_exposures([ranked(position)], replace=False)


def test_worse_metadata_take_the_place_of_better_ones_when_they_are_to(hsc: Registry):
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([ranked(0)], replace=False)
        transaction.dimensions.save_exposures([ranked(7)], replace=True)
    assert target(hsc) == "of rank 7"


@pytest.mark.parametrize("replacing", [False, True])
def test_the_same_exposure_again_changes_no_row(hsc: Registry, replacing: bool):
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([ranked(3)], replace=False)
    with nothing_written(hsc), hsc.begin() as transaction:
        transaction.dimensions.save_exposures([ranked(3)], replace=replacing)


def test_an_unknown_value_that_becomes_known_is_written(hsc: Registry):
    written = exposure_metadata(target_name=None)
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([written], replace=False)
        written = replace(written, record=replace(written.record, target_name="M31"))
        transaction.dimensions.save_exposures([written], replace=True)
    assert target(hsc) == "M31"


def test_a_known_value_that_becomes_unknown_is_written(hsc: Registry):
    written = exposure_metadata(target_name="M31")
    with hsc.begin() as transaction:
        transaction.dimensions.save_exposures([written], replace=False)
        written = replace(written, record=replace(written.record, target_name=None))
        transaction.dimensions.save_exposures([written], replace=True)
    assert target(hsc) is None


@pytest.mark.parametrize(
    "missing", [{"physical_filter": "nowhere"}, {"group": "nowhere"}, {"day_obs": 19990101}]
)
def test_an_exposure_that_refers_to_nothing_is_refused(hsc: Registry, missing: dict[str, Any]):
    with pytest.raises(RefusedByRegistryError), hsc.begin() as transaction:
        transaction.dimensions.save_exposures([exposure_metadata(**missing)], replace=False)


def test_an_exposure_of_an_instrument_that_is_not_registered_is_refused(hsc: Registry):
    with pytest.raises(RefusedByRegistryError), hsc.begin() as transaction:
        transaction.dimensions.save_exposures(
            [exposure_metadata(instrument="LATISS")], replace=False
        )


def test_what_files_say_of_an_exposure_is_kept_apart_by_its_values(hsc: Registry):
    said = [exposure_record(), exposure_record(target_name="M31"), exposure_record(timespan=None)]
    with hsc.begin() as transaction:
        transaction.dimensions.save_observations([*said, *said])
        wanted = [("HSC", 100_000, record.digest) for record in said]
        found = transaction.dimensions.observations(wanted)
    assert sorted(found, key=repr) == sorted(said, key=repr)


def test_what_files_say_again_changes_no_row(hsc: Registry):
    with hsc.begin() as transaction:
        transaction.dimensions.save_observations([exposure_record()])
    with nothing_written(hsc), hsc.begin() as transaction:
        transaction.dimensions.save_observations([exposure_record()])


def test_what_files_say_is_found_by_its_full_name_only(hsc: Registry):
    record = exposure_record()
    others = [("LATISS", 100_000, record.digest), ("HSC", 7, record.digest)]
    with hsc.begin() as transaction:
        transaction.dimensions.save_observations([record])
        assert transaction.dimensions.observations(others) == []


def test_an_observation_kept_for_later_has_its_floats_to_the_bit(hsc: Registry):
    record = exposure_record(
        id=2**63 - 1, tracking_ra=0.1 + 0.2, tracking_dec=5e-324, timespan=Timespan(BEGIN_NS, 2**62)
    )
    with hsc.begin() as transaction:
        transaction.dimensions.save_observations([record])
        (found,) = transaction.dimensions.observations([("HSC", record.id, record.digest)])
    assert found.digest == record.digest

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from factories import instrument
from interleaving import together
from registry_dump import dump, nothing_written
from underbutler.metadata.instruments.catalogue import instrument_names, load_instrument
from underbutler.model.dimension_records import DetectorRecord, PhysicalFilterRecord
from underbutler.registry import schema
from underbutler.registry.registry import Registry

TABLES = ("instrument", "detector", "physical_filter")


def register(registry: Registry, described=None) -> bool:
    with registry.begin() as transaction:
        return transaction.dimensions.register_instrument(described or instrument())


def column(registry: Registry, wanted: sa.Column) -> list:
    with registry.read() as transaction:
        return list(
            transaction.connection.execute(
                sa.select(wanted).order_by(*wanted.table.primary_key)
            ).scalars()
        )


def test_an_instrument_is_new_the_first_time(registry: Registry):
    assert register(registry) is True


def test_an_instrument_is_not_new_the_second_time(registry: Registry):
    register(registry)
    assert register(registry) is False


def test_an_instrument_registered_again_changes_no_row(registry: Registry):
    register(registry)
    with nothing_written(registry):
        register(registry)


def test_an_instrument_comes_with_its_detectors(registry: Registry):
    register(registry, instrument(detectors=3))
    assert column(registry, schema.detector.c.full_name) == ["1_00", "1_01", "1_02"]


def test_an_instrument_comes_with_its_filters(registry: Registry):
    register(registry)
    assert column(registry, schema.physical_filter.c.band) == ["g", "r"]


def test_an_instrument_without_geometry_comes_without_detectors(registry: Registry):
    register(registry, instrument(camera=None))
    assert column(registry, schema.detector.c.id) == []


def test_a_newer_description_brings_an_instrument_up_to_date(registry: Registry):
    register(registry)
    register(registry, instrument(visit_system=2, class_name="test.Newer"))
    with registry.read() as transaction:
        (found,) = transaction.dimensions.instruments()
    assert (found.visit_system, found.class_name) == (2, "test.Newer")


def test_a_newer_description_brings_detectors_up_to_date(registry: Registry):
    older, newer = instrument(), instrument()
    assert newer.camera is not None
    turned = tuple(replace(item, purpose="FOCUS") for item in newer.camera.detectors)
    register(registry, older)
    register(registry, replace(newer, camera=replace(newer.camera, detectors=turned)))
    assert set(column(registry, schema.detector.c.purpose)) == {"FOCUS"}


def test_a_newer_description_brings_bands_up_to_date(registry: Registry):
    register(registry)
    register(registry, instrument(bands={"HSC-R": "r2"}))
    assert column(registry, schema.physical_filter.c.band) == ["g", "r2"]


def test_a_description_names_a_detector_that_only_a_header_named_before(registry: Registry):
    register(registry, instrument(detectors=1))
    with registry.begin() as transaction:
        transaction.dimensions.add_detectors(
            [DetectorRecord(instrument="HSC", id=2, full_name="?", purpose="UNKNOWN")]
        )
    register(registry, instrument(detectors=3))
    assert column(registry, schema.detector.c.full_name) == ["1_00", "1_01", "1_02"]


def test_a_detector_of_the_camera_is_not_renamed_by_a_header(registry: Registry):
    register(registry)
    with nothing_written(registry), registry.begin() as transaction:
        transaction.dimensions.add_detectors(
            [DetectorRecord(instrument="HSC", id=2, full_name="?", purpose="UNKNOWN")]
        )


def test_a_filter_keeps_its_band_when_a_header_names_it(registry: Registry):
    register(registry)
    with nothing_written(registry), registry.begin() as transaction:
        transaction.dimensions.add_physical_filters(
            [PhysicalFilterRecord(instrument="HSC", name="HSC-R", band="unknown")]
        )


def test_instruments_are_listed_by_name(registry: Registry):
    for name in ("b", "C", "a"):
        register(registry, instrument(name))
    with registry.read() as transaction:
        names = [item.name for item in transaction.dimensions.instruments()]
    assert names == ["C", "a", "b"]


@pytest.mark.parametrize("name", instrument_names())
def test_a_packaged_instrument_is_read_back_as_it_is_described(registry: Registry, name: str):
    described = load_instrument(name)
    register(registry, described)
    with registry.read() as transaction:
        assert transaction.dimensions.instruments() == [described.record]


def test_an_instrument_registered_by_several_at_once_is_the_same_as_by_one(
    postgres_registry: Registry,
):
    together([lambda: register(postgres_registry) for _ in range(6)])
    at_once = dump(postgres_registry, TABLES)
    register(postgres_registry)
    assert dump(postgres_registry, TABLES) == at_once

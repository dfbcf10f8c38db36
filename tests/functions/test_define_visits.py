"""The function that the visit queue feeds."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from factories import exposure_record, sqs_event
from underbutler.butler.registration import register_instruments
from underbutler.model.dimension_records import DayObsRecord, GroupRecord
from underbutler.model.observation import ExposureMetadata, MetadataSource
from underbutler.registry import schema
from underbutler.registry.engine import read


@pytest.fixture
def handle(deployed, load_function):
    register_instruments(deployed.registry, ["HSC"])
    app = load_function("define_visits")
    return lambda *bodies: app.handler(sqs_event(*bodies), None)["batchItemFailures"]


def save(deployed, **overrides) -> None:
    record = exposure_record(**overrides)
    with deployed.registry.begin() as transaction:
        dimensions = transaction.dimensions
        dimensions.add_groups([GroupRecord(instrument="HSC", name=record.group)])
        dimensions.add_days([DayObsRecord(instrument="HSC", id=record.day_obs, timespan=None)])
        metadata = ExposureMetadata(
            record=record, source=MetadataSource.HEADER, detector=0, uri="s3://raw/a.fits"
        )
        dimensions.save_exposures([metadata], replace=True)


def message(exposure: int, instrument: str = "HSC") -> str:
    return json.dumps({"instrument": instrument, "exposure": exposure})


def visits(deployed) -> list[int]:
    with read(deployed.registry.engine) as connection:
        return list(connection.execute(sa.select(schema.visit.c.id)).scalars())


def test_the_visit_of_an_exposure_is_defined_with_all_its_regions(deployed, handle) -> None:
    save(deployed, id=7)

    assert handle(message(7), message(7)) == []
    assert visits(deployed) == [7]
    with read(deployed.registry.engine) as connection:
        count = sa.select(sa.func.count()).select_from(schema.visit_detector_region)
        assert connection.execute(count).scalar_one() == 112


def test_an_exposure_that_saw_no_sky_has_a_reason_instead_of_a_visit(deployed, handle) -> None:
    save(deployed, id=8, can_see_sky=False)

    assert handle(message(8)) == []
    assert visits(deployed) == []
    with read(deployed.registry.engine) as connection:
        problem = connection.execute(sa.select(schema.visit_problem)).one()
    assert (problem.exposure, problem.code) == (8, "not-on-sky")


def test_a_message_it_cannot_serve_comes_again_and_blocks_no_other(deployed, handle) -> None:
    save(deployed, id=9)

    failures = handle("no JSON", message(1, instrument="Kaleidoscope"), message(9))

    assert failures == [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-1"}]
    assert visits(deployed) == [9]

"""The function that the queue of raw events feeds."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from factories import hsc_fits, s3_message, s3_record, sqs_event
from underbutler.butler.registration import register_instruments
from underbutler.errors import ConfigurationError
from underbutler.registry import schema
from underbutler.registry.engine import read

pytestmark = pytest.mark.usefixtures("deployed")


def states(deployed) -> dict[str, tuple[str, str]]:
    with read(deployed.registry.engine) as connection:
        rows = connection.execute(sa.select(schema.raw_object)).all()
    return {row.key: (row.state, row.code) for row in rows}


def outcomes(deployed) -> list[tuple[str, str]]:
    with read(deployed.registry.engine) as connection:
        table = schema.ingest_event
        rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
    return [(row.outcome, row.code) for row in rows]


@pytest.fixture
def handle(deployed, load_function):
    register_instruments(deployed.registry, ["HSC"])
    app = load_function("ingest_raw")
    return lambda *bodies: app.handler(sqs_event(*bodies), None)["batchItemFailures"]


def record(deployed, key: str, body: bytes) -> dict:
    return s3_record(key, bucket=deployed.bucket, object=deployed.put(key, body))


def test_a_good_file_becomes_a_dataset_and_asks_for_its_visit(deployed, handle) -> None:
    failures = handle(s3_message(record(deployed, "night/a.fits", hsc_fits(detector=3))))

    assert failures == []
    assert states(deployed) == {"night/a.fits": ("registered", "")}
    assert [json.loads(body) for body in deployed.messages(deployed.visits_url)] == [
        {"instrument": "HSC", "exposure": 100_000}
    ]


def test_what_cannot_be_used_is_recorded_with_its_code_and_does_not_come_again(
    deployed, handle
) -> None:
    failures = handle(
        s3_message(record(deployed, "corrupt.fits", b"not a FITS file")),
        s3_message(record(deployed, "half.json", b'{"EXP-ID": ')),
        s3_message(record(deployed, "toy.fits", hsc_fits(INSTRUME="Kaleidoscope"))),
        s3_message(s3_record("missing.fits", bucket=deployed.bucket)),
        s3_message(record(deployed, "good.fits", hsc_fits())),
    )

    assert failures == []
    assert states(deployed) == {
        "corrupt.fits": ("rejected", "not-fits"),
        "half.json": ("rejected", "bad-sidecar"),
        "toy.fits": ("rejected", "unknown-instrument"),
        "missing.fits": ("waiting", "missing-object"),
        "good.fits": ("registered", ""),
    }


def test_a_message_that_cannot_be_read_is_recorded_and_does_not_come_again(
    deployed, handle
) -> None:
    failures = handle("no JSON", '{"Service": "Amazon S3", "Event": "s3:TestEvent"}')

    assert failures == []
    assert outcomes(deployed) == [("rejected", "bad-envelope"), ("ignored", "test-event")]


def test_events_of_other_buckets_are_not_believed(deployed, handle) -> None:
    failures = handle(s3_message(s3_record("a.fits", bucket="somebody-elses")))

    assert failures == []
    assert states(deployed) == {}
    assert outcomes(deployed) == [("rejected", "foreign-bucket")]


def test_several_records_of_one_message_are_all_handled(deployed, handle) -> None:
    bodies = [record(deployed, f"{n}.fits", hsc_fits(detector=n)) for n in range(3)]

    assert handle(s3_message(*bodies)) == []
    assert set(states(deployed)) == {"0.fits", "1.fits", "2.fits"}


def test_only_messages_that_may_succeed_later_come_again(deployed, handle) -> None:
    good = s3_message(record(deployed, "a.fits", hsc_fits()))
    assert handle(good) == []
    # A registry that is read only, as after a failover.
    name = deployed.registry.engine.url.database
    with deployed.registry.begin() as transaction:
        transaction.connection.execute(
            sa.text(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        )
        transaction.connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )  # fmt: skip

    failures = handle(s3_message(record(deployed, "b.fits", hsc_fits(detector=1))))

    assert failures == [{"itemIdentifier": "message-0"}]


def test_a_function_without_its_settings_fails_at_its_start(
    deployed, load_function, monkeypatch
) -> None:
    monkeypatch.delenv("UNDERBUTLER_REGISTRY_SECRET_ARN")

    with pytest.raises(ConfigurationError, match="UNDERBUTLER_REGISTRY_SECRET_ARN"):
        load_function("ingest_raw").handler(sqs_event("{}"), None)

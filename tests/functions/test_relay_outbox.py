"""The function that a schedule calls."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from underbutler.ingest.exposures import visit_announcement
from underbutler.model.outcome import EventOutcome, EventRecord, Outcome
from underbutler.model.raw_object import ObjectKind, ObjectState, RawObject
from underbutler.registry import schema
from underbutler.registry.engine import read


def announce(deployed, exposure: int, at: datetime) -> None:
    with deployed.registry.begin() as transaction:
        transaction.outbox.announce([visit_announcement("HSC", exposure)], at)


def test_what_a_crash_left_unsent_is_sent_and_leaves_the_outbox(deployed, load_function) -> None:
    announce(deployed, 1, datetime.now(UTC) - timedelta(minutes=1))

    done = load_function("relay_outbox").handler({}, None)

    assert done["sent"] == 1
    (body,) = deployed.messages(deployed.visits_url)
    assert json.loads(body) == {"instrument": "HSC", "exposure": 1}
    with deployed.registry.read() as transaction:
        assert transaction.outbox.count() == 0


def test_a_message_that_is_being_sent_just_now_is_left_to_its_sender(
    deployed, load_function
) -> None:
    announce(deployed, 1, datetime.now(UTC))

    assert load_function("relay_outbox").handler({}, None)["sent"] == 0


def test_an_object_whose_time_has_come_is_looked_at_again(deployed, load_function) -> None:
    waiting = RawObject(
        bucket=deployed.bucket,
        key="late.fits",
        kind=ObjectKind.FITS,
        state=ObjectState.WAITING,
        code="missing-object",
        attempts=1,
        next_attempt=datetime.now(UTC) - timedelta(seconds=1),
    )
    with deployed.registry.begin() as transaction:
        transaction.objects.save([waiting], datetime.now(UTC) - timedelta(minutes=1))
    relay = load_function("relay_outbox")

    assert relay.handler({}, None)["announced"] == 1
    with deployed.registry.read() as transaction:
        messages = transaction.outbox.oldest(datetime.now(UTC), 10)
    assert [json.loads(m.payload)["Records"][0]["s3"]["object"]["key"] for m in messages] == [
        "late.fits"
    ]


def test_history_older_than_its_retention_is_deleted(deployed, load_function) -> None:
    event = EventRecord(outcome=EventOutcome(uri="", outcome=Outcome.IGNORED))
    with deployed.registry.begin() as transaction:
        transaction.objects.record_events([event], datetime.now(UTC) - timedelta(days=40))
        transaction.objects.record_events([event], datetime.now(UTC) - timedelta(days=20))

    assert load_function("relay_outbox").handler({}, None)["pruned"] == 1
    with read(deployed.registry.engine) as connection:
        count = sa.select(sa.func.count()).select_from(schema.ingest_event)
        assert connection.execute(count).scalar_one() == 1

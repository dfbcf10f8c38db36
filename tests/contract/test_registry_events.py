from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from factories import NOW
from registry_dump import count
from underbutler.ingest.retention import prune_history
from underbutler.model.outcome import EventOutcome, EventRecord, Outcome
from underbutler.registry import schema
from underbutler.registry.registry import Registry

TABLE = schema.ingest_event


def event_record(outcome: Outcome = Outcome.REGISTERED, message: str = "", **fields: Any):
    return EventRecord(
        outcome=EventOutcome(
            uri="s3://raw/f.fits", outcome=outcome, code="a-code", message=message, message_id="m1"
        ),
        bucket="raw",
        key="f.fits",
        **fields,
    )


def record(registry: Registry, *events: EventRecord, now: datetime = NOW) -> None:
    with registry.begin() as transaction:
        transaction.objects.record_events(events, now)


def rows(registry: Registry) -> list[dict[str, Any]]:
    with registry.read() as transaction:
        found = transaction.connection.execute(sa.select(TABLE).order_by(TABLE.c.id))
        return [dict(row._mapping) for row in found]


def test_an_event_is_kept_with_all_that_is_known_of_it(registry: Registry):
    known = {
        "event_name": "ObjectCreated:Put",
        "event_time": datetime(2026, 3, 1, 5, 3, 0, 1, tzinfo=UTC),
        "sequencer": "0055AED6DCD90281E5",
        "etag": "437b930db84b8079c2dd804a71936b5f",
        "version_id": "v1",
        "size_bytes": 2**40,
        "receive_count": 3,
    }
    record(registry, event_record(message="it's \N{GRINNING FACE} %s", **known))
    (row,) = rows(registry)
    row.pop("id")
    assert row == known | {
        "day": 20260301,
        "received_at": NOW,
        "bucket": "raw",
        "key": "f.fits",
        "message_id": "m1",
        "outcome": "registered",
        "code": "a-code",
        "message": "it's \N{GRINNING FACE} %s",
    }


def test_the_same_event_again_is_kept_again(registry: Registry):
    for _ in range(3):
        record(registry, event_record(), event_record(Outcome.DUPLICATE))
    assert count(registry, TABLE) == 6


def test_events_are_kept_in_the_order_in_which_they_are_recorded(registry: Registry):
    record(registry, *(event_record(message=str(number)) for number in range(50)))
    assert [row["message"] for row in rows(registry)] == [str(number) for number in range(50)]


def test_a_long_message_is_cut(registry: Registry):
    record(registry, event_record(message="x" * 1_000_000))
    (row,) = rows(registry)
    assert len(row["message"]) == 2000


def test_no_events_are_no_error(registry: Registry):
    record(registry)
    assert count(registry, TABLE) == 0


def test_the_history_of_days_before_one_is_deleted(registry: Registry):
    for days in range(4):
        record(registry, event_record(), event_record(), now=NOW - timedelta(days=days))
    with registry.begin() as transaction:
        assert transaction.objects.prune_events(20260228) == 4
    assert sorted({row["day"] for row in rows(registry)}) == [20260228, 20260301]


def test_history_is_kept_for_whole_days(registry: Registry):
    record(registry, event_record(), now=datetime(2026, 2, 27, 23, 59, tzinfo=UTC))
    record(registry, event_record(), now=datetime(2026, 2, 28, 0, 0, tzinfo=UTC))
    prune_history(registry, NOW, timedelta(days=1))
    assert [row["day"] for row in rows(registry)] == [20260228]

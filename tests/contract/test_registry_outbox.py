from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from factories import NOW
from registry_dump import nothing_written
from underbutler.model.announcement import Announcement, PendingMessage, Queue
from underbutler.registry.registry import Registry


def announce(
    registry: Registry,
    *keys: str,
    now: datetime = NOW,
    queue: Queue = Queue.VISITS,
    payload: dict[str, Any] | None = None,
) -> list[PendingMessage]:
    with registry.begin() as transaction:
        return transaction.outbox.announce(
            [
                Announcement(dedup_key=key, destination=queue, payload=payload or {"key": key})
                for key in keys
            ],
            now,
        )


def discard(registry: Registry, messages: list[PendingMessage]) -> None:
    with registry.begin() as transaction:
        transaction.outbox.discard(messages)


def standing(
    registry: Registry,
    before: datetime = NOW + timedelta(days=1),
    limit: int = 100,
    queue: Queue | None = None,
) -> list[PendingMessage]:
    with registry.read() as transaction:
        return transaction.outbox.oldest(before, limit, queue)


def keys(messages: list[PendingMessage]) -> list[str]:
    return [json.loads(message.payload)["key"] for message in messages]


def test_a_message_stands_until_it_is_sent(registry: Registry):
    announced = announce(registry, "visit/HSC/1")
    assert standing(registry) == announced


def test_a_message_is_written_with_its_queue_and_its_payload(registry: Registry):
    payload = {"instrument": "it's \N{GRINNING FACE} %s", "exposure": 2**63 - 1}
    (message,) = announce(registry, "visit/HSC/1", queue=Queue.RAW_EVENTS, payload=payload)
    assert (message.destination, json.loads(message.payload)) == (Queue.RAW_EVENTS, payload)


def test_a_message_goes_with_the_transaction_that_announces_it(registry: Registry):
    announcement = Announcement(dedup_key="k", destination=Queue.VISITS, payload={})
    with suppress(RuntimeError), registry.begin() as transaction:
        transaction.outbox.announce([announcement], NOW)
        raise RuntimeError
    assert standing(registry) == []


def test_messages_under_one_key_that_are_not_sent_yet_are_one_message(registry: Registry):
    announce(registry, "a", "a")
    announce(registry, "a")
    assert len(standing(registry)) == 1


def test_a_message_announced_again_has_the_newer_payload(registry: Registry):
    announce(registry, "a", payload={"key": "older"})
    announce(registry, "a", payload={"key": "newer"})
    assert keys(standing(registry)) == ["newer"]


def test_a_message_announced_again_keeps_its_place_in_the_queue(registry: Registry):
    announce(registry, "first")
    announce(registry, "second", now=NOW + timedelta(minutes=1))
    announce(registry, "first", now=NOW + timedelta(minutes=2))
    assert keys(standing(registry)) == ["first", "second"]


def test_a_message_that_was_sent_is_deleted(registry: Registry):
    sent = announce(registry, "a", "b")
    discard(registry, sent[:1])
    assert standing(registry) == sent[1:]


def test_a_message_announced_again_while_it_is_sent_is_not_deleted(registry: Registry):
    being_sent = announce(registry, "a")
    announce(registry, "a")
    discard(registry, being_sent)
    assert len(standing(registry)) == 1


def test_a_message_announced_again_while_it_is_sent_is_deleted_when_it_was_sent_again(
    registry: Registry,
):
    being_sent = announce(registry, "a")
    announce(registry, "a")
    discard(registry, being_sent)
    discard(registry, standing(registry))
    assert standing(registry) == []


def test_of_messages_being_sent_only_those_announced_again_stay(registry: Registry):
    being_sent = announce(registry, "a", "b", "c")
    announce(registry, "b")
    discard(registry, being_sent)
    assert keys(standing(registry)) == ["b"]


def test_a_message_announced_after_it_was_deleted_is_another(registry: Registry):
    sent = announce(registry, "a")
    discard(registry, sent)
    announce(registry, "a")
    discard(registry, sent)
    assert len(standing(registry)) == 1


def test_a_message_deleted_twice_is_no_error(registry: Registry):
    sent = announce(registry, "a")
    discard(registry, sent)
    with nothing_written(registry):
        discard(registry, sent)


def test_nothing_announced_and_nothing_sent_change_nothing(registry: Registry):
    announce(registry, "a")
    with nothing_written(registry):
        assert announce(registry) == []
        discard(registry, [])


def test_the_messages_that_stand_longest_come_first(registry: Registry):
    for minutes, key in ((3, "c"), (1, "a"), (2, "b")):
        announce(registry, key, now=NOW + timedelta(minutes=minutes))
    assert keys(standing(registry)) == ["a", "b", "c"]


def test_messages_written_at_or_after_an_instant_are_left_alone(registry: Registry):
    announce(registry, "before")
    announce(registry, "at", now=NOW + timedelta(minutes=1))
    assert keys(standing(registry, before=NOW + timedelta(minutes=1))) == ["before"]


def test_no_more_messages_are_taken_than_asked_for(registry: Registry):
    announce(registry, "a", "b", "c")
    assert len(standing(registry, limit=2)) == 2


def test_messages_of_one_queue_are_taken_alone(registry: Registry):
    announce(registry, "a", queue=Queue.RAW_EVENTS)
    announce(registry, "b", queue=Queue.VISITS)
    assert keys(standing(registry, queue=Queue.VISITS)) == ["b"]


def test_messages_are_counted(registry: Registry):
    announce(registry, "a", "b")
    with registry.read() as transaction:
        assert transaction.outbox.count() == 2

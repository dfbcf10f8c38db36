"""The outbox worked off by a client: where no queue and no function does it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from underbutler.errors import StoreUnavailableError
from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.batch import ReceivedEvent
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.announcement import PendingMessage, Queue
from underbutler.model.outcome import EventOutcome, Outcome
from underbutler.visits.define_visits import define_visits

if TYPE_CHECKING:
    from underbutler.bootstrap import Client

__all__ = ["define_announced", "look_again"]

# Exposures to a transaction: regions of this many fit in memory and a short lock.
_PAGE = 50


def define_announced(client: Client) -> int:
    """Define the visits that stand announced in the outbox; returns how many were defined.

    A message is deleted when its visits stand, so that a crash loses none.

    Raises
    ------
    RegistryUnavailableError
        The registry is not available.
    """
    visits: set[tuple[str, int]] = set()
    while messages := _oldest(client, Queue.VISITS):
        exposures: dict[str, list[int]] = {}
        for message in messages:
            payload = json.loads(message.payload)
            exposures.setdefault(payload["instrument"], []).append(payload["exposure"])
        for name, numbers in sorted(exposures.items()):
            defined = define_visits(client.registry, load_instrument(name), numbers)
            visits.update((name, number) for number in defined.visits)
        _discard(client, messages)
    return len(visits)


def look_again(client: Client) -> list[EventOutcome]:
    """Look again at the objects that are announced in the outbox; returns what became of them.

    Raises
    ------
    StoreUnavailableError
        Some cannot be looked at now; they stay announced.
    RegistryUnavailableError
        The registry is not available.
    """
    ingest = client.ingest_raws()
    outcomes: list[EventOutcome] = []
    while messages := _oldest(client, Queue.RAW_EVENTS):
        results = ingest(
            [ReceivedEvent(event=event) for message in messages for event in _events(message)]
        )
        failed = next((item for item in results if item.outcome is Outcome.TRANSIENT), None)
        if failed is not None:
            raise StoreUnavailableError(failed.message)
        outcomes += results
        _discard(client, messages)
    return outcomes


def _events(message: PendingMessage) -> Iterator[ObjectEvent]:
    # Not as a queue's messages are read: local files have no bucket, which a notification must.
    for record in json.loads(message.payload)["Records"]:
        yield ObjectEvent(
            bucket=record["s3"]["bucket"]["name"],
            key=record["s3"]["object"]["key"],
            kind=EventKind.CREATED,
            origin=EventOrigin.REDRIVE,
            name="ObjectCreated:Redrive",
        )


def _oldest(client: Client, queue: Queue) -> list[PendingMessage]:
    with client.registry.read() as transaction:
        return transaction.outbox.oldest(datetime.now(UTC), _PAGE, queue)


def _discard(client: Client, messages: Sequence[PendingMessage]) -> None:
    with client.registry.begin() as transaction:
        transaction.outbox.discard(messages)

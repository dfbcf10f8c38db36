"""Waiting objects looked at again: announced to the queue that brought them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from underbutler.events.envelope import redrive_message
from underbutler.ingest.stem_work import NOT_REGISTERED
from underbutler.model.announcement import Announcement, Queue
from underbutler.model.raw_object import RawObject

if TYPE_CHECKING:
    from collections.abc import Collection

    from underbutler.ingest.ports import IngestRegistry, IngestTransaction

__all__ = ["announce_due", "announce_waiting_for_instruments", "redrive_announcement"]

_MOST = 1000
# As long as the queue may take to give a message up: template.yaml, visibility times receives.
_LEASE = timedelta(hours=1)


def announce_waiting_for_instruments(
    transaction: IngestTransaction, instruments: Collection[str]
) -> int:
    """Announce the files that wait for instruments; returns how many."""
    waiting = transaction.objects.waiting_for_instruments(instruments, NOT_REGISTERED)
    return _announce(transaction, waiting)


def announce_due(registry: IngestRegistry, now: datetime) -> int:
    """Announce the waiting objects whose time has come; returns how many.

    Whoever looks at one sets its next time; until then it is not announced again.
    """
    with registry.begin() as transaction:
        due = transaction.objects.due(now, _MOST)
        transaction.objects.postpone(due, now + _LEASE)
        return _announce(transaction, due)


def redrive_announcement(bucket: str, key: str) -> Announcement:
    """Make the message that asks for an object to be looked at again."""
    return Announcement(
        dedup_key=f"redrive/{bucket}/{key}",
        destination=Queue.RAW_EVENTS,
        payload=redrive_message(bucket, key),
    )


def _announce(transaction: IngestTransaction, objects: Iterable[RawObject]) -> int:
    messages = [redrive_announcement(item.bucket, item.key) for item in objects]
    transaction.outbox.announce(messages, datetime.now(UTC))
    return len(messages)

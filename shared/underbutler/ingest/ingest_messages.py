"""Messages of the raw-events queue: parsed, ingested, and each one's fate told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from underbutler.events.envelope import parse_message
from underbutler.events.object_event import IgnoredRecord, ObjectEvent
from underbutler.ingest.batch import ReceivedEvent
from underbutler.model.outcome import EventOutcome, EventRecord, Outcome
from underbutler.model.raw_object import object_uri

if TYPE_CHECKING:
    from underbutler.ingest.ingest_raws import IngestRaws

__all__ = ["QueueMessage", "ingest_messages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """A message as a queue delivers it."""

    id: str
    body: str
    receive_count: int | None = None
    """Times it was delivered, this one included."""


def ingest_messages(ingest: IngestRaws, messages: Sequence[QueueMessage]) -> list[EventOutcome]:
    """Ingest what messages carry; returns the outcome of each record.

    A message has to come again when one of its records ends as ``TRANSIENT``. What cannot be read
    is recorded, and does not come again: it would not be read then either.
    """
    received: list[ReceivedEvent] = []
    others: list[EventRecord] = []
    for message in messages:
        for record in parse_message(message.body):
            if isinstance(record, ObjectEvent):
                received.append(
                    ReceivedEvent(
                        event=record,
                        message_id=message.id,
                        receive_count=message.receive_count,
                    )
                )
            elif isinstance(record, IgnoredRecord):
                uri = object_uri(record.bucket, record.key) if record.key else ""
                outcome = _outcome(Outcome.IGNORED, record.reason, "", message, uri)
                others.append(EventRecord(outcome=outcome, bucket=record.bucket, key=record.key))
            else:
                text = f"{record.message} Received: {record.excerpt}"
                outcome = _outcome(Outcome.REJECTED, record.code, text, message)
                others.append(EventRecord(outcome=outcome, receive_count=message.receive_count))
    return [*ingest(received), *ingest.record(others)]


def _outcome(
    outcome: Outcome, code: str, text: str, message: QueueMessage, uri: str = ""
) -> EventOutcome:
    return EventOutcome(uri=uri, outcome=outcome, code=code, message=text, message_id=message.id)

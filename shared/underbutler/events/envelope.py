"""Messages of a queue: what they carry, whatever wrapped it.

The seam for other envelopes (SNS, EventBridge, Ceph, MinIO) is `parse_message`.
"""

from __future__ import annotations

from underbutler.events.object_event import IgnoredRecord, MalformedRecord, ObjectEvent
from underbutler.events.s3_notification import REDRIVE_SOURCE, parse_record, plain_text
from underbutler.model.strict_json import load_json

__all__ = ["parse_message", "redrive_message"]

ParsedRecord = ObjectEvent | IgnoredRecord | MalformedRecord


def parse_message(body: str) -> list[ParsedRecord]:
    """Read the body of a queue message into the records it carries.

    Returns
    -------
    records
        In order; one `MalformedRecord` when the message as a whole cannot be read, so that
        nothing disappears without a trace.
    """
    try:
        document = load_json(body)
    except ValueError as error:
        return [_malformed(f"The message is no JSON: {error}.", body)]
    if not isinstance(document, dict):
        return [_malformed("The message is no JSON object.", body)]
    if document.get("Event") == "s3:TestEvent" and "Records" not in document:
        return [IgnoredRecord(reason="test-event", bucket=plain_text(document.get("Bucket")))]
    records = document.get("Records")
    if not isinstance(records, list):
        return [_malformed("The message has no list of Records.", body)]
    if not records:
        return [IgnoredRecord(reason="empty-message")]
    return [parse_record(record) for record in records]


def redrive_message(bucket: str, key: str) -> dict[str, object]:
    """Write a message that makes the handler look at an object again."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": REDRIVE_SOURCE,
                "eventName": "ObjectCreated:Redrive",
                "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
            }
        ]
    }


def _malformed(message: str, body: str) -> MalformedRecord:
    return MalformedRecord(code="bad-envelope", message=message, excerpt=repr(body[:160]))

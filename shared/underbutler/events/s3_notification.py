"""Records of the S3 event notification structure, versions 2.x.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from underbutler.events.object_event import (
    EventKind,
    EventOrigin,
    IgnoredRecord,
    MalformedRecord,
    ObjectEvent,
)
from underbutler.events.sequencer import normalize_aws_sequencer

__all__ = ["REDRIVE_SOURCE", "parse_record", "plain_text"]

REDRIVE_SOURCE = "underbutler:redrive"
"""``eventSource`` of the records that Underbutler sends itself."""

# S3 keys are at most 1,024 bytes of UTF-8.
_LONGEST_KEY_BYTES = 1024
_LARGEST_SIZE = 2**63
# Control characters and halves of surrogate pairs: no database takes them, and no store sends them.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Vendor:
    """How one sender writes its records."""

    decode_key: Callable[[str], str]
    normalize_sequencer: Callable[[object], str | None]
    origin: EventOrigin = EventOrigin.NOTIFICATION


def _decode_form(text: str) -> str:
    """Decode a form-encoded key; ``UnicodeDecodeError`` when its bytes are not UTF-8."""
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")


_VENDORS = {
    "aws:s3": _Vendor(_decode_form, normalize_aws_sequencer),
    REDRIVE_SOURCE: _Vendor(str, lambda _: None, EventOrigin.REDRIVE),
}


def parse_record(record: object) -> ObjectEvent | IgnoredRecord | MalformedRecord:
    """Read one record of ``Records``."""
    try:
        return _parse(record)
    except _BadRecordError as error:
        return MalformedRecord(code=error.code, message=str(error), excerpt=repr(record)[:200])


class _BadRecordError(ValueError):
    def __init__(self, message: str, code: str = "bad-envelope") -> None:
        super().__init__(message)
        self.code = code


def _parse(record: object) -> ObjectEvent | IgnoredRecord:
    fields = _mapping(record, "record")
    version = str(fields.get("eventVersion", ""))
    if not version.startswith("2."):
        raise _BadRecordError(
            f"The notification's version is {version[:40]!r}; 2.x is understood.",
            "unsupported-version",
        )
    source = fields.get("eventSource")
    vendor = _VENDORS.get(str(source))
    if vendor is None:
        raise _BadRecordError(f"The notification's source is unknown: {str(source)[:80]!r}.")
    s3 = _mapping(fields.get("s3"), "s3")
    bucket = _bucket(_mapping(s3.get("bucket"), "s3.bucket"))
    described = _mapping(s3.get("object"), "s3.object")
    key = _key(described, vendor)
    name = plain_text(fields.get("eventName")).removeprefix("s3:")
    kind = _kind(name)
    if kind is None:
        return IgnoredRecord(reason="other-event", bucket=bucket, key=key)
    return ObjectEvent(
        bucket=bucket,
        key=key,
        kind=kind,
        origin=vendor.origin,
        name=name,
        etag=_optional_text(described.get("eTag")),
        size_bytes=_size(described.get("size")),
        version_id=_version(described.get("versionId")),
        sequencer=vendor.normalize_sequencer(described.get("sequencer")),
        time=_time(fields.get("eventTime")),
    )


def _kind(name: str) -> EventKind | None:
    if name.startswith("ObjectCreated:"):
        return EventKind.CREATED
    # Lifecycle expirations remove as deletions do, under a name of their own.
    if name.startswith(("ObjectRemoved:", "LifecycleExpiration:")):
        return EventKind.REMOVED
    return None


def _bucket(described: Mapping[str, Any]) -> str:
    written = _text(described.get("name"), "s3.bucket.name")
    if not plain_text(written):
        raise _BadRecordError(f"No bucket is called {written[:80]!r}.")
    return written


def _key(described: Mapping[str, Any], vendor: _Vendor) -> str:
    written = _text(described.get("key"), "s3.object.key")
    try:
        key = vendor.decode_key(written)
        size = len(key.encode("utf-8"))
    except UnicodeError as error:
        raise _BadRecordError(f"The key {written[:80]!r} is not UTF-8.", "bad-key") from error
    if not 0 < size <= _LONGEST_KEY_BYTES:
        raise _BadRecordError(f"The key has {size} bytes; S3 allows 1 to 1024.", "bad-key")
    if "\x00" in key:
        raise _BadRecordError(f"The key {written[:80]!r} holds a NUL.", "bad-key")
    return key


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _BadRecordError(f"{name} is no JSON object.")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise _BadRecordError(f"{name} is missing.")
    return value


def plain_text(value: object) -> str:
    """Take a text as it is; empty when it is none, or none that could be kept."""
    return value if isinstance(value, str) and not _UNWRITABLE.search(value) else ""


def _optional_text(value: object) -> str | None:
    # Some vendors quote etags, as HTTP does.
    return plain_text(value).strip('"') or None


def _version(value: object) -> str | None:
    # "null" names the only version of an object written while versioning was off.
    text = _optional_text(value)
    return None if text == "null" else text


def _size(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value) if len(value) < 20 else _LARGEST_SIZE
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_SIZE:
        raise _BadRecordError(f"The size {str(value)[:40]!r} is no number of bytes.")
    return value


def _time(value: object) -> datetime | None:
    """Read the event's time; a hint for the curious, so one that cannot be read is left out."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

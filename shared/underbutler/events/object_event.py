"""The one form of an object notification, whoever sent it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["EventKind", "EventOrigin", "IgnoredRecord", "MalformedRecord", "ObjectEvent"]


class EventKind(StrEnum):
    """What happened to the object."""

    CREATED = "created"
    REMOVED = "removed"


class EventOrigin(StrEnum):
    """Who says so, and so how much it is worth."""

    NOTIFICATION = "notification"
    """The store, when it happened."""
    LISTING = "listing"
    """A listing of the bucket: the object was there with this etag."""
    REDRIVE = "redrive"
    """Ourselves: look at the object again, whatever the registry has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent:
    """Something happened to an object of a bucket."""

    bucket: str
    key: str
    """Literal, decoded as its sender encoded it."""
    kind: EventKind
    origin: EventOrigin = EventOrigin.NOTIFICATION
    name: str = ""
    """Event name without prefix, such as ``ObjectCreated:Put``."""
    etag: str | None = None
    """Unquoted; no MD5 after a multipart upload."""
    size_bytes: int | None = None
    version_id: str | None = None
    sequencer: str | None = None
    """Normalised: per key, text order is order of events."""
    time: datetime | None = None
    """When it happened, by the store's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredRecord:
    """A record that is well-formed and none of our business."""

    reason: str
    """Stable slug, such as ``test-event``."""
    bucket: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedRecord:
    """A record, or a whole message, that cannot be read."""

    code: str
    """Stable slug: ``bad-envelope``, ``bad-key``, ``unsupported-version``."""
    message: str
    excerpt: str = ""
    """First characters of what was received, escaped."""

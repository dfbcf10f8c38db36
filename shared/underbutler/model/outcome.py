"""What became of an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["EventOutcome", "EventRecord", "Outcome"]


class Outcome(StrEnum):
    """How an event ended; only ``TRANSIENT`` goes back to the queue."""

    REGISTERED = "registered"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    REJECTED = "rejected"
    GONE = "gone"
    IGNORED = "ignored"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """One event and how it ended."""

    uri: str
    """Object the event was about; empty where the envelope names none."""
    outcome: Outcome
    code: str = ""
    """Stable slug of the reason, for all but registered."""
    message: str = ""
    """The reason in a sentence."""
    message_id: str = ""
    """Queue message that brought the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One event as it is kept for the question what happened to an object."""

    outcome: EventOutcome
    bucket: str = ""
    key: str = ""
    event_name: str = ""
    event_time: datetime | None = None
    sequencer: str | None = None
    etag: str | None = None
    version_id: str | None = None
    size_bytes: int | None = None
    receive_count: int | None = None

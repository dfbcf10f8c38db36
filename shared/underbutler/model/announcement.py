"""Messages that announce what a transaction did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Announcement", "PendingMessage", "Queue"]


class Queue(StrEnum):
    """Queues by the names that settings know them by."""

    RAW_EVENTS = "raw-events"
    """Objects to look at."""
    VISITS = "visits"
    """Exposures whose visits are to be defined."""
    INDEXES = "indexes"
    """Folders whose index is to be written; collected in the outbox and sent on schedule, so that
    an exposure's files make one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A message to send once the transaction stands."""

    dedup_key: str
    """Messages under one key that are not sent yet are one message."""
    destination: Queue
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message that stands in the outbox."""

    id: int
    revision: int
    destination: Queue
    payload: str
    """JSON."""

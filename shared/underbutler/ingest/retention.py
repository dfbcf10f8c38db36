"""How long the history of events is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from underbutler.ingest.ports import IngestRegistry

__all__ = ["prune_history"]


def prune_history(registry: IngestRegistry, now: datetime, keep: timedelta) -> int:
    """Delete the events of days that are over for longer than this; returns how many."""
    with registry.begin() as transaction:
        return transaction.objects.prune_events(int(f"{now - keep:%Y%m%d}"))

"""Messages announced with what they announce, and sent after it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from underbutler.model.announcement import Announcement, PendingMessage, Queue
from underbutler.registry import schema
from underbutler.registry.dialect import dialect_of

__all__ = ["Outbox"]

_TABLE = schema.outbox


class Outbox:
    """The outbox, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)

    def announce(
        self, announcements: Iterable[Announcement], now: datetime
    ) -> list[PendingMessage]:
        """Write messages to be sent after the transaction; returns them as they stand.

        One that stands unsent under the same key is announced again: whoever is sending it now
        will find its revision changed and leave it to be sent once more, since what it announces
        may have been read before this transaction.
        """
        rows = {
            item.dedup_key: {
                "dedup_key": item.dedup_key,
                "destination": item.destination.value,
                "payload": json.dumps(item.payload, separators=(",", ":"), sort_keys=True),
                "revision": 0,
                "created_at": now,
            }
            for item in announcements
        }
        self._dialect.upsert(
            self._connection,
            _TABLE,
            [rows[key] for key in sorted(rows)],
            conflict=("dedup_key",),
            update=("payload",),
            counter="revision",
        )
        if not rows:
            return []
        wanted = self._dialect.values(
            "wanted", {"dedup_key": schema.TEXT}, [(key,) for key in sorted(rows)]
        )
        return self._select(
            sa.select(_TABLE).join(wanted, _TABLE.c.dedup_key == wanted.c.dedup_key)
        )

    def oldest(
        self, before: datetime, limit: int, queue: Queue | None = None
    ) -> list[PendingMessage]:
        """Find the messages that stand longest, of those written before an instant."""
        statement = sa.select(_TABLE).where(_TABLE.c.created_at < before)
        if queue is not None:
            statement = statement.where(_TABLE.c.destination == queue.value)
        return self._select(statement.order_by(_TABLE.c.created_at, _TABLE.c.id).limit(limit))

    def discard(self, messages: Collection[PendingMessage]) -> None:
        """Delete messages that were sent, unless they were announced again meanwhile."""
        if not messages:
            return
        sent = self._dialect.values(
            "sent",
            {"id": schema.BIG, "revision": schema.INT},
            sorted((message.id, message.revision) for message in messages),
        )
        # Held in the order in which they are announced, so that neither waits for the other.
        held = self._connection.execute(
            sa.select(_TABLE.c.id)
            .join(sent, (_TABLE.c.id == sent.c.id) & (_TABLE.c.revision == sent.c.revision))
            .order_by(_TABLE.c.dedup_key)
            .with_for_update(of=_TABLE)
        ).scalars()
        gone = self._dialect.values("gone", {"id": schema.BIG}, [(number,) for number in held])
        self._connection.execute(
            sa.delete(_TABLE).where(sa.exists().where(_TABLE.c.id == gone.c.id))
        )

    def count(self) -> int:
        """Count the messages that are not sent yet."""
        return self._connection.execute(sa.select(sa.func.count()).select_from(_TABLE)).scalar_one()

    def _select(self, statement: sa.Select[Any]) -> list[PendingMessage]:
        return [
            PendingMessage(
                id=row.id,
                revision=row.revision,
                destination=Queue(row.destination),
                payload=row.payload,
            )
            for row in self._connection.execute(statement)
        ]

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
from underbutler.registry.dialect import Columns, Dialect, dialect_of
from underbutler.registry.matching import delete_matching, matches, select_matching

__all__ = ["Outbox"]

_TABLE = schema.outbox
_DEDUP_KEY: Columns = {"dedup_key": schema.TEXT}
_NUMBER: Columns = {"id": schema.BIG}
_MESSAGE: Columns = {"id": schema.BIG, "revision": schema.INT}


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
        statement = self._dialect.statement(
            "messages under keys",
            lambda: select_matching(self._dialect, _TABLE, "wanted", _DEDUP_KEY),
        )
        keys = [(key,) for key in sorted(rows)]
        return self._select(statement, self._dialect.bind("wanted", _DEDUP_KEY, keys))

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
        # Held in the order in which they are announced, so that neither waits for the other.
        hold = self._dialect.statement("hold messages", lambda: _hold_messages(self._dialect))
        sent = sorted((message.id, message.revision) for message in messages)
        held = self._connection.execute(hold, self._dialect.bind("sent", _MESSAGE, sent)).scalars()
        delete = self._dialect.statement(
            "delete messages", lambda: delete_matching(self._dialect, _TABLE, "gone", _NUMBER)
        )
        numbers = [(number,) for number in held]
        self._connection.execute(delete, self._dialect.bind("gone", _NUMBER, numbers))

    def count(self) -> int:
        """Count the messages that are not sent yet."""
        return self._connection.execute(sa.select(sa.func.count()).select_from(_TABLE)).scalar_one()

    def _select(
        self, statement: sa.Select[Any], parameters: dict[str, Any] | None = None
    ) -> list[PendingMessage]:
        return [
            PendingMessage(
                id=row.id,
                revision=row.revision,
                destination=Queue(row.destination),
                payload=row.payload,
            )
            for row in self._connection.execute(statement, parameters)
        ]


def _hold_messages(dialect: Dialect) -> sa.Select[Any]:
    sent, condition = matches(dialect, _TABLE, "sent", _MESSAGE)
    return (
        sa.select(_TABLE.c.id)
        .join(sent, condition)
        .order_by(_TABLE.c.dedup_key)
        .with_for_update(of=_TABLE)
    )

"""No queue: messages stay in the outbox, for whoever works it off."""

from __future__ import annotations

from collections.abc import Sequence

from underbutler.model.announcement import Queue

__all__ = ["NoQueues"]


class NoQueues:
    """Takes no message."""

    def send(self, queue: Queue, payloads: Sequence[str]) -> list[bool]:  # noqa: ARG002
        """Take none: they stay where a crash does not lose them."""
        return [False] * len(payloads)

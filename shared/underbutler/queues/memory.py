"""Queues in memory: for a repository on a laptop, which handles its messages itself, and tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from underbutler.model.announcement import Queue

__all__ = ["MemoryQueues"]


class MemoryQueues:
    """Queues that live as long as the object."""

    def __init__(self) -> None:
        self._messages: dict[Queue, deque[str]] = {queue: deque() for queue in Queue}

    def send(self, queue: Queue, payloads: Sequence[str]) -> list[bool]:
        """Send messages; all are taken."""
        self._messages[queue].extend(payloads)
        return [True] * len(payloads)

    def receive(self, queue: Queue, most: int) -> list[str]:
        """Take messages out, the oldest first."""
        waiting = self._messages[queue]
        return [waiting.popleft() for _ in range(min(most, len(waiting)))]

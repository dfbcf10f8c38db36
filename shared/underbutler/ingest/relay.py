"""The outbox emptied: messages sent after what they announce is committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from underbutler.model.announcement import PendingMessage, Queue

if TYPE_CHECKING:
    from underbutler.ingest.ports import IngestRegistry, MessageSender

__all__ = ["relay_messages", "relay_oldest"]

_PAGE = 100


def relay_messages(
    registry: IngestRegistry, sender: MessageSender, messages: Sequence[PendingMessage]
) -> int:
    """Send messages and take the sent ones out of the outbox; returns how many were sent.

    A crash in between sends a message twice; one that is not taken stays for the next time.

    Raises
    ------
    RegistryUnavailableError
        The messages were sent but stay in the outbox.
    """
    sent: list[PendingMessage] = []
    for queue in Queue:
        mine = [message for message in messages if message.destination is queue]
        taken = sender.send(queue, [message.payload for message in mine]) if mine else []
        sent += [message for message, was_taken in zip(mine, taken, strict=True) if was_taken]
    if sent:
        with registry.begin() as transaction:
            transaction.outbox.discard(sent)
    return len(sent)


def relay_oldest(
    registry: IngestRegistry,
    sender: MessageSender,
    before: datetime,
    queues: Iterable[Queue] = tuple(Queue),
) -> int:
    """Send what stands in the outbox since before an instant; returns how many were sent.

    What is for other queues than those named stays.
    """
    return sum(_relay_queue(registry, sender, before, queue) for queue in queues)


def _relay_queue(
    registry: IngestRegistry, sender: MessageSender, before: datetime, queue: Queue
) -> int:
    total = 0
    while True:
        with registry.read() as transaction:
            messages = transaction.outbox.oldest(before, _PAGE, queue)
        sent = relay_messages(registry, sender, messages) if messages else 0
        total += sent
        # Those that the queue does not take would be the oldest again.
        if sent < _PAGE:
            return total

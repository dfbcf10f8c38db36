"""How a queue's messages get to its function: long polls, and as many batches at a time as allowed.

Semantics stay the queue's: receive counts, visibility, batch sizes, partial failures, redrive.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localstack.services.lambda_.event_source_mapping.pollers.poller import (
    EmptyPollResultsException,
)
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import SqsPoller

LOG = logging.getLogger(__name__)

# AWS's pollers wait 20 s; here a mapping that is to stop waits for its last poll.
LONG_POLL_S = 2
# Most batches of one mapping at a time, whatever it allows: each has a process of its own.
MAX_CONCURRENCY = 16


def concurrency_of(mapping: Mapping[str, Any]) -> int:
    """Return how many batches of an event source mapping may be handled at a time."""
    if mapping.get("EventSourceArn", "").endswith(".fifo"):
        return 1  # in order
    wanted = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or 1
    return min(int(wanted), MAX_CONCURRENCY)


class LongPoller(SqsPoller):
    """Polls while one more batch may be handled, and leaves each batch to a thread.

    Stock asks without waiting, sleeps a second when there was nothing, and handles one batch
    after the other.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What `SqsPoller.poll_events` sends as WaitTimeSeconds.
        self.maximum_batching_window = self.maximum_batching_window or LONG_POLL_S
        self.allow(1)

    def allow(self, concurrency: int) -> None:
        """Set how many batches may be handled at a time; before the first poll."""
        self._free = threading.Semaphore(concurrency)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="batch")

    def poll_events(self) -> None:
        """Wait for messages, and for a free thread before that: they are not held unhandled."""
        self._free.acquire()
        self._has_slot = True
        begin = time.monotonic()
        try:
            super().poll_events()
        except EmptyPollResultsException:
            # Makes the worker sleep; that is for polls that returned at once.
            if time.monotonic() - begin < self.maximum_batching_window / 2:
                raise
        finally:
            if self._has_slot:
                self._free.release()

    def handle_messages(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Have a thread handle a batch."""
        if not self._has_slot:  # a poll of thousands of messages makes several batches
            self._free.acquire()
        self._has_slot = False
        self._threads.submit(self._handle, messages)

    def close(self) -> None:
        """Wait for the batches that are being handled."""
        self._threads.shutdown()

    def _handle(self, messages: Sequence[Mapping[str, Any]]) -> None:
        try:
            super().handle_messages(messages)
        except Exception as error:  # noqa: BLE001 the messages become visible again
            reason = getattr(error, "error", error)
            LOG.warning("A batch of %d messages failed: %s", len(messages), reason)
        finally:
            self._free.release()

"""Lambda, on a schedule: sends what a crash left unsent, looks again at what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from underbutler.bootstrap import Functions, build_functions
from underbutler.ingest.redrive import announce_due
from underbutler.ingest.relay import relay_oldest
from underbutler.ingest.retention import prune_history
from underbutler.model.announcement import Queue

_LOG = Logger(service="relay-outbox")

# Younger messages are mostly being sent by who wrote them.
_GRACE = timedelta(seconds=10)


@cache
def _functions() -> Functions:
    return build_functions()


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001
    """Relay the outbox; answers what was done."""
    functions = _functions()
    now = datetime.now(UTC)
    # One that a deployment does without, such as that of indexes, has no URL.
    queues = [queue for queue in Queue if queue.value in functions.settings.queue_urls]
    done = {
        "announced": announce_due(functions.registry, now),
        "sent": relay_oldest(functions.registry, functions.queues, now - _GRACE, queues),
        "pruned": prune_history(
            functions.registry, now, timedelta(days=functions.settings.event_retention_days)
        ),
    }
    _LOG.info("relayed", extra=done)
    return done

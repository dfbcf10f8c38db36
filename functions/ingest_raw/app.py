"""Lambda: messages of the raw-events queue → registered datasets."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from underbutler.bootstrap import build_functions
from underbutler.ingest.ingest_messages import QueueMessage, ingest_messages
from underbutler.ingest.ingest_raws import IngestRaws
from underbutler.model.outcome import Outcome

_LOG = Logger(service="ingest-raw")


@cache
def _use_case() -> IngestRaws:
    return build_functions().ingest_raws()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Ingest a batch; answers which messages have to come again."""
    messages = [
        QueueMessage(
            id=record["messageId"],
            body=record["body"],
            receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
        )
        for record in event["Records"]
    ]
    outcomes = ingest_messages(_use_case(), messages)
    for item in outcomes:
        if item.outcome in (Outcome.REJECTED, Outcome.WAITING, Outcome.TRANSIENT):
            _LOG.warning(
                item.message,
                extra={"uri": item.uri, "outcome": item.outcome.value, "code": item.code},
            )
    _LOG.info("handled", extra={"messages": len(messages), "events": len(outcomes)})
    again = {item.message_id for item in outcomes if item.outcome is Outcome.TRANSIENT}
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(again)]}

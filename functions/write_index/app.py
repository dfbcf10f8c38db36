"""Lambda: messages of the index queue → indexes of folders, in a bucket of their own."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from underbutler.bootstrap import make_store
from underbutler.butler.folder_index import write_folder_index
from underbutler.errors import UnderbutlerError
from underbutler.settings import FunctionSettings
from underbutler.store.routed import RoutedStore

_LOG = Logger(service="write-index")


@cache
def _setting() -> tuple[FunctionSettings, RoutedStore]:
    return FunctionSettings.from_environment(), make_store()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Write the indexes of a batch of folders; answers which messages have to come again."""
    settings, store = _setting()
    again: list[str] = []
    for record in event["Records"]:
        try:
            payload = json.loads(record["body"])
            report = write_folder_index(
                store,
                str(payload["bucket"]),
                str(payload["folder"]),
                into=str(settings.index_bucket),
                content=settings.index_content,
                corrections=settings.corrections,
            )
        except (UnderbutlerError, ValueError, KeyError, TypeError) as error:
            # What comes five times is for the dead letters.
            _LOG.warning(str(error), extra={"message_id": record["messageId"]})
            again.append(record["messageId"])
            continue
        for remark in report.problems:
            _LOG.warning(remark.message, extra={"uri": remark.uri, "code": remark.code})
        _LOG.info("written", extra={"indexes": report.written})
    return {"batchItemFailures": [{"itemIdentifier": name} for name in again]}

"""Lambda: messages of the visit queue → visits."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from underbutler.bootstrap import Functions, build_functions
from underbutler.errors import UnderbutlerError
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.visits.define_visits import define_visits

_LOG = Logger(service="define-visits")


@cache
def _functions() -> Functions:
    return build_functions()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Define the visits of a batch of exposures; answers which messages have to come again."""
    exposures: dict[str, set[int]] = {}
    messages: dict[str, list[str]] = {}
    again: list[str] = []
    for record in event["Records"]:
        try:
            payload = json.loads(record["body"])
            name, number = str(payload["instrument"]), int(payload["exposure"])
        except (ValueError, KeyError, TypeError) as error:
            # Only we write to this queue: what we cannot read is for the dead letters.
            _LOG.error("unreadable message: %r", error, extra={"message_id": record["messageId"]})
            again.append(record["messageId"])
            continue
        exposures.setdefault(name, set()).add(number)
        messages.setdefault(name, []).append(record["messageId"])
    for name, numbers in sorted(exposures.items()):
        try:
            defined = define_visits(_functions().registry, load_instrument(name), numbers)
        except UnderbutlerError as error:
            _LOG.warning(str(error), extra={"instrument": name, "code": error.kind})
            again += messages[name]
            continue
        _LOG.info("defined", extra={"instrument": name, "visits": len(defined.visits)})
        for problem in defined.problems:
            _LOG.info(problem.message, extra={"exposure": problem.exposure, "code": problem.code})
    return {"batchItemFailures": [{"itemIdentifier": name} for name in again]}

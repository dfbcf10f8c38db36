"""Lambda, on deployment: the registry's tables brought up to date, instruments registered."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from aws_lambda_powertools import Logger

from underbutler.bootstrap import build_functions
from underbutler.butler.registration import register_instruments
from underbutler.errors import UnderbutlerError
from underbutler.registry.migrate import migrate_registry

_LOG = Logger(service="migrate-registry")

_ANSWER_TIMEOUT_S = 30


def handler(event: dict[str, Any], context: Any) -> None:
    """Serve a custom resource of CloudFormation: migrate on creation and update.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
    """
    answer: dict[str, Any] = {
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": event.get("PhysicalResourceId", "registry"),
    }
    try:
        data = {} if event["RequestType"] == "Delete" else _migrate(event["ResourceProperties"])
        answer |= {"Status": "SUCCESS", "Data": data}
    # Without an answer CloudFormation would wait for an hour to learn less.
    except Exception as error:  # noqa: BLE001
        _LOG.exception("the registry could not be migrated")
        known = str(error) if isinstance(error, UnderbutlerError) else type(error).__name__
        reason = f"{known} See the log stream {context.log_stream_name}."
        answer |= {"Status": "FAILED", "Reason": reason}
    body = json.dumps(answer).encode()
    # The address is CloudFormation's own, signed, and always HTTP.
    request = Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")  # noqa: S310
    with urlopen(request, timeout=_ANSWER_TIMEOUT_S):  # noqa: S310
        pass


def _migrate(properties: dict[str, Any]) -> dict[str, str]:
    functions = build_functions(check_version=False)
    migrate_registry(functions.registry.engine)
    functions.registry.check_version()
    names = [name for name in properties.get("Instruments", []) if name]
    registered = register_instruments(functions.registry, names)
    version = ".".join(map(str, functions.registry.version() or ()))
    _LOG.info("migrated", extra={"schema": version, "instruments": names})
    return {"SchemaVersion": version, "Instruments": ",".join(item.name for item in registered)}

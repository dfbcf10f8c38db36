"""CloudFormation resources that the emulator only pretends to make: custom ones and dashboards.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.config import Config
from localstack.aws.connect import connect_to
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from .responses import Mailbox, response_server

# AWS's default of `ServiceTimeout`, seconds.
SERVICE_TIMEOUT_S = 3600
# Longest invocation that AWS allows, and a little more, seconds.
READ_TIMEOUT_S = 905

# Where a resource's own properties are kept beside the attributes that its function returned.
PROPERTIES = "_Properties"
PHYSICAL_ID = "PhysicalResourceId"


class CustomResourceError(Exception):
    """The function reported a failure, or nothing; the message becomes the event's reason."""


class CustomResourceProvider(ResourceProvider):
    """Resources made by a Lambda function: ``Custom::*``."""

    TYPE = "AWS::CloudFormation::CustomResource"
    SCHEMA = {  # noqa: RUF012
        "typeName": TYPE,
        "primaryIdentifier": [f"/properties/{PHYSICAL_ID}"],
        "properties": {},
    }

    def create(self, request: ResourceRequest) -> ProgressEvent:
        """Have the function create the resource."""
        return _progress(lambda: _send(request, "Create", request.desired_state))

    def update(self, request: ResourceRequest) -> ProgressEvent:
        """Have the function update the resource, and delete the old one if a new one came of it.

        AWS deletes the old one when the whole stack has been updated; here it is done at once.
        """
        before = request.previous_state or {}

        def update() -> dict[str, Any]:
            after = _send(request, "Update", request.desired_state, before)
            if after[PHYSICAL_ID] != before.get(PHYSICAL_ID):
                _send(request, "Delete", before.get(PROPERTIES, {}), before)
            return after

        return _progress(update)

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        """Have the function delete the resource, unless it was never created."""
        before = request.desired_state or {}
        if not before.get(PHYSICAL_ID):
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        return _progress(lambda: _send(request, "Delete", before.get(PROPERTIES, {}), before))


class DashboardProvider(ResourceProvider):
    """CloudWatch dashboards."""

    TYPE = "AWS::CloudWatch::Dashboard"
    SCHEMA = {  # noqa: RUF012
        "typeName": TYPE,
        "primaryIdentifier": ["/properties/DashboardName"],
        "properties": {},
    }

    def create(self, request: ResourceRequest) -> ProgressEvent:
        """Put the dashboard."""
        model = dict(request.desired_state)
        model.setdefault("DashboardName", f"{request.stack_name}-{request.logical_resource_id}")
        request.aws_client_factory.cloudwatch.put_dashboard(
            DashboardName=model["DashboardName"], DashboardBody=model["DashboardBody"]
        )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest) -> ProgressEvent:
        """Put it anew."""
        return self.create(request)

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        """Delete it."""
        name = request.desired_state["DashboardName"]
        request.aws_client_factory.cloudwatch.delete_dashboards(DashboardNames=[name])
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


def _progress(operation: Callable[[], dict[str, Any]]) -> ProgressEvent:
    try:
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=operation())
    except CustomResourceError as error:
        return ProgressEvent(OperationStatus.FAILED, resource_model={}, message=str(error))


def _send(
    request: ResourceRequest,
    kind: str,
    properties: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Have the function handle one request and return the resource's attributes.

    Raises
    ------
    CustomResourceError
        It failed, died or did not answer in time.
    """
    with response_server().open_mailbox() as mailbox:
        event = {
            "RequestType": kind,
            "RequestId": str(uuid.uuid4()),
            "ResponseURL": mailbox.url,
            "StackId": request.stack_id,
            "LogicalResourceId": request.logical_resource_id,
            "ResourceType": request.resource_type,
            "ServiceToken": properties["ServiceToken"],
            "ResourceProperties": _as_strings(properties),
        }
        if before is not None:
            event[PHYSICAL_ID] = before.get(PHYSICAL_ID)
        if kind == "Update" and before is not None:
            event["OldResourceProperties"] = _as_strings(before.get(PROPERTIES, {}))
        response = _call(request, event, mailbox, properties)
    if response.get("Status") != "SUCCESS":
        raise CustomResourceError(
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{response.get('Reason')} (RequestId: {event['RequestId']})"
        )
    physical_id = response.get(PHYSICAL_ID) or event.get(PHYSICAL_ID) or event["RequestId"]
    attributes = {**properties, **(response.get("Data") or {})}
    return {**attributes, PHYSICAL_ID: physical_id, PROPERTIES: dict(properties)}


def _call(
    request: ResourceRequest,
    event: Mapping[str, Any],
    mailbox: Mailbox,
    properties: Mapping[str, Any],
) -> Mapping[str, Any]:
    client = connect_to(
        region_name=request.region_name,
        aws_access_key_id=request.account_id,
        # Each event once: a migration that takes its time must not be run again beside itself.
        config=Config(retries={"total_max_attempts": 1}, read_timeout=READ_TIMEOUT_S),
    ).lambda_
    errors: list[str] = []

    def invoke() -> None:
        try:
            answer = client.invoke(
                FunctionName=event["ServiceToken"], Payload=json.dumps(event).encode()
            )
            if answer.get("FunctionError"):
                errors.append(answer["Payload"].read().decode())
        except Exception as error:  # noqa: BLE001 whatever it is, it is the reason
            errors.append(str(error))
        mailbox.wake()

    threading.Thread(target=invoke, name="custom-resource", daemon=True).start()
    timeout_s = float(properties.get("ServiceTimeout") or SERVICE_TIMEOUT_S)
    # AWS would wait for the timeout; a function that has died will not answer, so fail at once.
    response = mailbox.take(timeout_s, is_hopeless=lambda: bool(errors))
    if response is not None:
        return response
    reason = f": {errors[0]}" if errors else f" within {timeout_s:.0f} seconds"
    raise CustomResourceError(
        "CloudFormation did not receive a response from your Custom Resource"
        f"{reason} (RequestId: {event['RequestId']})"
    )


def _as_strings(value: Any) -> Any:
    """Return properties as a function gets them: all scalars are strings."""
    match value:
        case dict():
            return {key: _as_strings(item) for key, item in value.items()}
        case list():
            return [_as_strings(item) for item in value]
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
    return value

"""The template deployed to an AWS endpoint, and what the deployment says of itself believed not."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from underbutler.errors import ConfigurationError
from underbutler.local.endpoint import Endpoint
from underbutler.local.template import load_template

__all__ = ["Deployment", "deploy", "outputs"]

_ARTIFACTS = "underbutler-artifacts"
_POLL_S = 0.2
_PATIENCE_S = 180
# LocalStack shows a resource that it could not make under this name.
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What to deploy, and where."""

    template: Path
    layer: Path
    """Folder that becomes the layer."""
    endpoint: Endpoint
    parameters: Mapping[str, str]
    stack_name: str = "underbutler"


def deploy(deployment: Deployment) -> dict[str, str]:
    """Deploy a stack and wait for it; returns its outputs.

    Raises
    ------
    ConfigurationError
        A resource could not be made: the message names it, and why.
    """
    endpoint = deployment.endpoint
    s3 = endpoint.client("s3")
    _ensure_bucket(s3)
    body = json.dumps(_package(deployment, s3))
    s3.put_object(Bucket=_ARTIFACTS, Key="template.json", Body=body.encode())
    cloudformation = endpoint.client("cloudformation")
    started = datetime.now(UTC)
    cloudformation.create_stack(
        StackName=deployment.stack_name,
        TemplateURL=f"{endpoint.url}/{_ARTIFACTS}/template.json",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in deployment.parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    status = _wait(cloudformation, deployment.stack_name)
    _check(cloudformation, deployment.stack_name, status, started)
    return outputs(cloudformation, deployment.stack_name)


def outputs(cloudformation: Any, stack_name: str) -> dict[str, str]:
    """Read the outputs of a stack."""
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def _package(deployment: Deployment, s3: Any) -> dict[str, Any]:
    """Put code into a bucket, as ``sam package`` does, and point the template to it."""
    template = load_template(deployment.template)
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            folder = deployment.template.parent / properties["CodeUri"]
            properties["CodeUri"] = _upload(s3, name, folder, "")
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = _upload(s3, name, deployment.layer, "")
    return template


def _upload(s3: Any, name: str, folder: Path, prefix: str) -> str:
    archive = io.BytesIO()
    # Stored, not deflated: it is unpacked again on this very machine.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.relative_to(folder).parts[:-2]:
                packed.write(path, prefix + path.relative_to(folder).as_posix())
    archive.seek(0)
    s3.upload_fileobj(archive, _ARTIFACTS, f"{name}.zip")
    return f"s3://{_ARTIFACTS}/{name}.zip"


def _ensure_bucket(s3: Any) -> None:
    try:
        s3.create_bucket(Bucket=_ARTIFACTS)
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "BucketAlreadyOwnedByYou",
            "BucketAlreadyExists",
        ):
            raise


def _wait(cloudformation: Any, stack_name: str) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        status: str = stack["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status
        if time.monotonic() > deadline:
            raise ConfigurationError(f"The stack is still {status} after {_PATIENCE_S} s.")
        time.sleep(_POLL_S)


def _check(cloudformation: Any, stack_name: str, status: str, started: datetime) -> None:
    """Look at every resource: the stack's own word may be CREATE_COMPLETE all the same."""
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failures = [
        f"{event['LogicalResourceId']} ({event.get('ResourceType', '')}): "
        f"{event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= started
    ]
    resources = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    failures += [
        f"{item['LogicalResourceId']} ({item['ResourceType']}) was not made"
        for item in resources
        if item.get("PhysicalResourceId", _UNKNOWN) == _UNKNOWN
    ]
    if failures or not status.endswith("_COMPLETE") or "ROLLBACK" in status:
        raise ConfigurationError(
            f"The stack was not deployed ({status}): {'; '.join(failures) or 'no reason given'}."
        )

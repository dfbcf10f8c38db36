"""Functions called as Lambda calls them, with real queues, a real bucket and a real registry."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from underbutler.local.endpoint import Endpoint
from underbutler.registry.registry import Registry

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What the template would have made."""

    endpoint: Endpoint
    registry: Registry
    bucket: str
    raw_events_url: str
    visits_url: str

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        """Put an object; answers what its event says of it."""
        answer = self.endpoint.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return {"size": len(body), "eTag": answer["ETag"].strip('"')}

    def messages(self, url: str) -> list[str]:
        """Take all messages out of a queue."""
        sqs = self.endpoint.client("sqs")
        bodies: list[str] = []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


@pytest.fixture
def deployed(
    aws_environment: Endpoint,
    bucket: str,
    postgres_url: str,
    postgres_registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> Deployed:
    """A bucket, queues, a registry, and the environment that the template gives the functions."""
    number = next(_NUMBERS)
    sqs = aws_environment.client("sqs")
    raw_events = sqs.create_queue(QueueName=f"raw-events-{number}")["QueueUrl"]
    visits = sqs.create_queue(QueueName=f"visits-{number}")["QueueUrl"]
    secrets = aws_environment.client("secretsmanager")
    secret = secrets.create_secret(Name=f"registry-{number}", SecretString=postgres_url)
    for name, value in {
        "UNDERBUTLER_REGISTRY_SECRET_ARN": secret["ARN"],
        "UNDERBUTLER_RAW_BUCKETS": bucket,
        "UNDERBUTLER_RAW_EVENTS_QUEUE_URL": raw_events,
        "UNDERBUTLER_VISITS_QUEUE_URL": visits,
        "UNDERBUTLER_EVENT_RETENTION_DAYS": "30",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }.items():
        monkeypatch.setenv(name, value)
    return Deployed(
        endpoint=aws_environment,
        registry=postgres_registry,
        bucket=bucket,
        raw_events_url=raw_events,
        visits_url=visits,
    )


@pytest.fixture
def load_function() -> Callable[[str], ModuleType]:
    """Load a function as a cold start does: nothing remains of an earlier one."""

    def load(name: str) -> ModuleType:
        path = FUNCTIONS / name / "app.py"
        spec = importlib.util.spec_from_file_location(f"{name}_{next(_NUMBERS)}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load

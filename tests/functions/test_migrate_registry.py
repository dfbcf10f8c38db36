"""The function behind the custom resource of the deployment."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from underbutler.registry.engine import connect_registry
from underbutler.registry.registry import Registry


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What CloudFormation listens with: a URL, and the answers that were put there."""
    answers: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/answer", answers
        server.shutdown()
        thread.join()


def event(url: str, kind: str = "Create", **properties: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/underbutler/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Migration",
        "ResourceType": "Custom::Migration",
        "ResourceProperties": properties,
    }


CONTEXT = SimpleNamespace(log_stream_name="2026/03/01/[$LATEST]1")


@pytest.fixture
def empty_registry(deployed, empty_postgres_url: str) -> Iterator[Registry]:
    secrets = deployed.endpoint.client("secretsmanager")
    import os

    secrets.put_secret_value(
        SecretId=os.environ["UNDERBUTLER_REGISTRY_SECRET_ARN"], SecretString=empty_postgres_url
    )
    registry = Registry(connect_registry(empty_postgres_url))
    yield registry
    registry.close()


def test_on_creation_tables_are_made_and_instruments_registered(
    empty_registry, load_function, cloudformation
) -> None:
    url, answers = cloudformation

    load_function("migrate_registry").handler(event(url, Instruments=["HSC", "LATISS"]), CONTEXT)

    (answer,) = answers
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == {"SchemaVersion": "2.0", "Instruments": "HSC,LATISS"}
    with empty_registry.read() as transaction:
        names = [item.name for item in transaction.dimensions.instruments()]
    assert names == ["HSC", "LATISS"]


def test_an_update_leaves_what_is_there(deployed, load_function, cloudformation) -> None:
    url, answers = cloudformation
    app = load_function("migrate_registry")

    app.handler(event(url, Instruments=["HSC"]), CONTEXT)
    app.handler(event(url, "Update", Instruments=["HSC", "DECam"]), CONTEXT)

    assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"]
    with deployed.registry.read() as transaction:
        assert [i.name for i in transaction.dimensions.instruments()] == ["DECam", "HSC"]


def test_a_failure_is_answered_with_its_reason(deployed, load_function, cloudformation) -> None:
    url, answers = cloudformation

    load_function("migrate_registry").handler(event(url, Instruments=["Kaleidoscope"]), CONTEXT)

    (answer,) = answers
    assert answer["Status"] == "FAILED"
    assert "Kaleidoscope" in answer["Reason"]


def test_deletion_of_the_stack_deletes_nothing(deployed, load_function, cloudformation) -> None:
    url, answers = cloudformation
    app = load_function("migrate_registry")
    app.handler(event(url, Instruments=["HSC"]), CONTEXT)

    app.handler(event(url, "Delete", Instruments=["HSC"]), CONTEXT)

    assert answers[-1]["Status"] == "SUCCESS"
    with deployed.registry.read() as transaction:
        assert [item.name for item in transaction.dimensions.instruments()] == ["HSC"]

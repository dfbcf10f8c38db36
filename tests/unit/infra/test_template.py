"""The deployed template keeps the rules that the functions rely on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from underbutler.local.template import load_template
from underbutler.registry.schema import SCHEMA_VERSION

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = load_template(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]

# Half of what the smallest database of infra/aws takes (db.t4g.medium: some 400 connections),
# and all that a shared one might spare: docs/deployment.md.
CONNECTION_BUDGET = 20


def of_type(kind: str) -> dict[str, Any]:
    return {
        name: item["Properties"]
        for name, item in RESOURCES.items()
        if item["Type"] == f"AWS::{kind}"
    }


FUNCTIONS = of_type("Serverless::Function")
QUEUES = of_type("SQS::Queue")
ROLES = of_type("IAM::Role")


def mappings() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, event["Properties"])
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]


def statements() -> list[tuple[str, dict[str, Any]]]:
    return [
        # What only some deployments have is granted as strictly.
        (role, statement["Fn::If"][1] if "Fn::If" in statement else statement)
        for role, properties in ROLES.items()
        for policy in properties["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    named = statement["Action"]
    return [named] if isinstance(named, str) else named


def default(value: Any) -> Any:
    return TEMPLATE["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) else value


def test_every_function_folder_is_deployed_and_has_its_handler() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}

    deployed = {Path(function["CodeUri"]).name for function in FUNCTIONS.values()}

    assert deployed == folders


@pytest.mark.parametrize(("function", "mapping"), mappings())
def test_a_message_stays_invisible_for_six_timeouts(function: str, mapping: dict[str, Any]) -> None:
    queue = QUEUES[mapping["Queue"]["Fn::GetAtt"][0]]

    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Timeout"]


@pytest.mark.parametrize(("function", "mapping"), mappings())
def test_a_mapping_reports_failures_one_by_one_and_bounds_its_concurrency(
    function: str, mapping: dict[str, Any]
) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 2 <= default(mapping["ScalingConfig"]["MaximumConcurrency"]) <= 1000


@pytest.mark.parametrize(("function", "mapping"), mappings())
def test_a_batch_over_ten_has_a_window_of_a_second(function: str, mapping: dict[str, Any]) -> None:
    assert mapping["BatchSize"] <= 10 or mapping["MaximumBatchingWindowInSeconds"] >= 1


@pytest.mark.parametrize(("function", "mapping"), mappings())
def test_dead_letters_outlive_their_source(function: str, mapping: dict[str, Any]) -> None:
    queue = QUEUES[mapping["Queue"]["Fn::GetAtt"][0]]
    redrive = queue["RedrivePolicy"]
    dead_letters = QUEUES[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]

    assert redrive["maxReceiveCount"] >= 5
    assert dead_letters["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


def test_connections_of_all_functions_fit_the_budget() -> None:
    queues = sum(default(m["ScalingConfig"]["MaximumConcurrency"]) for _, m in mappings())
    scheduled = sum(f.get("ReservedConcurrentExecutions", 1) for f in FUNCTIONS.values() if not any(
        event["Type"] == "SQS" for event in f.get("Events", {}).values()
    ))  # fmt: skip

    assert queues + scheduled <= CONNECTION_BUDGET


def granted(resource: str) -> set[str]:
    return {
        action
        for _, statement in statements()
        if resource in json.dumps(statement["Resource"])
        for action in actions(statement)
    }


def test_no_function_may_write_to_the_raw_bucket() -> None:
    assert granted("s3:::${RawBucketName}") == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
    }


def test_other_buckets_are_for_corrections_and_indexes_alone() -> None:
    assert granted("s3:::${CorrectionsBucketName}") == {"s3:GetObject", "s3:ListBucket"}
    assert granted("s3:::${IndexBucketName}") == {"s3:PutObject"}
    buckets = {
        name
        for _, statement in statements()
        for name in re.findall(r"s3:::\$\{(\w+)\}", json.dumps(statement["Resource"]))
    }
    assert buckets == {"RawBucketName", "CorrectionsBucketName", "IndexBucketName"}


def test_indexes_cannot_be_told_to_go_into_the_raw_bucket() -> None:
    rule = TEMPLATE["Rules"]["IndexesHaveABucketOfTheirOwn"]["Assertions"][0]["Assert"]

    assert rule == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "IndexBucketName"}, {"Ref": "RawBucketName"}]}]
    }


@pytest.mark.parametrize(("role", "statement"), statements())
def test_a_policy_names_its_actions_and_its_resources(role: str, statement: dict[str, Any]) -> None:
    resources = json.dumps(statement["Resource"])

    assert not any("*" in action for action in actions(statement))
    assert '"*"' not in resources
    assert statement["Effect"] == "Allow"


def test_only_what_is_configured_may_be_read_besides_the_raw_bucket() -> None:
    conditional = {
        statement["Fn::If"][0]: statement["Fn::If"][2]
        for properties in ROLES.values()
        for policy in properties["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "Fn::If" in statement
    }

    assert conditional["HasCorrections"] == {"Ref": "AWS::NoValue"}
    assert TEMPLATE["Parameters"]["CorrectionsBucketName"]["Default"] == ""


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()]

    assert len(set(roles)) == len(roles)
    assert set(roles) == set(ROLES)


def test_the_registry_is_reached_through_the_arn_of_a_secret() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]

    assert variables["UNDERBUTLER_REGISTRY_SECRET_ARN"] == {"Ref": "RegistrySecretArn"}
    assert not re.search("resolve:|password|postgresql", json.dumps(TEMPLATE), re.IGNORECASE)


def test_only_the_raw_bucket_may_send_raw_events() -> None:
    (policy,) = of_type("SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:s3:::${RawBucketName}"
    }
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_the_bucket_waits_for_the_queue_to_take_its_messages() -> None:
    assert RESOURCES["RawBucket"]["DependsOn"] == "RawEventsQueuePolicy"


def test_the_bucket_tells_of_objects_that_come_and_go() -> None:
    configured = RESOURCES["RawBucket"]["Properties"]["NotificationConfiguration"]
    events = {item["Event"] for item in configured["QueueConfigurations"]}

    assert {"s3:ObjectCreated:*", "s3:ObjectRemoved:*"} <= events


def test_the_bucket_survives_the_stack() -> None:
    assert RESOURCES["RawBucket"]["DeletionPolicy"] == "Retain"


def test_functions_that_use_the_tables_wait_for_the_migration() -> None:
    waiting = {name for name in FUNCTIONS if RESOURCES[name].get("DependsOn") == "Migration"}

    assert waiting == set(FUNCTIONS) - {"MigrateRegistry"}


def test_a_change_of_the_schema_makes_the_deployment_migrate() -> None:
    properties = RESOURCES["Migration"]["Properties"]

    assert properties["SchemaVersion"] == ".".join(map(str, SCHEMA_VERSION))
    assert properties["Instruments"] == {"Ref": "Instruments"}


def test_functions_run_on_a_system_that_the_layer_is_made_for() -> None:
    parameter = TEMPLATE["Parameters"]["LambdaRuntime"]

    for runtime in (parameter["Default"], *parameter["AllowedValues"]):
        assert tuple(map(int, runtime.removeprefix("python").split("."))) >= (3, 12)

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from underbutler.errors import ConfigurationError
from underbutler.settings import AwsSettings, FunctionSettings

SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:registry"
NEEDED = {"UNDERBUTLER_REGISTRY_SECRET_ARN": SECRET}


def aws(**variables: str) -> AwsSettings:
    return AwsSettings.from_environment(variables)


def functions(**variables: str) -> FunctionSettings:
    return FunctionSettings.from_environment(NEEDED | variables)


# How AWS is reached


def test_without_variables_aws_itself_is_meant():
    assert aws() == AwsSettings(
        region="us-east-1",
        s3_endpoint_url=None,
        endpoint_url=None,
        has_environment_credentials=False,
    )


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "us-east-1"),
    ],
)
def test_the_region_is_the_one_lambda_names_else_the_default_one(variables, region):
    assert aws(**variables).region == region


@pytest.mark.parametrize(
    ("variables", "s3", "others"),
    [
        ({"AWS_ENDPOINT_URL_S3": "http://s3"}, "http://s3", None),
        ({"AWS_ENDPOINT_URL": "http://all"}, "http://all", "http://all"),
        ({"S3_ENDPOINT_URL": "http://lsst"}, "http://lsst", None),
        (
            {"AWS_ENDPOINT_URL_S3": "http://s3", "AWS_ENDPOINT_URL": "http://all"},
            *("http://s3", "http://all"),
        ),
        (
            {"AWS_ENDPOINT_URL": "http://all", "S3_ENDPOINT_URL": "http://lsst"},
            *("http://all", "http://all"),
        ),
        ({"AWS_ENDPOINT_URL_S3": "", "S3_ENDPOINT_URL": "http://lsst"}, "http://lsst", None),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "", "S3_ENDPOINT_URL": ""}, None, None),
    ],
)
def test_the_endpoint_of_s3_is_its_own_else_the_general_one_else_that_of_lsst(
    variables, s3, others
):
    found = aws(**variables)

    assert (found.s3_endpoint_url, found.endpoint_url) == (s3, others)


@pytest.mark.parametrize(("key", "has_any"), [("AKIA", True), ("", False)])
def test_an_access_key_in_the_environment_is_noticed(key, has_any):
    assert aws(AWS_ACCESS_KEY_ID=key).has_environment_credentials is has_any


def test_settings_hold_no_credentials():
    assert "secret" not in repr(aws(AWS_ACCESS_KEY_ID="secret", AWS_SECRET_ACCESS_KEY="secret"))


# What the template tells the functions


def test_a_function_needs_its_secret_alone():
    assert functions() == FunctionSettings(
        registry_secret_arn=SECRET,
        raw_buckets=frozenset(),
        queue_urls={},
        event_retention_days=90,
        instruments=(),
    )


@pytest.mark.parametrize("variables", [{}, {"UNDERBUTLER_REGISTRY_SECRET_ARN": ""}])
def test_a_secret_that_is_missing_is_named(variables):
    with pytest.raises(ConfigurationError) as caught:
        FunctionSettings.from_environment(variables)
    assert caught.value.message == "The variable UNDERBUTLER_REGISTRY_SECRET_ARN is not set."
    assert caught.value.kind == "bad-configuration"


def test_every_variable_is_read():
    assert functions(
        UNDERBUTLER_RAW_BUCKETS="raw",
        UNDERBUTLER_RAW_EVENTS_QUEUE_URL="http://queues/raw-events",
        UNDERBUTLER_VISITS_QUEUE_URL="http://queues/visits",
        UNDERBUTLER_EVENT_RETENTION_DAYS="30",
        UNDERBUTLER_INSTRUMENTS="HSC,LATISS",
    ) == FunctionSettings(
        registry_secret_arn=SECRET,
        raw_buckets=frozenset({"raw"}),
        queue_urls={"raw-events": "http://queues/raw-events", "visits": "http://queues/visits"},
        event_retention_days=30,
        instruments=("HSC", "LATISS"),
    )


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        (" ", ()),
        (",", ()),
        ("HSC", ("HSC",)),
        ("LATISS,HSC", ("LATISS", "HSC")),
        (" LATISS , HSC ,", ("LATISS", "HSC")),
    ],
)
def test_a_list_is_separated_by_commas_and_keeps_its_order(text, items):
    found = functions(UNDERBUTLER_INSTRUMENTS=text, UNDERBUTLER_RAW_BUCKETS=text)

    assert found.instruments == items
    assert found.raw_buckets == frozenset(items)


def test_a_queue_without_a_url_is_not_there():
    found = functions(UNDERBUTLER_RAW_EVENTS_QUEUE_URL="", UNDERBUTLER_VISITS_QUEUE_URL="http://v")

    assert found.queue_urls == {"visits": "http://v"}


@pytest.mark.parametrize(
    ("text", "days"), [("1", 1), ("0030", 30), (" 30 ", 30), ("99999", 99_999), ("", 90)]
)
def test_the_retention_is_a_number_of_days(text, days):
    assert functions(UNDERBUTLER_EVENT_RETENTION_DAYS=text).event_retention_days == days


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "1.5", "1e2", "1_0", "ninety", "90 days", "nan", "100000", "9" * 5000, "٣"],
    ids=lambda text: text[:8],
)
def test_a_retention_that_is_no_number_of_days_is_refused_and_named(text):
    with pytest.raises(ConfigurationError, match="UNDERBUTLER_EVENT_RETENTION_DAYS") as caught:
        functions(UNDERBUTLER_EVENT_RETENTION_DAYS=text)
    assert text[:40] in caught.value.message
    assert len(caught.value.message) < 150


def test_the_longest_retention_can_be_counted_back_from_now():
    longest = functions(UNDERBUTLER_EVENT_RETENTION_DAYS="99999").event_retention_days

    assert datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=longest)


def test_the_environment_is_read_when_nothing_else_is_given(monkeypatch):
    monkeypatch.setenv("UNDERBUTLER_REGISTRY_SECRET_ARN", SECRET)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert FunctionSettings.from_environment().registry_secret_arn == SECRET
    assert AwsSettings.from_environment().region == "eu-west-1"


@pytest.mark.parametrize("settings", [aws(), functions()], ids=["AWS", "functions"])
def test_settings_cannot_be_changed(settings):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, dataclasses.fields(settings)[0].name, "other")

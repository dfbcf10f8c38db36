from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Sequence
from typing import Any

import boto3
import pytest

from underbutler.errors import ConfigurationError
from underbutler.events.envelope import redrive_message
from underbutler.local.endpoint import Endpoint
from underbutler.local.postgres import free_port
from underbutler.model.announcement import Queue
from underbutler.queues.memory import MemoryQueues
from underbutler.queues.none import NoQueues
from underbutler.queues.sqs import SqsQueues
from underbutler.settings import AwsSettings

NUMBERS = itertools.count()
# Around the ten messages that SendMessageBatch takes (Amazon SQS API reference).
COUNTS = [1, 10, 11, 25]
# What no queue takes: SQS allows the characters of XML 1.0 (SendMessage, MessageBody).
BAD = "\x01"
TEXTS = [
    '{"bucket":"raw","key":"a+b%20c &amp; <d>.fits"}',
    '{"key":"α/e\N{COMBINING ACUTE ACCENT}/漢字/\N{GRINNING FACE}"}',
    "'it''s' \"quoted\" \\ back\\\\slashed",
    " spaces\tand\nlines ",
    "0",
]


class MemoryEnd:
    """The far end of queues in memory."""

    def __init__(self) -> None:
        self.sender = MemoryQueues()

    def take(self, queue: Queue) -> list[str]:
        return self.sender.receive(queue, 10**6)


class NoEnd:
    """The far end of no queues."""

    def __init__(self) -> None:
        self.sender = NoQueues()

    def take(self, queue: Queue) -> list[str]:
        return []


class SqsEnd:
    """The far end of queues of their own at the endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = endpoint.client("sqs")
        self.urls = {
            queue.value: self._client.create_queue(QueueName=f"{queue}-sent-{next(NUMBERS)}")[
                "QueueUrl"
            ]
            for queue in Queue
        }
        self.sender = SqsQueues(self.urls, AwsSettings.from_environment())

    def take(self, queue: Queue) -> list[str]:
        url = self.urls[queue.value]
        bodies = []
        while found := self._client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                bodies.append(message["Body"])
                self._client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def make_end(name: str, request: pytest.FixtureRequest) -> Any:
    if name == "SQS":
        return SqsEnd(request.getfixturevalue("aws_environment"))
    return MemoryEnd() if name == "memory" else NoEnd()


@pytest.fixture(params=["memory", "SQS"])
def end(request: pytest.FixtureRequest) -> Any:
    """Queues that take messages, and where these come out."""
    return make_end(request.param, request)


@pytest.fixture(params=["memory", "SQS", "none"])
def any_end(request: pytest.FixtureRequest) -> Any:
    """Any queues."""
    return make_end(request.param, request)


@pytest.fixture
def sqs(aws_environment: Endpoint) -> SqsEnd:
    """Queues of SQS."""
    return SqsEnd(aws_environment)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that are sent from now on."""
    sizes: list[int] = []

    def record(params: Any, **_: Any) -> None:
        sizes.append(params["body"].count(b'"MessageBody"'))

    session = boto3.Session()
    session.events.register("before-call.sqs.SendMessageBatch", record)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return sizes


def bodies(number: int) -> list[str]:
    return [f'{{"exposure":{position}}}' for position in range(number)]


@pytest.mark.parametrize("number", [0, 1, 11])
def test_every_message_is_answered(any_end: Any, number: int):
    assert len(any_end.sender.send(Queue.VISITS, bodies(number))) == number


@pytest.mark.parametrize("number", [0, *COUNTS])
def test_messages_that_are_taken_come_out_each_once(end: Any, number: int):
    assert end.sender.send(Queue.VISITS, bodies(number)) == [True] * number
    assert sorted(end.take(Queue.VISITS)) == sorted(bodies(number))


def test_equal_messages_are_as_many_as_were_sent(end: Any):
    assert all(end.sender.send(Queue.VISITS, ["same"] * 3))
    assert end.take(Queue.VISITS) == ["same"] * 3


@pytest.mark.parametrize("text", TEXTS)
def test_a_message_comes_out_as_it_was_sent(end: Any, text: str):
    assert end.sender.send(Queue.RAW_EVENTS, [text]) == [True]
    assert end.take(Queue.RAW_EVENTS) == [text]


def test_a_message_comes_out_of_the_queue_it_was_sent_to(end: Any):
    for queue in Queue:
        end.sender.send(queue, [f"for {queue}"])
    assert {queue: end.take(queue) for queue in Queue} == {
        queue: [f"for {queue}"] for queue in Queue
    }


def test_messages_of_any_sequence_are_sent(end: Any):
    several: Sequence[str] = tuple(bodies(12))
    assert all(end.sender.send(Queue.VISITS, several))
    assert sorted(end.take(Queue.VISITS)) == sorted(several)


def test_no_queue_takes_no_message():
    assert NoQueues().send(Queue.VISITS, bodies(3)) == [False] * 3


# Memory


def test_messages_come_out_of_memory_the_oldest_first():
    queues = MemoryQueues()
    queues.send(Queue.VISITS, bodies(2))
    queues.send(Queue.VISITS, ["last"])
    assert queues.receive(Queue.VISITS, 10) == [*bodies(2), "last"]


@pytest.mark.parametrize(("most", "taken"), [(0, 0), (1, 1), (3, 3), (4, 3)])
def test_no_more_messages_come_out_of_memory_than_asked_for(most: int, taken: int):
    queues = MemoryQueues()
    queues.send(Queue.VISITS, bodies(3))
    assert queues.receive(Queue.VISITS, most) == bodies(3)[:taken]
    assert queues.receive(Queue.VISITS, 10) == bodies(3)[taken:]


# SQS


@pytest.mark.parametrize(
    ("number", "sizes"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_messages_go_to_sqs_ten_a_request(
    batches: list[int], sqs: SqsEnd, number: int, sizes: list[int]
):
    sqs.sender.send(Queue.VISITS, bodies(number))
    assert batches == sizes


def test_ten_of_the_largest_messages_are_one_request(batches: list[int], sqs: SqsEnd):
    # Bucket of 63 characters, key of 1024 bytes (Amazon S3 User Guide), all escaped in JSON.
    keys = [str(number).ljust(1024, "\x01") for number in range(10)]
    messages = [json.dumps(redrive_message("b" * 63, key)) for key in keys]
    # What SendMessageBatch took in all until 2025, and compatible queues still do.
    assert sum(map(len, messages)) < 256 * 1024
    assert sqs.sender.send(Queue.RAW_EVENTS, messages) == [True] * 10
    assert batches == [10]


@pytest.mark.parametrize("place", [0, 4, 9, 10, 12])
def test_a_message_that_sqs_does_not_take_leaves_the_others_to_be_sent(
    sqs: SqsEnd, place: int, caplog: pytest.LogCaptureFixture
):
    messages = bodies(13)
    messages[place] = BAD
    assert sqs.sender.send(Queue.VISITS, messages) == [item != BAD for item in messages]
    assert sorted(sqs.take(Queue.VISITS)) == sorted(item for item in messages if item != BAD)
    (warning,) = caplog.records
    assert (warning.levelno, warning.name) == (logging.WARNING, "underbutler.queues.sqs")
    assert warning.getMessage().startswith("A message stays in the outbox:")


def test_a_queue_that_is_not_there_takes_no_message(
    sqs: SqsEnd, aws_environment: Endpoint, caplog: pytest.LogCaptureFixture
):
    url = sqs.urls[Queue.VISITS]
    aws_environment.client("sqs").delete_queue(QueueUrl=url)
    assert sqs.sender.send(Queue.VISITS, bodies(11)) == [False] * 11
    assert {item.levelno for item in caplog.records} == {logging.WARNING}
    assert caplog.records[0].getMessage().startswith("Messages stay in the outbox:")


def test_a_service_that_does_not_answer_takes_no_message(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = AwsSettings.from_environment()
    queues = SqsQueues({"visits": f"{settings.endpoint_url}/000000000000/visits"}, settings)
    assert queues.send(Queue.VISITS, bodies(2)) == [False, False]


def test_a_queue_without_a_url_is_a_fault_of_the_set_up(aws_environment: Endpoint):
    queues = SqsQueues({"raw-events": "http://127.0.0.1/raw"}, AwsSettings.from_environment())
    with pytest.raises(ConfigurationError, match="'visits' has no URL"):
        queues.send(Queue.VISITS, bodies(1))

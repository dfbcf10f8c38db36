"""What AWS really sent, in the shapes that were recorded."""

from __future__ import annotations

import json

import pytest

from factories import s3_message, s3_record
from reference_material import SHARED, reference
from underbutler.events.envelope import parse_message
from underbutler.events.object_event import EventKind, MalformedRecord, ObjectEvent

CREATED, REMOVED = EventKind.CREATED, EventKind.REMOVED

# File → key, kind, etag, size and name of each record, in order.
EXPECTED = {
    "sqs-put.json": [
        ("my_key_0", CREATED, "437b930db84b8079c2dd804a71936b5f", 9, "Put"),
        ("my_key_1", CREATED, "6c7ba9c5a141421e1c03cb9807c97c74", 14, "Put"),
    ],
    "sqs-key-encoding.json": [("a@b", CREATED, "437b930db84b8079c2dd804a71936b5f", 9, "Put")],
    "sqs-complete-multipart-upload.json": [
        ("test-key", CREATED, "8eabe9d6b43316e840b079170916c079-1", 6144, "CompleteMultipartUpload")
    ],
    "sqs-created-and-removed.json": [
        ("<object-key:1>", CREATED, "437b930db84b8079c2dd804a71936b5f", 9, "Copy"),
        ("<object-key:2>", CREATED, "437b930db84b8079c2dd804a71936b5f", 9, "Put"),
        ("<object-key:2>", REMOVED, None, None, "Delete"),
    ],
    "sqs-put-versioned.json": [
        ("test-key", CREATED, "6869c34ca384e0ed836d49214f881e87", 13, "Put"),
        ("test-key", CREATED, "8d777f385d3dfec8815d20f7496026dc", 4, "Put"),
        ("test-key", REMOVED, None, None, "Delete"),
        ("test-key", REMOVED, "d41d8cd98f00b204e9800998ecf8427e", None, "DeleteMarkerCreated"),
        ("test-key", CREATED, "2fb1d4988881168bbcd6432d7593be5a", 13, "Put"),
        ("test-key", REMOVED, None, None, "Delete"),
    ],
}


def recorded(name: str) -> list[dict]:
    """Take the records out of a recording, wherever it keeps them."""
    content = json.loads((SHARED / "events" / "aws" / name).read_text())["content"]
    if "receive_messages" in content:
        return content["receive_messages"]["messages"]
    return content["message-versioning-active"] + content["message-versioning-suspended"]


@reference
@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_notification_is_read_whole(name):
    parsed = parse_message(s3_message(*recorded(name)))

    assert [(e.key, e.kind, e.etag, e.size_bytes, e.name.partition(":")[2]) for e in parsed] == (
        EXPECTED[name]
    )


@reference
def test_a_recorded_version_is_kept_where_there_is_one():
    parsed = parse_message(s3_message(*recorded("sqs-put-versioned.json")))

    assert [event.version_id for event in parsed] == [*["version-id"] * 4, None, "version-id"]


@reference
def test_records_that_sns_wraps_are_of_the_same_shape():
    content = json.loads((SHARED / "events/aws/sns-object-created-put.json").read_text())["content"]
    messages = [item["Message"] for item in content["receive_messages"]["messages"]]

    events = [event for message in messages for event in parse_message(json.dumps(message))]

    assert [(event.key, event.size_bytes) for event in events] == [
        ("bucket-key", 11),
        ("bucket-key", 12),
    ]


@reference
def test_the_shape_of_eventbridge_is_not_read_yet_and_leaves_a_trace():
    content = json.loads((SHARED / "events/aws/eventbridge-object-created-put.json").read_text())[
        "content"
    ]

    for message in content.values():
        (record,) = parse_message(json.dumps(message))
        assert isinstance(record, MalformedRecord)


@reference
@pytest.mark.parametrize("name", EXPECTED)
def test_records_made_here_have_the_shape_of_those_recorded(name):
    made = s3_record("a.fits")
    for record in recorded(name):
        assert record.keys() == made.keys()
        assert record["s3"].keys() == made["s3"].keys()
        assert record["s3"]["object"].keys() - {"versionId"} <= made["s3"]["object"].keys()


def test_a_notification_of_every_kind_is_read():
    records = [
        s3_record("my_key_0", object={"size": 9}),
        s3_record("a@b", eventName="ObjectCreated:Copy"),
        s3_record(
            "big.fits",
            eventName="ObjectCreated:CompleteMultipartUpload",
            object={"eTag": "8eabe9d6b43316e840b079170916c079-1", "size": 6144},
        ),
        s3_record("a@b", eventName="ObjectRemoved:DeleteMarkerCreated", object={"versionId": "v2"}),
    ]

    parsed = parse_message(s3_message(*records))

    assert all(isinstance(event, ObjectEvent) for event in parsed)
    assert [(event.key, event.kind) for event in parsed] == [
        ("my_key_0", CREATED),
        ("a@b", CREATED),
        ("big.fits", CREATED),
        ("a@b", REMOVED),
    ]

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import s3_message, s3_record
from underbutler.events.envelope import parse_message, redrive_message
from underbutler.events.object_event import (
    EventKind,
    EventOrigin,
    IgnoredRecord,
    MalformedRecord,
    ObjectEvent,
)

FIELDS = ("eventVersion", "eventSource", "eventName", "eventTime")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def is_storable(text: str) -> bool:
    """Whether a database takes the text."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def only(records):
    (record,) = records
    return record


def test_records_come_in_the_order_of_the_message():
    keys = [f"night/{number}.fits" for number in range(20)]

    assert [event.key for event in parse_message(s3_message(*map(s3_record, keys)))] == keys


def test_a_malformed_record_fails_alone():
    parsed = parse_message(
        s3_message(
            s3_record("a.fits"), s3_record("b.fits", eventVersion="3.0"), s3_record("c.fits")
        )
    )

    assert [type(record) for record in parsed] == [ObjectEvent, MalformedRecord, ObjectEvent]


def test_one_message_may_carry_events_of_several_kinds():
    parsed = parse_message(
        s3_message(
            s3_record("a.fits"),
            s3_record("a.fits", eventName="ObjectRemoved:Delete"),
            s3_record("a.fits", eventName="ObjectTagging:Put"),
        )
    )

    assert [getattr(record, "kind", None) for record in parsed] == [
        EventKind.CREATED,
        EventKind.REMOVED,
        None,
    ]


def test_the_same_record_twice_is_two_records():
    record = s3_record("a.fits")

    assert len(parse_message(s3_message(record, record))) == 2


def test_ten_thousand_records_are_all_read():
    body = s3_message(*(s3_record(f"{number}.fits") for number in range(10_000)))

    assert len(parse_message(body)) == 10_000


def test_the_test_event_of_a_new_notification_is_ignored():
    body = json.dumps(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": "2026-03-01T05:00:00.000Z",
            "Bucket": "raw",
            "RequestId": "5582815E1AEA5ADF",
            "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
        }
    )

    assert parse_message(body) == [IgnoredRecord(reason="test-event", bucket="raw")]


@pytest.mark.parametrize("bucket", [None, 7, ["raw"], "a\x00", "\ud800"])
def test_a_test_event_of_no_bucket_is_ignored_as_well(bucket):
    body = json.dumps({"Event": "s3:TestEvent", "Bucket": bucket})

    assert parse_message(body) == [IgnoredRecord(reason="test-event", bucket="")]


def test_a_message_without_records_is_ignored():
    assert parse_message('{"Records": []}') == [IgnoredRecord(reason="empty-message")]


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "not JSON",
        "<html>",
        "\ufeff" + s3_message(s3_record("a.fits")),
        s3_message(s3_record("a.fits"))[:-1],
        "[]",
        "null",
        "7",
        '"text"',
        json.dumps(s3_message(s3_record("a.fits"))),
        "{}",
        '{"Records": null}',
        '{"Records": {}}',
        '{"Records": "text"}',
        '{"records": []}',
    ],
)
def test_a_message_that_is_no_notification_leaves_one_trace(body):
    assert only(parse_message(body)).code == "bad-envelope"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_message_with_numbers_that_are_not_finite_is_refused(constant):
    body = s3_message(s3_record("a.fits")).replace("1024", constant)

    assert only(parse_message(body)).code == "bad-envelope"


def test_a_message_with_a_key_given_twice_is_refused():
    body = s3_message(s3_record("a.fits")).replace('"size": 1024', '"size": 1024, "size": 2')

    assert only(parse_message(body)).code == "bad-envelope"


def test_a_message_with_an_endless_number_is_refused():
    body = s3_message(s3_record("a.fits")).replace("1024", "9" * 5_000)

    assert only(parse_message(body)).code == "bad-envelope"


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"Records":['])
def test_a_message_nested_without_end_is_refused(opening):
    assert only(parse_message(opening * 100_000)).code == "bad-envelope"


def test_however_deep_a_record_is_nested_it_leaves_one_trace():
    for depth in range(900, 1_100):
        body = s3_message(s3_record("a.fits")).replace("1024", "[" * depth + "]" * depth)

        assert only(parse_message(body)).code == "bad-envelope"


def test_a_megabyte_of_junk_leaves_a_short_and_printable_trace():
    trace = only(parse_message("\x1b[31m\n" * 200_000))

    assert len(trace.excerpt) < 1_000
    assert len(trace.message) < 1_000
    assert trace.excerpt.isprintable()


def test_a_record_of_64_kilobytes_is_read():
    body = s3_message(s3_record("a.fits", responseElements={"x-amz-id-2": "x" * 65_536}))

    assert only(parse_message(body)).key == "a.fits"


@pytest.mark.parametrize("key", ["night/a.fits", "a b+c%20.fits", "/a//../é\n#?.fits"])
def test_a_redrive_is_read_as_the_wish_to_look_again(key):
    event = only(parse_message(json.dumps(redrive_message("raw", key))))

    assert event == ObjectEvent(
        bucket="raw",
        key=key,
        kind=EventKind.CREATED,
        origin=EventOrigin.REDRIVE,
        name="ObjectCreated:Redrive",
    )


@given(st.text())
def test_arbitrary_text_never_raises(body):
    assert len(parse_message(body)) == 1


@given(json_values)
def test_arbitrary_json_never_raises(value):
    assert parse_message(json.dumps(value))
    assert parse_message(json.dumps({"Records": [value]}))


@given(
    st.fixed_dictionaries(
        {"bucket": json_values},
        optional=dict.fromkeys(
            ("eventVersion", "eventSource", "eventName", "eventTime"), json_values
        )
        | {
            "object": st.dictionaries(
                st.sampled_from(["key", "size", "eTag", "versionId", "sequencer"]), json_values
            )
        },
    )
)
def test_a_record_with_arbitrary_values_never_raises_and_can_be_stored(overrides):
    for record in parse_message(s3_message(s3_record("a.fits", **overrides))):
        texts = [getattr(record, name) for name in record.__slots__]
        assert all(is_storable(text) for text in texts if isinstance(text, str))

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import s3_record
from underbutler.events.object_event import (
    EventKind,
    EventOrigin,
    IgnoredRecord,
    MalformedRecord,
    ObjectEvent,
)
from underbutler.events.s3_notification import parse_record

keys = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1
).filter(lambda key: len(key.encode()) <= 1024)


def encoded(written: str, **overrides):
    """A record whose key is written as given."""
    return s3_record("", object={"key": written} | overrides.pop("object", {}), **overrides)


def key_of(written: str) -> str:
    event = parse_record(encoded(written))
    assert isinstance(event, ObjectEvent), event
    return event.key


def code_of(record) -> str:
    parsed = parse_record(record)
    assert isinstance(parsed, MalformedRecord), parsed
    return parsed.code


def test_a_record_of_aws_is_read_whole():
    record = s3_record(
        "night/a b.fits",
        object={"versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "size": 20160},
    )

    assert parse_record(record) == ObjectEvent(
        bucket="raw",
        key="night/a b.fits",
        kind=EventKind.CREATED,
        origin=EventOrigin.NOTIFICATION,
        name="ObjectCreated:Put",
        etag="437b930db84b8079c2dd804a71936b5f",
        size_bytes=20160,
        version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
        sequencer="0055AED6DCD90281E5".ljust(64, "0"),
        time=datetime(2026, 3, 1, 5, 3, tzinfo=UTC),
    )


def test_a_record_of_a_removal_has_neither_etag_nor_size():
    record = s3_record("a.fits", eventName="ObjectRemoved:Delete")
    del record["s3"]["object"]["eTag"], record["s3"]["object"]["size"]

    event = parse_record(record)

    assert (event.kind, event.etag, event.size_bytes) == (EventKind.REMOVED, None, None)


def test_a_record_of_our_own_asks_to_look_again():
    event = parse_record(s3_record("a.fits", eventSource="underbutler:redrive"))

    assert (event.origin, event.sequencer) == (EventOrigin.REDRIVE, None)


def test_a_record_of_our_own_has_its_key_literally():
    assert (
        parse_record(encoded("a+%2B.fits", eventSource="underbutler:redrive")).key == "a+%2B.fits"
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ObjectCreated:Put", EventKind.CREATED),
        ("ObjectCreated:Post", EventKind.CREATED),
        ("ObjectCreated:Copy", EventKind.CREATED),
        ("ObjectCreated:CompleteMultipartUpload", EventKind.CREATED),
        ("ObjectRemoved:Delete", EventKind.REMOVED),
        ("ObjectRemoved:DeleteMarkerCreated", EventKind.REMOVED),
        ("LifecycleExpiration:Delete", EventKind.REMOVED),
        ("LifecycleExpiration:DeleteMarkerCreated", EventKind.REMOVED),
    ],
)
@pytest.mark.parametrize("prefix", ["", "s3:"])
def test_an_event_creates_or_removes_with_or_without_the_prefix(name, kind, prefix):
    event = parse_record(s3_record("a.fits", eventName=prefix + name))

    assert (event.kind, event.name) == (kind, name)


@pytest.mark.parametrize(
    "name",
    [
        "ObjectTagging:Put",
        "ObjectAcl:Put",
        "ObjectRestore:Completed",
        "Replication:OperationReplicatedAfterThreshold",
        "LifecycleTransition",
        "IntelligentTiering",
        "ReducedRedundancyLostObject",
        "ObjectSynced:Create",
        "ObjectCreated",
        "",
        None,
        7,
        ["ObjectCreated:Put"],
        "ObjectCreated:\x00",
        "ObjectCreated:\ud800",
    ],
)
def test_any_other_event_is_ignored(name):
    assert parse_record(s3_record("a.fits", eventName=name)) == IgnoredRecord(
        reason="other-event", bucket="raw", key="a.fits"
    )


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3", "2.9", 2.1])
def test_every_version_2_is_understood(version):
    assert isinstance(parse_record(s3_record("a.fits", eventVersion=version)), ObjectEvent)


def test_fields_that_nobody_knows_are_passed_over():
    record = s3_record("a.fits", object={"checksum": "x"}, eventVersion="2.9", newField={"a": [1]})

    assert isinstance(parse_record(record), ObjectEvent)


@pytest.mark.parametrize("version", ["3.0", "1.0", "", None, "20.1", "x" * 100_000])
def test_another_version_is_named_and_refused(version):
    record = s3_record("a.fits", eventVersion=version)

    assert code_of(record) == "unsupported-version"
    assert len(parse_record(record).message) < 200


@pytest.mark.parametrize("source", ["aws:sqs", "ceph:s3", "minio:s3", "", None, 3, "x" * 100_000])
def test_a_source_that_is_not_read_yet_is_refused(source):
    record = s3_record("a.fits", eventSource=source)

    assert code_of(record) == "bad-envelope"
    assert len(parse_record(record).message) < 200


@given(keys)
def test_any_key_survives_being_form_encoded(key):
    assert key_of(quote_plus(key, safe="/")) == key


@given(keys)
def test_any_key_survives_being_percent_encoded_throughout(key):
    assert key_of("".join(f"%{byte:02X}" for byte in key.encode())) == key


@given(keys)
def test_any_key_survives_being_percent_encoded_with_spaces(key):
    assert key_of(quote(key)) == key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("a+b.fits", "a b.fits"),
        ("a%2Bb.fits", "a+b.fits"),
        ("a%20b.fits", "a b.fits"),
        ("a%2520b.fits", "a%20b.fits"),
        ("50%25.fits", "50%.fits"),
        ("a%40b", "a@b"),
        ("%C3%A9.fits", "é.fits"),
        ("%c3%a9.fits", "é.fits"),
        ("é.fits", "é.fits"),
        ("%E6%97%A5%E6%9C%AC.fits", "日本.fits"),
        ("%F0%9F%98%80.fits", "😀.fits"),
        ("%2Flead%2F%2Fing.fits", "/lead//ing.fits"),
        ("..%2Fa.fits", "../a.fits"),
        ("a%0Ab%09.fits", "a\nb\t.fits"),
        ("%E2%80%AEfits.a", "\u202efits.a"),
        ("trailing+", "trailing "),
        # No vendor writes these; a percent sign that encodes nothing stands for itself.
        ("50%.fits", "50%.fits"),
        ("a%zz.fits", "a%zz.fits"),
    ],
)
def test_a_key_is_decoded_once_and_kept_literally(written, key):
    assert key_of(written) == key


def test_keys_that_look_alike_are_kept_apart():
    composed, decomposed = (
        key_of(quote_plus(unicodedata.normalize(form, "é.fits"))) for form in ("NFC", "NFD")
    )

    assert composed != decomposed


@pytest.mark.parametrize("key", ["k" * 1024, "é" * 512])
def test_a_key_may_have_1024_bytes(key):
    assert key_of(quote_plus(key)) == key


@pytest.mark.parametrize("key", ["k" * 1025, "é" * 512 + "k", "😀" * 257])
def test_a_longer_key_is_refused(key):
    assert code_of(encoded(quote_plus(key))) == "bad-key"


@pytest.mark.parametrize(
    "written", ["%FF", "a%C3.fits", "%ED%A0%80", "%C0%80", "\ud800", "a\udcff"]
)
def test_a_key_that_is_not_utf_8_is_refused(written):
    assert code_of(encoded(written)) == "bad-key"


@pytest.mark.parametrize("written", ["%00", "a%00.fits", "a\x00.fits"])
def test_a_key_with_a_nul_is_refused(written):
    assert code_of(encoded(written)) == "bad-key"


@pytest.mark.parametrize("key", ["", None, 3, ["a.fits"], {}])
def test_a_record_without_a_key_is_refused(key):
    assert code_of(s3_record("", object={"key": key})) == "bad-envelope"


@pytest.mark.parametrize("bucket", ["", None, 3, ["raw"], "a\x00", "a\nb", "\ud800"])
def test_a_record_without_a_bucket_that_could_be_is_refused(bucket):
    assert code_of(s3_record("a.fits", bucket=bucket)) == "bad-envelope"


def test_a_tenants_bucket_is_a_bucket():
    assert parse_record(s3_record("a.fits", bucket="rubin:raw")).bucket == "rubin:raw"


@pytest.mark.parametrize("path", [("s3",), ("s3", "bucket"), ("s3", "object")])
@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_a_part_that_is_no_object_is_refused_and_named(path, value):
    record = s3_record("a.fits")
    parent = record
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = value

    parsed = parse_record(record)

    assert (parsed.code, parsed.message) == ("bad-envelope", f"{'.'.join(path)} is no JSON object.")


@pytest.mark.parametrize("record", [None, [], "text", 7, {}])
def test_a_record_that_is_none_is_refused(record):
    assert isinstance(parse_record(record), MalformedRecord)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, 0), (1024, 1024), ("1024", 1024), (2**63 - 1, 2**63 - 1), (None, None)],
)
def test_a_size_is_a_number_of_bytes_or_a_text_of_one(size, expected):
    assert parse_record(s3_record("a.fits", object={"size": size})).size_bytes == expected


@pytest.mark.parametrize(
    "size", [-1, "-1", 10**19, "9" * 19, "9" * 20, "9" * 5000, 1.5, True, "", "1k", [1], {"a": 1}]
)
def test_any_other_size_is_refused(size):
    assert code_of(s3_record("a.fits", object={"size": size})) == "bad-envelope"


@pytest.mark.parametrize("version", ["null", "", None, 3])
def test_the_only_version_of_an_object_has_no_name(version):
    assert parse_record(s3_record("a.fits", object={"versionId": version})).version_id is None


@pytest.mark.parametrize(
    "etag", ['"9b2cf535f27731c974343645a3985328-1"', "9b2cf535f27731c974343645a3985328-1"]
)
def test_an_etag_loses_its_quotes(etag):
    event = parse_record(s3_record("a.fits", object={"eTag": etag}))

    assert event.etag == "9b2cf535f27731c974343645a3985328-1"


@pytest.mark.parametrize("name", ["eTag", "versionId"])
@pytest.mark.parametrize("value", ["a\x00", "a\nb", "\ud800", '""', 7, []])
def test_an_identity_that_no_store_gives_is_none(name, value):
    event = parse_record(s3_record("a.fits", object={name: value}))

    assert {"eTag": event.etag, "versionId": event.version_id}[name] is None


@pytest.mark.parametrize("sequencer", [None, "", "not hexadecimal", 7])
def test_a_sequencer_that_is_none_leaves_the_order_open(sequencer):
    assert parse_record(s3_record("a.fits", object={"sequencer": sequencer})).sequencer is None


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-03-01T05:03:00.000Z", datetime(2026, 3, 1, 5, 3, tzinfo=UTC)),
        ("2026-03-01T05:03:00.123456789Z", datetime(2026, 3, 1, 5, 3, 0, 123456, tzinfo=UTC)),
        ("2026-03-01T07:03:00+02:00", datetime(2026, 3, 1, 5, 3, tzinfo=UTC)),
        ("2026-03-01T05:03:00", datetime(2026, 3, 1, 5, 3, tzinfo=UTC)),
    ],
)
def test_a_time_is_utc(written, time):
    assert parse_record(s3_record("a.fits", eventTime=written)).time == time


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "date",
        0,
        "2026-13-01",
        "1970-01-01T00:00:60Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_a_time_that_cannot_be_read_is_left_out(written):
    event = parse_record(s3_record("a.fits", eventTime=written))

    assert event.time is None


def test_an_excerpt_of_a_malformed_record_is_short_and_printable():
    parsed = parse_record(s3_record("a.fits", eventVersion="\x1b[31m\ud800", junk="x" * 64_000))

    assert len(parsed.excerpt) <= 200
    assert parsed.excerpt.isprintable()
    assert parsed.message.isprintable()

"""Objects read whole and in ranges, and what a store says of them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from store_places import BODY, ODD_BUCKET_KEYS, ODD_KEYS, RANGES, S3, Place, on
from underbutler.errors import StoreUnavailableError, UserError
from underbutler.local.endpoint import Endpoint


@pytest.mark.parametrize("body", [BODY, b"\n", b""], ids=["bytes", "one byte", "empty"])
def test_an_object_is_read_back_as_it_was_written(place: Place, body: bytes):
    place.write("night/f.fits", body)
    assert place.read("night/f.fits") == body


def test_an_object_written_again_is_replaced(place: Place):
    place.write("f.fits", b"before, and longer")
    place.write("f.fits", b"after")
    assert place.read("f.fits") == b"after"


def test_an_object_as_large_as_allowed_is_read(place: Place):
    place.write("f.json")
    assert place.read("f.json", largest_bytes=len(BODY)) == BODY


def test_an_object_larger_than_allowed_is_the_user_s_error(place: Place):
    place.write("f.json")
    with pytest.raises(UserError, match=f"has {len(BODY)} bytes") as caught:
        place.read("f.json", largest_bytes=len(BODY) - 1)
    assert caught.value.kind == "too-large"


def test_an_object_s_name_size_and_time_are_told(place: Place):
    before = datetime.now(UTC) - timedelta(seconds=2)
    place.write("night/f.fits")
    info = place.head("night/f.fits")
    assert info is not None
    assert (info.bucket, info.key) == (place.bucket, f"{place.folder}night/f.fits")
    assert info.size_bytes == len(BODY)
    assert info.last_modified is not None
    assert before <= info.last_modified <= datetime.now(UTC) + timedelta(seconds=2)


def test_an_empty_object_has_no_bytes(place: Place):
    place.write("f.fits", b"")
    info = place.head("f.fits")
    assert info is not None
    assert info.size_bytes == 0


def test_an_etag_is_not_quoted(place: Place):
    assert re.fullmatch(r"[0-9a-f-]+", place.write("f.fits").etag or "")


def test_an_etag_changes_with_the_content(place: Place):
    assert place.write("f.fits", b"before").etag != place.write("f.fits", b"after").etag


def test_what_writing_tells_of_an_object_is_what_is_told_of_it_later(place: Place):
    written = place.write("f.fits")
    found = place.head("f.fits")
    assert found is not None
    assert (written.bucket, written.key) == (found.bucket, found.key)
    assert (written.size_bytes, written.etag) == (found.size_bytes, found.etag)
    assert (written.version_id, found.version_id) == (None, None)


def test_a_listing_tells_of_an_object_what_is_told_of_it_alone(place: Place):
    place.write("night/f.fits")
    (listed,) = place.store.list(place.bucket, f"{place.folder}night")
    found = place.head("night/f.fits")
    assert found is not None
    assert (listed.bucket, listed.key) == (found.bucket, found.key)
    assert (listed.size_bytes, listed.etag) == (found.size_bytes, found.etag)


@pytest.mark.parametrize("size_bytes", [None, len(BODY)], ids=["unknown size", "known size"])
def test_a_range_has_the_bytes_that_are_there(place: Place, size_bytes: int | None):
    place.write("f.fits")
    found = {
        (start, end): place.read_range("f.fits", start, end, size_bytes=size_bytes)
        for start, end in RANGES
    }
    assert found == {(start, end): BODY[start:end] for start, end in RANGES}


@pytest.mark.parametrize("size_bytes", [None, 0], ids=["unknown size", "known size"])
def test_a_range_of_an_empty_object_is_empty(place: Place, size_bytes: int | None):
    place.write("f.fits", b"")
    assert place.read_range("f.fits", 0, 10, size_bytes=size_bytes) == b""
    assert place.read_range("f.fits", 5, 15, size_bytes=size_bytes) == b""


def test_ranges_are_read_in_any_order(place: Place):
    place.write("f.fits")
    read = place.store.reader(place.bucket, f"{place.folder}f.fits")
    ranges = [(9000, 9100), (0, 10), (10**6, 10**6 + 1), (5, 9000), (0, 10)]
    assert [read(*item) for item in ranges] == [BODY[start:end] for start, end in ranges]


def test_one_reader_serves_several_threads(place: Place):
    place.write("f.fits")
    read = place.store.reader(place.bucket, f"{place.folder}f.fits")
    starts = range(0, len(BODY), 500)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda start: read(start, start + 500), starts)) == [
            BODY[start : start + 500] for start in starts
        ]


def test_the_content_that_is_meant_is_read(place: Place):
    etag = place.write("f.fits").etag
    assert place.read("f.fits", etag=etag) == BODY
    assert place.read_range("f.fits", 10, 20, etag=etag) == BODY[10:20]


@pytest.mark.parametrize("now", [b"another", b""], ids=["bytes", "nothing"])
@pytest.mark.parametrize("size_bytes", [None, len(BODY)], ids=["unknown size", "known size"])
def test_a_range_of_another_content_than_the_one_meant_is_not_read(
    place: Place, now: bytes, size_bytes: int | None
):
    etag = place.write("f.fits").etag
    place.write("f.fits", now)
    with pytest.raises(StoreUnavailableError, match="changed while it was read") as caught:
        place.read_range("f.fits", 0, 10, etag=etag, size_bytes=size_bytes)
    assert caught.value.kind == "object-changed"


def test_another_content_than_the_one_meant_is_not_read_whole(place: Place):
    etag = place.write("f.json").etag
    place.write("f.json", b"another")
    with pytest.raises(StoreUnavailableError, match="changed while it was read") as caught:
        place.read("f.json", etag=etag)
    assert caught.value.kind == "object-changed"


def test_an_object_that_changes_between_two_ranges_is_not_read_on(place: Place):
    etag = place.write("f.fits").etag
    read = place.store.reader(place.bucket, f"{place.folder}f.fits", etag=etag)
    assert read(0, 10) == BODY[:10]
    place.write("f.fits", b"another")
    with pytest.raises(StoreUnavailableError) as caught:
        read(10, 20)
    assert caught.value.kind == "object-changed"


@pytest.fixture
def versioned(place: Place, endpoint: Endpoint) -> Place:
    """A place that keeps all versions of its objects."""
    endpoint.client("s3").put_bucket_versioning(
        Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return place


@on(*S3)
def test_every_version_has_an_id_of_its_own(versioned: Place):
    ids = [versioned.write("f.fits", body).version_id for body in (b"a", b"b", b"b")]
    assert None not in ids
    assert len(set(ids)) == 3


@on(*S3)
def test_the_newest_version_is_told(versioned: Place):
    versioned.write("f.fits", b"before")
    newest = versioned.write("f.fits", b"after")
    found = versioned.head("f.fits")
    assert found is not None
    assert (found.version_id, found.etag) == (newest.version_id, newest.etag)


@on(*S3)
@pytest.mark.parametrize("now", [b"another", b""], ids=["bytes", "nothing"])
def test_the_version_that_is_meant_is_read_whatever_came_later(versioned: Place, now: bytes):
    meant = versioned.write("f.fits")
    versioned.write("f.fits", now)
    found = versioned.read_range("f.fits", 0, 10, version_id=meant.version_id, etag=meant.etag)
    assert found == BODY[:10]


@on(*S3)
def test_the_version_that_is_meant_is_read_after_the_object_was_deleted(
    versioned: Place, endpoint: Endpoint
):
    meant = versioned.write("f.fits")
    endpoint.client("s3").delete_object(Bucket=versioned.bucket, Key="f.fits")
    assert versioned.head("f.fits") is None
    assert versioned.read_range("f.fits", 0, 10, version_id=meant.version_id) == BODY[:10]


def _assert_is_one_object(place: Place, key: str) -> None:
    body = b"body of " + key.encode()
    place.write(key, body)
    info = place.head(key)
    assert info is not None
    assert info.key == place.folder + key
    assert place.read(key) == body
    assert place.read_range(key, 3, 10**6) == body[3:]
    assert place.list(key) == [key]


@pytest.mark.parametrize("key", ODD_KEYS)
@on("memory", "files", "S3")
def test_an_odd_key_is_taken_literally(place: Place, key: str):
    _assert_is_one_object(place, key)


@pytest.mark.parametrize("key", ODD_BUCKET_KEYS)
@on("memory", "S3")
def test_a_key_that_is_an_odd_path_is_taken_literally(place: Place, key: str):
    _assert_is_one_object(place, key)


@on("S3", "S3 by boto3")
def test_odd_keys_are_those_that_others_see(place: Place, endpoint: Endpoint):
    keys = [*ODD_KEYS, *ODD_BUCKET_KEYS]
    client = endpoint.client("s3")
    for key in keys[::2]:
        place.write(key, key.encode())
    for key in keys[1::2]:
        client.put_object(Bucket=place.bucket, Key=key, Body=key.encode())
    theirs = {
        key: client.get_object(Bucket=place.bucket, Key=key)["Body"].read().decode()
        for key in keys[::2]
    }
    ours = {key: place.read(key).decode() for key in keys[1::2]}
    assert theirs | ours == {key: key for key in keys}


@on("memory", "S3", "S3 by boto3")
def test_odd_keys_are_different_objects_and_are_listed_in_order(place: Place):
    keys = [*ODD_KEYS, *ODD_BUCKET_KEYS]
    for key in keys:
        place.write(key, key.encode())
    assert {key: place.read(key).decode() for key in keys} == {key: key for key in keys}
    assert place.list() == sorted(keys, key=str.encode)

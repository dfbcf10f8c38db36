"""Listings, and what is not there or not allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from store_places import BODY, BUCKETS, FILES, S3, Place, _Boto3Store, on
from underbutler.errors import NotFoundError, StoreUnavailableError
from underbutler.local.endpoint import Endpoint
from underbutler.settings import AwsSettings
from underbutler.store.boto3_bucket import Boto3Bucket
from underbutler.store.routed import RoutedStore
from underbutler.store.s3 import S3Store

NIGHTS = ["n.fits", "n/a.fits", "n/a.json", "n/b/c.fits", "n/b/d.fits", "n-1/a.fits", "o.fits"]


def _write_nights(place: Place) -> None:
    for key in reversed(NIGHTS):
        place.write(key, b"")


@on(*BUCKETS)
def test_all_keys_that_begin_with_a_prefix_are_listed_in_order(place: Place):
    _write_nights(place)
    prefixes = ["", "n", "n/", "n/a", "n/a.fits", "n/b", "n/b/", "x", "/", "N"]
    assert {prefix: place.list(prefix) for prefix in prefixes} == {
        prefix: sorted(key for key in NIGHTS if key.startswith(prefix)) for prefix in prefixes
    }


@on(*S3)
def test_nothing_is_listed_of_an_empty_bucket(place: Place):
    assert place.list() == []


@on(*FILES)
def test_the_files_below_a_folder_are_listed_folder_by_folder_in_order_of_name(place: Place):
    _write_nights(place)
    assert place.list() == [
        "n.fits",
        "o.fits",
        "n/a.fits",
        "n/a.json",
        "n/b/c.fits",
        "n/b/d.fits",
        "n-1/a.fits",
    ]


@on(*FILES)
@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("n/b", ["n/b/c.fits", "n/b/d.fits"]),
        ("n/b/", ["n/b/c.fits", "n/b/d.fits"]),
        ("n/a.fits", ["n/a.fits"]),
    ],
)
def test_a_folder_or_a_file_is_listed_by_its_path(place: Place, prefix: str, found: list[str]):
    _write_nights(place)
    assert [key.replace("//", "/") for key in place.list(prefix)] == found


@on("memory", "files", "S3")
def test_a_listing_goes_on_after_a_thousand_keys(place: Place, endpoint: Endpoint):
    keys = [f"night/{number:05d}.fits" for number in range(1001)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: place.write(key, b""), keys))
    assert place.list("night") == keys


@on("S3")
def test_a_listing_goes_on_from_page_to_page(place: Place):
    _write_nights(place)
    bucket = Boto3Bucket(place.bucket, AwsSettings.from_environment())
    found = {
        size: [info.key for info in bucket.list("", page_size=size)]
        for size in range(1, len(NIGHTS) + 2)
    }
    assert found == dict.fromkeys(found, sorted(NIGHTS))


def test_there_is_nothing_to_tell_of_what_is_not_there(place: Place):
    assert place.head("no/f.fits") is None


@pytest.mark.parametrize("size_bytes", [None, 100], ids=["unknown size", "known size"])
@pytest.mark.parametrize("start", [0, 10])
def test_no_range_is_read_of_what_is_not_there(place: Place, start: int, size_bytes: int | None):
    with pytest.raises(NotFoundError, match=r"There is no \S*f\.fits") as caught:
        place.read_range("no/f.fits", start, start + 10, size_bytes=size_bytes)
    assert caught.value.kind == "missing-object"


def test_what_is_not_there_is_not_read_whole(place: Place):
    with pytest.raises(NotFoundError, match=r"There is no \S*f\.fits") as caught:
        place.read("no/f.fits")
    assert caught.value.kind == "missing-object"


def test_a_part_of_a_key_is_no_object(place: Place):
    place.write("night/f.fits")
    assert [place.head(key) for key in ("night", "night/", "night/f", "night/f.fits/g")] == [
        None
    ] * 4


@on(*FILES)
def test_below_a_file_there_is_nothing(place: Place):
    place.write("f.fits")
    with pytest.raises(NotFoundError) as caught:
        place.read("f.fits/g.fits")
    assert caught.value.kind == "missing-object"


@on(*S3)
def test_there_is_nothing_in_a_bucket_that_is_not_there(place: Place):
    nowhere = Place(place.store, "no-such-bucket")
    assert nowhere.head("f.fits") is None
    for ask in (nowhere.read, lambda key: nowhere.read_range(key, 0, 10), nowhere.list):
        with pytest.raises(NotFoundError):
            ask("f.fits")


@on(*FILES)
def test_a_folder_that_is_not_there_cannot_be_listed(place: Place):
    with pytest.raises(NotFoundError, match="There is no file or folder"):
        place.list("no")


@contextmanager
def _refusing_server() -> Iterator[str]:
    """A server that answers as S3 does to those who may not (S3 API reference, error codes)."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("make", [S3Store, _Boto3Store, RoutedStore])
def test_a_store_that_refuses_access_is_not_available(
    make: Callable[[AwsSettings], Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with _refusing_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        place = Place(make(AwsSettings.from_environment()), "raw")
        for ask in (place.head, place.read, lambda key: place.read_range(key, 0, 10), place.list):
            with pytest.raises(StoreUnavailableError, match="refuses access") as caught:
                ask("f.fits")
            assert caught.value.kind == "access-denied"


@pytest.mark.parametrize("make", [S3Store, _Boto3Store])
def test_credentials_of_a_profile_serve_where_the_environment_has_none(
    make: Callable[[AwsSettings], Any],
    aws_environment: Endpoint,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    profile = tmp_path / "credentials"
    profile.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    place = Place(make(AwsSettings.from_environment()), bucket)
    place.write("f.fits")
    assert place.read("f.fits") == BODY

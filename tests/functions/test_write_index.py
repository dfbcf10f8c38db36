"""The function that the queue of folders feeds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from factories import hsc_exposure, hsc_fits, sqs_event
from underbutler.local.night import hsc_header, make_fits
from underbutler.metadata.index import parse_index


@pytest.fixture
def index_bucket(deployed, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"{deployed.bucket}-indexes"
    deployed.endpoint.client("s3").create_bucket(Bucket=name)
    monkeypatch.setenv("UNDERBUTLER_INDEX_BUCKET", name)
    return name


@pytest.fixture
def handle(deployed, index_bucket, load_function):
    app = load_function("write_index")
    return lambda *folders: app.handler(
        sqs_event(
            *(json.dumps({"bucket": deployed.bucket, "folder": folder}) for folder in folders)
        ),
        None,
    )["batchItemFailures"]


def index_at(deployed, bucket: str, key: str) -> dict[str, Any]:
    body = deployed.endpoint.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert parse_index(body, bucket=bucket, key=key) is not None
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_folders_files_are_described_by_their_uris_where_the_index_would_lie(
    deployed, handle, index_bucket
) -> None:
    for detector in range(3):
        header = hsc_header(hsc_exposure(), detector)
        deployed.put(f"night/one/{detector}.fits", make_fits(header))
    deployed.put("night/one/more/9.fits", hsc_fits(detector=9))
    deployed.put("night/one/notes.txt", b"cloudy")

    assert handle("night/one") == []

    index = index_at(deployed, index_bucket, "night/one/_index.json")
    assert index["__CONTENT__"] == "translated"
    assert index["__COMMON__"]["exposure_id"] == 100_000
    files = {name: entry["detector_num"] for name, entry in index.items() if "s3://" in name}
    assert files == {f"s3://{deployed.bucket}/night/one/{n}.fits": n for n in range(3)}


def test_nothing_is_written_into_the_raw_bucket(deployed, handle) -> None:
    deployed.put("night/0.fits", hsc_fits())
    before = deployed.endpoint.client("s3").list_objects_v2(Bucket=deployed.bucket)["KeyCount"]

    handle("night")

    after = deployed.endpoint.client("s3").list_objects_v2(Bucket=deployed.bucket)["KeyCount"]
    assert after == before == 1


def test_the_same_again_writes_the_same(deployed, handle, index_bucket) -> None:
    deployed.put("night/0.fits", hsc_fits())
    handle("night")
    first = index_at(deployed, index_bucket, "night/_index.json")

    handle("night", "night")

    assert index_at(deployed, index_bucket, "night/_index.json") == first


def test_a_file_that_cannot_be_read_leaves_the_others_described(
    deployed, handle, index_bucket
) -> None:
    deployed.put("night/bad.fits", b"no FITS file")
    deployed.put("night/0.fits", hsc_fits(detector=0))

    assert handle("night") == []

    index = index_at(deployed, index_bucket, "night/_index.json")
    assert [name for name in index if name.startswith("s3://")] == [
        f"s3://{deployed.bucket}/night/0.fits"
    ]


def test_an_empty_folder_gets_no_index(deployed, handle, index_bucket) -> None:
    assert handle("nothing/here") == []
    with pytest.raises(ClientError, match="NoSuchKey"):
        index_at(deployed, index_bucket, "nothing/here/_index.json")


def test_a_message_that_is_none_of_ours_comes_again_and_the_others_do_not(
    deployed, index_bucket, load_function
) -> None:
    deployed.put("night/0.fits", hsc_fits())
    good = json.dumps({"bucket": deployed.bucket, "folder": "night"})
    event = sqs_event("no JSON", good)

    failures = load_function("write_index").handler(event, None)["batchItemFailures"]

    assert failures == [{"itemIdentifier": event["Records"][0]["messageId"]}]
    assert index_at(deployed, index_bucket, "night/_index.json")


def test_a_raw_bucket_is_not_taken_for_indexes(
    deployed, load_function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERBUTLER_INDEX_BUCKET", deployed.bucket)
    deployed.put("night/0.fits", hsc_fits())
    event = sqs_event(json.dumps({"bucket": deployed.bucket, "folder": "night"}))

    failures = load_function("write_index").handler(event, None)["batchItemFailures"]

    assert len(failures) == 1


def test_cards_are_written_where_that_is_configured(
    deployed, index_bucket, load_function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERBUTLER_INDEX_CONTENT", "metadata")
    deployed.put("night/0.fits", hsc_fits(detector=5))
    event = sqs_event(json.dumps({"bucket": deployed.bucket, "folder": "night"}))

    load_function("write_index").handler(event, None)

    index = index_at(deployed, index_bucket, "night/_index.json")
    assert index["__CONTENT__"] == "metadata"
    assert index["__COMMON__"]["DET-ID"] == 5

"""Stores of every kind, each with a place of its own to write to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from underbutler.model.object_info import ObjectInfo
from underbutler.settings import AwsSettings
from underbutler.store.boto3_bucket import Boto3Bucket
from underbutler.store.file import FileStore
from underbutler.store.memory import MemoryStore
from underbutler.store.routed import RoutedStore
from underbutler.store.s3 import S3Store

BODY = bytes(range(256)) * 40
ENOUGH = 2**20
RANGES = [
    (0, 1),
    (0, 100),
    (0, len(BODY)),
    (0, len(BODY) + 1),
    (0, 10**9),
    (5000, 5001),
    (len(BODY) - 1, len(BODY)),
    (len(BODY) - 10, len(BODY) + 10),
    (len(BODY), len(BODY) + 10),
    (len(BODY) + 1, len(BODY) + 10),
    (10**9, 10**9 + 10),
]
# Keys that some encoder, decoder or path library makes another key of.
ODD_KEYS = [
    "a b.fits",
    "a+b.fits",
    "a%2Bb.fits",
    "a%20b.fits",
    "50%.fits",
    "%25.fits",
    "%2525.fits",
    "%00.fits",
    "\N{LATIN SMALL LETTER E WITH ACUTE}.fits",
    "e\N{COMBINING ACUTE ACCENT}.fits",
    "α/漢字/\N{GRINNING FACE}.fits",
    "fragment#.fits",
    "query?a=b&c=d.fits",
    "=&.fits",
    'it\'s "quoted".fits',
    "back\\slash.fits",
    "<a>&amp;.fits",
    "a:b;c,d@$!*'()~[]{}|^`.fits",
    " spaces around .fits ",
    "folder%2Fname.fits",
    "a/%2E%2E/b.fits",
]
# Names of files in the same sense, but not as paths.
ODD_BUCKET_KEYS = [
    "//double//slash.fits",
    "double//slash.fits",
    "double/slash.fits",
    "/leading.fits",
    "trailing/",
    "./a.fits",
    "a/./b.fits",
    "../a/../b.fits",
    "new\nline.fits",
    "tab\t.fits",
    "delete\x7f.fits",
    "x" * 1019 + ".fits",
]


class _Boto3Store:
    """`Boto3Bucket` behind the interface of stores."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        return self._of(bucket).head(key)

    def reader(
        self,
        bucket: str,
        key: str,
        *,
        etag: str | None = None,
        version_id: str | None = None,
        size_bytes: int | None = None,
    ) -> Callable[[int, int], bytes]:
        return self._of(bucket).reader(key, etag=etag, version_id=version_id)

    def read(self, bucket: str, key: str, **options: Any) -> bytes:
        return self._of(bucket).read(key, **options)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        return self._of(bucket).list(prefix, page_size=1000)

    def write(self, bucket: str, key: str, body: bytes) -> ObjectInfo:
        return self._of(bucket).write(key, body)

    def _of(self, bucket: str) -> Boto3Bucket:
        return Boto3Bucket(bucket, self._settings)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test may put objects."""

    store: Any
    bucket: str
    folder: str = ""
    """What its keys begin with."""

    def write(self, key: str, body: bytes = BODY) -> ObjectInfo:
        info: ObjectInfo = self.store.write(self.bucket, self.folder + key, body)
        return info

    def write_pieces(self, key: str, pieces: Iterator[bytes]) -> ObjectInfo:
        info: ObjectInfo = self.store.write_pieces(self.bucket, self.folder + key, pieces)
        return info

    def head(self, key: str) -> ObjectInfo | None:
        info: ObjectInfo | None = self.store.head(self.bucket, self.folder + key)
        return info

    def read(self, key: str, *, largest_bytes: int = ENOUGH, **which: Any) -> bytes:
        body: bytes = self.store.read(
            self.bucket, self.folder + key, largest_bytes=largest_bytes, **which
        )
        return body

    def read_range(self, key: str, start: int, end: int, **which: Any) -> bytes:
        body: bytes = self.store.reader(self.bucket, self.folder + key, **which)(start, end)
        return body

    def list(self, prefix: str = "") -> list[str]:
        found = self.store.list(self.bucket, self.folder + prefix)
        return [info.key.removeprefix(self.folder) for info in found]


def _in_memory(request: pytest.FixtureRequest) -> Place:
    return Place(MemoryStore(), "raw")


def _in_files(request: pytest.FixtureRequest) -> Place:
    return Place(FileStore(), "", f"{request.getfixturevalue('tmp_path')}/")


def _in_routed_files(request: pytest.FixtureRequest) -> Place:
    store = RoutedStore(AwsSettings(region="us-east-1", s3_endpoint_url="http://127.0.0.1:1"))
    return Place(store, "", f"{request.getfixturevalue('tmp_path')}/")


def _in_s3(request: pytest.FixtureRequest, make: Callable[[AwsSettings], Any]) -> Place:
    request.getfixturevalue("aws_environment")
    return Place(make(AwsSettings.from_environment()), request.getfixturevalue("bucket"))


PLACES: dict[str, Callable[[pytest.FixtureRequest], Place]] = {
    "memory": _in_memory,
    "files": _in_files,
    "S3": lambda request: _in_s3(request, S3Store),
    "S3 by boto3": lambda request: _in_s3(request, _Boto3Store),
    "routed files": _in_routed_files,
    "routed S3": lambda request: _in_s3(request, RoutedStore),
}
FILES = ["files", "routed files"]
S3 = ["S3", "S3 by boto3", "routed S3"]
BUCKETS = ["memory", *S3]
IN_PIECES = ["files", "S3"]


def on(*names: str) -> pytest.MarkDecorator:
    """Run a test on some stores only."""
    return pytest.mark.parametrize("place", names, indirect=True)

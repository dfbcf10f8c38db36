"""Objects in memory, for tests: a bucket that counts what is asked of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from underbutler.errors import NotFoundError, StoreUnavailableError, UserError
from underbutler.model.object_info import ObjectInfo

__all__ = ["MemoryStore"]


class MemoryStore:
    """Buckets that live as long as the object."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self.requests: Counter[str] = Counter()
        """Requests by verb."""

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """Ask for an object; None when there is none."""
        self.requests["head"] += 1
        return self._info(bucket, key) if (bucket, key) in self._objects else None

    def reader(
        self,
        bucket: str,
        key: str,
        *,
        etag: str | None = None,
        version_id: str | None = None,
        size_bytes: int | None = None,
    ) -> Callable[[int, int], bytes]:
        """Make a reader of ranges [start, end) of one object; errors as those of ``S3Store``."""

        def read(start: int, end: int) -> bytes:
            return self._content(bucket, key, etag)[start:end]

        return read

    def read(self, bucket: str, key: str, *, largest_bytes: int, etag: str | None = None) -> bytes:
        """Read a whole small object; errors as those of ``S3Store``."""
        body = self._content(bucket, key, etag)
        if len(body) > largest_bytes:
            raise UserError(f"s3://{bucket}/{key} has {len(body)} bytes.", kind="too-large")
        return body

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """List the objects whose keys begin with a prefix, in order of key."""
        self.requests["list"] += 1
        for owner, key in sorted(self._objects):
            if owner == bucket and key.startswith(prefix):
                yield self._info(bucket, key)

    def write(self, bucket: str, key: str, body: bytes) -> ObjectInfo:
        """Write a whole object."""
        self.requests["write"] += 1
        self._objects[bucket, key] = (body, datetime.now(UTC))
        return self._info(bucket, key)

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object, if it is there."""
        self._objects.pop((bucket, key), None)

    def _content(self, bucket: str, key: str, etag: str | None) -> bytes:
        self.requests["get"] += 1
        if (bucket, key) not in self._objects:
            raise NotFoundError(f"There is no s3://{bucket}/{key}.", kind="missing-object")
        if etag and self._info(bucket, key).etag != etag:
            raise StoreUnavailableError(
                f"s3://{bucket}/{key} changed while it was read.", kind="object-changed"
            )
        return self._objects[bucket, key][0]

    def _info(self, bucket: str, key: str) -> ObjectInfo:
        body, written = self._objects[bucket, key]
        return ObjectInfo(
            bucket=bucket,
            key=key,
            size_bytes=len(body),
            etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
            last_modified=written,
        )

"""Objects wherever they are: files by no bucket, everything else by S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from underbutler.errors import NotFoundError
from underbutler.model.object_info import ObjectInfo
from underbutler.model.raw_object import object_uri
from underbutler.store.file import FileStore

if TYPE_CHECKING:
    from underbutler.settings import AwsSettings
    from underbutler.store.s3 import S3Store

__all__ = ["RoutedStore"]

_PIECE_BYTES = 8 * 2**20


class RoutedStore:
    """Local files and one S3 endpoint behind one interface; errors as those of ``S3Store``.

    Parameters
    ----------
    settings
        Endpoint and region, used when the first bucket is.
    """

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._files = FileStore()
        self._objects: S3Store | None = None

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """Ask for an object; None when there is none."""
        return self._of(bucket).head(bucket, key)

    def reader(
        self,
        bucket: str,
        key: str,
        *,
        etag: str | None = None,
        version_id: str | None = None,
        size_bytes: int | None = None,
    ) -> Callable[[int, int], bytes]:
        """Make a reader of ranges [start, end) of one object."""
        return self._of(bucket).reader(
            bucket, key, etag=etag, version_id=version_id, size_bytes=size_bytes
        )

    def read(self, bucket: str, key: str, *, largest_bytes: int, etag: str | None = None) -> bytes:
        """Read a whole small object."""
        return self._of(bucket).read(bucket, key, largest_bytes=largest_bytes, etag=etag)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """List objects by prefix, or the files below a folder."""
        return self._of(bucket).list(bucket, prefix)

    def write(self, bucket: str, key: str, body: bytes) -> ObjectInfo:
        """Write a whole object."""
        return self._of(bucket).write(bucket, key, body)

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> ObjectInfo:
        """Copy an object, (bucket, key) to (bucket, key), a piece at a time.

        Raises
        ------
        NotFoundError
            There is no such object (kind ``missing-object``).
        StoreUnavailableError
            The store does not answer, or the object changed meanwhile.
        """
        info = self.head(*source)
        if info is None:
            raise NotFoundError(f"There is no {object_uri(*source)}.", kind="missing-object")
        read = self.reader(*source, etag=info.etag, size_bytes=info.size_bytes)
        pieces = (
            read(start, start + _PIECE_BYTES) for start in range(0, info.size_bytes, _PIECE_BYTES)
        )
        return self._of(target[0]).write_pieces(*target, pieces)

    def _of(self, bucket: str) -> FileStore | S3Store:
        if not bucket:
            return self._files
        if self._objects is None:
            # A laptop repository of local files never needs it.
            from underbutler.store.s3 import S3Store

            self._objects = S3Store(self._settings)
        return self._objects

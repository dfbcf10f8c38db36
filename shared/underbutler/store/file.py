"""Local files as objects: no bucket, absolute paths as keys."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from underbutler.errors import NotFoundError, StoreUnavailableError, UserError
from underbutler.model.object_info import ObjectInfo

__all__ = ["FileStore"]


class FileStore:
    """The local file system."""

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """Ask for a file; None when there is none."""
        path = Path(key)
        try:
            with _translated(key):
                return _info(bucket, path, path.stat()) if path.is_file() else None
        except NotFoundError:
            return None

    def reader(
        self,
        bucket: str,
        key: str,
        *,
        etag: str | None = None,
        version_id: str | None = None,
        size_bytes: int | None = None,
    ) -> Callable[[int, int], bytes]:
        """Make a reader of ranges [start, end) of one file; errors as those of ``S3Store``."""

        def read(start: int, end: int) -> bytes:
            with _translated(key), Path(key).open("rb") as file:
                if etag and _etag(os.fstat(file.fileno())) != etag:
                    raise StoreUnavailableError(
                        f"{key} changed while it was read.", kind="object-changed"
                    )
                file.seek(start)
                return file.read(end - start)

        return read

    def read(self, bucket: str, key: str, *, largest_bytes: int, etag: str | None = None) -> bytes:
        """Read a whole small file; errors as those of ``S3Store``."""
        with _translated(key):
            size = Path(key).stat().st_size
        if size > largest_bytes:
            raise UserError(f"{key} has {size} bytes, over {largest_bytes}.", kind="too-large")
        return self.reader(bucket, key, etag=etag)(0, size)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """List the files below a folder, or the one file, in order of path.

        Raises
        ------
        NotFoundError
            There is no such file or folder.
        StoreUnavailableError
            A folder may not be read: what is in it must not seem not to be there.
        """
        root = Path(prefix)
        with _translated(prefix):
            if root.is_file():
                yield _info(bucket, root, root.stat())
                return
            if not root.is_dir():
                raise NotFoundError(f"There is no file or folder {prefix}.")
        for folder, folders, names in os.walk(root, onerror=_refuse):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file():
                    yield _info(bucket, path, path.stat())

    def write(self, bucket: str, key: str, body: bytes) -> ObjectInfo:
        """Write a whole file, so that nobody sees half of it."""
        return self.write_pieces(bucket, key, [body])

    def write_pieces(self, bucket: str, key: str, pieces: Iterable[bytes]) -> ObjectInfo:
        """Write a file piece by piece, so that nobody sees half of it."""
        path = Path(key)
        with _translated(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            # A name of its own: two writers of one file must not share what is unfinished.
            number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            unfinished = Path(name)
            try:
                with os.fdopen(number, "wb") as file:
                    for piece in pieces:
                        file.write(piece)
                unfinished.chmod(0o666 & ~_umask())
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            return _info(bucket, path, path.stat())


def _info(bucket: str, path: Path, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        bucket=bucket,
        key=str(path),
        size_bytes=status.st_size,
        etag=_etag(status),
        last_modified=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def _refuse(error: OSError) -> None:
    with _translated(str(error.filename)):
        raise error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _etag(status: os.stat_result) -> str:
    """Make what changes when a file's content does: its time and its size."""
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"There is no {key}.", kind="missing-object") from error
    except PermissionError as error:
        raise StoreUnavailableError(f"{key} may not be read.", kind="access-denied") from error
    except OSError as error:
        raise StoreUnavailableError(f"{key} cannot be read: {error}.") from error

"""Objects of S3, or of what speaks like it: Ceph, MinIO, SeaweedFS."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store as Bucket

from underbutler.errors import ConfigurationError, NotFoundError, StoreUnavailableError, UserError
from underbutler.model.object_info import ObjectInfo
from underbutler.store.boto3_bucket import Boto3Bucket

if TYPE_CHECKING:
    from obstore import GetOptions

    from underbutler.settings import AwsSettings

__all__ = ["S3Store"]

# obstore rewrites such keys: they would name another object.
_NOT_LITERAL = re.compile(r"(^|/)(\.{0,2})(/|$)|[\x00-\x1f\x7f]")
_CONNECT_TIMEOUT = "5s"
_REQUEST_TIMEOUT = "30s"
_RETRIES = 4
_RETRY_FOR = timedelta(seconds=40)
_LISTING_PAGE = 1000


class S3Store:
    """Buckets of one endpoint.

    Parameters
    ----------
    settings
        Endpoint and region.
    """

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._buckets: dict[str, Bucket] = {}

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """Ask for an object; None when there is none.

        Raises
        ------
        StoreUnavailableError
            The store does not answer, or not to us.
        """
        if _NOT_LITERAL.search(key):
            return self._fallback(bucket).head(key)
        try:
            with _translated(bucket, key):
                return _info(bucket, obstore.head(self._bucket(bucket), key))
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
        """Make a reader of ranges [start, end) of one object; fewer bytes at its end.

        Parameters
        ----------
        bucket, key
            The object.
        etag, version_id
            Which content is meant, where known: another is not read.
        size_bytes
            Its size, where known.

        Raises
        ------
        NotFoundError
            By the reader: there is no such object (kind ``missing-object``).
        StoreUnavailableError
            By the reader: the store does not answer, or the object changed
            (kind ``object-changed``).
        """
        if _NOT_LITERAL.search(key):
            return self._fallback(bucket).reader(key, etag=etag, version_id=version_id)
        store = self._bucket(bucket)
        size = size_bytes

        def read(start: int, end: int) -> bytes:
            nonlocal size
            options: GetOptions = {}
            if etag:
                options["if_match"] = f'"{etag}"'
            if version_id:
                options["version"] = version_id
            if size is None:
                # A range beyond the end is refused, and by that cannot be told from a fault.
                with _translated(bucket, key):
                    size = obstore.get(store, key, options={**options, "head": True}).meta["size"]
            if start >= size:
                return b""
            options["range"] = (start, end)
            with _translated(bucket, key):
                result = obstore.get(store, key, options=options)
                size = result.meta["size"]
                return bytes(result.bytes())

        return read

    def read(self, bucket: str, key: str, *, largest_bytes: int, etag: str | None = None) -> bytes:
        """Read a whole small object.

        Raises
        ------
        NotFoundError
            There is no such object (kind ``missing-object``).
        UserError
            It is larger than allowed (kind ``too-large``).
        StoreUnavailableError
            The store does not answer, or the object changed (kind ``object-changed``).
        """
        if _NOT_LITERAL.search(key):
            return self._fallback(bucket).read(key, largest_bytes=largest_bytes, etag=etag)
        options: GetOptions = {"if_match": f'"{etag}"'} if etag else {}
        with _translated(bucket, key):
            result = obstore.get(self._bucket(bucket), key, options=options)
            if result.meta["size"] > largest_bytes:
                raise UserError(
                    f"s3://{bucket}/{key} has {result.meta['size']} bytes, over {largest_bytes}.",
                    kind="too-large",
                )
            return bytes(result.bytes())

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """List the objects whose keys begin with a prefix, in order of key.

        Raises
        ------
        StoreUnavailableError
            The store does not answer, or not to us.
        NotFoundError
            There is no such bucket.
        """
        # Not obstore: it takes a prefix for a folder, and rewrites keys as above.
        return self._fallback(bucket).list(prefix, page_size=_LISTING_PAGE)

    def write(self, bucket: str, key: str, body: bytes) -> ObjectInfo:
        """Write a whole object.

        Raises
        ------
        StoreUnavailableError
            The store does not answer, or not to us.
        """
        if _NOT_LITERAL.search(key):
            return self._fallback(bucket).write(key, body)
        with _translated(bucket, key):
            result = obstore.put(self._bucket(bucket), key, body)
        return ObjectInfo(
            bucket=bucket,
            key=key,
            size_bytes=len(body),
            etag=(result["e_tag"] or "").strip('"') or None,
            version_id=result["version"],
        )

    def write_pieces(self, bucket: str, key: str, pieces: Iterable[bytes]) -> ObjectInfo:
        """Write an object piece by piece, in a multipart upload when it is large.

        Raises
        ------
        StoreUnavailableError
            The store does not answer, or not to us.
        """
        if _NOT_LITERAL.search(key):
            return self._fallback(bucket).write(key, b"".join(pieces))
        with tempfile.TemporaryFile() as whole:
            # On obstore's own threads, which ask for the pieces, obstore may not be called again.
            whole.writelines(pieces)
            whole.seek(0)
            with _translated(bucket, key):
                result = obstore.put(self._bucket(bucket), key, whole)
        info = self.head(bucket, key)
        if info is None:
            raise NotFoundError(f"There is no s3://{bucket}/{key}.", kind="missing-object")
        return replace(info, version_id=result["version"])

    def _bucket(self, bucket: str) -> Bucket:
        if bucket not in self._buckets:
            endpoint = self._settings.s3_endpoint_url
            options: dict[str, Any] = {"region": self._settings.region}
            if endpoint:
                options["endpoint"] = endpoint
                options["virtual_hosted_style_request"] = False
            if not self._settings.has_environment_credentials:
                options["credential_provider"] = _profile_credentials()
            self._buckets[bucket] = Bucket(
                bucket,
                client_options={
                    "allow_http": bool(endpoint and endpoint.startswith("http:")),
                    "connect_timeout": _CONNECT_TIMEOUT,
                    "timeout": _REQUEST_TIMEOUT,
                },
                retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_FOR},
                **options,
            )
        return self._buckets[bucket]

    def _fallback(self, bucket: str) -> Boto3Bucket:
        return Boto3Bucket(bucket, self._settings)


def _info(bucket: str, meta: Any) -> ObjectInfo:
    return ObjectInfo(
        bucket=bucket,
        key=meta["path"],
        size_bytes=meta["size"],
        etag=(meta["e_tag"] or "").strip('"') or None,
        version_id=meta["version"],
        last_modified=meta["last_modified"],
    )


@contextmanager
def _translated(bucket: str, key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no s3://{bucket}/{key}.", kind="missing-object") from error
    except PreconditionError as error:
        raise StoreUnavailableError(
            f"s3://{bucket}/{key} changed while it was read.", kind="object-changed"
        ) from error
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StoreUnavailableError(
            f"The store refuses access to s3://{bucket}/{key}.",
            hint="Check the credentials and the bucket's policy.",
            kind="access-denied",
        ) from error
    except (BaseError, OSError) as error:
        text = " ".join(str(error).split())[:300]
        raise StoreUnavailableError(f"The store failed on s3://{bucket}/{key}: {text}") from error


def _profile_credentials() -> Any:
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise ConfigurationError(
            "The environment holds no AWS access key, and boto3, which would look for profiles and "
            "roles, is not installed.",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pip install "
            "'underbutler[aws]'.",
        ) from error
    try:
        return Boto3CredentialProvider()
    except ValueError as error:
        raise ConfigurationError(
            "There are no AWS credentials in the environment, a profile or a role.",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        ) from error

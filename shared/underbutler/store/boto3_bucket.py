"""A bucket through boto3: for what obstore lacks, such as keys that it would rewrite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from underbutler.errors import ConfigurationError, NotFoundError, StoreUnavailableError, UserError
from underbutler.model.object_info import ObjectInfo

if TYPE_CHECKING:
    from underbutler.settings import AwsSettings

__all__ = ["Boto3Bucket"]

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound"})
_CHANGED = frozenset({"412", "PreconditionFailed"})
_DENIED = frozenset({"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_BEYOND = frozenset({"416", "InvalidRange"})


class Boto3Bucket:
    """One bucket.

    Parameters
    ----------
    bucket
        Its name.
    settings
        Endpoint and region.
    """

    def __init__(self, bucket: str, settings: AwsSettings) -> None:
        self._bucket = bucket
        self._client = _client(settings)

    def head(self, key: str) -> ObjectInfo | None:
        """Ask for an object; None when there is none."""
        try:
            with _translated(self._bucket, key):
                answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except NotFoundError:
            return None
        return ObjectInfo(
            bucket=self._bucket,
            key=key,
            size_bytes=answer["ContentLength"],
            etag=answer["ETag"].strip('"'),
            version_id=answer.get("VersionId"),
            last_modified=answer["LastModified"],
        )

    def reader(
        self, key: str, *, etag: str | None = None, version_id: str | None = None
    ) -> Callable[[int, int], bytes]:
        """Make a reader of ranges [start, end) of one object."""

        def read(start: int, end: int) -> bytes:
            which: dict[str, str] = {"IfMatch": f'"{etag}"'} if etag else {}
            if version_id:
                which["VersionId"] = version_id
            try:
                with _translated(self._bucket, key):
                    answer = self._client.get_object(
                        Bucket=self._bucket, Key=key, Range=f"bytes={start}-{end - 1}", **which
                    )
                    body: bytes = answer["Body"].read()
            except _BeyondEndError:
                return b""
            return body

        return read

    def read(self, key: str, *, largest_bytes: int, etag: str | None = None) -> bytes:
        """Read a whole small object."""
        which: dict[str, str] = {"IfMatch": f'"{etag}"'} if etag else {}
        with _translated(self._bucket, key):
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **which)
            if answer["ContentLength"] > largest_bytes:
                raise UserError(
                    f"s3://{self._bucket}/{key} has {answer['ContentLength']} bytes, "
                    f"over {largest_bytes}.",
                    kind="too-large",
                )
            body: bytes = answer["Body"].read()
            return body

    def list(self, prefix: str, *, page_size: int) -> Iterator[ObjectInfo]:
        """List the objects whose keys begin with a prefix, in order of key."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, PaginationConfig={"PageSize": page_size}
        )
        with _translated(self._bucket, prefix):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield ObjectInfo(
                        bucket=self._bucket,
                        key=item["Key"],
                        size_bytes=item["Size"],
                        etag=item["ETag"].strip('"'),
                        last_modified=item["LastModified"],
                    )

    def write(self, key: str, body: bytes) -> ObjectInfo:
        """Write a whole object."""
        with _translated(self._bucket, key):
            answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        return ObjectInfo(
            bucket=self._bucket,
            key=key,
            size_bytes=len(body),
            etag=answer["ETag"].strip('"'),
            version_id=answer.get("VersionId"),
        )


class _BeyondEndError(Exception):
    pass


@contextmanager
def _translated(bucket: str, key: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _BEYOND:
            raise _BeyondEndError from error
        if code in _MISSING:
            raise NotFoundError(
                f"There is no s3://{bucket}/{key}.", kind="missing-object"
            ) from error
        if code in _CHANGED:
            raise StoreUnavailableError(
                f"s3://{bucket}/{key} changed while it was read.", kind="object-changed"
            ) from error
        if code in _DENIED:
            raise StoreUnavailableError(
                f"The store refuses access to s3://{bucket}/{key}.",
                hint="Check the credentials and the bucket's policy.",
                kind="access-denied",
            ) from error
        raise StoreUnavailableError(f"The store failed on s3://{bucket}/{key}: {error}") from error
    except NoCredentialsError as error:
        raise ConfigurationError(
            f"There are no AWS credentials for s3://{bucket}/{key}.",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        ) from error
    except BotoCoreError as error:
        raise StoreUnavailableError(f"The store failed on s3://{bucket}/{key}: {error}") from error


@lru_cache(maxsize=4)
def _client(settings: AwsSettings) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise ConfigurationError(
            "This needs boto3, which is not installed.", hint="pip install 'underbutler[aws]'."
        ) from error
    return boto3.client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.s3_endpoint_url,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 4},
            s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
        ),
    )

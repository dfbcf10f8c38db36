"""URIs of objects and files, in the form ``lsst.resources`` reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from underbutler.errors import UserError

__all__ = ["ObjectUri"]

# What would be read as escape, fragment or query, and what cannot be shown.
_RESERVED = re.compile(r"[%#?\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, order=True)
class ObjectUri:
    """Address of an object: ``s3://bucket/key``, or of a local file: ``file:///path``.

    The written form is the literal key but for ``%``, ``#``, ``?`` and control characters, which
    are percent-encoded: what ``lsst.resources.ResourcePath`` decodes to the same key, and what
    the S3 tools take literally wherever the key has none of them.
    """

    scheme: str
    """``s3`` or ``file``."""
    bucket: str
    """Bucket, with its tenant on Ceph (``tenant:bucket``); empty for a file."""
    key: str
    """Literal key; of a file, its absolute path."""

    @classmethod
    def parse(cls, text: str) -> ObjectUri:
        """Read a URI.

        Raises
        ------
        UserError
            The text is no ``s3://`` or ``file://`` URI.
        """
        scheme, separator, rest = text.partition("://")
        if separator and scheme == "file" and rest.startswith("/"):
            return cls("file", "", unquote(rest))
        if separator and scheme == "s3":
            bucket, _, key = rest.partition("/")
            if "@" in bucket:
                # Not the text: what stands there may be a secret.
                raise UserError("A URI names a bucket and a key, and holds no credentials.")
            if bucket:
                return cls("s3", bucket, unquote(key))
        raise UserError(f"{text!r} is no s3://bucket/key or file:///path URI.")

    @classmethod
    def from_location(cls, location: str) -> ObjectUri:
        """Read what a user calls a place by: a URI, or a path.

        Raises
        ------
        UserError
            It is empty, or a URI of another kind.
        """
        if not location.strip():
            raise UserError(
                "A location is empty.", hint="Give a file, a folder or an s3:// prefix."
            )
        if "://" in location:
            return cls.parse(location)
        return cls("file", "", str(Path(location).expanduser().absolute()))

    def __str__(self) -> str:
        key = _RESERVED.sub(lambda found: f"%{ord(found[0]):02X}", self.key)
        return f"file://{key}" if self.scheme == "file" else f"{self.scheme}://{self.bucket}/{key}"

"""What a store says of an object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["ObjectInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object of a bucket, or a local file, as it is now."""

    bucket: str
    """Empty for a local file."""
    key: str
    """Of a local file, its absolute path."""
    size_bytes: int
    etag: str | None
    """Unquoted; changes when the content does."""
    version_id: str | None = None
    last_modified: datetime | None = None
    """UTC."""

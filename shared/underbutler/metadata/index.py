"""Index files: ``_index.json``, as ``astrometadata write-index`` makes them.

Format: reference in astro_metadata_translator ``indexing.py``; lists of detectors are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from underbutler.errors import BadIndexError
from underbutler.metadata.detector_list import read_detectors
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource
from underbutler.model.raw_object import ObjectKind, classify_key
from underbutler.model.strict_json import load_json

__all__ = [
    "COMMON_KEY",
    "CONTENT_KEY",
    "LARGEST_INDEX_BYTES",
    "Index",
    "parse_index",
    "read_content_mode",
]

COMMON_KEY = "__COMMON__"
"""Key of what holds for all files."""
CONTENT_KEY = "__CONTENT__"
"""Key of what an index or sidecar holds: a `ContentMode`."""
LARGEST_INDEX_BYTES = 64 * 2**20
"""Index of some 50,000 files; a larger one would not fit beside the rest in a small Lambda."""

# S3 keys are at most 1,024 bytes of UTF-8.
_LONGEST_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Index:
    """What an index says, file by file."""

    entries: tuple[MetadataEntry, ...]
    problems: tuple[str, ...] = ()
    """Entries that were left out, and why."""


def parse_index(body: bytes, *, bucket: str, key: str, etag: str = "") -> Index:
    """Read an index.

    What is common to all files wins over what a file says itself, as in the Butler. An entry is an
    object, or for a file of many HDUs a list of objects, one a detector. Names of files are
    relative to the index's folder; one that leads out of the bucket is left out.

    Raises
    ------
    BadIndexError
        Not an index: the files then speak for themselves.
    """
    try:
        # Written by astro_metadata_translator, which writes NaN as such.
        content = load_json(body, allow_nan=True)
    except ValueError as error:
        raise BadIndexError(f"The index is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise BadIndexError("The index is no JSON object.")
    if COMMON_KEY not in content:
        raise BadIndexError(f"The index has no {COMMON_KEY}.")
    mode = read_content_mode(content.pop(CONTENT_KEY, None)) or ContentMode.METADATA
    common = content.pop(COMMON_KEY)
    if not isinstance(common, dict):
        raise BadIndexError(f"The index's {COMMON_KEY} is no JSON object.")
    entries: list[MetadataEntry] = []
    problems: list[str] = []
    for name, own in content.items():
        detectors: tuple[Mapping[str, Any], ...] = ()
        if isinstance(own, list):
            detectors = read_detectors(own, common, f"The index's entry for {name[:80]!r}")
        elif not isinstance(own, dict):
            raise BadIndexError(f"The index's entry for {name!r} is no JSON object.")
        target = _resolve(key, name)
        if target is None:
            problems.append(f"{name[:80]!r} is no key, or leads out of the bucket")
        elif classify_key(target) is not ObjectKind.FITS:
            problems.append(f"{name[:80]!r} is no FITS file by its name")
        else:
            entries.append(
                MetadataEntry(
                    bucket=bucket,
                    target=target,
                    source_key=key,
                    source=MetadataSource.INDEX,
                    content=mode,
                    source_etag=etag,
                    entry={} if detectors else own | common,
                    detectors=detectors,
                )
            )
    return Index(tuple(entries), tuple(problems))


def read_content_mode(value: Any, kind: str = "bad-index") -> ContentMode | None:
    """Read ``__CONTENT__``; None where it is missing.

    Raises
    ------
    BadIndexError
        Neither ``metadata`` nor ``translated``.
    """
    if value is None:
        return None
    try:
        return ContentMode(value)
    except ValueError as error:
        raise BadIndexError(
            f"{CONTENT_KEY} is {value!r}; expected 'metadata' or 'translated'.", kind=kind
        ) from error


def _resolve(index_key: str, name: str) -> str | None:
    """Make the key that a name in an index stands for; None when there is none.

    The index's own folder is literal, as keys are: it may be called ``a//b`` or ``..``.
    """
    if name.startswith("/") or "://" in name or "\x00" in name:
        return None
    folders = index_key.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            if not any(folders):
                return None
            folders.pop()
        elif part not in ("", "."):
            folders.append(part)
    key = "/".join(folders)
    try:
        return key if len(key.encode("utf-8")) <= _LONGEST_KEY_BYTES else None
    except UnicodeEncodeError:
        return None

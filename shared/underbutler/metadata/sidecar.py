"""Sidecars: ``<file>.json``, as ``astrometadata write-sidecar`` makes them, or lists of such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from underbutler.errors import BadIndexError
from underbutler.metadata.detector_list import read_detectors
from underbutler.metadata.index import CONTENT_KEY, read_content_mode
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource
from underbutler.model.raw_object import stem_of
from underbutler.model.strict_json import load_json

__all__ = ["LARGEST_SIDECAR_BYTES", "parse_sidecar"]

LARGEST_SIDECAR_BYTES = 4 * 2**20
"""Ten times the header of the largest camera; a larger file is no sidecar."""


def parse_sidecar(body: bytes, *, bucket: str, key: str, etag: str = "") -> MetadataEntry:
    """Read a sidecar: an object, or for a file of many HDUs a list of objects, one a detector.

    Without ``__CONTENT__`` it is taken for translated metadata if it names an instrument and an
    observation, for a header otherwise, as in the Butler.

    Raises
    ------
    BadIndexError
        Not a sidecar: its file then speaks for itself.
    """
    try:
        content = load_json(body, allow_nan=True)
    except ValueError as error:
        raise BadIndexError(f"The sidecar is no JSON: {error}.", kind="bad-sidecar") from error
    detectors: tuple[Mapping[str, Any], ...] = ()
    if isinstance(content, list):
        detectors = read_detectors(content, {}, "The sidecar", "bad-sidecar")
    elif not isinstance(content, dict):
        raise BadIndexError("The sidecar is no JSON object.", kind="bad-sidecar")
    parts = detectors or (content,)
    return MetadataEntry(
        bucket=bucket,
        target=stem_of(key),
        source_key=key,
        source=MetadataSource.SIDECAR,
        content=_content_mode(parts),
        source_etag=etag,
        entry={} if detectors else _without_mode(content),
        detectors=tuple(_without_mode(detector) for detector in detectors),
    )


def _content_mode(parts: Sequence[Mapping[str, Any]]) -> ContentMode:
    modes = (read_content_mode(part.get(CONTENT_KEY), "bad-sidecar") for part in parts)
    told = {mode for mode in modes if mode is not None}
    if len(told) > 1:
        raise BadIndexError(
            f"The sidecar's detectors do not agree on {CONTENT_KEY}.", kind="bad-sidecar"
        )
    if told:
        return told.pop()
    is_translated = all("observation_id" in part and "instrument" in part for part in parts)
    return ContentMode.TRANSLATED if is_translated else ContentMode.METADATA


def _without_mode(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in part.items() if key != CONTENT_KEY}

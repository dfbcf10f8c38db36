"""Sidecars: ``<file>.json``, as ``astrometadata write-sidecar`` makes them."""

from __future__ import annotations

from underbutler.errors import BadIndexError
from underbutler.metadata.index import read_content_mode
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource
from underbutler.model.raw_object import stem_of
from underbutler.model.strict_json import load_json

__all__ = ["LARGEST_SIDECAR_BYTES", "parse_sidecar"]

LARGEST_SIDECAR_BYTES = 4 * 2**20
"""Ten times the header of the largest camera; a larger file is no sidecar."""


def parse_sidecar(body: bytes, *, bucket: str, key: str, etag: str = "") -> MetadataEntry:
    """Read a sidecar.

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
    if not isinstance(content, dict):
        raise BadIndexError("The sidecar is no JSON object.", kind="bad-sidecar")
    mode = read_content_mode(content.pop("__CONTENT__", None), "bad-sidecar")
    if mode is None:
        is_translated = "observation_id" in content and "instrument" in content
        mode = ContentMode.TRANSLATED if is_translated else ContentMode.METADATA
    return MetadataEntry(
        bucket=bucket,
        target=stem_of(key),
        source_key=key,
        source=MetadataSource.SIDECAR,
        content=mode,
        source_etag=etag,
        entry=content,
    )

"""Metadata of one file as an index or a sidecar gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from underbutler.model.observation import MetadataSource
from underbutler.model.raw_object import stem_of

__all__ = ["HDU", "ContentMode", "MetadataEntry"]

HDU = "__HDU__"
"""Key under which a listed detector names its HDU, the primary one being 0."""


class ContentMode(StrEnum):
    """What an index or sidecar holds, by the values of its ``__CONTENT__``."""

    METADATA = "metadata"
    """FITS header cards."""
    TRANSLATED = "translated"
    """Properties of an observation (``ObservationInfo``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataEntry:
    """What an index or sidecar says of one file."""

    bucket: str
    target: str
    """Of an index entry the file's key, of a sidecar the file's stem."""
    source_key: str
    """Key of the index or sidecar."""
    source: MetadataSource
    content: ContentMode
    source_etag: str
    """Etag of the index or sidecar: which content of it this is."""
    entry: Mapping[str, Any] = field(compare=False)
    """Keys and values, with what is common to the index merged in; empty where detectors are
    listed."""
    detectors: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    """The same for each detector of a file of many HDUs, with its HDU under ``__HDU__``; empty
    where the file is one detector."""

    @property
    def stem(self) -> str:
        """Stem of the file it describes."""
        return stem_of(self.target)

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Sort key: index before sidecar, translated before metadata, then the smaller key."""
        return (self.source, self.content is not ContentMode.TRANSLATED, self.source_key)

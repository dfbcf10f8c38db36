"""Objects of a watched bucket: what they are, what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from underbutler.model.observation import AppliedCorrections, MetadataSource
from underbutler.model.uri import ObjectUri

__all__ = [
    "INDEX_NAME",
    "ObjectKind",
    "ObjectState",
    "RawDataId",
    "RawObject",
    "classify_key",
    "object_uri",
    "stem_of",
]

# astro_metadata_translator write-index.
INDEX_NAME = "_index.json"

RawDataId = tuple[str, str, int, int]
"""Dataset type, instrument, exposure and detector."""

_FITS_SUFFIXES = (".fits", ".fit", ".fits.fz", ".fits.gz")


class ObjectKind(StrEnum):
    """What an object is, by its key alone."""

    FITS = "fits"
    SIDECAR = "sidecar"
    INDEX = "index"
    OTHER = "other"


class ObjectState(StrEnum):
    """What became of an object."""

    REGISTERED = "registered"
    """Its dataset is in the registry; of a sidecar or index: it was read."""
    WAITING = "waiting"
    """For its file, its instrument, or the store to show it; re-driven when that arrives."""
    REJECTED = "rejected"
    """Its bytes or metadata are unusable; ``code`` and ``message`` say why."""
    SUPERSEDED = "superseded"
    """A newer object took its place before it was read."""
    GONE = "gone"
    """Removed from the bucket; what was registered stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawObject:
    """One object seen in a watched bucket."""

    bucket: str
    key: str
    kind: ObjectKind
    state: ObjectState
    id: int | None = None
    size_bytes: int | None = None
    etag: str | None = None
    version_id: str | None = None
    sequencer: str | None = None
    """Normalised so that, per key, text order is order of events; None where unknown."""
    code: str = ""
    """Why it waits or was rejected: a stable slug; empty otherwise."""
    message: str = ""
    """The same in a sentence."""
    attempts: int = 0
    """Times it was tried without ending as registered."""
    next_attempt: datetime | None = None
    """UTC; when a waiting object is tried again unasked."""
    dataset_type: str | None = None
    instrument: str | None = None
    exposure: int | None = None
    detector: int | None = None
    """What its metadata say that it holds, also when another object holds that dataset; of a file
    with several detectors the lowest."""
    hdus: tuple[tuple[int, int], ...] = ()
    """(detector, HDU that holds it) of a file whose datasets are HDUs, in order of detector."""
    source: MetadataSource | None = None
    """Where its metadata were read."""
    source_key: str | None = None
    """Key of the index or sidecar they were read from."""
    observation: UUID | None = None
    """Digest of the exposure's values as this object's metadata give them."""
    corrections: AppliedCorrections | None = None
    """Corrections of its header."""

    @property
    def stem(self) -> str:
        """Key without its extensions, shared by a file and its sidecar."""
        return stem_of(self.key)

    @property
    def uri(self) -> str:
        """Its URI; of a local file, which has no bucket, a ``file://`` one."""
        return object_uri(self.bucket, self.key)

    @property
    def data_ids(self) -> tuple[RawDataId, ...]:
        """Datasets that its metadata say it holds, in order of detector."""
        if (
            self.dataset_type is None
            or self.instrument is None
            or self.exposure is None
            or self.detector is None
        ):
            return ()
        detectors = [detector for detector, _ in self.hdus] or [self.detector]
        return tuple(
            (self.dataset_type, self.instrument, self.exposure, detector) for detector in detectors
        )


def object_uri(bucket: str, key: str) -> str:
    """Write the URI of an object, or of a local file, which has no bucket."""
    return str(ObjectUri("s3" if bucket else "file", bucket, key))


def classify_key(key: str) -> ObjectKind:
    """Tell what an object is by its key."""
    name = key.rpartition("/")[2].lower()
    if name == INDEX_NAME:
        return ObjectKind.INDEX
    if name.startswith("."):
        return ObjectKind.OTHER
    if name.endswith(_FITS_SUFFIXES):
        return ObjectKind.FITS
    return ObjectKind.SIDECAR if name.endswith(".json") else ObjectKind.OTHER


def stem_of(key: str) -> str:
    """Strip the extensions that tell a file from its sidecar: ``a/b.fits.fz`` → ``a/b``."""
    folder, slash, name = key.rpartition("/")
    lowered = name.lower()
    for suffix in (*sorted(_FITS_SUFFIXES, key=len, reverse=True), ".json"):
        if lowered.endswith(suffix) and len(name) > len(suffix):
            return folder + slash + name[: -len(suffix)]
    return key

"""What ingest asks of the registry, the object store, translators and queues."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from underbutler.model.announcement import Announcement, PendingMessage, Queue
from underbutler.model.dataset import DatasetFile, DatasetRef, DatasetType
from underbutler.model.dimension_records import (
    DayObsRecord,
    DetectorRecord,
    ExposureRecord,
    GroupRecord,
    InstrumentRecord,
    PhysicalFilterRecord,
)
from underbutler.model.metadata_entry import MetadataEntry
from underbutler.model.object_info import ObjectInfo
from underbutler.model.observation import ExposureMetadata, ObservationProperties
from underbutler.model.outcome import EventRecord
from underbutler.model.raw_object import RawDataId, RawObject

__all__ = [
    "HeaderTranslator",
    "IngestRegistry",
    "IngestTransaction",
    "MessageSender",
    "ObjectStore",
]


class ObjectStore(Protocol):
    """Objects to look at; `underbutler.store.s3.S3Store` says what each method does."""

    def head(self, bucket: str, key: str) -> ObjectInfo | None: ...

    def reader(
        self,
        bucket: str,
        key: str,
        *,
        etag: str | None = None,
        version_id: str | None = None,
        size_bytes: int | None = None,
    ) -> Callable[[int, int], bytes]: ...

    def read(
        self, bucket: str, key: str, *, largest_bytes: int, etag: str | None = None
    ) -> bytes: ...

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]: ...


class HeaderTranslator(Protocol):
    """Translates headers; see `underbutler.metadata.translate.HeaderTranslator`."""

    def forget(self) -> None: ...

    def translate_file(self, headers: Any) -> list[ObservationProperties]: ...

    def translate_header(self, header: Mapping[str, Any]) -> ObservationProperties: ...


class MessageSender(Protocol):
    """Sends messages to queues."""

    def send(self, queue: Queue, payloads: Sequence[str]) -> list[bool]:
        """Send messages; tells of each whether it was taken.

        A queue that cannot be reached takes none; nothing is raised for that.
        """
        ...


class _RawObjects(Protocol):
    def lock_folders(self, objects: Iterable[tuple[str, str]]) -> None: ...

    def with_stems(self, stems: Collection[tuple[str, str]]) -> list[RawObject]: ...

    def described_by(self, bucket: str, source_key: str) -> list[RawObject]: ...

    def claiming(self, data_ids: Collection[RawDataId]) -> list[RawObject]: ...

    def candidates(self, exposures: Collection[tuple[str, int]]) -> list[RawObject]: ...

    def due(self, now: datetime, limit: int) -> list[RawObject]: ...

    def postpone(self, objects: Collection[RawObject], until: datetime) -> None: ...

    def waiting_for_instruments(self, names: Collection[str], code: str) -> list[RawObject]: ...

    def waiting_for_exposures(
        self, exposures: Collection[tuple[str, int]], code: str
    ) -> list[RawObject]: ...

    def save(self, objects: Sequence[RawObject], now: datetime) -> dict[tuple[str, str], int]: ...

    def record_events(self, events: Sequence[EventRecord], now: datetime) -> None: ...

    def prune_events(self, before_day: int) -> int: ...


class _Entries(Protocol):
    def with_stems(self, stems: Collection[tuple[str, str]]) -> list[MetadataEntry]: ...

    def save(self, entries: Sequence[MetadataEntry], now: datetime) -> None: ...

    def discard(self, entries: Iterable[tuple[str, str, str]]) -> None: ...

    def discard_source(self, bucket: str, source_key: str) -> None: ...


class _Dimensions(Protocol):
    def lock_instruments(self, names: Collection[str]) -> list[InstrumentRecord]: ...

    def add_detectors(self, records: Iterable[DetectorRecord]) -> None: ...

    def add_physical_filters(self, records: Iterable[PhysicalFilterRecord]) -> None: ...

    def add_groups(self, records: Iterable[GroupRecord]) -> None: ...

    def add_days(self, records: Iterable[DayObsRecord]) -> None: ...

    def lock_exposures(
        self, exposures: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], ExposureMetadata]: ...

    def save_exposures(self, exposures: Iterable[ExposureMetadata], *, replace: bool) -> None: ...

    def save_observations(self, records: Iterable[ExposureRecord]) -> None: ...

    def drop_observations(self, digests: Collection[tuple[str, int, UUID]]) -> None: ...

    def observations(self, digests: Collection[tuple[str, int, UUID]]) -> list[ExposureRecord]: ...


class _Datasets(Protocol):
    def register_dataset_type(self, dataset_type: DatasetType) -> int: ...

    def register_collection(self, name: str) -> int: ...

    def insert(
        self, refs: Iterable[DatasetRef], *, dataset_type: int, run: int, now: datetime
    ) -> None: ...

    def save_files(self, files: Iterable[DatasetFile]) -> None: ...

    def drop_files(self, held: Mapping[str, Collection[UUID]]) -> None: ...


class _Outbox(Protocol):
    def announce(
        self, announcements: Iterable[Announcement], now: datetime
    ) -> list[PendingMessage]: ...

    def oldest(
        self, before: datetime, limit: int, queue: Queue | None = None
    ) -> list[PendingMessage]: ...

    def discard(self, messages: Collection[PendingMessage]) -> None: ...


class IngestTransaction(Protocol):
    """One transaction; the classes of `underbutler.registry` say what each method does."""

    @property
    def objects(self) -> _RawObjects: ...

    @property
    def entries(self) -> _Entries: ...

    @property
    def dimensions(self) -> _Dimensions: ...

    @property
    def datasets(self) -> _Datasets: ...

    @property
    def outbox(self) -> _Outbox: ...


class IngestRegistry(Protocol):
    """The registry, as ingest uses it."""

    def begin(self) -> AbstractContextManager[IngestTransaction]:
        """Open a write transaction."""
        ...

    def read(self) -> AbstractContextManager[IngestTransaction]:
        """Open a read transaction."""
        ...

"""One stem's share of a batch: its news, the files they touch, the rows that come of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from underbutler.errors import (
    ConfigurationError,
    MetadataError,
    NotFoundError,
    UnderbutlerError,
)
from underbutler.events.object_event import EventKind, ObjectEvent
from underbutler.ingest.metadata_reader import FileToRead, Reading
from underbutler.ingest.situation import MISSING_OBJECT, Situation, Stem
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.metadata_entry import MetadataEntry
from underbutler.model.observation import MetadataSource
from underbutler.model.raw_object import ObjectKind, ObjectState, RawObject

__all__ = [
    "NOT_REGISTERED",
    "NO_EXPOSURE",
    "StemNews",
    "StemResult",
    "object_row",
    "rejected",
    "wait_for_exposure",
    "wait_for_instrument",
]

NOT_REGISTERED = "instrument-not-registered"
"""Code of a file whose instrument the registry does not have yet."""
NO_EXPOSURE = "exposure-not-seen"
"""Code of an auxiliary file whose exposure the registry does not have yet."""

_LONGEST_MESSAGE = 1000
# An object announced but not shown: for a store that shows late, then for good.
_PATIENCE = (30, 120, 600, 3600, 6 * 3600)
"""Seconds until the next attempt, by number of attempts."""


@dataclass(slots=True)
class StemNews:
    """What a batch brings for one stem."""

    stem: Stem
    files: dict[str, ObjectEvent] = field(default_factory=dict)
    """FITS file → its newest event."""
    sidecar: ObjectEvent | None = None
    """Newest event of the sidecar."""
    sidecar_content: MetadataEntry | MetadataError | None = None
    """What the sidecar says, or why it cannot be read."""
    index_entries: dict[tuple[str, str], MetadataEntry | None] = field(default_factory=dict)
    """(file, index) → what the index now says of the file; None: nothing any more."""

    def files_to_read(self, situation: Situation) -> list[FileToRead]:
        """Name the FITS files whose metadata are to be read, and where they may be."""
        files = [
            self._file_to_read(event.key, event, situation)
            for event in self.files.values()
            if event.kind is EventKind.CREATED
        ]
        return files + [
            self._file_to_read(known.key, known, situation)
            for known in situation.files
            if known.key not in self.files and self._touches(known)
        ]

    def files_there(self, situation: Situation) -> set[str]:
        """Name the FITS files that are there once the news are taken in."""
        there = {known.key for known in situation.files}
        for key, event in self.files.items():
            if event.kind is EventKind.CREATED:
                there.add(key)
            else:
                there.discard(key)
        return there

    def entries_to_keep(self, situation: Situation) -> list[MetadataEntry]:
        """List the metadata whose files are not there yet."""
        there = self.files_there(situation)
        kept = [e for e in self.index_entries.values() if e is not None and e.target not in there]
        if isinstance(self.sidecar_content, MetadataEntry) and not there:
            kept.append(self.sidecar_content)
        return kept

    def entries_to_drop(self, situation: Situation) -> Iterator[tuple[str, str, str]]:
        """Name the metadata in waiting whose file is there, or whose source says else now."""
        there = self.files_there(situation)
        kept = {(entry.target, entry.source_key) for entry in self.entries_to_keep(situation)}
        for entry in situation.entries:
            name = (entry.target, entry.source_key)
            if entry.source is MetadataSource.SIDECAR:
                is_spent = bool(there) or self.sidecar is not None
            else:
                is_spent = entry.target in there or name in self.index_entries
            if is_spent and name not in kept:
                yield (entry.bucket, *name)

    def sidecar_row(self, situation: Situation) -> RawObject | None:
        """Make the sidecar's row, when there is news of it or a file to use it."""
        is_used = bool(self.files_there(situation))
        event = self.sidecar
        if event is None:
            known = situation.sidecar
            if known is None or known.state is not ObjectState.WAITING or not is_used:
                return None
            return replace(known, state=ObjectState.REGISTERED, code="", message="", attempts=0)
        row = object_row(event, ObjectKind.SIDECAR, situation.find(event.key))
        if event.kind is EventKind.REMOVED:
            return replace(row, state=ObjectState.GONE)
        if isinstance(self.sidecar_content, MetadataError):
            return rejected(row, self.sidecar_content)
        if is_used:
            return replace(row, attempts=0)
        return replace(
            row,
            state=ObjectState.WAITING,
            code="file-not-seen",
            message="The file it describes has not been seen.",
            attempts=0,
        )

    def _touches(self, known: RawObject) -> bool:
        if known.code == MISSING_OBJECT:
            # Metadata do not make an object that the store does not show.
            return False
        for (key, source_key), entry in self.index_entries.items():
            if key == known.key and (entry is not None or source_key == known.source_key):
                return True
        if isinstance(self.sidecar_content, MetadataEntry):
            # A sidecar says nothing new where an index spoke.
            return known.source is not MetadataSource.INDEX
        return self.sidecar is not None and known.source is MetadataSource.SIDECAR

    def _file_to_read(
        self, key: str, content: ObjectEvent | RawObject, situation: Situation
    ) -> FileToRead:
        known = situation.find(key)
        entries = [
            entry
            for (target, _), entry in self.index_entries.items()
            if target == key and entry is not None
        ]
        entries += [
            entry
            for entry in situation.entries
            if entry.target == key and (key, entry.source_key) not in self.index_entries
        ]
        index_key = known.source_key if known and known.source is MetadataSource.INDEX else None
        if (key, index_key) in self.index_entries or any(
            e.source_key == index_key for e in entries
        ):
            index_key = None
        sidecar_key = None
        if self.sidecar is not None:
            if isinstance(self.sidecar_content, MetadataEntry):
                entries.append(self.sidecar_content)
        elif waiting := [e for e in situation.entries if e.source is MetadataSource.SIDECAR]:
            entries += waiting
        elif situation.sidecar is not None:
            sidecar_key = situation.sidecar.key
        return FileToRead(
            bucket=self.stem[0],
            key=key,
            etag=content.etag,
            version_id=content.version_id,
            size_bytes=content.size_bytes,
            entries=tuple(entries),
            index_key=index_key,
            sidecar_key=sidecar_key,
        )


@dataclass(slots=True)
class StemResult:
    """What is to be written of one stem."""

    news: StemNews
    situation: Situation
    rows: dict[str, RawObject] = field(default_factory=dict)
    """Object → its new row."""
    readings: dict[str, Reading] = field(default_factory=dict)
    """FITS file → what its metadata say."""
    failure: UnderbutlerError | None = None
    """Why nothing can be written now."""

    def add(self, file: FileToRead, result: Reading | UnderbutlerError, now: datetime) -> None:
        """Take in what reading a file's metadata gave."""
        known = self.situation.find(file.key)
        event = self.news.files.get(file.key)
        if event is not None:
            row = object_row(event, ObjectKind.FITS, known)
        else:
            assert known is not None
            row = unread(known)
        if isinstance(result, Reading):
            content = result.content
            self.readings[file.key] = result
            self.rows[file.key] = replace(
                row,
                state=ObjectState.REGISTERED,
                message="; ".join(result.notes)[:_LONGEST_MESSAGE],
                attempts=0,
                dataset_type=content.dataset_type,
                instrument=content.instrument,
                exposure=content.exposure_id,
                detector=content.detectors[0].id,
                hdus=content.hdus,
                source=result.source,
                source_key=result.source_key,
                observation=content.exposure.digest if content.exposure else None,
                corrections=content.corrections,
            )
        elif isinstance(result, MetadataError):
            self.rows[file.key] = rejected(row, result)
        elif isinstance(result, NotFoundError):
            self.rows[file.key] = _missing(row, result, now)
        else:
            self.failure = result

    def finish(self) -> None:
        """Make the rows of what was removed, and of the sidecar."""
        for key, event in self.news.files.items():
            if event.kind is EventKind.REMOVED:
                known = self.situation.find(key)
                row = object_row(event, ObjectKind.FITS, known)
                self.rows[key] = replace(
                    known or row,
                    state=ObjectState.GONE,
                    code="",
                    message="",
                    sequencer=row.sequencer,
                    next_attempt=None,
                )
        sidecar = self.news.sidecar_row(self.situation)
        if sidecar is not None:
            self.rows[sidecar.key] = sidecar


def object_row(event: ObjectEvent, kind: ObjectKind, known: RawObject | None) -> RawObject:
    """Start an object's row from an event: what it is now, nothing of what it was."""
    sequencers = [s for s in (event.sequencer, known.sequencer if known else None) if s]
    return RawObject(
        bucket=event.bucket,
        key=event.key,
        kind=kind,
        state=ObjectState.REGISTERED,
        size_bytes=event.size_bytes,
        etag=event.etag,
        version_id=event.version_id,
        sequencer=max(sequencers, default=None),
        attempts=(known.attempts if known else 0) + 1,
    )


def unread(known: RawObject) -> RawObject:
    """Start an object's row anew: the same content, nothing of what was read of it."""
    return RawObject(
        bucket=known.bucket,
        key=known.key,
        kind=known.kind,
        state=known.state,
        size_bytes=known.size_bytes,
        etag=known.etag,
        version_id=known.version_id,
        sequencer=known.sequencer,
        attempts=known.attempts + 1,
    )


def rejected(row: RawObject, error: UnderbutlerError) -> RawObject:
    """Make the row of an object that cannot be used."""
    return replace(
        row,
        state=ObjectState.REJECTED,
        code=error.kind,
        message=str(error)[:_LONGEST_MESSAGE],
    )


def wait_for_instrument(row: RawObject) -> RawObject:
    """Make the row of a file that can be registered once its instrument is."""
    name = row.instrument or ""
    what_to_do = f"Register it with `underbutler register-instrument REPO {name}`."
    try:
        load_instrument(name)
    except (NotFoundError, ConfigurationError) as error:
        what_to_do = f"{error} Install its plug-in and register it, or mend the metadata."
    return replace(
        row,
        state=ObjectState.WAITING,
        code=NOT_REGISTERED,
        message=f"The instrument {name} is not registered. {what_to_do}"[:_LONGEST_MESSAGE],
        attempts=0,
    )


def wait_for_exposure(row: RawObject) -> RawObject:
    """Make the row of an auxiliary file that can be registered once its exposure is."""
    return replace(
        row,
        state=ObjectState.WAITING,
        code=NO_EXPOSURE,
        message=f"No raw of {row.instrument} exposure {row.exposure} has been seen.",
        attempts=0,
    )


def _missing(row: RawObject, error: NotFoundError, now: datetime) -> RawObject:
    if row.attempts > len(_PATIENCE):
        return replace(
            row, state=ObjectState.GONE, code=MISSING_OBJECT, message=f"{error} Given up."
        )
    return replace(
        row,
        state=ObjectState.WAITING,
        code=MISSING_OBJECT,
        message=str(error),
        next_attempt=now + timedelta(seconds=_PATIENCE[row.attempts - 1]),
    )

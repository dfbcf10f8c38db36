"""Exposures brought up to date with corrections of their headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from underbutler.butler.outbox_work import define_announced, look_again
from underbutler.errors import MetadataError, NotFoundError, UnderbutlerError
from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.batch import ReceivedEvent
from underbutler.ingest.metadata_reader import FileToRead, Reading
from underbutler.metadata.corrections import BAD_CORRECTIONS
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.dimension_records import ExposureRecord
from underbutler.model.observation import AppliedCorrections, ExposureMetadata, MetadataSource
from underbutler.model.outcome import Outcome
from underbutler.model.raw_object import RawObject
from underbutler.registry.query import query_dimension_records
from underbutler.where.parse import parse_where

if TYPE_CHECKING:
    from underbutler.bootstrap import Client

__all__ = ["ExposureChange", "UpdateReport", "update_exposures"]

# Exposures to a round: their files fit in one call of ingest, their regions in memory.
_PAGE = 50
_Key = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureChange:
    """One value of an exposure that is, or would be, another."""

    instrument: str
    exposure: int
    obs_id: str
    column: str
    before: Any
    after: Any
    corrections: AppliedCorrections | None
    """What the new values rest on."""


@dataclass(slots=True)
class UpdateReport:
    """What became of the exposures that were looked at."""

    exposures: int = 0
    """Exposures looked at."""
    changes: list[ExposureChange] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Files that could not be read, corrections that could not be applied, and why."""
    visits: int = 0
    """Visits defined again."""


def update_exposures(
    client: Client,
    instrument: str,
    *,
    where: str = "",
    dry_run: bool = False,
    progress: Callable[[UpdateReport], None] | None = None,
) -> UpdateReport:
    """Read the metadata of exposures again, with the corrections that there are now.

    Files that were rejected for their corrections are looked at again first; where corrections
    cannot be read, what stands registered stays as it is.

    They are read as on ingest: from the header in an index or sidecar where there is one, else
    from the file's own. What is translated already cannot be corrected.

    Parameters
    ----------
    client
        Adapters of a repository.
    instrument
        Name.
    where
        Condition on exposures; by default those that corrections are there for now, or were
        applied to before.
    dry_run
        Whether to tell what would change, and change nothing.
    progress
        Told the report after each round.

    Raises
    ------
    NotFoundError
        There is no such instrument.
    QuerySyntaxError
        The condition cannot be read.
    """
    name = load_instrument(instrument).name
    corrected = client.corrections.observation_ids(name) if client.corrections else []
    report = UpdateReport()
    if not dry_run:
        _take_in_rejected(client, report)
    numbers = _select(client, name, where, corrected)
    for start in range(0, len(numbers), _PAGE):
        keys = [(name, number) for number in numbers[start : start + _PAGE]]
        keys = _with_readable_corrections(client, keys, corrected, report)
        after = _compare(client, keys, report) if dry_run else _apply(client, keys, report)
        report.problems += [
            f"Corrections of {item.record.obs_id} are not applied: "
            f"its metadata are translated already, at {item.uri}."
            for item in after
            if item.record.obs_id in corrected
            and item.corrections is None
            and item.source is not MetadataSource.GONE
        ]
        report.exposures += len(keys)
        if progress is not None:
            progress(report)
    return report


def _select(client: Client, instrument: str, where: str, corrected: Sequence[str]) -> list[int]:
    with client.registry.read() as transaction:
        if instrument not in {item.name for item in transaction.dimensions.instruments()}:
            raise NotFoundError(
                f"The instrument {instrument} is not registered.",
                hint=f"Register it with `underbutler register-instrument REPO {instrument}`.",
                kind="instrument-not-registered",
            )
        if where:
            found = query_dimension_records(
                transaction.connection,
                "exposure",
                where=parse_where(where),
                where_text=where,
                data_id={"instrument": instrument},
            )
            return sorted(record["id"] for record in found)
        return transaction.dimensions.corrected_exposures(instrument, corrected)


def _take_in_rejected(client: Client, report: UpdateReport) -> None:
    """Look again at files that were rejected for their corrections."""
    with client.registry.read() as transaction:
        files = transaction.objects.rejected_for(BAD_CORRECTIONS)
    if files:
        _look_at(client, files, report)


def _with_readable_corrections(
    client: Client, keys: Sequence[_Key], corrected: Sequence[str], report: UpdateReport
) -> list[_Key]:
    """Leave out exposures whose files would be rejected for their corrections."""
    if client.corrections is None:
        return list(keys)
    with client.registry.read() as transaction:
        known = transaction.dimensions.exposures(keys)
    readable = []
    for key in keys:
        names = {known[key].record.obs_id}
        if (applied := known[key].corrections) is not None:
            # A correction may have changed the very name that its file is called by.
            names.add(_corrected_by(applied, key[0]))
        try:
            for name in sorted(names.intersection(corrected)):
                client.corrections.find(key[0], name)
        except MetadataError as error:
            report.problems.append(str(error))
        else:
            readable.append(key)
    return readable


def _corrected_by(applied: AppliedCorrections, instrument: str) -> str:
    name = applied.uri.rpartition("/")[2]
    return name.removeprefix(f"{instrument}-").removesuffix(".yaml")


def _apply(client: Client, keys: Sequence[_Key], report: UpdateReport) -> list[ExposureMetadata]:
    """Have ingest look again at all files of some exposures."""
    with client.registry.read() as transaction:
        before = transaction.dimensions.exposures(keys)
        files = transaction.objects.of_exposures(keys)
    _look_at(client, files, report)
    with client.registry.read() as transaction:
        present = transaction.objects.with_stems({(file.bucket, file.stem) for file in files})
        # A correction may have made another exposure of it.
        now = {
            row.uri: (row.instrument, row.exposure)
            for row in present
            if row.instrument is not None and row.exposure is not None
        }
        wanted = {key: now.get(before[key].uri, key) for key in keys}
        after = transaction.dimensions.exposures({*wanted.values()})
    for key in keys:
        report.changes += _changes(before[key], after[wanted[key]])
    return list(after.values())


def _look_at(client: Client, files: Sequence[RawObject], report: UpdateReport) -> None:
    """Have ingest look again at files, and at what follows from them."""
    ingest = client.ingest_raws()
    outcomes = ingest([ReceivedEvent(event=_again(file)) for file in files])
    report.problems += [
        f"{item.uri}: {item.message}"
        for item in outcomes
        if item.outcome in (Outcome.REJECTED, Outcome.TRANSIENT)
    ]
    look_again(client)
    report.visits += define_announced(client)


def _compare(client: Client, keys: Sequence[_Key], report: UpdateReport) -> list[ExposureMetadata]:
    """Read what exposures' metadata would be."""
    with client.registry.read() as transaction:
        known = transaction.dimensions.exposures(keys)
        files = {file.uri: file for file in transaction.objects.of_exposures(keys)}
    wanted = [(item, files[item.uri]) for item in known.values() if item.uri in files]
    readings = client.metadata_reader().read_files([_to_read(file) for _, file in wanted])
    found: list[ExposureMetadata] = []
    for (item, file), (_, reading) in zip(wanted, readings, strict=True):
        if isinstance(reading, UnderbutlerError):
            report.problems.append(f"{file.uri}: {reading}")
        else:
            found.append(_metadata(item, reading))
            report.changes += _changes(item, found[-1])
    return found


def _metadata(known: ExposureMetadata, reading: Reading) -> ExposureMetadata:
    assert reading.content.exposure is not None
    return ExposureMetadata(
        record=reading.content.exposure,
        source=reading.source,
        detector=known.detector,
        uri=known.uri,
        corrections=reading.content.corrections,
    )


def _to_read(file: RawObject) -> FileToRead:
    return FileToRead(
        bucket=file.bucket,
        key=file.key,
        etag=file.etag,
        version_id=file.version_id,
        size_bytes=file.size_bytes,
        index_key=file.source_key if file.source is MetadataSource.INDEX else None,
        sidecar_key=file.source_key if file.source is MetadataSource.SIDECAR else None,
    )


def _again(file: RawObject) -> ObjectEvent:
    return ObjectEvent(
        bucket=file.bucket,
        key=file.key,
        kind=EventKind.CREATED,
        origin=EventOrigin.REDRIVE,
        name="ObjectCreated:Redrive",
    )


def _changes(before: ExposureMetadata, after: ExposureMetadata) -> Iterator[ExposureChange]:
    for column, old, new in _differences(before, after):
        yield ExposureChange(
            instrument=before.record.instrument,
            exposure=before.record.id,
            obs_id=before.record.obs_id,
            column=column,
            before=old,
            after=new,
            corrections=after.corrections,
        )


def _differences(
    before: ExposureMetadata, after: ExposureMetadata
) -> Iterator[tuple[str, Any, Any]]:
    for item in fields(ExposureRecord):
        old, new = getattr(before.record, item.name), getattr(after.record, item.name)
        if old != new:
            yield item.name, old, new
    if before.corrections != after.corrections:
        yield "corrections", _named(before.corrections), _named(after.corrections)


def _named(corrections: AppliedCorrections | None) -> str | None:
    if corrections is None:
        return None
    return f"{', '.join(corrections.keywords)} from {corrections.uri}"

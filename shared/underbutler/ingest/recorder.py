"""The one transaction of a batch: objects, dimension records, datasets, files, outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from underbutler.ingest.conflicts import CONFLICT_IN_PART, settle_conflicts
from underbutler.ingest.exposures import ExposureStep
from underbutler.ingest.folders import folder_announcements
from underbutler.ingest.known_records import KnownRecords
from underbutler.ingest.metadata_reader import Reading
from underbutler.ingest.ports import IngestTransaction
from underbutler.ingest.situation import Stem, read_situations
from underbutler.ingest.stem_work import StemResult, wait_for_instrument
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.announcement import PendingMessage
from underbutler.model.collection import raw_run
from underbutler.model.data_id import DataId
from underbutler.model.dataset import RAW, DatasetFile, DatasetRef
from underbutler.model.dataset_id import dataset_uuid
from underbutler.model.raw_object import ObjectState, RawDataId, RawObject, stem_of

__all__ = ["FORMATTER", "IndexVersion", "Recorded", "record_batch"]

FORMATTER = "fits-raw"
"""Registered name of what reads raws."""

_ObjectKey = tuple[str, str]

IndexVersion = tuple[str, str, str | None, str | None]
"""Bucket, key, etag and sequencer of an index that a batch works through."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a transaction wrote."""

    rows: dict[_ObjectKey, RawObject] = field(default_factory=dict)
    """Rows of the objects that changed, by (bucket, key)."""
    stale: frozenset[Stem] = frozenset()
    """Stems that others changed meanwhile; nothing was written of them."""
    messages: tuple[PendingMessage, ...] = ()
    """Messages that ask for what follows."""


def record_batch(
    transaction: IngestTransaction,
    results: Sequence[StemResult],
    indexes: Collection[IndexVersion],
    known_records: KnownRecords,
    now: datetime,
    *,
    announces_folders: bool = False,
) -> Recorded:
    """Write stems whose situation is still what it was when they were read.

    Locks are taken in one order by all writers: folders, instruments that are not known to be
    registered, exposures, objects, datasets, outbox.

    Parameters
    ----------
    transaction
        Open write transaction.
    results
        What was read of each stem.
    indexes
        Indexes that the results rest on: nothing is written when one of them was replaced.
    known_records
        What need not be written again.
    now
        UTC.
    announces_folders
        Whether to ask for the indexes of folders whose files changed to be written.
    """
    stems = [result.news.stem for result in results]
    transaction.objects.lock_folders([*stems, *((bucket, key) for bucket, key, _, _ in indexes)])
    stale = _find_stale(transaction, results, indexes)
    results = [result for result in results if result.news.stem not in stale]
    rows, before = _collect(transaction, results, known_records)
    exposures = ExposureStep(transaction, known_records)
    exposures.save(rows, before, _readings(results))
    exposures.hold_back(rows)
    winners = settle_conflicts(transaction, rows, before)
    numbers = transaction.objects.save(list(rows.values()), now) if rows else {}
    changed = {
        data_id: winner
        for data_id, winner in winners.items()
        if winner is not None and _changes_dataset(data_id, winner, rows, before)
    }
    _save_datasets(transaction, changed, numbers, known_records, now)
    _drop_moved(transaction, rows, before)
    exposures.elect(rows)
    exposures.forget(rows, before)
    transaction.entries.discard(
        name for result in results for name in result.news.entries_to_drop(result.situation)
    )
    transaction.entries.save(
        [entry for result in results for entry in result.news.entries_to_keep(result.situation)],
        now,
    )
    announcements = [*exposures.announcements()]
    if announces_folders:
        announcements += folder_announcements(rows, before)
    messages = transaction.outbox.announce(announcements, now)
    return Recorded(rows=rows, stale=stale, messages=tuple(messages))


def _find_stale(
    transaction: IngestTransaction, results: Sequence[StemResult], indexes: Collection[IndexVersion]
) -> frozenset[Stem]:
    present = read_situations(transaction, [result.news.stem for result in results])
    replaced: set[_ObjectKey] = set()
    if indexes:
        stems = {(bucket, stem_of(key)) for bucket, key, _, _ in indexes}
        versions = {
            (item.bucket, item.key, item.etag, item.sequencer)
            for item in transaction.objects.with_stems(stems)
        }
        replaced = {(bucket, key) for bucket, key, *_ in set(indexes) - versions}
    return frozenset(
        result.news.stem
        for result in results
        if present[result.news.stem] != result.situation
        or any((result.news.stem[0], index) in replaced for _, index in result.news.index_entries)
    )


def _collect(
    transaction: IngestTransaction, results: Sequence[StemResult], known_records: KnownRecords
) -> tuple[dict[_ObjectKey, RawObject], dict[_ObjectKey, RawObject]]:
    """Gather the new rows, and those they replace."""
    rows: dict[_ObjectKey, RawObject] = {}
    before: dict[_ObjectKey, RawObject] = {}
    named = {row.instrument for result in results for row in result.rows.values() if row.instrument}
    registered = known_records.instruments(
        named, lambda: {item.name for item in transaction.dimensions.lock_instruments(named)}
    )
    for result in results:
        for row in result.rows.values():
            if row.key in result.readings and row.instrument not in registered:
                row = wait_for_instrument(row)
            rows[row.bucket, row.key] = row
            known = result.situation.find(row.key)
            if known is not None:
                before[row.bucket, row.key] = known
    return rows, before


def _readings(results: Sequence[StemResult]) -> dict[_ObjectKey, Reading]:
    return {
        (result.news.stem[0], key): reading
        for result in results
        for key, reading in result.readings.items()
    }


def _save_datasets(
    transaction: IngestTransaction,
    winners: dict[RawDataId, RawObject],
    numbers: dict[_ObjectKey, int],
    known_records: KnownRecords,
    now: datetime,
) -> None:
    """Register what the winners hold, and where."""
    refs: dict[tuple[str, str], list[DatasetRef]] = {}
    files: list[DatasetFile] = []
    for data_id, winner in winners.items():
        ref = _ref(data_id)
        refs.setdefault(data_id[:2], []).append(ref)
        files.append(
            DatasetFile(
                dataset_id=ref.id,
                uri=winner.uri,
                hdu=dict(winner.hdus).get(data_id[3]),
                formatter=FORMATTER,
                size_bytes=winner.size_bytes,
                etag=winner.etag,
                version_id=winner.version_id,
                raw_object_id=numbers[winner.bucket, winner.key],
            )
        )
    for kind in sorted(refs):
        dataset_type, run = refs[kind][0].dataset_type, refs[kind][0].run
        transaction.datasets.insert(
            refs[kind],
            dataset_type=known_records.number(
                dataset_type.name,
                partial(transaction.datasets.register_dataset_type, dataset_type),
            ),
            run=known_records.number(run, partial(transaction.datasets.register_collection, run)),
            now=now,
        )
    transaction.datasets.save_files(files)


def _changes_dataset(
    data_id: RawDataId,
    winner: RawObject,
    rows: dict[_ObjectKey, RawObject],
    before: dict[_ObjectKey, RawObject],
) -> bool:
    """Tell whether an object is new as the holder of a dataset, or holds other bytes now."""
    name = (winner.bucket, winner.key)
    if name not in rows:
        return False
    known = before.get(name)
    return (
        known is None
        or known.state is not ObjectState.REGISTERED
        or known.code == CONFLICT_IN_PART
        or data_id not in known.data_ids
        or _bytes(known) != _bytes(winner)
    )


def _bytes(row: RawObject) -> tuple[object, ...]:
    return row.hdus, row.etag, row.version_id, row.size_bytes


def _drop_moved(
    transaction: IngestTransaction,
    rows: dict[_ObjectKey, RawObject],
    before: dict[_ObjectKey, RawObject],
) -> None:
    # A file that holds other datasets now must not be read as those before, whatever it was in
    # between; a file that is gone stays recorded, so that its absence shows.
    transaction.datasets.drop_files(
        {
            row.uri: {_ref(data_id).id for data_id in row.data_ids}
            for name, row in rows.items()
            if (known := before.get(name)) is not None
            and row.data_ids
            and row.state is not ObjectState.GONE
            and (
                known.state is not ObjectState.REGISTERED
                or (known.data_ids, known.etag) != (row.data_ids, row.etag)
            )
        }
    )


def _ref(data_id: RawDataId) -> DatasetRef:
    name, instrument, exposure, detector = data_id
    values = DataId({"instrument": instrument, "exposure": exposure, "detector": detector})
    dataset_type, run = RAW, raw_run(instrument)
    if name != RAW.name:
        auxiliary = load_instrument(instrument).auxiliary(name)
        dataset_type, run = auxiliary.definition, f"{instrument}/{auxiliary.run}"
    return DatasetRef(
        id=dataset_uuid(name, run, values), dataset_type=dataset_type, data_id=values, run=run
    )

"""The use case: events of watched buckets → registered datasets, outcomes, announcements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from underbutler.errors import TransientError
from underbutler.events.object_event import ObjectEvent
from underbutler.ingest.batch import VERDICT_OUTCOMES, Batch, ReceivedEvent
from underbutler.ingest.freshness import Collapsed, Verdict, collapse
from underbutler.ingest.index_work import IndexClaim, claim_index, finish_index
from underbutler.ingest.metadata_reader import MetadataReader
from underbutler.ingest.read_pool import ReadPool
from underbutler.ingest.situation import Stem
from underbutler.ingest.stem_worker import StemInput, StemWorker
from underbutler.model.outcome import EventOutcome, EventRecord, Outcome
from underbutler.model.raw_object import ObjectKind, classify_key, stem_of
from underbutler.patience import with_patience

if TYPE_CHECKING:
    from underbutler.ingest.ports import (
        HeaderTranslator,
        IngestRegistry,
        MessageSender,
        ObjectStore,
    )

__all__ = ["IngestRaws"]


class IngestRaws:
    """Ingest events: each ends as one outcome, and only transient ones need to come again.

    Parameters
    ----------
    registry, store
        Where to register, and what.
    make_translator
        Makes the translator of headers when there is one to translate.
    sender
        Where announcements go after each transaction.
    buckets
        Buckets whose events are believed; None believes all, for a user's own listing.
    announces_folders
        Whether to ask for the indexes of folders whose files changed to be written.
    clock
        Present time, UTC.
    """

    def __init__(
        self,
        *,
        registry: IngestRegistry,
        store: ObjectStore,
        make_translator: Callable[[], HeaderTranslator],
        sender: MessageSender,
        buckets: Collection[str] | None = None,
        announces_folders: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry = registry
        self._store = store
        pool = ReadPool()
        self._buckets = buckets
        self._clock = clock
        self._reader = MetadataReader(store, make_translator, pool)
        self._worker = StemWorker(
            registry=registry,
            store=store,
            reader=self._reader,
            sender=sender,
            pool=pool,
            clock=clock,
            announces_folders=announces_folders,
        )

    def __call__(self, received: Sequence[ReceivedEvent]) -> list[EventOutcome]:
        """Ingest a batch of events; returns the outcome of each, in order."""
        inputs: dict[Stem, StemInput] = {}
        claims: dict[int, IndexClaim] = {}
        batch = Batch(received)
        for collapsed in collapse(self._admit(batch)):
            batch.note_newest(collapsed)
            for position, verdict in collapsed.others.items():
                batch.end(position, VERDICT_OUTCOMES[verdict])
            event = collapsed.newest
            if classify_key(event.key) is ObjectKind.INDEX:
                self._claim(collapsed, batch, claims)
            else:
                stem = inputs.setdefault((event.bucket, stem_of(event.key)), StemInput())
                stem.events.append(collapsed)
        for claim in claims.values():
            for name, entries in claim.entries.items():
                inputs.setdefault(name, StemInput()).index_entries.update(entries)
        failed = self._worker.work_off(inputs, [claim.version for claim in claims.values()], batch)
        for position, claim in claims.items():
            self._finish(position, claim, failed, batch)
        self._record_rest(batch)
        return batch.outcomes()

    def _admit(self, batch: Batch) -> list[tuple[int, ObjectEvent]]:
        """Pick the events that are our business."""
        admitted: list[tuple[int, ObjectEvent]] = []
        for position, item in enumerate(batch.received):
            event = item.event
            if self._buckets is not None and event.bucket not in self._buckets:
                batch.end(
                    position,
                    Outcome.REJECTED,
                    "foreign-bucket",
                    f"The bucket {event.bucket!r} is none of those that are watched.",
                )
            elif classify_key(event.key) is ObjectKind.OTHER:
                batch.end(position, Outcome.IGNORED, "not-a-raw")
            else:
                admitted.append((position, event))
        return admitted

    def _claim(self, collapsed: Collapsed, batch: Batch, claims: dict[int, IndexClaim]) -> None:
        try:
            claim = with_patience(
                lambda: claim_index(
                    collapsed, self._registry, self._store, self._reader, self._clock()
                )
            )
        except TransientError as error:
            batch.fail(collapsed.position, error)
            return
        if isinstance(claim, Verdict):
            batch.end(collapsed.position, VERDICT_OUTCOMES[claim])
        else:
            claims[collapsed.position] = claim

    def _finish(
        self, position: int, claim: IndexClaim, failed: Mapping[Stem, TransientError], batch: Batch
    ) -> None:
        error = next((failed[stem] for stem in claim.entries if stem in failed), None)
        if error is None:
            try:
                with_patience(lambda: finish_index(claim, self._registry, self._clock()))
            except TransientError as failure:
                error = failure
        if error is not None:
            batch.fail(position, error)
        else:
            batch.end_as(position, claim.row)

    def record(self, records: Sequence[EventRecord]) -> list[EventOutcome]:
        """Record events that name no object to ingest; those that cannot be, come again."""
        try:
            with_patience(lambda: self._append(records))
        except TransientError as error:
            return [
                replace(
                    item.outcome, outcome=Outcome.TRANSIENT, code=error.kind, message=str(error)
                )
                for item in records
            ]
        return [item.outcome for item in records]

    def _record_rest(self, batch: Batch) -> None:
        """Record the outcomes that no transaction recorded; what cannot be, comes again."""
        rest = batch.unrecorded()
        try:
            with_patience(lambda: self._append([batch.record(position) for position in rest]))
        except TransientError as error:
            for position in rest:
                batch.fail(position, error)

    def _append(self, records: Sequence[EventRecord]) -> None:
        if records:
            with self._registry.begin() as transaction:
                transaction.objects.record_events(records, self._clock())

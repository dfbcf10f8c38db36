"""Stems read and written: in chunks, again where others were faster, halved where refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from underbutler.errors import (
    BadIndexError,
    NotFoundError,
    RefusedByRegistryError,
    StoreUnavailableError,
    TransientError,
)
from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.batch import VERDICT_OUTCOMES, Batch
from underbutler.ingest.freshness import Collapsed, Verdict
from underbutler.ingest.known_records import KnownRecords
from underbutler.ingest.news import find_news
from underbutler.ingest.recorder import IndexVersion, Recorded, record_batch
from underbutler.ingest.relay import relay_messages
from underbutler.ingest.situation import Situation, Stem, read_situations
from underbutler.ingest.stem_work import StemNews, StemResult, rejected
from underbutler.model.announcement import PendingMessage, Queue
from underbutler.model.metadata_entry import MetadataEntry
from underbutler.model.raw_object import ObjectKind, classify_key
from underbutler.patience import with_patience

if TYPE_CHECKING:
    from underbutler.ingest.metadata_reader import MetadataReader
    from underbutler.ingest.ports import IngestRegistry, MessageSender, ObjectStore
    from underbutler.ingest.read_pool import ReadPool

__all__ = ["StemInput", "StemWorker"]

# Stems to a transaction: short enough for others to get their turn, long enough to be few.
_STEMS_PER_TRANSACTION = 200
# Times a stem is looked at again because others changed it meanwhile.
_ATTEMPTS = 5


@dataclass(slots=True)
class StemInput:
    """All that a batch brings for one stem, before it is compared with the registry."""

    events: list[Collapsed] = field(default_factory=list)
    index_entries: dict[tuple[str, str], MetadataEntry | None] = field(default_factory=dict)
    must_ask: bool = False
    """Whether an object changed while it was read, so that events do not tell what it is."""


class StemWorker:
    """Reads and writes the stems of batches.

    Parameters
    ----------
    registry, store, reader, sender, pool
        What it works with.
    clock
        Present time, UTC.
    announces_folders
        Whether to ask for the indexes of folders whose files changed to be written.
    """

    def __init__(
        self,
        *,
        registry: IngestRegistry,
        store: ObjectStore,
        reader: MetadataReader,
        sender: MessageSender,
        pool: ReadPool,
        clock: Callable[[], datetime],
        announces_folders: bool = False,
    ) -> None:
        self._registry = registry
        self._store = store
        self._reader = reader
        self._sender = sender
        self._pool = pool
        self._clock = clock
        self._announces_folders = announces_folders
        self._known_records = KnownRecords()

    def work_off(
        self, inputs: dict[Stem, StemInput], indexes: list[IndexVersion], batch: Batch
    ) -> dict[Stem, TransientError]:
        """Write all stems; returns those that could not be written now, and why."""
        failed: dict[Stem, TransientError] = {}
        names = sorted(inputs)
        for start in range(0, len(names), _STEMS_PER_TRANSACTION):
            todo = {name: inputs[name] for name in names[start : start + _STEMS_PER_TRANSACTION]}
            for _ in range(_ATTEMPTS):
                if not todo:
                    break
                try:
                    todo, errors = self._attempt(todo, indexes, batch)
                except TransientError as failure:
                    errors, todo = dict.fromkeys(todo, failure), {}
                failed |= errors
            failed |= dict.fromkeys(
                todo, StoreUnavailableError("Others keep changing the object.", kind="contended")
            )
        for name, error in failed.items():
            for collapsed in inputs[name].events:
                batch.fail(collapsed.position, error)
        return failed

    def _attempt(
        self, inputs: dict[Stem, StemInput], indexes: list[IndexVersion], batch: Batch
    ) -> tuple[dict[Stem, StemInput], dict[Stem, TransientError]]:
        """Read and write stems; returns those to look at again, and those that failed."""
        with self._registry.read() as transaction:
            situations = read_situations(transaction, list(inputs))
        failed: dict[Stem, TransientError] = {}
        again: dict[Stem, StemInput] = {}
        results: list[StemResult] = []
        found = self._pool.map(
            lambda name: self._find_news(name, inputs[name], situations[name], batch), list(inputs)
        )
        for name, news in zip(inputs, found, strict=True):
            if isinstance(news, TransientError) and news.kind == "object-changed":
                again[name] = replace(inputs[name], must_ask=True)
            elif isinstance(news, TransientError):
                failed[name] = news
            elif news is not None:
                results.append(StemResult(news, situations[name]))
        self._read_files(results)
        ready: list[StemResult] = []
        for result in results:
            name = result.news.stem
            if result.failure is None:
                result.finish()
                ready.append(result)
            elif result.failure.kind == "object-changed":
                again[name] = self._ask_next_time(inputs[name], result)
            elif isinstance(result.failure, TransientError):
                failed[name] = result.failure
            else:
                raise result.failure
        for name in self._write(ready, indexes, batch):
            again[name] = inputs[name]
        return again, failed

    def _find_news(
        self, name: Stem, stem: StemInput, situation: Situation, batch: Batch
    ) -> StemNews | TransientError | None:
        """Tell what is new of a stem; None when nothing is."""
        news = StemNews(name, index_entries=stem.index_entries)
        try:
            for collapsed in stem.events:
                known = situation.find(collapsed.newest.key)
                event = find_news(collapsed, known, self._store, must_ask=stem.must_ask)
                if isinstance(event, Verdict):
                    if collapsed.position >= 0:
                        batch.end(collapsed.position, VERDICT_OUTCOMES[event])
                elif classify_key(event.key) is ObjectKind.FITS:
                    news.files[event.key] = event
                else:
                    self._take_sidecar(event, news)
        except TransientError as error:
            return error
        return news if news.files or news.sidecar or news.index_entries else None

    def _take_sidecar(self, event: ObjectEvent, news: StemNews) -> None:
        news.sidecar = event
        if event.kind is EventKind.CREATED:
            try:
                news.sidecar_content = self._reader.read_sidecar(
                    event.bucket, event.key, event.etag
                )
            except BadIndexError as error:
                news.sidecar_content = error
            except NotFoundError:
                news.sidecar = replace(event, kind=EventKind.REMOVED)

    def _read_files(self, results: Sequence[StemResult]) -> None:
        wanted = [
            (result, file)
            for result in results
            for file in result.news.files_to_read(result.situation)
        ]
        readings = self._reader.read_files([file for _, file in wanted])
        for (result, _), (file, reading) in zip(wanted, readings, strict=True):
            result.add(file, reading, self._clock())

    def _ask_next_time(self, stem: StemInput, result: StemResult) -> StemInput:
        """Have the bucket asked what an object is that changed while it was read."""
        named = {collapsed.newest.key for collapsed in stem.events}
        bucket = result.news.stem[0]
        unnamed = [
            Collapsed(
                newest=ObjectEvent(
                    bucket=bucket, key=file.key, kind=EventKind.CREATED, origin=EventOrigin.REDRIVE
                ),
                must_ask=True,
                others={},
                position=-1,
            )
            for file in result.news.files_to_read(result.situation)
            if file.key not in named
        ]
        return StemInput([*stem.events, *unnamed], stem.index_entries, must_ask=True)

    def _write(
        self, results: Sequence[StemResult], indexes: list[IndexVersion], batch: Batch
    ) -> frozenset[Stem]:
        """Write stems in one transaction; returns those that others changed meanwhile."""
        if not results:
            return frozenset()
        try:
            recorded = with_patience(lambda: self._transact(results, indexes, batch))
        except RefusedByRegistryError as error:
            self._known_records.forget()
            if len(results) > 1:
                middle = len(results) // 2
                return self._write(results[:middle], indexes, batch) | self._write(
                    results[middle:], indexes, batch
                )
            for name, row in results[0].rows.items():
                if name in results[0].readings:
                    results[0].rows[name] = rejected(replace(row, observation=None), error)
            results[0].readings.clear()
            recorded = with_patience(lambda: self._transact(results, indexes, batch))
        for result in results:
            if result.news.stem not in recorded.stale:
                batch.end_stem(result, recorded)
        self._relay(recorded.messages)
        return recorded.stale

    def _transact(
        self, results: Sequence[StemResult], indexes: list[IndexVersion], batch: Batch
    ) -> Recorded:
        now = self._clock()
        self._known_records.roll_back()
        with self._registry.begin() as transaction:
            recorded = record_batch(
                transaction,
                results,
                indexes,
                self._known_records,
                now,
                announces_folders=self._announces_folders,
            )
            fresh = [r for r in results if r.news.stem not in recorded.stale]
            transaction.objects.record_events(batch.stem_records(fresh, recorded), now)
        self._known_records.commit()
        return recorded

    def _relay(self, messages: Sequence[PendingMessage]) -> None:
        at_once = [item for item in messages if item.destination is not Queue.INDEXES]
        try:
            relay_messages(self._registry, self._sender, at_once)
        except TransientError:
            # They stand in the outbox: the next invocation or the schedule sends them.
            return

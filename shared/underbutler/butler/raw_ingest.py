"""Raws ingested from a listing: the use case of the Lambda, fed by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from underbutler.butler.copy_in import copy_in
from underbutler.butler.outbox_work import define_announced, look_again
from underbutler.errors import NotFoundError, StoreUnavailableError
from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.batch import ReceivedEvent
from underbutler.model.object_info import ObjectInfo
from underbutler.model.outcome import EventOutcome, Outcome
from underbutler.model.raw_object import INDEX_NAME, ObjectKind, classify_key, stem_of
from underbutler.model.uri import ObjectUri

if TYPE_CHECKING:
    from underbutler.bootstrap import Client
    from underbutler.store.routed import RoutedStore

__all__ = ["IngestReport", "ingest_locations", "list_locations"]

# Events to a call: an index and the files it describes mostly fit in one.
_EVENTS_PER_CALL = 2000
_MOST_NOTES = 100
_KINDS = (ObjectKind.FITS, ObjectKind.SIDECAR, ObjectKind.INDEX)


@dataclass(slots=True)
class IngestReport:
    """What became of a listing."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    """Outcome → number of files, of FITS files only."""
    problems: dict[str, EventOutcome] = field(default_factory=dict)
    """URI → why the file, sidecar or index was not registered."""
    notes: Counter[str] = field(default_factory=Counter)
    """What curators should know of registered files → number of files; the first few."""
    visits: int = 0
    """Visits defined."""
    copied: int = 0
    """Files copied into the repository."""

    def add(self, outcomes: Iterable[EventOutcome]) -> None:
        """Take in the outcomes of a batch; of a file that was looked at again, the last counts."""
        for item in outcomes:
            before = self.problems.pop(item.uri, None)
            if classify_key(item.uri) is ObjectKind.FITS:
                self.outcomes[item.outcome] += 1
                if before is not None:
                    self.outcomes[before.outcome] -= 1
                if item.outcome is Outcome.REGISTERED and item.message:
                    self._note(item.message)
            if item.outcome in (Outcome.REJECTED, Outcome.WAITING, Outcome.TRANSIENT):
                self.problems[item.uri] = item

    def _note(self, message: str) -> None:
        if message in self.notes or len(self.notes) < _MOST_NOTES:
            self.notes[message] += 1

    @property
    def failed(self) -> int:
        """Number of FITS files that were not registered."""
        return sum(
            self.outcomes[outcome]
            for outcome in (Outcome.REJECTED, Outcome.WAITING, Outcome.TRANSIENT)
        )


def ingest_locations(
    client: Client,
    locations: Sequence[str],
    *,
    copy_to: ObjectUri | None = None,
    with_visits: bool = True,
    progress: Callable[[IngestReport], None] | None = None,
) -> IngestReport:
    """Ingest what is at some locations, and define the visits that come of it.

    Parameters
    ----------
    client
        Adapters of a repository.
    locations
        Files, folders, ``s3://`` objects or prefixes.
    copy_to
        Folder or prefix to copy the registered files into; None registers them where they are.
    with_visits
        Whether to define visits.
    progress
        Told the report after each batch.

    Raises
    ------
    NotFoundError
        There is nothing at a location.
    UserError
        A location is no path or URI.
    """
    ingest = client.ingest_raws()
    report = IngestReport()
    for batch in _batches(list_locations(client.store, locations)):
        outcomes = ingest([ReceivedEvent(event=event) for event in batch])
        report.add(outcomes)
        # What waited for an exposure of this batch; what cannot be had now stays announced.
        with suppress(StoreUnavailableError):
            again = look_again(client)
            report.add(again)
            outcomes += again
        if copy_to is not None:
            uris = dict.fromkeys(item.uri for item in outcomes)
            report.copied += copy_in(client, copy_to, list(uris))
        if with_visits:
            report.visits += define_announced(client)
        if progress is not None:
            progress(report)
    return report


def list_locations(store: RoutedStore, locations: Sequence[str]) -> Iterator[ObjectEvent]:
    """List what is at some locations as events: an index before the files of its folder.

    A file is listed with its sidecar; an index stands for all that is in its folder.

    Raises
    ------
    NotFoundError
        There is nothing at a location.
    UserError
        A location is no path or URI.
    """
    folder = None
    for location in locations:
        place = ObjectUri.from_location(location)
        bucket, prefix = place.bucket, place.key
        if classify_key(prefix) is ObjectKind.INDEX:
            prefix = prefix.rpartition("/")[0] + ("/" if bucket and "/" in prefix else "")
        found = False
        for info in store.list(bucket, prefix):
            found = True
            if classify_key(info.key) not in _KINDS:
                continue
            here = (bucket, info.key.rpartition("/")[0])
            if here != folder:
                folder = here
                # Found now rather than among its files, so that none is read twice.
                index = store.head(bucket, f"{here[1]}/{INDEX_NAME}" if here[1] else INDEX_NAME)
                if index is not None:
                    yield _event(index)
            if classify_key(info.key) is not ObjectKind.INDEX:
                yield _event(info)
            if info.key == prefix and classify_key(info.key) is ObjectKind.FITS:
                sidecar = store.head(bucket, f"{stem_of(info.key)}.json")
                if sidecar is not None:
                    yield _event(sidecar)
        if not found:
            raise NotFoundError(f"There is nothing at {location}.")


def _event(info: ObjectInfo) -> ObjectEvent:
    return ObjectEvent(
        bucket=info.bucket,
        key=info.key,
        kind=EventKind.CREATED,
        origin=EventOrigin.LISTING,
        name="Listing",
        etag=info.etag,
        size_bytes=info.size_bytes,
        version_id=info.version_id,
        time=info.last_modified,
    )


def _batches(events: Iterable[ObjectEvent]) -> Iterator[list[ObjectEvent]]:
    """Cut events into batches, never between a file and its sidecar."""
    batch: list[ObjectEvent] = []
    for event in events:
        is_new_stem = not batch or stem_of(batch[-1].key) != stem_of(event.key)
        if len(batch) >= _EVENTS_PER_CALL and is_new_stem:
            yield batch
            batch = []
        batch.append(event)
    if batch:
        yield batch

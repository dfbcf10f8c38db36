"""A batch of events and how each of them ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from underbutler.errors import RegistryUnavailableError, TransientError
from underbutler.events.object_event import ObjectEvent
from underbutler.ingest.freshness import Collapsed, Verdict
from underbutler.model.outcome import EventOutcome, EventRecord, Outcome
from underbutler.model.raw_object import ObjectState, RawObject, object_uri

if TYPE_CHECKING:
    from underbutler.ingest.recorder import Recorded
    from underbutler.ingest.stem_work import StemResult

__all__ = ["VERDICT_OUTCOMES", "Batch", "ReceivedEvent"]

VERDICT_OUTCOMES = {
    Verdict.DUPLICATE: Outcome.DUPLICATE,
    Verdict.SUPERSEDED: Outcome.SUPERSEDED,
}
"""Why an event is no news → how it ends."""

_STATE_OUTCOMES = {
    ObjectState.REGISTERED: Outcome.REGISTERED,
    ObjectState.WAITING: Outcome.WAITING,
    ObjectState.REJECTED: Outcome.REJECTED,
    ObjectState.SUPERSEDED: Outcome.SUPERSEDED,
    ObjectState.GONE: Outcome.GONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """An event and the message that brought it."""

    event: ObjectEvent
    message_id: str = ""
    receive_count: int | None = None


class Batch:
    """Events that are handled together.

    Parameters
    ----------
    received
        The events, in the order in which their outcomes are wanted.
    """

    def __init__(self, received: Sequence[ReceivedEvent]) -> None:
        self.received = received
        self._outcomes: dict[int, EventOutcome] = {}
        self._recorded: set[int] = set()
        self._newest: dict[tuple[str, str], int] = {}
        self._registry_failed = False

    def note_newest(self, collapsed: Collapsed) -> None:
        """Note which event stands for its object."""
        event = collapsed.newest
        self._newest[event.bucket, event.key] = collapsed.position

    def end(self, position: int, outcome: Outcome, code: str = "", message: str = "") -> None:
        """Say how an event ends."""
        item = self.received[position]
        self._outcomes[position] = EventOutcome(
            uri=object_uri(item.event.bucket, item.event.key),
            outcome=outcome,
            code=code or ("" if outcome is Outcome.REGISTERED else outcome.value),
            message=message,
            message_id=item.message_id,
        )

    def end_as(self, position: int, row: RawObject) -> None:
        """Say that an event ends as its object's row has it."""
        self.end(position, _STATE_OUTCOMES[row.state], row.code, row.message)

    def fail(self, position: int, error: TransientError) -> None:
        """Say that an event has to come again."""
        if position >= 0:
            self._registry_failed |= isinstance(error, RegistryUnavailableError)
            self.end(position, Outcome.TRANSIENT, error.kind, str(error))

    def end_stem(self, result: StemResult, recorded: Recorded) -> None:
        """Say how the events of a stem end, once it is written."""
        for position, row in self._rows(result, recorded):
            self.end_as(position, row)
            self._recorded.add(position)

    def stem_records(self, results: Sequence[StemResult], recorded: Recorded) -> list[EventRecord]:
        """Make the history of the events of stems that are being written."""
        records = []
        for result in results:
            for position, row in self._rows(result, recorded):
                self.end_as(position, row)
                records.append(self.record(position))
        return records

    def record(self, position: int) -> EventRecord:
        """Make an event's history."""
        item = self.received[position]
        event: ObjectEvent = item.event
        return EventRecord(
            outcome=self._outcomes[position],
            bucket=event.bucket,
            key=event.key,
            event_name=event.name or event.kind.value,
            event_time=event.time,
            sequencer=event.sequencer,
            etag=event.etag,
            version_id=event.version_id,
            size_bytes=event.size_bytes,
            receive_count=item.receive_count,
        )

    def unrecorded(self) -> list[int]:
        """Name the events whose outcome no transaction recorded, unless the registry is away."""
        if self._registry_failed:
            return []
        return [position for position in sorted(self._outcomes) if position not in self._recorded]

    def outcomes(self) -> list[EventOutcome]:
        """List the outcomes in the order of the events."""
        return [self._outcomes[position] for position in range(len(self.received))]

    def _rows(self, result: StemResult, recorded: Recorded) -> list[tuple[int, RawObject]]:
        bucket = result.news.stem[0]
        return [
            (self._newest[bucket, key], recorded.rows[bucket, key])
            for key in result.rows
            if (bucket, key) in self._newest
        ]

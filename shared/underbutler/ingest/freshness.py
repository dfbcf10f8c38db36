"""Which events are news. Pure: the answer may be to ask the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.model.raw_object import ObjectState, RawObject

__all__ = ["UNFINISHED", "Collapsed", "Verdict", "collapse", "judge"]

UNFINISHED = "unfinished"
"""Code of an index whose files are still being worked through."""


class Verdict(Enum):
    """What an event is worth, given what the registry has of its object."""

    NEWS = auto()
    DUPLICATE = auto()
    SUPERSEDED = auto()
    ASK = auto()
    """Order and content do not tell: the bucket does."""


@dataclass(frozen=True, slots=True)
class Collapsed:
    """Events of one object in one batch."""

    newest: ObjectEvent
    must_ask: bool
    """Whether which of them is the newest cannot be told."""
    others: Mapping[int, Verdict]
    """Position of every other event in the batch → why it does not count."""
    position: int
    """Position of the newest in the batch."""


def collapse(events: Iterable[tuple[int, ObjectEvent]]) -> list[Collapsed]:
    """Reduce a batch to the newest event per object."""
    by_object: dict[tuple[str, str], list[tuple[int, ObjectEvent]]] = {}
    for position, event in events:
        by_object.setdefault((event.bucket, event.key), []).append((position, event))
    return [_collapse_one(items) for items in by_object.values()]


def _collapse_one(items: list[tuple[int, ObjectEvent]]) -> Collapsed:
    position, newest = max(items, key=lambda item: (_rank(item[1]), item[0]))
    others: dict[int, Verdict] = {}
    must_ask = False
    if newest.origin is EventOrigin.REDRIVE:
        # What is found then is no older than any of them.
        sequencers = [item.sequencer for _, item in items if item.sequencer]
        newest = replace(newest, sequencer=max(sequencers, default=None))
    for other_position, other in items:
        if other_position == position:
            continue
        is_same = (other.kind, other.etag, other.version_id) == (
            newest.kind,
            newest.etag,
            newest.version_id,
        )
        others[other_position] = Verdict.DUPLICATE if is_same else Verdict.SUPERSEDED
        if not is_same and not _is_ordered(other.sequencer, newest.sequencer):
            must_ask = True
    return Collapsed(newest, must_ask, others, position)


def _rank(event: ObjectEvent) -> tuple[bool, str, float]:
    # A wish to look again counts more than what a store once said.
    return (
        event.origin is EventOrigin.REDRIVE,
        event.sequencer or "",
        event.time.timestamp() if event.time else 0.0,
    )


def judge(event: ObjectEvent, known: RawObject | None) -> Verdict:
    """Tell what an event is worth, given the registry's row of its object."""
    if event.origin is EventOrigin.REDRIVE or _is_partial(event):
        return Verdict.ASK if not _is_outdated(event, known) else Verdict.SUPERSEDED
    if known is None:
        return Verdict.NEWS
    if event.origin is EventOrigin.LISTING:
        if known.state in (ObjectState.REJECTED, ObjectState.WAITING):
            return Verdict.NEWS
        return Verdict.DUPLICATE if _is_same(event, known) else Verdict.ASK
    if _is_ordered(event.sequencer, known.sequencer):
        return Verdict.SUPERSEDED if _is_outdated(event, known) else Verdict.NEWS
    if _is_same(event, known):
        return Verdict.DUPLICATE
    # The very event that a crash left half done, or one whose order nobody knows.
    return Verdict.NEWS if known.code == UNFINISHED and event.etag == known.etag else Verdict.ASK


def _is_partial(event: ObjectEvent) -> bool:
    """Tell whether one version of several may be deleted: the object may still be there."""
    is_deletion = event.kind is EventKind.REMOVED and event.name.endswith(":Delete")
    return is_deletion and event.version_id is not None


def _is_outdated(event: ObjectEvent, known: RawObject | None) -> bool:
    if event.origin is EventOrigin.REDRIVE or known is None:
        return False
    return (event.sequencer or known.sequencer or "") < (known.sequencer or "")


def _is_ordered(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and first != second


def _is_same(event: ObjectEvent, known: RawObject) -> bool:
    """Tell whether the registry has just what the event says, and is done with it."""
    if known.code == UNFINISHED:
        return False
    if event.kind is EventKind.REMOVED:
        return known.state is ObjectState.GONE
    return (
        known.state is not ObjectState.GONE
        and event.etag is not None
        and event.etag == known.etag
        and event.version_id == known.version_id
    )

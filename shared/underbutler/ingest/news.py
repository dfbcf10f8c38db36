"""Events made into facts: what cannot be told from an event is asked of the bucket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from underbutler.events.object_event import EventKind, EventOrigin, ObjectEvent
from underbutler.ingest.freshness import UNFINISHED, Collapsed, Verdict, judge
from underbutler.ingest.situation import MISSING_OBJECT
from underbutler.model.object_info import ObjectInfo
from underbutler.model.raw_object import ObjectState, RawObject

if TYPE_CHECKING:
    from underbutler.ingest.ports import ObjectStore

__all__ = ["find_news"]


def find_news(
    collapsed: Collapsed, known: RawObject | None, store: ObjectStore, *, must_ask: bool = False
) -> ObjectEvent | Verdict:
    """Make of an object's newest event what is true of the object now.

    Parameters
    ----------
    collapsed
        Its events in this batch.
    known
        Its row.
    store
        Where to ask.
    must_ask
        Whether to ask in any case, since the object changed under our eyes.

    Returns
    -------
    news
        The event, with what the bucket says where it was asked; or why it is no news.

    Raises
    ------
    StoreUnavailableError
        The bucket does not answer.
    """
    event = collapsed.newest
    verdict = judge(event, known)
    if verdict is Verdict.NEWS and (must_ask or collapsed.must_ask):
        verdict = Verdict.ASK
    if verdict is Verdict.NEWS:
        return event
    if verdict is not Verdict.ASK:
        return verdict
    info = store.head(event.bucket, event.key)
    is_redrive = event.origin is EventOrigin.REDRIVE
    if info is None:
        if known is not None and known.state is ObjectState.GONE:
            return Verdict.DUPLICATE
        if is_redrive and known is not None and known.code == MISSING_OBJECT:
            # Still not shown: reading it will say so, and count the attempt.
            return event
        return replace(event, kind=EventKind.REMOVED, etag=None, size_bytes=None, version_id=None)
    if not is_redrive and known is not None and _is_same(info, known):
        return Verdict.DUPLICATE
    return replace(
        event,
        kind=EventKind.CREATED,
        etag=info.etag,
        size_bytes=info.size_bytes,
        version_id=info.version_id,
    )


def _is_same(info: ObjectInfo, known: RawObject) -> bool:
    return (
        known.state is not ObjectState.GONE
        and known.code != UNFINISHED
        and info.etag is not None
        and info.etag == known.etag
    )

"""An index's events: what it says is shared out to the stems of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from underbutler.errors import BadIndexError, NotFoundError, StoreUnavailableError
from underbutler.events.object_event import EventKind, ObjectEvent
from underbutler.ingest.freshness import UNFINISHED, Collapsed, Verdict
from underbutler.ingest.news import find_news
from underbutler.ingest.situation import Stem, read_situations
from underbutler.ingest.stem_work import object_row, rejected
from underbutler.metadata.index import Index
from underbutler.model.metadata_entry import MetadataEntry
from underbutler.model.raw_object import ObjectKind, ObjectState, RawObject, stem_of

if TYPE_CHECKING:
    from underbutler.ingest.metadata_reader import MetadataReader
    from underbutler.ingest.ports import IngestRegistry, ObjectStore
    from underbutler.ingest.recorder import IndexVersion

__all__ = ["IndexClaim", "claim_index", "finish_index"]

# Who claimed an index and died leaves it to whoever comes by after this time.
_PATIENCE = timedelta(minutes=15)
_ATTEMPTS = 5
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexClaim:
    """An index that this batch works through."""

    row: RawObject
    """Its row once all its files are done."""
    entries: Mapping[Stem, Mapping[tuple[str, str], MetadataEntry | None]]
    """Stem → (file, index) → what the index now says; None: nothing any more."""

    @property
    def version(self) -> IndexVersion:
        """Which content of the index it is."""
        return self.row.bucket, self.row.key, self.row.etag, self.row.sequencer


def claim_index(
    collapsed: Collapsed,
    registry: IngestRegistry,
    store: ObjectStore,
    reader: MetadataReader,
    now: datetime,
) -> IndexClaim | Verdict:
    """Read an index and mark it as being worked through.

    From here on an older content of it cannot be written any more; what it said before and does
    not say now is taken back.

    Raises
    ------
    StoreUnavailableError
        It cannot be read now.
    RegistryUnavailableError
        The registry is not available, or others keep changing the index.
    """
    bucket, key = collapsed.newest.bucket, collapsed.newest.key
    stem = (bucket, stem_of(key))
    must_ask = False
    for _ in range(_ATTEMPTS):
        with registry.read() as transaction:
            known = read_situations(transaction, [stem])[stem].find(key)
        event = find_news(collapsed, known, store, must_ask=must_ask)
        if isinstance(event, Verdict):
            return event
        try:
            row, index = _read(event, known, reader)
        except StoreUnavailableError as error:
            must_ask = error.kind == "object-changed"
            if must_ask:
                continue
            raise
        with registry.begin() as transaction:
            transaction.objects.lock_folders([(bucket, key)])
            if read_situations(transaction, [stem])[stem].find(key) != known:
                continue
            unfinished = replace(
                row,
                state=ObjectState.WAITING,
                code=UNFINISHED,
                message="Its files are being worked through.",
                next_attempt=now + _PATIENCE,
            )
            transaction.objects.save([unfinished], now)
            transaction.entries.discard_source(bucket, key)
            described = transaction.objects.described_by(bucket, key)
        return IndexClaim(row=row, entries=_share_out(index, described))
    raise StoreUnavailableError(f"{collapsed.newest.key} keeps changing.", kind="contended")


def finish_index(claim: IndexClaim, registry: IngestRegistry, now: datetime) -> None:
    """Mark an index as done, unless it was replaced meanwhile."""
    row = claim.row
    stem = (row.bucket, row.stem)
    with registry.begin() as transaction:
        transaction.objects.lock_folders([(row.bucket, row.key)])
        present = read_situations(transaction, [stem])[stem].find(row.key)
        if present and (present.etag, present.sequencer) == (row.etag, row.sequencer):
            transaction.objects.save([row], now)


def _read(
    event: ObjectEvent, known: RawObject | None, reader: MetadataReader
) -> tuple[RawObject, Index]:
    row = object_row(event, ObjectKind.INDEX, known)
    if event.kind is EventKind.REMOVED:
        return replace(row, state=ObjectState.GONE), Index(())
    try:
        index = reader.read_index(event.bucket, event.key, event.etag)
    except NotFoundError:
        return replace(row, state=ObjectState.GONE), Index(())
    except BadIndexError as error:
        return rejected(row, error), Index(())
    problems = "; ".join(index.problems[:_SHOWN_PROBLEMS])
    if len(index.problems) > _SHOWN_PROBLEMS:
        problems += f"; and {len(index.problems) - _SHOWN_PROBLEMS} more"
    return replace(row, state=ObjectState.REGISTERED, message=problems, attempts=0), index


def _share_out(
    index: Index, described: list[RawObject]
) -> dict[Stem, dict[tuple[str, str], MetadataEntry | None]]:
    shares: dict[Stem, dict[tuple[str, str], MetadataEntry | None]] = {}
    for file in described:
        assert file.source_key is not None
        shares.setdefault((file.bucket, file.stem), {})[file.key, file.source_key] = None
    for entry in index.entries:
        shares.setdefault((entry.bucket, entry.stem), {})[entry.target, entry.source_key] = entry
    return shares

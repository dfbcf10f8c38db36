"""Two objects that hold one dataset: the smaller URI has it, whoever came first."""

from __future__ import annotations

from dataclasses import replace

from underbutler.ingest.ports import IngestTransaction
from underbutler.model.raw_object import ObjectState, RawObject

__all__ = ["CONFLICT", "settle_conflicts"]

CONFLICT = "conflict"
"""Code of an object whose dataset another object holds."""

_ObjectKey = tuple[str, str]
_DataIdKey = tuple[str, int, int]


def settle_conflicts(
    transaction: IngestTransaction,
    rows: dict[_ObjectKey, RawObject],
    before: dict[_ObjectKey, RawObject],
) -> dict[_DataIdKey, RawObject | None]:
    """Decide which object holds each dataset that the new rows touch.

    Parameters
    ----------
    transaction
        Holds the exposures of all data IDs concerned.
    rows
        New rows by (bucket, key); those of losers, and of objects outside the batch whose state
        changes, are put in here.
    before
        Rows as they were.

    Returns
    -------
    winners
        Data ID → the object that holds its dataset; None when none does any more.
    """
    contenders: dict[_DataIdKey, list[RawObject]] = {}
    for name, row in rows.items():
        if row.state is ObjectState.REGISTERED and row.data_id is not None:
            contenders.setdefault(row.data_id, []).append(row)
        known = before.get(name)
        if known is not None and known.data_id is not None and _claims(known):
            contenders.setdefault(known.data_id, [])
    for other in transaction.objects.claiming(contenders.keys()):
        if (other.bucket, other.key) not in rows and other.data_id is not None:
            contenders[other.data_id].append(other)
    winners: dict[_DataIdKey, RawObject | None] = {}
    for data_id, claimants in contenders.items():
        if not claimants:
            winners[data_id] = None
            continue
        first, *others = sorted(claimants, key=lambda item: (item.bucket, item.key))
        if first.state is not ObjectState.REGISTERED:
            first = replace(first, state=ObjectState.REGISTERED, code="", message="", attempts=0)
            rows[first.bucket, first.key] = first
        winners[data_id] = first
        for other in others:
            lost = _lost(other, first)
            if lost != other:
                rows[other.bucket, other.key] = lost
    return winners


def _claims(row: RawObject) -> bool:
    return row.state is ObjectState.REGISTERED or row.code == CONFLICT


def _lost(row: RawObject, winner: RawObject) -> RawObject:
    return replace(
        row,
        state=ObjectState.REJECTED,
        code=CONFLICT,
        message=(
            f"{row.uri} holds the same dataset as {winner.uri}, which is registered: "
            f"{row.instrument} exposure {row.exposure} detector {row.detector}."
        ),
    )

"""Objects that hold the same dataset: the smallest URI has it, whoever came first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from underbutler.ingest.ports import IngestTransaction
from underbutler.model.raw_object import ObjectState, RawDataId, RawObject

__all__ = ["CONFLICT", "CONFLICT_IN_PART", "settle_conflicts"]

CONFLICT = "conflict"
"""Code of an object whose datasets other objects hold."""
CONFLICT_IN_PART = "conflict-in-part"
"""Code of a registered object some of whose datasets other objects hold."""

_ObjectKey = tuple[str, str]


def settle_conflicts(
    transaction: IngestTransaction,
    rows: dict[_ObjectKey, RawObject],
    before: dict[_ObjectKey, RawObject],
) -> dict[RawDataId, RawObject | None]:
    """Decide which object holds each dataset that the new rows touch.

    Parameters
    ----------
    transaction
        Holds the exposures of all data IDs concerned.
    rows
        New rows by (bucket, key); those of losers, and of objects outside the batch whose state
        changes, or that hold more than they did, are put in here.
    before
        Rows as they were.

    Returns
    -------
    winners
        Data ID → the object that holds its dataset; None when none does any more.
    """
    claims = _Claims(transaction, rows)
    touched: dict[RawDataId, None] = {}
    for name, row in rows.items():
        if row.state is ObjectState.REGISTERED:
            touched.update(dict.fromkeys(row.data_ids))
        known = before.get(name)
        if known is not None and _claims(known):
            touched.update(dict.fromkeys(known.data_ids))
    claims.collect(touched)
    concerned = claims.objects()
    # Whether a file that loses a dataset has others left.
    claims.collect(data_id for row in concerned for data_id in row.data_ids)
    for row in concerned:
        settled = claims.settle(row)
        # Of a file outside the batch nobody knows which of several datasets it held before.
        if settled != row or (settled.code == CONFLICT_IN_PART):
            rows[row.bucket, row.key] = settled
    return {data_id: _latest(claims.winner(data_id), rows) for data_id in touched}


class _Claims:
    """Who says to hold which dataset."""

    def __init__(self, transaction: IngestTransaction, rows: dict[_ObjectKey, RawObject]) -> None:
        self._transaction = transaction
        self._rows = dict(rows)
        self._claimants: dict[RawDataId, list[RawObject]] = {}

    def collect(self, data_ids: Iterable[RawDataId]) -> None:
        """Find the objects that say they hold these datasets."""
        new: dict[RawDataId, list[RawObject]] = {
            data_id: [] for data_id in data_ids if data_id not in self._claimants
        }
        mine = [row for row in self._rows.values() if row.state is ObjectState.REGISTERED]
        others = [
            row
            for row in self._transaction.objects.claiming(new.keys())
            if (row.bucket, row.key) not in self._rows
        ]
        for row in (*mine, *others):
            for data_id in row.data_ids:
                if data_id in new:
                    new[data_id].append(row)
        self._claimants |= new

    def objects(self) -> list[RawObject]:
        """List the objects that say they hold one of the datasets, each once."""
        found = {(row.bucket, row.key): row for rows in self._claimants.values() for row in rows}
        return list(found.values())

    def winner(self, data_id: RawDataId) -> RawObject | None:
        """Find the object that holds a dataset."""
        claimants = self._claimants[data_id]
        return min(claimants, key=lambda row: (row.bucket, row.key), default=None)

    def settle(self, row: RawObject) -> RawObject:
        """Make an object's row as it is once every dataset has its holder."""
        lost = {
            data_id: winner
            for data_id in row.data_ids
            if (winner := self.winner(data_id)) is not None
            and (winner.bucket, winner.key) != (row.bucket, row.key)
        }
        if len(lost) == len(row.data_ids):
            return _lost(row, next(iter(lost.values())))
        code = CONFLICT_IN_PART if lost else ""
        if row.state is ObjectState.REGISTERED:
            return replace(row, code=code)
        return replace(row, state=ObjectState.REGISTERED, code=code, message="", attempts=0)


def _latest(winner: RawObject | None, rows: dict[_ObjectKey, RawObject]) -> RawObject | None:
    return winner and rows.get((winner.bucket, winner.key), winner)


def _claims(row: RawObject) -> bool:
    return row.state is ObjectState.REGISTERED or row.code == CONFLICT


def _lost(row: RawObject, winner: RawObject) -> RawObject:
    held = f"exposure {row.exposure} detector {row.detector}"
    if row.hdus:
        held += f" and {len(row.hdus) - 1} more"
    return replace(
        row,
        state=ObjectState.REJECTED,
        code=CONFLICT,
        message=(
            f"{row.uri} holds the same dataset as {winner.uri}, which is registered: "
            f"{row.instrument} {held}."
        ),
    )

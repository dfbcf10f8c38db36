"""Objects of the watched buckets and their history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from underbutler.model.observation import MetadataSource
from underbutler.model.outcome import EventRecord
from underbutler.model.raw_object import ObjectKind, ObjectState, RawDataId, RawObject
from underbutler.registry import schema
from underbutler.registry.column_types import corrections_text, read_corrections
from underbutler.registry.dialect import Columns, Dialect, dialect_of
from underbutler.registry.matching import matches, select_matching

__all__ = ["RawObjects"]

_TABLE = schema.raw_object
_COLUMNS = tuple(
    field.name for field in fields(RawObject) if field.name not in ("id", "bucket", "key")
)
_ENUMS = ("kind", "state", "source")
_JSON = ("hdus", "corrections")
_STEM: Columns = {"bucket": schema.TEXT, "stem": schema.TEXT}
_KEY: Columns = {"bucket": schema.TEXT, "key": schema.TEXT}
_EXPOSURE: Columns = {"instrument": schema.TEXT, "exposure": schema.BIG}
_DATA_ID: Columns = {**_EXPOSURE, "detector": schema.INT}
# What an event may hold of a broken message is for reading, not for keeping.
_LONGEST_MESSAGE = 2000


class RawObjects:
    """Objects seen in watched buckets, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)

    def lock_folders(self, objects: Iterable[tuple[str, str]]) -> None:
        """Hold the folders of these (bucket, key) until the transaction ends.

        Whoever writes an object's row, or metadata waiting for it, holds its folder: what is
        read under the lock stays true.
        """
        self._dialect.lock(
            self._connection,
            {f"folder/{bucket}/{key.rpartition('/')[0]}" for bucket, key in objects},
        )

    def with_stems(self, stems: Collection[tuple[str, str]]) -> list[RawObject]:
        """Find the files and sidecars that have these (bucket, stem)."""
        if not stems:
            return []
        statement = self._dialect.statement(
            "objects with stems",
            lambda: select_matching(self._dialect, _TABLE, "wanted", _STEM),
        )
        return self._select(statement, self._dialect.bind("wanted", _STEM, sorted(stems)))

    def described_by(self, bucket: str, source_key: str) -> list[RawObject]:
        """Find the files whose metadata came from an index or sidecar."""
        return self._select(
            sa.select(_TABLE).where(_TABLE.c.bucket == bucket, _TABLE.c.source_key == source_key)
        )

    def claiming(self, data_ids: Collection[RawDataId]) -> list[RawObject]:
        """Find the objects that say they hold one of these datasets.

        Also those that lost to another object; not those that are gone.
        """
        if not data_ids:
            return []
        statement = self._dialect.statement("objects claiming", lambda: _claiming(self._dialect))
        wanted = sorted({data_id[1:] for data_id in data_ids})
        found = self._select(statement, self._dialect.bind("wanted", _DATA_ID, wanted))
        names = set(data_ids)
        claimants = {row.id: row for row in found if not names.isdisjoint(row.data_ids)}
        return list(claimants.values())

    def candidates(self, exposures: Collection[tuple[str, int]]) -> list[RawObject]:
        """Find the objects that have a say in these exposures' metadata, or had until they went."""
        if not exposures:
            return []
        statement = self._dialect.statement(
            "candidates",
            lambda: select_matching(self._dialect, _TABLE, "wanted", _EXPOSURE).where(
                _TABLE.c.state.in_((ObjectState.REGISTERED.value, ObjectState.GONE.value)),
                _TABLE.c.observation.is_not(None),
            ),
        )
        return self._select(statement, self._dialect.bind("wanted", _EXPOSURE, sorted(exposures)))

    def due(self, now: datetime, limit: int) -> list[RawObject]:
        """Find waiting objects whose time to be tried again has come, the longest due first."""
        return self._select(
            sa.select(_TABLE)
            .where(_TABLE.c.state == ObjectState.WAITING.value, _TABLE.c.next_attempt <= now)
            .order_by(_TABLE.c.next_attempt, _TABLE.c.id)
            .limit(limit)
        )

    def postpone(self, objects: Collection[RawObject], until: datetime) -> None:
        """Put off waiting objects that were found due; holds their folders."""
        if not objects:
            return
        self.lock_folders([(item.bucket, item.key) for item in objects])
        self._connection.execute(
            sa.update(_TABLE)
            .where(
                _TABLE.c.id.in_([item.id for item in objects]),
                _TABLE.c.state == ObjectState.WAITING.value,
            )
            .values(next_attempt=until)
        )

    def waiting_for_instruments(self, names: Collection[str], code: str) -> list[RawObject]:
        """Find the files of instruments that wait, for the reason that a code stands for."""
        return self._select(
            sa.select(_TABLE).where(
                _TABLE.c.state == ObjectState.WAITING.value,
                _TABLE.c.code == code,
                _TABLE.c.instrument.in_(names),
            )
        )

    def rejected_for(self, code: str) -> list[RawObject]:
        """Find the objects that were rejected for the reason that a code stands for."""
        return self._select(
            sa.select(_TABLE)
            .where(_TABLE.c.state == ObjectState.REJECTED.value, _TABLE.c.code == code)
            .order_by(_TABLE.c.bucket, _TABLE.c.key)
        )

    def waiting_for_exposures(
        self, exposures: Collection[tuple[str, int]], code: str
    ) -> list[RawObject]:
        """Find the files of exposures that wait, for the reason that a code stands for."""
        if not exposures:
            return []
        statement = self._dialect.statement(
            "waiting for exposures",
            lambda: select_matching(self._dialect, _TABLE, "wanted", _EXPOSURE).where(
                _TABLE.c.state == ObjectState.WAITING.value,
                _TABLE.c.code == sa.bindparam("waiting_code"),
            ),
        )
        parameters = self._dialect.bind("wanted", _EXPOSURE, sorted(exposures))
        return self._select(statement, {**parameters, "waiting_code": code})

    def of_exposures(self, exposures: Collection[tuple[str, int]]) -> list[RawObject]:
        """Find the registered files of exposures, in order of URI."""
        if not exposures:
            return []
        statement = self._dialect.statement(
            "objects of exposures",
            lambda: (
                select_matching(self._dialect, _TABLE, "wanted", _EXPOSURE)
                .where(_TABLE.c.state == ObjectState.REGISTERED.value)
                .order_by(_TABLE.c.bucket, _TABLE.c.key)
            ),
        )
        return self._select(statement, self._dialect.bind("wanted", _EXPOSURE, sorted(exposures)))

    def save(self, objects: Sequence[RawObject], now: datetime) -> dict[tuple[str, str], int]:
        """Insert or update rows; the caller holds their folders.

        Returns
        -------
        ids
            Row number by (bucket, key).
        """
        rows = [
            {
                "bucket": item.bucket,
                "key": item.key,
                "stem": item.stem,
                **_columns(item),
                "first_seen": now,
                "last_seen": now,
            }
            for item in sorted(objects, key=lambda item: (item.bucket, item.key))
        ]
        self._dialect.upsert(
            self._connection,
            _TABLE,
            rows,
            conflict=("bucket", "key"),
            update=(*_COLUMNS, "last_seen"),
        )
        statement = self._dialect.statement(
            "object numbers", lambda: _select_numbers(self._dialect)
        )
        keys = [(row["bucket"], row["key"]) for row in rows]
        found = self._connection.execute(statement, self._dialect.bind("wanted", _KEY, keys))
        return {(bucket, key): number for bucket, key, number in found}

    def record_events(self, events: Sequence[EventRecord], now: datetime) -> None:
        """Append to the history of events."""
        day = int(f"{now:%Y%m%d}")
        self._dialect.insert(
            self._connection,
            schema.ingest_event,
            [
                {
                    "day": day,
                    "received_at": now,
                    "bucket": event.bucket,
                    "key": event.key,
                    "event_name": event.event_name,
                    "event_time": event.event_time,
                    "sequencer": event.sequencer,
                    "etag": event.etag,
                    "version_id": event.version_id,
                    "size_bytes": event.size_bytes,
                    "message_id": event.outcome.message_id,
                    "receive_count": event.receive_count,
                    "outcome": event.outcome.outcome.value,
                    "code": event.outcome.code,
                    "message": event.outcome.message[:_LONGEST_MESSAGE],
                }
                for event in events
            ],
        )

    def prune_events(self, before_day: int) -> int:
        """Delete the history of days before one, given as YYYYMMDD; returns how many events."""
        events = schema.ingest_event
        return self._connection.execute(sa.delete(events).where(events.c.day < before_day)).rowcount

    def _select(
        self,
        statement: sa.Select[Any] | sa.CompoundSelect[Any],
        parameters: dict[str, Any] | None = None,
    ) -> list[RawObject]:
        return [_from_row(row) for row in self._connection.execute(statement, parameters)]


def _claiming(dialect: Dialect) -> sa.CompoundSelect[Any]:
    """Select the files of one detector by it, those of several by their exposure."""
    claims = sa.or_(
        _TABLE.c.state == ObjectState.REGISTERED.value,
        sa.and_(_TABLE.c.state == ObjectState.REJECTED.value, _TABLE.c.code == "conflict"),
    )
    wanted, matching = matches(dialect, _TABLE, "wanted", _DATA_ID)
    same_exposure = sa.and_(
        _TABLE.c.instrument == wanted.c.instrument, _TABLE.c.exposure == wanted.c.exposure
    )
    return sa.union_all(
        sa.select(_TABLE).join(wanted, matching).where(claims, _TABLE.c.hdus.is_(None)),
        sa.select(_TABLE).join(wanted, same_exposure).where(claims, _TABLE.c.hdus.is_not(None)),
    )


def _select_numbers(dialect: Dialect) -> sa.Select[Any]:
    wanted, condition = matches(dialect, _TABLE, "wanted", _KEY)
    return sa.select(_TABLE.c.bucket, _TABLE.c.key, _TABLE.c.id).join(wanted, condition)


def _columns(item: RawObject) -> dict[str, Any]:
    columns = {name: getattr(item, name) for name in _COLUMNS}
    columns |= {name: value.value for name in _ENUMS if (value := columns[name]) is not None}
    columns["hdus"] = json.dumps(item.hdus, separators=(",", ":")) if item.hdus else None
    columns["corrections"] = corrections_text(item.corrections)
    return columns


def _from_row(row: Row[Any]) -> RawObject:
    fields = row._mapping
    hdus = fields["hdus"]
    return RawObject(
        id=fields["id"],
        bucket=fields["bucket"],
        key=fields["key"],
        **{name: fields[name] for name in _COLUMNS if name not in (*_ENUMS, *_JSON)},
        kind=ObjectKind(fields["kind"]),
        state=ObjectState(fields["state"]),
        source=None if fields["source"] is None else MetadataSource(fields["source"]),
        hdus=() if hdus is None else tuple((detector, hdu) for detector, hdu in json.loads(hdus)),
        corrections=read_corrections(fields["corrections"]),
    )

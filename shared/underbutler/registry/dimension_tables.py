"""Dimension records but visits: instruments and what their exposures are made of."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from underbutler.model.dimension_records import (
    DayObsRecord,
    DetectorRecord,
    ExposureRecord,
    GroupRecord,
    InstrumentRecord,
    PhysicalFilterRecord,
)
from underbutler.model.instrument import Instrument
from underbutler.model.observation import ExposureMetadata, MetadataSource
from underbutler.model.timespan import Timespan
from underbutler.registry import schema
from underbutler.registry.column_types import corrections_text, read_corrections
from underbutler.registry.dialect import Columns, Dialect, dialect_of
from underbutler.registry.matching import delete_matching, select_matching

__all__ = ["DimensionTables", "exposure_from_row"]

_EXPOSURE_FIELDS = tuple(field.name for field in fields(ExposureRecord))
_EXPOSURE: Columns = {"instrument": schema.TEXT, "id": schema.BIG}
_OBS_ID: Columns = {"instrument": schema.TEXT, "obs_id": schema.TEXT}
_OBSERVATION: Columns = {"instrument": schema.TEXT, "exposure": schema.BIG, "digest": sa.Uuid()}
_WINNER_COLUMNS = ("metadata_source", "metadata_detector", "metadata_uri")


class DimensionTables:
    """Records of instruments, detectors, filters, days, groups and exposures, in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)

    def register_instrument(self, instrument: Instrument) -> bool:
        """Register an instrument with its detectors and filters; tell whether it is new.

        Registering again brings the records up to date, as a newer camera description may ask.
        """
        table = schema.instrument
        known = self._connection.execute(
            sa.select(table.c.name).where(table.c.name == instrument.name)
        ).scalar()
        record = instrument.record
        row = {field.name: getattr(record, field.name) for field in fields(record)}
        self._dialect.upsert(
            self._connection, table, [row], update=[name for name in row if name != "name"]
        )
        self._dialect.upsert(
            self._connection,
            schema.detector,
            _rows(instrument.detector_records),
            update=("full_name", "name_in_raft", "raft", "purpose"),
        )
        self._dialect.upsert(
            self._connection,
            schema.physical_filter,
            _rows(instrument.physical_filter_records),
            update=("band",),
        )
        return known is None

    def instruments(self) -> list[InstrumentRecord]:
        """List the registered instruments by name."""
        rows = self._connection.execute(
            sa.select(schema.instrument).order_by(schema.instrument.c.name)
        )
        return [InstrumentRecord(**row._mapping) for row in rows]

    def lock_instruments(self, names: Collection[str]) -> list[InstrumentRecord]:
        """Hold instruments by name, registered or not, and list those that are registered.

        Who registers one holds it too: either finds what the other has written.
        """
        self._dialect.lock(self._connection, (f"instrument/{name}" for name in names))
        return self.instruments()

    def add_detectors(self, records: Iterable[DetectorRecord]) -> None:
        """Add detectors that only headers name; those that exist stay as they are."""
        self._dialect.upsert(self._connection, schema.detector, _rows(records))

    def add_physical_filters(self, records: Iterable[PhysicalFilterRecord]) -> None:
        """Add filters; those that exist keep their band."""
        self._dialect.upsert(self._connection, schema.physical_filter, _rows(records))

    def add_groups(self, records: Iterable[GroupRecord]) -> None:
        """Add exposure groups."""
        self._dialect.upsert(self._connection, schema.exposure_group, _rows(records))

    def add_days(self, records: Iterable[DayObsRecord]) -> None:
        """Add observing days; of two spans for a day the earlier stays, whoever came first."""
        rows = {
            (record.instrument, record.id): {
                "instrument": record.instrument,
                "id": record.id,
                "timespan_begin": record.timespan.begin_ns if record.timespan else None,
                "timespan_end": record.timespan.end_ns if record.timespan else None,
            }
            for record in sorted(records, key=_day_preference, reverse=True)
        }
        self._dialect.upsert(
            self._connection,
            schema.day_obs,
            [rows[key] for key in sorted(rows)],
            update=("timespan_begin", "timespan_end"),
            where=_begins_before,
        )

    def lock_exposures(
        self, exposures: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], ExposureMetadata]:
        """Hold (instrument, id) until the transaction ends, and read those that exist."""
        if not exposures:
            return {}
        # By name, all at once and in one order: also those that others may insert meanwhile.
        self._dialect.lock(
            self._connection,
            (f"exposure/{instrument}/{number}" for instrument, number in exposures),
        )
        return self.exposures(exposures)

    def exposures(
        self, exposures: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], ExposureMetadata]:
        """Read (instrument, id) with what their metadata are from."""
        statement = self._dialect.statement(
            "exposures",
            lambda: select_matching(self._dialect, schema.exposure, "wanted", _EXPOSURE),
        )
        rows = self._connection.execute(
            statement, self._dialect.bind("wanted", _EXPOSURE, sorted(exposures))
        )
        return {
            (row.instrument, row.id): ExposureMetadata(
                record=exposure_from_row(row),
                source=MetadataSource(row.metadata_source),
                detector=row.metadata_detector,
                uri=row.metadata_uri,
                corrections=read_corrections(row.metadata_corrections),
            )
            for row in rows
        }

    def corrected_exposures(self, instrument: str, observation_ids: Collection[str]) -> list[int]:
        """Find exposures whose header was corrected, or that have one of some observation IDs."""
        table = schema.exposure
        statement = self._dialect.statement(
            "corrected exposures",
            lambda: sa.union(
                sa.select(table.c.id).where(
                    table.c.instrument == sa.bindparam("of_instrument"),
                    table.c.metadata_corrections.is_not(None),
                ),
                sa.select(select_matching(self._dialect, table, "wanted", _OBS_ID).subquery().c.id),
            ),
        )
        names = [(instrument, name) for name in sorted(observation_ids)]
        parameters = self._dialect.bind("wanted", _OBS_ID, names)
        found = self._connection.execute(statement, {**parameters, "of_instrument": instrument})
        return sorted(found.scalars())

    def save_exposures(self, exposures: Iterable[ExposureMetadata], *, replace: bool) -> None:
        """Insert exposures, or update those that exist.

        Parameters
        ----------
        exposures
            One each.
        replace
            Whether to update also those whose present metadata rank before the new ones.
        """
        rows = [
            {
                **_exposure_row(item.record),
                "metadata_source": item.source.value,
                "metadata_detector": item.detector,
                "metadata_uri": item.uri,
                "metadata_corrections": corrections_text(item.corrections),
            }
            for item in sorted(exposures, key=lambda item: (item.record.instrument, item.record.id))
        ]
        self._dialect.upsert(
            self._connection,
            schema.exposure,
            rows,
            update=[name for name in (rows[0] if rows else ()) if name not in ("instrument", "id")],
            where=None if replace else _ranks_before,
        )

    def save_observations(self, records: Iterable[ExposureRecord]) -> None:
        """Keep what files say of exposures, so that another may become canonical later."""
        rows = {
            (record.instrument, record.id, record.digest.hex): {
                "instrument": record.instrument,
                "exposure": record.id,
                "digest": record.digest,
                "record": json.dumps(_exposure_row(record), separators=(",", ":")),
            }
            for record in records
        }
        self._dialect.upsert(
            self._connection, schema.exposure_observation, [rows[key] for key in sorted(rows)]
        )

    def drop_observations(self, digests: Collection[tuple[str, int, UUID]]) -> None:
        """Forget what files said of exposures, unless one still says so."""
        if not digests:
            return
        statement = self._dialect.statement(
            "drop observations", lambda: _drop_unsaid_observations(self._dialect)
        )
        self._connection.execute(
            statement, self._dialect.bind("unwanted", _OBSERVATION, sorted(digests))
        )

    def observations(self, digests: Collection[tuple[str, int, UUID]]) -> list[ExposureRecord]:
        """Read what files said, by (instrument, exposure, digest)."""
        if not digests:
            return []
        statement = self._dialect.statement(
            "observations",
            lambda: select_matching(
                self._dialect, schema.exposure_observation, "wanted", _OBSERVATION
            ),
        )
        rows = self._connection.execute(
            statement, self._dialect.bind("wanted", _OBSERVATION, sorted(digests))
        )
        return [_record_from_columns(json.loads(row.record)) for row in rows]


def _drop_unsaid_observations(dialect: Dialect) -> sa.Delete:
    table, files = schema.exposure_observation, schema.raw_object
    still_said = sa.exists().where(
        files.c.instrument == table.c.instrument,
        files.c.exposure == table.c.exposure,
        files.c.observation == table.c.digest,
    )
    return delete_matching(dialect, table, "unwanted", _OBSERVATION).where(~still_said)


def _exposure_row(record: ExposureRecord) -> dict[str, Any]:
    """Write an exposure as the columns of its table."""
    row = {name: getattr(record, name) for name in _EXPOSURE_FIELDS if name != "timespan"}
    row["timespan_begin"] = record.timespan.begin_ns if record.timespan else None
    row["timespan_end"] = record.timespan.end_ns if record.timespan else None
    return row


def exposure_from_row(row: Row[Any]) -> ExposureRecord:
    """Read an exposure from its row; columns of other tables are left alone."""
    return _record_from_columns(row._mapping)


def _record_from_columns(columns: Any) -> ExposureRecord:
    begin, end = columns["timespan_begin"], columns["timespan_end"]
    return ExposureRecord(
        **{name: columns[name] for name in _EXPOSURE_FIELDS if name != "timespan"},
        timespan=None if begin is None else Timespan(begin, end),
    )


def _rows(records: Iterable[Any]) -> list[dict[str, Any]]:
    """Write flat records as rows, in order of their primary key, each once."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in records:
        row = {field.name: getattr(record, field.name) for field in fields(record)}
        rows.setdefault((row["instrument"], row.get("id", row.get("name"))), row)
    return [rows[key] for key in sorted(rows)]


def _day_preference(record: DayObsRecord) -> tuple[bool, int]:
    return (record.timespan is None, record.timespan.begin_ns if record.timespan else 0)


def _begins_before(old: Any, new: Any) -> Any:
    return sa.and_(
        new.timespan_begin.is_not(None),
        sa.or_(old.timespan_begin.is_(None), new.timespan_begin < old.timespan_begin),
    )


def _ranks_before(old: Any, new: Any) -> Any:
    return sa.tuple_(*(new[name] for name in _WINNER_COLUMNS)) < sa.tuple_(
        *(old[name] for name in _WINNER_COLUMNS)
    )

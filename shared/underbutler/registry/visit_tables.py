"""Visits, and the exposures they are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from underbutler.model.dimension_records import ExposureRecord, VisitRecord
from underbutler.model.instrument import Grouper
from underbutler.model.visit import Visit, VisitProblem
from underbutler.registry import schema
from underbutler.registry.dialect import Columns, Dialect, dialect_of
from underbutler.registry.dimension_tables import exposure_from_row
from underbutler.registry.matching import delete_matching, matches, select_matching

__all__ = ["VisitTables"]

_ID: Columns = {"id": schema.BIG}
_EXPOSURE: Columns = {"exposure": schema.BIG}
_VISIT_FIELDS = tuple(f.name for f in fields(VisitRecord) if f.name != "timespan")


class VisitTables:
    """Visits of one instrument, within one transaction."""

    def __init__(self, connection: Connection, instrument: str) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)
        self._instrument = instrument

    def lock(self, names: Iterable[str]) -> None:
        """Hold groups of exposures, by name, until the transaction ends."""
        self._dialect.lock(self._connection, (f"visit/{self._instrument}/{name}" for name in names))

    def grouper(self) -> Grouper | None:
        """Look up how visits are made, where that was chosen for this registry."""
        table = schema.registry_attribute
        name = self._connection.execute(
            sa.select(table.c.value).where(table.c.name == f"grouper/{self._instrument}")
        ).scalar()
        return None if name is None else Grouper(name)

    def set_grouper(self, grouper: Grouper) -> None:
        """Choose how visits are made."""
        row = {"name": f"grouper/{self._instrument}", "value": grouper.value}
        self._dialect.upsert(self._connection, schema.registry_attribute, [row], update=("value",))

    def detectors(self) -> set[int]:
        """List the registered detectors."""
        table = schema.detector
        return set(
            self._connection.execute(
                sa.select(table.c.id).where(table.c.instrument == self._instrument)
            ).scalars()
        )

    def exposures(self, ids: Collection[int]) -> list[ExposureRecord]:
        """Read exposures by ID; unknown ones are left out."""
        return self._matching({"id": schema.BIG}, [(number,) for number in ids])

    def exposures_of_groups(self, groups: Collection[str]) -> list[ExposureRecord]:
        """Read the exposures of groups."""
        return self._matching({"group": schema.TEXT}, [(group,) for group in groups])

    def exposures_of_sequences(
        self, sequences: Collection[tuple[int, int, int]]
    ) -> list[ExposureRecord]:
        """Read the exposures of sequences (day_obs, seq_start, seq_end)."""
        columns = {"day_obs": schema.INT, "seq_start": schema.BIG, "seq_end": schema.BIG}
        return self._matching(columns, sequences)

    def exposure_ids(self, *, without_visit: bool) -> list[int]:
        """List the instrument's exposures, or those that make no visit yet, by ID."""
        table, definition = schema.exposure, schema.visit_definition
        statement = sa.select(table.c.id).where(table.c.instrument == self._instrument)
        if without_visit:
            statement = statement.where(
                ~sa.exists().where(
                    definition.c.instrument == table.c.instrument,
                    definition.c.exposure == table.c.id,
                )
            )
        return list(self._connection.execute(statement.order_by(table.c.id)).scalars())

    def memberships(self, exposures: Collection[int]) -> dict[int, set[int]]:
        """Find the visits that any of these exposures make, each with all its exposures."""
        if not exposures:
            return {}
        statement = self._dialect.statement(
            "memberships", lambda: _select_memberships(self._dialect)
        )
        members: dict[int, set[int]] = {}
        for row in self._connection.execute(
            statement, self._mine("wanted", _EXPOSURE, [(number,) for number in exposures])
        ):
            members.setdefault(row.visit, set()).add(row.exposure)
        return members

    def register_systems(self, names: Mapping[int, str]) -> None:
        """Register visit systems by number."""
        self._dialect.upsert(
            self._connection,
            schema.visit_system,
            [self._row(id=number, name=names[number]) for number in sorted(names)],
        )

    def save(self, visits: Sequence[Visit]) -> None:
        """Write visits with all that belongs to them, in place of what was there."""
        visits = sorted(visits, key=lambda visit: visit.record.id)
        rows = [_visit_row(visit.record) for visit in visits]
        self._dialect.upsert(
            self._connection,
            schema.visit,
            rows,
            update=[name for name in (rows[0] if rows else ()) if name not in ("instrument", "id")],
        )
        self._replace(
            schema.visit_definition,
            visits,
            [
                self._row(exposure=exposure, visit=visit.record.id)
                for visit in visits
                for exposure in visit.exposures
            ],
        )
        self._replace(
            schema.visit_system_membership,
            visits,
            [
                self._row(visit=visit.record.id, visit_system=system)
                for visit in visits
                for system in visit.systems
            ],
        )
        self._replace(
            schema.visit_detector_region,
            visits,
            [
                self._row(visit=visit.record.id, detector=detector, region=region)
                for visit in visits
                for detector, region in sorted(visit.detector_regions.items())
            ],
            update=("region",),
        )
        self._replace(
            schema.visit_htm7,
            visits,
            [
                {"htm7": pixel, **self._row(visit=visit.record.id)}
                for visit in visits
                for pixel in visit.htm7
            ],
        )

    def delete(self, visits: Collection[int]) -> None:
        """Delete visits with all that belongs to them."""
        if not visits:
            return
        statement = self._dialect.statement(
            "delete visits",
            lambda: delete_matching(self._dialect, schema.visit, "unwanted", _ID).where(
                schema.visit.c.instrument == sa.bindparam("instrument")
            ),
        )
        rows = [(number,) for number in visits]
        self._connection.execute(statement, self._mine("unwanted", _ID, rows))

    def replace_problems(
        self, exposures: Collection[int], problems: Iterable[VisitProblem]
    ) -> None:
        """Write why exposures make no visit, in place of what was known of them."""
        table = schema.visit_problem
        rows = [
            self._row(exposure=problem.exposure, code=problem.code, message=problem.message)
            for problem in sorted(problems, key=lambda item: (item.exposure, item.code))
        ]
        self._delete_others(table, "exposure", exposures, rows)
        self._dialect.upsert(self._connection, table, rows, update=("message",))

    def _replace(
        self,
        table: sa.Table,
        visits: Sequence[Visit],
        rows: list[dict[str, Any]],
        update: Sequence[str] = (),
    ) -> None:
        """Make these the rows that a table has of these visits."""
        self._delete_others(table, "visit", [visit.record.id for visit in visits], rows)
        self._dialect.upsert(self._connection, table, rows, update=update)

    def _delete_others(
        self, table: sa.Table, owner: str, ids: Collection[int], keep: Sequence[Mapping[str, Any]]
    ) -> None:
        """Delete the rows that belong to these owners and are none of those to keep."""
        if not ids:
            return
        key = {
            column.name: column.type for column in table.primary_key if column.name != "instrument"
        }
        statement = self._dialect.statement(
            ("delete others", table, owner, bool(keep)),
            lambda: _delete_others(self._dialect, table, owner, key if keep else None),
        )
        parameters = self._mine("owners", {owner: schema.BIG}, [(number,) for number in ids])
        if keep:
            rows = [[row[name] for name in key] for row in keep]
            parameters |= self._dialect.bind("kept", key, rows)
        self._connection.execute(statement, parameters)

    def _matching(
        self, columns: Columns, rows: Collection[tuple[Any, ...]]
    ) -> list[ExposureRecord]:
        if not rows:
            return []
        statement = self._dialect.statement(
            ("exposures", *columns),
            lambda: select_matching(self._dialect, schema.exposure, "wanted", columns).where(
                schema.exposure.c.instrument == sa.bindparam("instrument")
            ),
        )
        found = self._connection.execute(
            statement, self._mine("wanted", columns, sorted(set(rows)))
        )
        return [exposure_from_row(row) for row in found]

    def _mine(self, name: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
        return {"instrument": self._instrument, **self._dialect.bind(name, columns, rows)}

    def _row(self, **columns: Any) -> dict[str, Any]:
        return {"instrument": self._instrument, **columns}


def _select_memberships(dialect: Dialect) -> sa.Select[Any]:
    """Select the visits that exposures make, with all exposures that make them."""
    table = schema.visit_definition
    mine = table.alias("mine")
    wanted = dialect.values("wanted", _EXPOSURE)
    return (
        sa.select(table.c.visit, table.c.exposure)
        .join(mine, (mine.c.instrument == table.c.instrument) & (mine.c.visit == table.c.visit))
        .join(wanted, wanted.c.exposure == mine.c.exposure)
        .where(table.c.instrument == sa.bindparam("instrument"))
    )


def _delete_others(
    dialect: Dialect, table: sa.Table, owner: str, kept_key: Columns | None
) -> sa.Delete:
    """Delete the rows of owners, but for those kept."""
    statement = delete_matching(dialect, table, "owners", {owner: schema.BIG}).where(
        table.c.instrument == sa.bindparam("instrument")
    )
    if kept_key is None:
        return statement
    _, is_kept = matches(dialect, table, "kept", kept_key)
    return statement.where(~sa.exists().where(is_kept))


def _visit_row(record: VisitRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in _VISIT_FIELDS}
    row["timespan_begin"] = record.timespan.begin_ns if record.timespan else None
    row["timespan_end"] = record.timespan.end_ns if record.timespan else None
    return row

"""Names of a query resolved to columns, with the joins that reach them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from underbutler.errors import QuerySyntaxError
from underbutler.registry import schema

__all__ = ["ELEMENTS", "Namespace"]

ELEMENTS: dict[str, sa.Table] = {
    "instrument": schema.instrument,
    "detector": schema.detector,
    "physical_filter": schema.physical_filter,
    "day_obs": schema.day_obs,
    "group": schema.exposure_group,
    "exposure": schema.exposure,
    "visit": schema.visit,
    "visit_system": schema.visit_system,
    "visit_definition": schema.visit_definition,
    "visit_system_membership": schema.visit_system_membership,
    "visit_detector_region": schema.visit_detector_region,
    "subfilter": schema.subfilter,
    "skymap": schema.skymap,
    "tract": schema.tract,
    "patch": schema.patch,
}
"""Dimension element → its table."""

# Column that holds an element's own value.
_KEYS = {"instrument": "name", "physical_filter": "name", "group": "name", "skymap": "name"}
# Elements from which another's value follows, in the order in which they are tried.
_IMPLIED_BY = {
    "physical_filter": ("exposure", "visit"),
    "day_obs": ("exposure", "visit"),
    "group": ("exposure",),
}
_TIMES = {"timespan.begin": "timespan_begin", "timespan.end": "timespan_end"}
# Ours, and not the Butler's: how a record came about.
_HIDDEN = ("metadata_", "region")


class Namespace:
    """What a query's names mean, from a root table on.

    Parameters
    ----------
    root
        Table that the query is about.
    columns
        Dimension → column of the root that holds it.
    fields
        Further names and their columns, such as ``raw.ingest_date``.
    """

    def __init__(
        self,
        root: sa.FromClause,
        columns: Mapping[str, sa.ColumnElement[Any]],
        fields: Mapping[str, sa.ColumnElement[Any]] | None = None,
    ) -> None:
        self.source: sa.FromClause = root
        """Root with what was joined to it."""
        self.multiplies = False
        """Whether a join may give a row of the root several times."""
        self._columns = dict(columns)
        self._fields = dict(fields or {})
        self._joined: dict[str, sa.FromClause] = {}

    def resolve(self, name: str) -> sa.ColumnElement[Any]:
        """Find the column that a name stands for, joining what it takes.

        Raises
        ------
        QuerySyntaxError
            There is no such name here.
        """
        if name in self._fields:
            return self._fields[name]
        element, _, field = name.partition(".")
        if name == "band":
            return self._band()
        if element not in ELEMENTS:
            raise self._unknown(name)
        if not field:
            return self._dimension(element, name)
        table = self._element(element, name)
        column = _TIMES.get(field, field)
        if column.startswith(_HIDDEN) or column not in table.c:
            raise self._unknown(name, element)
        return table.c[column]

    def _band(self) -> sa.ColumnElement[Any]:
        """Find the band: that of the filter, where there is one."""
        try:
            return self._element("physical_filter", "band").c.band
        except QuerySyntaxError:
            if "band" in self._columns:
                return self._columns["band"]
            raise

    def dimension(self, name: str) -> sa.ColumnElement[Any] | None:
        """Find the column of a dimension; None where it does not belong to the query."""
        try:
            return self.resolve(name)
        except QuerySyntaxError:
            return None

    def _dimension(self, element: str, name: str) -> sa.ColumnElement[Any]:
        if element in self._columns:
            return self._columns[element]
        for owner in _IMPLIED_BY.get(element, ()):
            if owner in self._columns:
                return self._element(owner, name).c[element]
        if element == "visit" and "exposure" in self._columns:
            self._join_definition("exposure", "visit")
            return self._columns["visit"]
        if element == "exposure" and "visit" in self._columns:
            self._join_definition("visit", "exposure")
            return self._columns["exposure"]
        raise self._unknown(name)

    def _element(self, element: str, name: str) -> sa.FromClause:
        if element in self._joined:
            return self._joined[element]
        table = ELEMENTS[element]
        condition = None if element == "instrument" else self._dimension("instrument", name)
        value = self._dimension(element, name)
        alias = table.alias(f"{element}_record")
        on = alias.c[_KEYS.get(element, "id")] == value
        if condition is not None:
            on = sa.and_(alias.c.instrument == condition, on)
        self.source = self.source.join(alias, on)
        self._joined[element] = alias
        return alias

    def _join_definition(self, known: str, wanted: str) -> None:
        """Go from exposures to their visits, or from visits to their exposures."""
        alias = schema.visit_definition.alias("definition")
        self.source = self.source.join(
            alias,
            sa.and_(
                alias.c.instrument == self._columns["instrument"],
                alias.c[known] == self._columns[known],
            ),
        )
        self._columns[wanted] = alias.c[wanted]
        self.multiplies = True

    def _unknown(self, name: str, element: str = "") -> QuerySyntaxError:
        known = [*self._columns, *self._fields, "band", *_IMPLIED_BY]
        known += [
            f"{table}.{column.name}"
            for table in ([element] if element else ELEMENTS)
            for column in ELEMENTS[table].c
            if not column.name.startswith((*_HIDDEN, "timespan"))
        ]
        # What exists, but leads nowhere from here, is no help either.
        known = [item for item in known if item != name]
        last = name.rpartition(".")[2]
        close = [item for item in known if item.rpartition(".")[2] == last]
        close = close or difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        return QuerySyntaxError(
            f"{name!r} means nothing here.",
            hint=f"Did you mean {' or '.join(close[:3])}?" if close else "",
        )

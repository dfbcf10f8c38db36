"""Collections: the named sets that datasets live in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Collection", "CollectionType", "raw_run"]


class CollectionType(IntEnum):
    """Kinds of collection, with the Butler's numbers (daf_butler ``CollectionType``)."""

    RUN = 1
    """A dataset lives in exactly one, for ever; at most one dataset per type and data ID."""
    TAGGED = 2
    """Any datasets; at most one per type and data ID."""
    CHAINED = 3
    """An ordered list of collections, searched one after the other."""
    CALIBRATION = 4
    """Datasets with validity ranges that do not overlap per type and data ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection as users see it."""

    name: str
    type: CollectionType
    doc: str = ""
    children: tuple[str, ...] = ()
    """Of a CHAINED collection, in order of search."""


def raw_run(instrument: str) -> str:
    """Name the run that raws of an instrument are registered in (obs_base ``makeRawRunName``)."""
    return f"{instrument}/raw/all"

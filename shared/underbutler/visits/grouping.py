"""Which exposures make which visits, with the Butler's ids and names.

Pure: the result depends on the set of exposures alone, not on their order.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from underbutler.model.instrument import Grouper
from underbutler.model.visit import VisitProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from underbutler.model.dimension_records import ExposureRecord

__all__ = ["Grouping", "VisitGroup", "VisitSystem", "group_exposures", "lock_key", "systems_of"]

# visit.id is a signed 64-bit column (daf_butler configs/dimensions.yaml).
_ID_LIMIT = 2**63


class VisitSystem(IntEnum):
    """Ways to define visits, with the Butler's numbers (obs_base ``VisitSystem``)."""

    ONE_TO_ONE = 0
    """Every exposure is its own visit."""
    BY_GROUP_METADATA = 1
    """The exposures of one ``group`` are a visit."""
    BY_SEQ_START_END = 2
    """The exposures of one ``day_obs``, ``seq_start`` and ``seq_end`` are a visit."""

    @property
    def label(self) -> str:
        """Name of the system in the registry, such as ``one-to-one``."""
        return self.name.lower().replace("_", "-")


_SYSTEMS = {
    Grouper.ONE_TO_ONE: (VisitSystem.ONE_TO_ONE,),
    Grouper.BY_GROUP_METADATA: (VisitSystem.BY_GROUP_METADATA,),
    Grouper.ONE_TO_ONE_AND_BY_COUNTER: (VisitSystem.ONE_TO_ONE, VisitSystem.BY_SEQ_START_END),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitGroup:
    """A visit before anything is computed of it: its identity and its exposures."""

    instrument: str
    id: int
    name: str
    systems: tuple[int, ...]
    """Visit systems it belongs to, in ascending order."""
    exposures: tuple[ExposureRecord, ...]
    """At least one, in order of (``seq_num``, ``id``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What became of a set of exposures."""

    visits: tuple[VisitGroup, ...]
    """In order of id."""
    problems: tuple[VisitProblem, ...]
    """In order of exposure; an exposure with a problem may still make another visit."""


def systems_of(grouper: Grouper) -> tuple[VisitSystem, ...]:
    """Name the visit systems whose visits a grouper defines, in ascending order."""
    return _SYSTEMS[grouper]


def lock_key(exposure: ExposureRecord, grouper: Grouper) -> str:
    """Name what an exposure shares with all that may become one visit with it.

    Exposures of one key are grouped together and never with others, so a lock on the key makes
    the definition of their visits safe. Keys of different groups differ.
    """
    scope: tuple[str | int, ...]
    match grouper:
        case Grouper.ONE_TO_ONE:
            scope = ("exposure", exposure.id)
        case Grouper.BY_GROUP_METADATA:
            scope = ("group", exposure.group)
        case Grouper.ONE_TO_ONE_AND_BY_COUNTER:
            scope = ("sequence", exposure.day_obs, exposure.seq_start, exposure.seq_end)
    return json.dumps((exposure.instrument, *scope), separators=(",", ":"))


def group_exposures(exposures: Iterable[ExposureRecord], grouper: Grouper) -> Grouping:
    """Group exposures into visits (obs_base ``GroupExposuresTask``).

    Exposures that saw no sky make no visit, and are no part of another's.

    Parameters
    ----------
    exposures
        Of any instruments, in any order; the same record may come twice. All exposures that
        share a `lock_key` have to be there for their visits to be final.
    grouper
        Which visits to make.

    Raises
    ------
    ValueError
        Two different records of one exposure.
    """
    problems: list[VisitProblem] = []
    groups: dict[str, list[ExposureRecord]] = defaultdict(list)
    for exposure in _sorted_unique(exposures):
        if reason := exposure.not_on_sky:
            problems.append(_problem(exposure, "not-on-sky", f"It makes no visit: {reason}."))
        else:
            groups[lock_key(exposure, grouper)].append(exposure)
    candidates: list[VisitGroup] = []
    for members in groups.values():
        for made in _GROUPERS[grouper](tuple(members)):
            if isinstance(made, VisitGroup):
                candidates.append(made)
            else:
                problems.append(made)
    visits, refused = _check_ids(candidates)
    problems.extend(refused)
    return Grouping(
        visits=tuple(visits),
        problems=tuple(sorted(problems, key=lambda p: (p.instrument, p.exposure, p.code))),
    )


def _sorted_unique(exposures: Iterable[ExposureRecord]) -> list[ExposureRecord]:
    unique: dict[tuple[str, int], ExposureRecord] = {}
    for exposure in exposures:
        if unique.setdefault((exposure.instrument, exposure.id), exposure) != exposure:
            raise ValueError(
                f"Exposure {exposure.id} of {exposure.instrument} is given with different values."
            )
    # An exposure without a counter comes after those with one.
    return sorted(unique.values(), key=lambda e: (e.seq_num is None, e.seq_num or 0, e.id))


def _one_to_one(members: tuple[ExposureRecord, ...]) -> Iterator[VisitGroup | VisitProblem]:
    for exposure in members:
        yield _visit(exposure.id, exposure.obs_id, (exposure,), VisitSystem.ONE_TO_ONE)


def _by_group_metadata(members: tuple[ExposureRecord, ...]) -> Iterator[VisitGroup | VisitProblem]:
    """Make one visit of a group, with the digits of its name for id.

    As the Butler's instruments do (obs_base ``Instrument.group_name_to_group_id``), but for those
    of obs_lsst, which number groups in a way of their own.
    """
    group = members[0].group
    digits = re.sub(r"\D", "", group)
    if not digits:
        message = f"The name of its group, {group!r}, has no digits to make a visit id of."
        yield from (_problem(exposure, "bad-group-name", message) for exposure in members)
    elif mixed := _mixed_filter(members):
        yield from mixed
    else:
        yield _visit(int(digits), group, members, VisitSystem.BY_GROUP_METADATA)


def _one_to_one_and_by_counter(
    members: tuple[ExposureRecord, ...],
) -> Iterator[VisitGroup | VisitProblem]:
    """Make a visit of each exposure and, of a sequence whose first is there, one of all."""
    first = members[0]
    if first.seq_start == first.seq_end:
        systems = (VisitSystem.ONE_TO_ONE, VisitSystem.BY_SEQ_START_END)
        for exposure in members:
            yield _visit(exposure.id, exposure.obs_id, (exposure,), *systems)
    elif first.seq_num != first.seq_start:
        yield from _one_to_one(members)
    else:
        # The visit of all has the first exposure's id and name, so its own visit needs others.
        own_id, own_name = int(f"9{first.id}"), f"{first.obs_id}_first"
        yield _visit(own_id, own_name, (first,), VisitSystem.ONE_TO_ONE)
        yield from _one_to_one(members[1:])
        if mixed := _mixed_filter(members):
            yield from mixed
        else:
            yield _visit(first.id, first.obs_id, members, VisitSystem.BY_SEQ_START_END)


_GROUPERS = {
    Grouper.ONE_TO_ONE: _one_to_one,
    Grouper.BY_GROUP_METADATA: _by_group_metadata,
    Grouper.ONE_TO_ONE_AND_BY_COUNTER: _one_to_one_and_by_counter,
}


def _visit(
    visit_id: int, name: str, exposures: tuple[ExposureRecord, ...], *systems: VisitSystem
) -> VisitGroup:
    return VisitGroup(
        instrument=exposures[0].instrument,
        id=visit_id,
        name=name,
        systems=tuple(int(system) for system in systems),
        exposures=exposures,
    )


def _mixed_filter(members: tuple[ExposureRecord, ...]) -> list[VisitProblem]:
    filters = sorted({exposure.physical_filter for exposure in members})
    if len(filters) == 1:
        return []
    message = f"Its group mixes filters ({', '.join(filters)}), so that no visit is made of it."
    return [_problem(exposure, "mixed-filter", message) for exposure in members]


def _check_ids(candidates: list[VisitGroup]) -> tuple[list[VisitGroup], list[VisitProblem]]:
    """Refuse visits whose id no column holds, or that another visit has already."""
    visits: dict[tuple[str, int], VisitGroup] = {}
    problems: list[VisitProblem] = []
    for visit in sorted(candidates, key=lambda v: (v.id, v.instrument, v.name)):
        if visit.id >= _ID_LIMIT:
            code, reason = "visit-id-too-large", "needs an id of over 63 bits"
        elif taken := visits.get((visit.instrument, visit.id)):
            code, reason = "duplicate-visit-id", f"would have the id {visit.id} of {taken.name!r}"
        else:
            visits[visit.instrument, visit.id] = visit
            continue
        message = f"Its visit {visit.name!r} {reason}."
        problems.extend(_problem(exposure, code, message) for exposure in visit.exposures)
    return list(visits.values()), problems


def _problem(exposure: ExposureRecord, code: str, message: str) -> VisitProblem:
    return VisitProblem(
        instrument=exposure.instrument, exposure=exposure.id, code=code, message=message
    )

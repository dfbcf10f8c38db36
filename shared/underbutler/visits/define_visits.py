"""The use case: exposures that are new or changed → their visits, written whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from underbutler.errors import RegistryUnavailableError
from underbutler.model.dimension_records import ExposureRecord
from underbutler.model.instrument import Camera, Grouper, Instrument
from underbutler.model.visit import Visit, VisitProblem
from underbutler.patience import with_patience
from underbutler.visits.aggregation import visit_record
from underbutler.visits.grouping import VisitGroup, group_exposures, lock_key, systems_of
from underbutler.visits.ports import VisitRegistry, VisitTables
from underbutler.visits.regions import VisitRegions, visit_regions

__all__ = ["DefinedVisits", "define_visits"]

# Times the groups to hold are found anew because another exposure came to them meanwhile.
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedVisits:
    """What became of a set of exposures."""

    visits: tuple[int, ...]
    """Visits as they stand now, of these exposures and of those that go with them."""
    deleted: tuple[int, ...]
    """Visits that stood before and should not have."""
    problems: tuple[VisitProblem, ...]


def define_visits(
    registry: VisitRegistry, instrument: Instrument, exposures: Collection[int]
) -> DefinedVisits:
    """Define the visits that exposures belong to.

    All exposures that may share a visit with them are held and read again, so that the result
    depends on what is registered, not on what came first, who else is at it, or how often.

    Parameters
    ----------
    registry
        Where the exposures are and the visits go.
    instrument
        Whose exposures.
    exposures
        IDs of exposures that are new or changed; unknown ones make no difference.

    Raises
    ------
    RegistryUnavailableError
        The registry is not available, or the exposures keep changing: try again.
    """
    return with_patience(lambda: _define(registry, instrument, exposures))


def _define(
    registry: VisitRegistry, instrument: Instrument, exposures: Collection[int]
) -> DefinedVisits:
    held: set[str] = set()
    for _ in range(_ATTEMPTS):
        with registry.begin() as transaction:
            tables = transaction.visits(instrument.name)
            grouper = tables.grouper() or instrument.grouper
            _, needed = _gather(tables, grouper, exposures)
            held |= needed
            tables.lock(sorted(held))
            members, needed = _gather(tables, grouper, exposures)
            if needed <= held:
                return _write(tables, instrument, grouper, members)
            # Locks are taken all at once and in order, or two of us might wait for each other.
            held |= needed
    raise RegistryUnavailableError(f"The exposures of {instrument.name} keep changing.")


def _gather(
    tables: VisitTables, grouper: Grouper, seeds: Collection[int]
) -> tuple[dict[int, ExposureRecord], set[str]]:
    """Find all exposures that may share a visit with these, and the names to hold for them."""
    members: dict[int, ExposureRecord] = {}
    keys: set[str] = set()
    todo = set(seeds)
    while todo:
        found = tables.exposures(todo)
        news = [item for item in found if lock_key(item, grouper) not in keys]
        keys.update(lock_key(item, grouper) for item in news)
        members.update((item.id, item) for item in [*found, *_companions(tables, grouper, news)])
        # An exposure may have changed its group: the visit it made before is to be seen to.
        linked = {other for others in tables.memberships(members).values() for other in others}
        todo = linked - members.keys()
    return members, keys


def _companions(
    tables: VisitTables, grouper: Grouper, exposures: Iterable[ExposureRecord]
) -> list[ExposureRecord]:
    match grouper:
        case Grouper.ONE_TO_ONE:
            return []
        case Grouper.BY_GROUP_METADATA:
            return tables.exposures_of_groups({item.group for item in exposures})
        case Grouper.ONE_TO_ONE_AND_BY_COUNTER:
            return tables.exposures_of_sequences(
                {(item.day_obs, item.seq_start, item.seq_end) for item in exposures}
            )


def _write(
    tables: VisitTables,
    instrument: Instrument,
    grouper: Grouper,
    members: dict[int, ExposureRecord],
) -> DefinedVisits:
    grouping = group_exposures(members.values(), grouper)
    problems = list(grouping.problems)
    pointings = _Pointings(instrument.camera, tables.detectors())
    visits: list[Visit] = []
    for group in grouping.visits:
        regions, problem = pointings.regions(group)
        if problem is not None:
            problems.append(problem)
        visits.append(
            Visit(
                record=visit_record(group, regions.visit if regions else None),
                systems=group.systems,
                exposures=tuple(item.id for item in group.exposures),
                detector_regions=regions.detectors if regions else {},
                htm7=regions.htm7 if regions else (),
            )
        )
    wanted = {visit.record.id for visit in visits}
    deleted = sorted(tables.memberships(members).keys() - wanted)
    tables.register_systems({system.value: system.label for system in systems_of(grouper)})
    tables.delete(deleted)
    tables.save(visits)
    tables.replace_problems(members.keys(), problems)
    return DefinedVisits(
        visits=tuple(sorted(wanted)), deleted=tuple(deleted), problems=tuple(problems)
    )


class _Pointings:
    """Regions by pointing: the visits of one exposure share them."""

    def __init__(self, camera: Camera | None, detectors: set[int]) -> None:
        self._camera = camera
        self._detectors = detectors
        self._known: dict[tuple[float, float, float], VisitRegions] = {}

    def regions(self, group: VisitGroup) -> tuple[VisitRegions | None, VisitProblem | None]:
        """Compute a visit's regions, from its first exposure; or say why there are none."""
        first = group.exposures[0]
        if self._camera is None:
            return None, _problem(
                first, "no-geometry", f"Nobody described the focal plane of {first.instrument}."
            )
        assert first.tracking_ra is not None
        assert first.tracking_dec is not None
        assert first.sky_angle is not None
        pointing = (first.tracking_ra, first.tracking_dec, first.sky_angle)
        try:
            if pointing not in self._known:
                self._known[pointing] = self._compute(*pointing)
        except ValueError as error:
            return None, _problem(first, "bad-pointing", f"Its visit has no region: {error}")
        return self._known[pointing], None

    def _compute(self, ra_deg: float, dec_deg: float, sky_angle_deg: float) -> VisitRegions:
        assert self._camera is not None
        regions = visit_regions(self._camera, ra_deg, dec_deg, sky_angle_deg)
        # A registry may have been told of the camera before it had all its detectors.
        known = {n: region for n, region in regions.detectors.items() if n in self._detectors}
        return VisitRegions(visit=regions.visit, detectors=known, htm7=regions.htm7)


def _problem(exposure: ExposureRecord, code: str, message: str) -> VisitProblem:
    return VisitProblem(
        instrument=exposure.instrument, exposure=exposure.id, code=code, message=message
    )

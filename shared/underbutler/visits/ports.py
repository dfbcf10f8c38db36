"""What visit definition asks of the registry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from underbutler.model.dimension_records import ExposureRecord
from underbutler.model.instrument import Grouper
from underbutler.model.visit import Visit, VisitProblem

__all__ = ["VisitRegistry", "VisitTables"]


class VisitTables(Protocol):
    """Visits of one instrument; `underbutler.registry.visit_tables` says what each method does."""

    def lock(self, names: Iterable[str]) -> None: ...

    def grouper(self) -> Grouper | None: ...

    def detectors(self) -> set[int]: ...

    def exposures(self, ids: Collection[int]) -> list[ExposureRecord]: ...

    def exposures_of_groups(self, groups: Collection[str]) -> list[ExposureRecord]: ...

    def exposures_of_sequences(
        self, sequences: Collection[tuple[int, int, int]]
    ) -> list[ExposureRecord]: ...

    def exposure_ids(self, *, without_visit: bool) -> list[int]: ...

    def memberships(self, exposures: Collection[int]) -> dict[int, set[int]]: ...

    def register_systems(self, names: Mapping[int, str]) -> None: ...

    def save(self, visits: Sequence[Visit]) -> None: ...

    def delete(self, visits: Collection[int]) -> None: ...

    def replace_problems(
        self, exposures: Collection[int], problems: Iterable[VisitProblem]
    ) -> None: ...


class _Transaction(Protocol):
    def visits(self, instrument: str) -> VisitTables: ...


class VisitRegistry(Protocol):
    """The registry, as visit definition uses it."""

    def begin(self) -> AbstractContextManager[_Transaction]:
        """Open a write transaction."""
        ...

    def read(self) -> AbstractContextManager[_Transaction]:
        """Open a read transaction."""
        ...

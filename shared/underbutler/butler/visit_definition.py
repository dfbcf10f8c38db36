"""Visits of an instrument defined, or defined again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from underbutler.errors import NotFoundError
from underbutler.metadata.instruments.catalogue import load_instrument
from underbutler.model.visit import VisitProblem
from underbutler.visits.define_visits import DefinedVisits, define_visits

if TYPE_CHECKING:
    from underbutler.registry.registry import Registry

__all__ = ["define_instrument"]

# Exposures to a transaction: regions of this many fit in memory and a short lock.
_PAGE = 50


def define_instrument(
    registry: Registry,
    name: str,
    *,
    only_missing: bool = False,
    progress: Callable[[DefinedVisits], None] | None = None,
) -> DefinedVisits:
    """Define the visits of all exposures of an instrument, again where they stand.

    Parameters
    ----------
    registry
        Where.
    name
        Instrument.
    only_missing
        Whether to look only at exposures that make no visit.
    progress
        Told of every transaction.

    Raises
    ------
    NotFoundError
        There is no such instrument, or it is not registered.
    RegistryUnavailableError
        The registry is not available.
    """
    instrument = load_instrument(name)
    with registry.read() as transaction:
        if instrument.name not in {item.name for item in transaction.dimensions.instruments()}:
            raise NotFoundError(
                f"The instrument {instrument.name} is not registered.",
                hint=f"Register it with `underbutler register-instrument REPO {instrument.name}`.",
                kind="instrument-not-registered",
            )
        numbers = transaction.visits(instrument.name).exposure_ids(without_visit=only_missing)
    visits: set[int] = set()
    deleted: set[int] = set()
    problems: set[VisitProblem] = set()
    for start in range(0, len(numbers), _PAGE):
        defined = define_visits(registry, instrument, numbers[start : start + _PAGE])
        visits.update(defined.visits)
        deleted.update(defined.deleted)
        problems.update(defined.problems)
        if progress is not None:
            progress(defined)
    return DefinedVisits(
        visits=tuple(sorted(visits)),
        deleted=tuple(sorted(deleted - visits)),
        problems=tuple(sorted(problems, key=lambda item: (item.exposure, item.code))),
    )

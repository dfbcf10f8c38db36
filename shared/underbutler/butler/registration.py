"""Instruments registered, and what waited for them driven again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from underbutler.ingest.redrive import announce_waiting_for_instruments
from underbutler.metadata.instruments.catalogue import load_instrument

if TYPE_CHECKING:
    from underbutler.model.instrument import Grouper
    from underbutler.registry.registry import Registry

__all__ = ["RegisteredInstrument", "register_instruments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredInstrument:
    """What became of an instrument's registration."""

    name: str
    """Short name."""
    is_new: bool
    """Whether it was not registered before."""
    waiting: int
    """Files that waited for it, and are announced to be looked at again."""


def register_instruments(
    registry: Registry, names: Iterable[str], grouper: Grouper | None = None
) -> list[RegisteredInstrument]:
    """Register instruments with their detectors and filters.

    Files that waited for one of them are announced to be looked at again.

    Parameters
    ----------
    registry
        Where.
    names
        Short names or class names of the Butler.
    grouper
        How visits are made of their exposures; each instrument's own way by default.

    Raises
    ------
    NotFoundError
        There is no such instrument; nothing is registered then.
    """
    instruments = [load_instrument(name) for name in names]
    registered: list[RegisteredInstrument] = []
    for instrument in instruments:
        with registry.begin() as transaction:
            transaction.dimensions.lock_instruments([instrument.name])
            is_new = transaction.dimensions.register_instrument(instrument)
            if grouper is not None:
                transaction.visits(instrument.name).set_grouper(grouper)
            waiting = announce_waiting_for_instruments(transaction, {instrument.name})
        registered.append(
            RegisteredInstrument(name=instrument.name, is_new=is_new, waiting=waiting)
        )
    return registered

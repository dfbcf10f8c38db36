"""The dimensions a data ID may have: those of universe 8 of the Butler that the registry keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from underbutler.errors import DataIdError

__all__ = [
    "DIMENSIONS",
    "UNIVERSE_NAMESPACE",
    "UNIVERSE_VERSION",
    "Dimension",
    "expand_dimensions",
    "required_dimensions",
]

# daf_butler configs/dimensions.yaml.
UNIVERSE_NAMESPACE = "daf_butler"
UNIVERSE_VERSION = 8


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension and what it brings with it."""

    name: str
    key_type: type[int] | type[str]
    """Type of its values in a data ID."""
    requires: tuple[str, ...] = ()
    """Dimensions without which its value means nothing."""
    implies: tuple[str, ...] = ()
    """Dimensions whose value follows from its own."""


DIMENSIONS: dict[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension("instrument", str),
        Dimension("band", str),
        Dimension("physical_filter", str, requires=("instrument",), implies=("band",)),
        Dimension("subfilter", int, requires=("band",)),
        Dimension("detector", int, requires=("instrument",)),
        Dimension("group", str, requires=("instrument",)),
        Dimension("day_obs", int, requires=("instrument",)),
        Dimension(
            "exposure",
            int,
            requires=("instrument",),
            implies=("physical_filter", "group", "day_obs"),
        ),
        Dimension("visit", int, requires=("instrument",), implies=("physical_filter", "day_obs")),
        Dimension("visit_system", int, requires=("instrument",)),
        Dimension("skymap", str),
        Dimension("tract", int, requires=("skymap",)),
        Dimension("patch", int, requires=("skymap", "tract")),
        Dimension("htm7", int),
        Dimension("healpix9", int),
    )
}


def required_dimensions(names: Iterable[str]) -> frozenset[str]:
    """Reduce dimension names to those a data ID must have.

    Adds what the names require and drops what others among them imply, so that the three, or
    all seven, dimensions of a raw both give instrument, detector and exposure.

    Raises
    ------
    DataIdError
        A name is not a dimension of the registry.
    """
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in DIMENSIONS:
            raise DataIdError(
                f"Unknown dimension {name!r}.", hint=f"Known: {', '.join(DIMENSIONS)}."
            )
        if name not in wanted:
            wanted.add(name)
            todo.extend(DIMENSIONS[name].requires)
    implied = {implied for name in wanted for implied in _implied(name)}
    return frozenset(wanted - implied)


def expand_dimensions(names: Iterable[str]) -> tuple[str, ...]:
    """Name all dimensions, required and implied, that go with these, in the universe's order."""
    required = required_dimensions(names)
    known = set(required) | {implied for name in required for implied in _implied(name)}
    return tuple(name for name in DIMENSIONS if name in known)


def _implied(name: str) -> set[str]:
    direct = set(DIMENSIONS[name].implies)
    return direct | {further for implied in direct for further in _implied(implied)}

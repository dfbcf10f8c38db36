"""Limits of queries, as the Butler means them: a negative one is a caution, not a wish."""

from __future__ import annotations

import warnings
from typing import TypeVar

from underbutler.errors import UserError

__all__ = ["asked_for", "capped"]

_Found = TypeVar("_Found")
# Databases count in 64 bits.
_LARGEST = 2**62


def asked_for(limit: int | None) -> int | None:
    """Tell how many results to ask for: one above a negative limit, to see whether there are more.

    Raises
    ------
    UserError
        It is no number of results.
    """
    if limit is None:
        return None
    if not isinstance(limit, int) or isinstance(limit, bool) or abs(limit) >= _LARGEST:
        raise UserError(f"A limit is a number of results or None, not {limit!r}.")
    return limit if limit >= 0 else 1 - limit


def capped(found: list[_Found], limit: int | None) -> list[_Found]:
    """Cut what is above a negative limit, with a warning."""
    if limit is None or limit >= 0 or len(found) <= -limit:
        return found
    warnings.warn(f"There are more than {-limit} results.", stacklevel=3)
    return found[:-limit]

"""Detectors of one file, as an index or a sidecar lists them: an extension of Underbutler's.

``astrometadata`` knows one JSON object a file; a file of many HDUs has a list of them here.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

from underbutler.errors import BadIndexError
from underbutler.model.metadata_entry import HDU

__all__ = ["read_detectors"]

_MOST_DETECTORS = 1000
"""Five times the largest camera."""
_LARGEST_HDU = 10_000
"""Far beyond any file of ours: a larger number is a mistake."""


def read_detectors(
    items: list[Any], common: Mapping[str, Any], what: str, kind: str = "bad-index"
) -> tuple[Mapping[str, Any], ...]:
    """Read a list of detectors, each with its HDU and with what is common merged in.

    Parameters
    ----------
    items
        The list; a detector that names no HDU is in that of its place, the first in HDU 1.
    common
        What holds for all detectors, and wins.
    what
        What the list is of, for messages.
    kind
        Slug of the error.

    Raises
    ------
    BadIndexError
        No detectors or too many, one that is no JSON object, an HDU that is none or named twice.
    """
    if not 0 < len(items) <= _MOST_DETECTORS:
        raise BadIndexError(
            f"{what} lists {len(items)} detectors; expected 1 to {_MOST_DETECTORS}.", kind=kind
        )
    detectors: dict[int, Mapping[str, Any]] = {}
    for place, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise BadIndexError(f"{what}: detector {place} is no JSON object.", kind=kind)
        merged = {**item, **common}
        hdu = merged.setdefault(HDU, place)
        if not isinstance(hdu, int) or isinstance(hdu, bool) or not 0 <= hdu <= _LARGEST_HDU:
            raise BadIndexError(
                f"{what}: {HDU} of detector {place} is {reprlib.repr(hdu)}; "
                f"expected 0 to {_LARGEST_HDU}.",
                kind=kind,
            )
        if hdu in detectors:
            raise BadIndexError(f"{what} lists HDU {hdu} twice.", kind=kind)
        detectors[hdu] = merged
    return tuple(detectors.values())

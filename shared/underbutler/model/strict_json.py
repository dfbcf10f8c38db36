"""JSON from strangers: bounded, without duplicate keys, and no surprise but ``ValueError``."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["load_json"]


def load_json(text: str | bytes, *, allow_nan: bool = False) -> Any:
    """Read JSON strictly.

    Parameters
    ----------
    text
        Document; bytes must be UTF-8.
    allow_nan
        Accept ``NaN`` and ``Infinity``, which astro_metadata_translator writes, and numbers too
        large for a float.

    Raises
    ------
    ValueError
        Not JSON, not UTF-8, nested too deep, a number too long, or a key given twice.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=None if allow_nan else _refuse_constant,
            parse_float=None if allow_nan else _finite,
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:80]!r} is given twice")
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is too large a number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")

"""Data IDs: which piece of sky, time and hardware a dataset is about."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

from underbutler.errors import DataIdError

__all__ = ["DataId", "DataIdValue", "check_value"]

DataIdValue = int | str


def check_value(dimension: str, value: Any, kind: type) -> DataIdValue:
    """Check a user's value of a dimension or field; integers of numpy become Python's.

    Raises
    ------
    DataIdError
        It has the wrong type.
    """
    is_bool = isinstance(value, bool)
    if kind in (int, float) and hasattr(value, "__index__") and not is_bool:
        return operator.index(value)
    is_right = isinstance(value, kind) and is_bool == (kind is bool)
    if is_right:
        checked: DataIdValue = value
        return checked
    raise DataIdError(f"{dimension} must be {kind.__name__}, not {value!r}.")


class DataId(Mapping[str, DataIdValue]):
    """An immutable, hashable mapping of dimension names to values, in order of name.

    Parameters
    ----------
    values
        Dimension name → value.
    """

    __slots__ = ("_hash", "_values")

    def __init__(self, values: Mapping[str, DataIdValue]) -> None:
        self._values = dict(sorted(values.items()))
        self._hash: int | None = None

    def __getitem__(self, dimension: str) -> DataIdValue:
        return self._values[dimension]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return self._values == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(tuple(self._values.items()))
        return self._hash

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name}: {value!r}" for name, value in self._values.items()) + "}"

"""Data IDs: which piece of sky, time and hardware a dataset is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["DataId", "DataIdValue"]

DataIdValue = int | str


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

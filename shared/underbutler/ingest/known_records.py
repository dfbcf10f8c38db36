"""What a process knows to stand in the registry, so that it is not written again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Set
from typing import TypeVar

__all__ = ["KnownRecords"]

_Record = TypeVar("_Record", bound=Hashable)

# Days, groups and filters of many nights; then it begins anew.
_MOST = 50_000


class KnownRecords:
    """Records that a committed transaction wrote, and row numbers that it used.

    Dimension records, collections and dataset types are never deleted by ingest; if somebody else
    does, the database refuses what refers to them, and all is forgotten.
    """

    def __init__(self) -> None:
        self._committed: set[Hashable] = set()
        self._pending: set[Hashable] = set()
        self._numbers: dict[str, int] = {}
        self._pending_numbers: dict[str, int] = {}
        self._instruments: set[str] = set()

    def unknown(self, records: Iterable[_Record]) -> list[_Record]:
        """Pick the records that are not known to stand, to be written now."""
        unknown = [record for record in records if record not in self._committed]
        self._pending.update(unknown)
        return unknown

    def number(self, name: str, find: Callable[[], int]) -> int:
        """Look up a row number; it is found or made when it is not known."""
        if name in self._numbers:
            return self._numbers[name]
        return self._pending_numbers.setdefault(name, find())

    def instruments(self, named: Set[str], find: Callable[[], set[str]]) -> Set[str]:
        """Name those of some instruments that are registered."""
        if not named <= self._instruments:
            self._instruments = find()
        return named & self._instruments

    def commit(self) -> None:
        """Believe what was written: the transaction stands."""
        if len(self._committed) > _MOST:
            self._committed.clear()
        self._committed |= self._pending
        self._numbers |= self._pending_numbers
        self.roll_back()

    def roll_back(self) -> None:
        """Forget what was written: the transaction does not stand."""
        self._pending.clear()
        self._pending_numbers.clear()

    def forget(self) -> None:
        """Forget everything: the registry was changed by others."""
        self._committed.clear()
        self._numbers.clear()
        self._instruments.clear()
        self.roll_back()

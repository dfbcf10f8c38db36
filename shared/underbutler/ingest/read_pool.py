"""Reads side by side: they wait for the network, not for a core."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ReadPool"]

_PARALLEL_READS = 16

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class ReadPool:
    """Threads for reads, made when two are first wanted at once."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None

    def map(
        self, function: Callable[[_Item], _Result], items: Sequence[_Item]
    ) -> Iterator[_Result]:
        """Apply a function to items, results in their order; errors come with their result."""
        if len(items) < 2:
            return iter([function(item) for item in items])
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_PARALLEL_READS, thread_name_prefix="read")
        return self._executor.map(function, items)

"""A few more attempts at a transaction that the database broke off."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from underbutler.errors import RegistryUnavailableError

__all__ = ["with_patience"]

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1

_Result = TypeVar("_Result")


def with_patience(transact: Callable[[], _Result]) -> _Result:
    """Run a whole transaction, again after a pause if the database was not available.

    Raises
    ------
    RegistryUnavailableError
        It is not available for longer: the work goes back to the queue.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            return transact()
        except RegistryUnavailableError:
            # Jitter, so that those who ran into each other do not again.
            time.sleep(_FIRST_PAUSE_S * 2**attempt * (0.5 + random.random()))
    return transact()

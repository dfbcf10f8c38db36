"""Transactions stopped at a chosen statement, so that others can come between."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from underbutler.registry.registry import Registry

_PATIENCE_S = 20

_Result = TypeVar("_Result")


class Gate:
    """Where a thread waits until it is let on."""

    def __init__(self, occurrence: int = 1) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()
        self._to_come = itertools.count(occurrence, -1)

    def wait_until_reached(self) -> None:
        """Wait until a thread stands at the gate."""
        assert self._reached.wait(_PATIENCE_S), "nobody came to the gate"

    def open(self) -> None:
        """Let it on."""
        self._open.set()

    def pass_through(self) -> None:
        """Stand at the gate until it is opened: the one who is waited for; others go past."""
        if next(self._to_come) == 1:
            self._reached.set()
            assert self._open.wait(_PATIENCE_S), "nobody opened the gate"


@contextmanager
def held(registry: Registry, statement: str, occurrence: int = 1) -> Iterator[Gate]:
    """Stop the first transaction of a registry that comes to a statement, just before it.

    Parameters
    ----------
    registry
        Whose transactions.
    statement
        Part of its text, such as ``INSERT INTO dataset``, or ``COMMIT``.
    occurrence
        Which of several to stop at.
    """
    gate = Gate(occurrence)

    def before_statement(_conn: Any, _cursor: Any, text: str, *_: Any) -> None:
        if statement in text:
            gate.pass_through()

    def before_commit(_conn: Any) -> None:
        gate.pass_through()

    event, listener = (
        ("commit", before_commit)
        if statement == "COMMIT"
        else ("before_cursor_execute", before_statement)
    )
    sa.event.listen(registry.engine, event, listener)
    try:
        yield gate
    finally:
        # The listener stays: an engine that is at work must not lose one.
        gate.open()


@contextmanager
def background() -> Iterator[Callable[..., Future[Any]]]:
    """Run functions in threads; leaving waits for them, and raises what they raised."""
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(12))
        futures: list[Future[Any]] = []

        def start(function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
            future = executor.submit(function, *arguments)
            futures.append(future)
            return future

        yield start
        for future in futures:
            future.result(_PATIENCE_S)


def together(functions: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """Run functions at once, one thread each, all starting at the same moment."""
    barrier = threading.Barrier(len(functions))

    def run(function: Callable[[], _Result]) -> _Result:
        barrier.wait(_PATIENCE_S)
        return function()

    with ThreadPoolExecutor(len(functions)) as executor:
        return list(executor.map(run, functions))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.005)


def wait_until_blocked(registry: Registry, sessions: int = 1) -> None:
    """Wait until sessions of a registry's PostgreSQL database wait for a lock of another's."""
    wait_until(lambda: _blocked(registry) >= sessions, f"{sessions} sessions wait for a lock")


def let_run(registry: Registry, future: Future[Any], sessions: int = 1) -> None:
    """Wait until a background function has ended, or so many sessions wait for a lock."""
    wait_until(
        lambda: future.done() or _blocked(registry) >= sessions, "it ends, or waits for a lock"
    )


def _blocked(registry: Registry) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with registry.read() as transaction:
        number: int = transaction.connection.execute(sa.text(query)).scalar_one()
    return number

"""One life of a handler: its process, the API it speaks to, and what is allowed to it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from .function import Function
from .process import HandlerProcess
from .report import Failure
from .runtime_api import Invocation, Outcome, RuntimeApi

# How often the memory of a busy handler is looked at, seconds.
WATCH_INTERVAL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """How an initialisation or an invocation went."""

    duration_s: float
    """Seconds."""

    timeout_s: float
    """Seconds it was allowed to take."""

    failure: Failure | None = None
    """Why the platform ended it, if it did."""

    outcome: Outcome | None = None
    """What the runtime reported: an answer, an error, an error of the initialisation."""

    @property
    def is_ready(self) -> bool:
        """Whether an initialisation ended well."""
        return self.failure is None and self.outcome is None


class Runtime:
    """A handler's process with its Runtime API.

    Raises
    ------
    OSError
        The process cannot be started: no interpreter, no folder.
    """

    def __init__(self, function: Function) -> None:
        self._api = RuntimeApi()
        self._limit_bytes = function.memory_mb << 20
        self._peak_bytes = 0
        environment = function.environment(os.environ)
        environment["AWS_LAMBDA_RUNTIME_API"] = self._api.address
        try:
            self._process = HandlerProcess(
                function.command(),
                environment=environment,
                folder=function.task_root,
                on_exit=self._api.close,
            )
        except OSError:
            self._api.close()
            raise

    @property
    def pid(self) -> int | None:
        """Process id; None when it has ended."""
        return self._process.pid if self._process.exit_status is None else None

    @property
    def exit_status(self) -> int:
        """Status of the ended process, negative for a signal."""
        assert self._process.exit_status is not None
        return self._process.exit_status

    @property
    def peak_bytes(self) -> int:
        """Most resident memory so far."""
        return self._peak_bytes

    def await_ready(self, timeout_s: float) -> Phase:
        """Wait until the runtime asks for an invocation."""
        return self._await(lambda: self._api.is_waiting, timeout_s)

    def answer(self, invocation: Invocation, timeout_s: float) -> Phase:
        """Have the handler answer an event."""
        self._api.offer(invocation)
        return self._await(lambda: False, timeout_s)

    def take_lines(self) -> list[str]:
        """Return what has been printed since the last call."""
        return self._process.take_lines()

    def end(self) -> None:
        """Kill the process, if it still runs."""
        self._process.kill()

    def _await(self, is_done: Callable[[], bool], timeout_s: float) -> Phase:
        begin = time.monotonic()
        elapsed = 0.0
        failure = None
        while not self._api.await_news(is_done, min(WATCH_INTERVAL_S, timeout_s - elapsed)):
            elapsed = time.monotonic() - begin
            if self._process.resident_bytes() > self._limit_bytes:
                failure = Failure.OUT_OF_MEMORY
                break
            if elapsed >= timeout_s:
                failure = Failure.TIMED_OUT
                break
        duration_s = time.monotonic() - begin
        outcome = self._api.take_outcome()
        # The high water mark also knows of a peak between two looks.
        self._peak_bytes = max(self._peak_bytes, self._process.peak_resident_bytes())
        if failure is None and self._peak_bytes > self._limit_bytes:
            failure = Failure.OUT_OF_MEMORY
        elif failure is None and outcome is None and not is_done():
            failure = Failure.EXITED
        if failure is not None:
            self.end()
        return Phase(duration_s=duration_s, timeout_s=timeout_s, failure=failure, outcome=outcome)

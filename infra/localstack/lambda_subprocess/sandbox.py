"""A Lambda execution environment: one process at a time, one invocation at a time.

Knows nothing of the emulator: `executor` plugs it in, the tests drive it alone.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .function import Function
from .report import (
    Failure,
    Usage,
    end_lines,
    error_outcome,
    exit_message,
    init_line,
    stamped,
    start_line,
    timeout_message,
)
from .runtime import Phase, Runtime
from .runtime_api import Invocation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the caller of a function gets, and what its log gets."""

    outcome: Outcome
    """The handler's answer or an error document."""

    log: str
    """Lines of this invocation and of the initialisation it had to wait for."""


class Sandbox:
    """The execution environment of one function.

    The process starts with the first invocation and, after a timeout or a crash, with the next.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._runtime: Runtime | None = None
        self._is_stopped = False

    @property
    def pid(self) -> int | None:
        """Id of the handler's process, if one runs."""
        runtime = self._runtime
        return runtime.pid if runtime is not None else None

    def invoke(self, invocation: Invocation) -> Result:
        """Have the handler answer one event.

        Parameters
        ----------
        invocation
            The event; its deadline is set here.

        Returns
        -------
        result
            What goes wrong in the handler, or with it, is an outcome and never an exception.
        """
        with self._lock:
            try:
                return self._invoke(invocation)
            except OSError as error:  # no interpreter, no folder
                outcome = error_outcome(
                    Failure.NOT_STARTED, f"RequestId: {invocation.request_id} Error: {error}"
                )
                return Result(outcome=outcome, log=stamped(str(error)))

    def stop(self) -> None:
        """Kill the process; an invocation that is running then fails as if it had crashed."""
        self._is_stopped = True
        if (runtime := self._runtime) is not None:
            runtime.end()

    def _invoke(self, invocation: Invocation) -> Result:
        if (runtime := self._warm_runtime()) is not None:
            return self._answer(runtime, invocation)
        runtime = self._start_runtime()
        init = runtime.await_ready(self._function.init_timeout_s)
        printed = runtime.take_lines()
        if init.is_ready:
            return self._answer(runtime, invocation, before=printed, init_s=init.duration_s)
        runtime.end()
        before = [*printed, init_line(init.duration_s, init.failure)]
        return self._result(runtime, invocation, init, before=before, printed=[])

    def _warm_runtime(self) -> Runtime | None:
        """Return the runtime of the last invocation if it is fit for another one."""
        if (runtime := self._runtime) is None:
            return None
        # Between its answer and its next question it may still end.
        if runtime.await_ready(self._function.init_timeout_s).is_ready:
            return runtime
        runtime.end()
        return None

    def _start_runtime(self) -> Runtime:
        self._runtime = runtime = Runtime(self._function)
        if self._is_stopped:  # `stop` came too early to see it
            runtime.end()
        return runtime

    def _answer(
        self,
        runtime: Runtime,
        invocation: Invocation,
        *,
        before: Sequence[str] = (),
        init_s: float | None = None,
    ) -> Result:
        timeout_s = self._function.timeout_s
        deadline_ms = int((time.time() + timeout_s) * 1000)
        phase = runtime.answer(replace(invocation, deadline_ms=deadline_ms), timeout_s)
        printed = runtime.take_lines()
        return self._result(
            runtime, invocation, phase, before=before, printed=printed, init_s=init_s
        )

    def _result(
        self,
        runtime: Runtime,
        invocation: Invocation,
        phase: Phase,
        *,
        before: Sequence[str],
        printed: Sequence[str],
        init_s: float | None = None,
    ) -> Result:
        log = [*before, start_line(invocation.request_id, self._function.version), *printed]
        outcome = phase.outcome
        if phase.failure is not None:
            message = _message(invocation.request_id, phase, runtime)
            outcome = error_outcome(phase.failure, message)
            log.append(stamped(message))
        assert outcome is not None
        usage = Usage(
            duration_s=phase.duration_s,
            peak_bytes=runtime.peak_bytes,
            memory_mb=self._function.memory_mb,
            init_s=init_s,
        )
        log += end_lines(invocation.request_id, usage, phase.failure)
        return Result(outcome=outcome, log="\n".join(log))


def _message(request_id: str, phase: Phase, runtime: Runtime) -> str:
    if phase.failure is Failure.TIMED_OUT:
        return timeout_message(request_id, phase.timeout_s)
    return exit_message(request_id, runtime.exit_status)

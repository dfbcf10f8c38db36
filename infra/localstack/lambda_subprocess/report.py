"""What AWS Lambda writes about an invocation: the platform's log lines and its error documents.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html and what CloudWatch shows.
"""

import json
import math
import signal
import time
from dataclasses import dataclass
from enum import Enum

from .runtime_api import Outcome


class Failure(Enum):
    """Ways in which the platform, not the handler, ends an invocation; AWS's error types."""

    TIMED_OUT = "Sandbox.Timedout"
    EXITED = "Runtime.ExitError"
    OUT_OF_MEMORY = "Runtime.OutOfMemory"
    NOT_STARTED = "Runtime.InvalidEntrypoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an invocation took."""

    duration_s: float
    """From the offer to the outcome, seconds."""

    peak_bytes: int
    """Most resident memory of the process so far."""

    memory_mb: int
    """The function's limit, MiB."""

    init_s: float | None = None
    """Duration of the initialisation that this invocation had to wait for, seconds."""


def start_line(request_id: str, version: str) -> str:
    """Return the line before what the handler prints."""
    return f"START RequestId: {request_id} Version: {version}"


def end_lines(request_id: str, usage: Usage, failure: Failure | None) -> list[str]:
    """Return the lines after what the handler prints."""
    duration_ms = usage.duration_s * 1000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {math.ceil(duration_ms)} ms",
        f"Memory Size: {usage.memory_mb} MB",
        f"Max Memory Used: {usage.peak_bytes >> 20} MB",
    ]
    if usage.init_s is not None:
        fields.append(f"Init Duration: {usage.init_s * 1000:.2f} ms")
    if failure is Failure.TIMED_OUT:
        fields.append("Status: timeout")
    elif failure is not None:
        fields += ["Status: error", f"Error Type: {failure.value}"]
    return [f"END RequestId: {request_id}", "\t".join(fields)]


def init_line(init_s: float, failure: Failure | None) -> str:
    """Return the line that reports an initialisation which failed."""
    status = "timeout" if failure is Failure.TIMED_OUT else "error"
    return f"INIT_REPORT Init Duration: {init_s * 1000:.2f} ms\tPhase: init\tStatus: {status}"


def timeout_message(request_id: str, timeout_s: float) -> str:
    """Return AWS's words for an invocation that took too long."""
    return f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"


def exit_message(request_id: str, exit_status: int) -> str:
    """Return AWS's words for a process that ended before it had answered.

    Parameters
    ----------
    request_id
        The invocation.
    exit_status
        As `subprocess` gives it: negative for a signal.
    """
    if exit_status == 0:
        return f"RequestId: {request_id} Error: Runtime exited without providing a reason"
    if exit_status < 0:
        name = (signal.strsignal(-exit_status) or str(-exit_status)).lower()
        reason = f"signal: {name}"
    else:
        reason = f"exit status {exit_status}"
    return f"RequestId: {request_id} Error: Runtime exited with error: {reason}"


def stamped(message: str) -> str:
    """Return the log's line for a message of the platform."""
    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{seconds}.{int(now * 1000) % 1000:03d}Z {message}"


def error_outcome(failure: Failure, message: str) -> Outcome:
    """Return the document that a caller gets in place of the handler's answer."""
    # Out of memory is told in the report; to the caller it is an exit like any other.
    kind = Failure.EXITED if failure is Failure.OUT_OF_MEMORY else failure
    document = {"errorType": kind.value, "errorMessage": message}
    return Outcome(payload=json.dumps(document).encode(), is_error=True)

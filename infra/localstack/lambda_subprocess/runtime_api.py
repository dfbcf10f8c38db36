"""The AWS Lambda Runtime API for one handler process, from its first request to its death.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, version 2018-06-01.
"""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RUNTIME = "/2018-06-01/runtime"
# Quota "Invocation payload, synchronous": 6 MB, each for request and response.
MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One event for the handler."""

    request_id: str
    """UUID of the invocation."""

    function_arn: str
    """ARN the function was invoked by."""

    payload: bytes
    """The event, JSON."""

    deadline_ms: int = 0
    """When the invocation times out, Unix time in milliseconds."""

    trace_id: str = ""
    """X-Ray tracing header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an invocation or of an initialisation."""

    payload: bytes
    """JSON: what the handler returned, or a document with ``errorType`` and ``errorMessage``."""

    is_error: bool
    """Whether the handler failed."""


class RuntimeApi:
    """A server on the loopback interface that hands out invocations and takes their outcomes.

    It belongs to one process: when that ends, so does the server, and no late request of a dead
    process can meet its successor's invocations.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_waiting = False  # the runtime asked for the next invocation
        self._is_closed = False
        self._offered: Invocation | None = None
        self._running: Invocation | None = None
        self._outcome: Outcome | None = None
        self._server = _Server(self)
        threading.Thread(target=self._serve, name="runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, as ``AWS_LAMBDA_RUNTIME_API`` gives them to the runtime."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def is_waiting(self) -> bool:
        """Whether the runtime is waiting for an invocation."""
        return self._is_waiting

    def offer(self, invocation: Invocation) -> None:
        """Give the runtime, which is waiting for it, an invocation."""
        with self._changed:
            self._offered, self._outcome = invocation, None
            self._changed.notify_all()

    def await_news(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until there is an outcome, the server is closed, or something else is done.

        Returns
        -------
        has_news
            False when the time has passed without any of these.
        """
        with self._changed:
            return self._changed.wait_for(
                lambda: is_done() or self._outcome is not None or self._is_closed, timeout_s
            )

    def take_outcome(self) -> Outcome | None:
        """Return the outcome of the last invocation or of the initialisation, if there is one."""
        with self._changed:
            outcome, self._outcome = self._outcome, None
            return outcome

    def close(self) -> None:
        """Stop serving and wake all who wait; for when the process is dead."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed, self._is_waiting = True, False
            self._changed.notify_all()
        # The server blocks in `accept`, which closing its socket does not end everywhere.
        with socket.create_connection(("127.0.0.1", self._server.server_port)):
            pass

    def next_invocation(self) -> Invocation | None:
        """Wait for an invocation; None when the server is closed. Called for the runtime."""
        with self._changed:
            self._running, self._is_waiting = None, not self._is_closed
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._offered is not None or self._is_closed)
            self._running, self._offered = self._offered, None
            self._is_waiting = False
            return None if self._is_closed else self._running

    def finish(self, request_id: str, outcome: Outcome) -> bool:
        """Set the outcome of the running invocation; False if another one is running."""
        with self._changed:
            if self._running is None or self._running.request_id != request_id:
                return False
            self._set_outcome(outcome)
            return True

    def fail_initialisation(self, outcome: Outcome) -> None:
        """Set the outcome of an initialisation that failed."""
        with self._changed:
            self._set_outcome(outcome)

    def _set_outcome(self, outcome: Outcome) -> None:
        if self._outcome is None:
            self._outcome = outcome
            self._changed.notify_all()

    def _serve(self) -> None:
        with self._server:
            while not self._is_closed:
                self._server.handle_request()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.api = api

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a killed process leaves broken connections, and that is no error here."""


class _Request(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one segment

    def do_GET(self) -> None:
        if self.path != f"{RUNTIME}/invocation/next":
            return self._reply(HTTPStatus.NOT_FOUND)
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return None
        return self._reply(
            HTTPStatus.OK,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_id,
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        match self.path.removeprefix(f"{RUNTIME}/").split("/"):
            case ["init", "error"]:
                self.server.api.fail_initialisation(Outcome(payload=body, is_error=True))
            case ["invocation", request_id, "response"] if len(body) > MAX_RESPONSE_BYTES:
                self.server.api.finish(request_id, _too_large())
                return self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large().payload)
            case ["invocation", request_id, "response" | "error" as kind]:
                outcome = Outcome(payload=body, is_error=kind == "error")
                if not self.server.api.finish(request_id, outcome):
                    return self._reply(HTTPStatus.BAD_REQUEST, b'{"errorType":"InvalidRequestID"}')
            case _:
                return self._reply(HTTPStatus.NOT_FOUND)
        return self._reply(HTTPStatus.ACCEPTED, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(chunks)

    def _reply(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Log nothing: the caller reports what matters."""


def _too_large() -> Outcome:
    message = (
        f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    )
    document = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    return Outcome(payload=json.dumps(document).encode(), is_error=True)

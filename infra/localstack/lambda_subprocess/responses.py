"""Where functions send the responses of custom resources: a server on the loopback interface."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mailbox:
    """Holds the response to one request, once it is there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._arrived = threading.Condition()
        self._response: Mapping[str, Any] | None = None

    def put(self, response: Mapping[str, Any]) -> None:
        """Keep the response, the first one if several come."""
        with self._arrived:
            self._response = self._response or response
            self._arrived.notify_all()

    def wake(self) -> None:
        """Have a waiting `take` look whether it should go on waiting."""
        with self._arrived:
            self._arrived.notify_all()

    def take(self, timeout_s: float, is_hopeless: Callable[[], bool]) -> Mapping[str, Any] | None:
        """Wait for the response; None when the time has passed or none is to be hoped for."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._response is not None or is_hopeless(), timeout_s)
            return self._response


class ResponseServer:
    """Takes responses at URLs that nobody can guess, as the presigned ones of AWS."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, Mailbox] = {}
        self._server = _Server(self._mailboxes)
        threading.Thread(target=self._server.serve_forever, name="responses", daemon=True).start()

    @contextmanager
    def open_mailbox(self) -> Iterator[Mailbox]:
        """Give a URL out for as long as the context lasts."""
        path = f"/{uuid.uuid4()}"
        url = f"http://127.0.0.1:{self._server.server_port}{path}"
        mailbox = self._mailboxes[path] = Mailbox(url)
        try:
            yield mailbox
        finally:
            del self._mailboxes[path]


@cache
def response_server() -> ResponseServer:
    """Return the server, started with the first custom resource."""
    return ResponseServer()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, mailboxes: Mapping[str, Mailbox]) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.mailboxes = mailboxes


class _Request(BaseHTTPRequestHandler):
    server: _Server

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mailbox = self.server.mailboxes.get(self.path)
        try:
            response = json.loads(body)
        except ValueError:
            return self._reply(HTTPStatus.BAD_REQUEST)
        if mailbox is None or not isinstance(response, dict):
            return self._reply(HTTPStatus.FORBIDDEN)
        mailbox.put(response)
        return self._reply(HTTPStatus.OK)

    def _reply(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

"""A server that answers as it is told, request by request: for tests of clients."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Handler = BaseHTTPRequestHandler
Reply = Callable[[Handler], None]


@dataclass
class Heard:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stage:
    """Answers each request with the next reply."""

    url: str = ""
    replies: deque[Reply] = field(default_factory=deque[Reply])
    heard: list[Heard] = field(default_factory=list[Heard])

    def answer(self, handler: Handler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(length)
        self.heard.append(Heard(handler.command, handler.path, headers, body))
        self.replies.popleft()(handler)


def events(*numbers: int, last: int | None = None, broken: bool = False) -> Reply:
    """Return an answer that streams events; number `last` ends the run. It may break off."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        if broken:
            handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for number in numbers:
            event = {"type": "RUN_FINISHED" if number == last else "STEP_STARTED"}
            handler.wfile.write(f"id: {number}\ndata: {json.dumps(event)}\n\n".encode())
        handler.close_connection = True

    return reply


def answers(status: int, body: object = None, **headers: str) -> Reply:
    """Return an answer of JSON, or of plain text if the body is a string."""

    def reply(handler: Handler) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.send_response(status)
        kind = "text/html" if isinstance(body, str) else "application/json"
        sent: dict[str, Any] = {"Content-Type": kind, "Content-Length": len(data), **headers}
        for name, value in sent.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def hangs_up(handler: Handler) -> None:
    """Answer nothing."""
    handler.close_connection = True


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server on the loopback address that waits for its replies to be told."""
    stage = Stage()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stage.answer(self)

        def do_POST(self) -> None:
            stage.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        stage.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield stage
        server.shutdown()
        thread.join()

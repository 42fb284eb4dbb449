"""An MCP server in a thread, for tests whose own thread belongs to a browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from mcp_peers import LOOK, SPEAKS, Tools


@dataclass
class Threaded:
    """A server with the tools that a test says; it notes what it was asked, and with what.

    `url` is its address.
    """

    tools: Tools = field(default_factory=lambda: [LOOK])
    asked: list[str] = field(default_factory=list[str])
    tokens: set[str | None] = field(default_factory=set[str | None])
    url: str = ""

    def answer(self, sent: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer of JSON-RPC to a request; None to a notification."""
        self.asked.append(str(sent["method"]))
        if "id" not in sent:
            return None
        results: dict[str, dict[str, Any]] = {
            "initialize": SPEAKS,
            "tools/list": {"tools": self.tools},
            "tools/call": {"content": [{"type": "text", "text": "Seen."}]},
        }
        told: dict[str, Any] = {"error": {"code": -32601, "message": "No such method."}}
        if sent["method"] in results:
            told = {"result": results[sent["method"]]}
        return {"jsonrpc": "2.0", "id": sent["id"], **told}


@contextmanager
def threaded() -> Iterator[Threaded]:
    """Serve such a server while the block runs."""
    peer = Threaded()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            peer.tokens.add(self.headers["Authorization"])
            length = int(self.headers["Content-Length"])
            told = peer.answer(json.loads(self.rfile.read(length)))
            body = b"" if told is None else json.dumps(told).encode()
            self.send_response(202 if told is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_error(405)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        peer.url = f"http://127.0.0.1:{server.server_port}/mcp"
        yield peer
        server.shutdown()
        thread.join()

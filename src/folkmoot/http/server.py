"""The HTTP server: uvicorn, with a stop that lets streams end or hands them over."""

import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from folkmoot.http.protocol import BoundedProtocol

Drain = Callable[[], Awaitable[None]]

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


class DrainingServer(uvicorn.Server):
    """Before it waits for open connections it lets the application end or hand over its streams."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on SIGINT and SIGTERM.

        Unlike uvicorn's own, it does not raise the signal again afterwards: that would end the
        process before it has given up what it holds, the embedded database for one.
        """
        before = {number: signal.signal(number, self.handle_exit) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def on_tick(self, counter: int) -> bool:
        """Stop also when the application has ended by itself: something in it has failed."""
        return self.failed or await super().on_tick(counter)

    @property
    def failed(self) -> bool:
        """Whether the application has failed, when it started or later."""
        return bool(self.lifespan.error_occurred)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections, drain, then stop as uvicorn does."""
        for server in self.servers:
            server.close()
        await self._drain()
        await super().shutdown(sockets)


def server(
    app: ASGIApp, *, drain: Drain, trusted_proxies: list[str], listening: socket.socket
) -> DrainingServer:
    """Return a server for a socket that listens already.

    Clients that come before the application has started wait in the socket's queue.
    """
    host, port = listening.getsockname()[:2]
    config = uvicorn.Config(
        app,
        host=str(host),
        port=int(port),
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        timeout_graceful_shutdown=5,
    )
    return DrainingServer(config, drain)


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen; a free port is chosen for port 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening


def handed_over(handle: int) -> socket.socket:
    """Take a listening socket that the parent process has handed over.

    It ends here: a child that outlives this process must not keep the port.
    """
    listening = socket.socket(fileno=handle)
    listening.set_inheritable(False)
    return listening

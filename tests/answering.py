"""Small servers that answer with given bytes, and tell what they were asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Page = Callable[["Asked"], bytes]


@dataclass(eq=False)
class Asked:
    """A server, and the heads of the requests that have reached it.

    Attributes:
        url: Its address.
        host: The same, as `host:port`.
        heads: What it was sent.
        endless: What it says again and again after its answer.
        silent: Whether it says nothing after its answer and keeps the connection.
    """

    url: str = ""
    host: str = ""
    heads: list[str] = field(default_factory=list[str])
    endless: bytes = b""
    silent: bool = False

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])


def page(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a body."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def moved(url: str, status: str = "302 Found") -> bytes:
    """Return an answer that leads elsewhere."""
    return page(b"", f"Location: {url}", status=status)


@asynccontextmanager
async def answering(
    answer: bytes | Page, *, endless: bytes = b"", silent: bool = False
) -> AsyncIterator[Asked]:
    """Run a server that always answers with the same bytes, or with what a function makes."""
    asked = Asked(endless=endless, silent=silent)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(answer if isinstance(answer, bytes) else answer(asked))
            await writer.drain()
            while asked.endless:
                writer.write(asked.endless)
                await writer.drain()
            if asked.silent:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        asked.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        asked.url = f"http://{asked.host}/it"
        yield asked

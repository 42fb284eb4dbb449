"""A relay between a client and PostgreSQL that can hold back, cut and lose what passes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from psycopg import conninfo


@dataclass(eq=False)
class Relay:
    """Passes bytes between Unix sockets, as long as the test lets it.

    `address` leads through the relay.
    """

    address: str
    target: str
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    refusing: bool = False
    held: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _lose: str | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def hold(self) -> None:
        """Let nothing through any more; `held` is set once something waits."""
        self.held.clear()
        self.flowing.clear()

    def flow(self) -> None:
        """Let everything through again, first what waits."""
        self.flowing.set()

    def cut(self) -> None:
        """Break every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def go_away(self) -> None:
        """Break every connection and accept none: the database is away."""
        self.refusing = True
        self.cut()

    def come_back(self) -> None:
        self.refusing = False

    def lose_answer(self) -> None:
        """Break the connection on which the server answers next, instead of passing it on."""
        self.lost.clear()
        self._lose = "answer"

    def lose_request(self) -> None:
        """Break the connection on which the client asks next, before the server hears of it."""
        self.lost.clear()
        self._lose = "request"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_unix_connection(self.target)
        pair = {writer, up_writer}
        self._writers |= pair
        try:
            await asyncio.gather(
                self._pump(reader, up_writer, "request"), self._pump(up_reader, writer, "answer")
            )
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        try:
            while data := await reader.read(65536):
                if not self.flowing.is_set():
                    self.held.set()
                    await self.flowing.wait()
                if self._lose == way:
                    self._lose = None
                    self.lost.set()
                    self.cut()
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # cut
        finally:
            writer.transport.abort()


@asynccontextmanager
async def relayed(address: str) -> AsyncIterator[Relay]:
    """Put a relay in front of a server."""
    known = conninfo.conninfo_to_dict(address)
    name = f".s.PGSQL.{known['port']}"
    with tempfile.TemporaryDirectory(prefix="folkmoot-relay-") as directory:
        relay = Relay(conninfo.make_conninfo(address, host=directory), f"{known['host']}/{name}")
        relay.flow()
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(relay.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_unix_server(accept, f"{directory}/{name}")
        try:
            yield relay
        finally:
            server.close()
            relay.go_away()
            relay.flow()
            await asyncio.gather(*tasks, return_exceptions=True)

"""A fake model provider over real HTTP: OpenAI's two, Anthropic's, Google's and Ollama's formats.

    async with FakeProvider() as provider:
        provider.script([says("Hello."), refuses(429, retry_after="1")])
        ...  # point a client at provider.openai_url
        assert provider.received[0].heard.asked == "Hi"

What is not scripted is decided by a directive in the message (see `directives`), and without one
the message comes back as an echo. As a process: `python -m folkmoot.testing.provider --port 0`.
"""

import argparse
import asyncio
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind
from folkmoot.testing.directives import Directives
from folkmoot.testing.replies import Heard, Reply, Scripted, says
from folkmoot.testing.routes import application

PATIENCE: Final = 10.0  # seconds
FAREWELL: Final = 0.05  # seconds; 0 would mean for ever


@dataclass(slots=True)
class Received:
    """A request that came in. `aborted` becomes true when the client leaves before the end.

    `peer` is the address of the client's end of the connection.
    """

    path: str
    peer: tuple[str, int]
    headers: dict[str, str]
    body: bytes
    heard: Heard
    aborted: bool = False
    finished: bool = False


class FakeProvider:
    """A server on the loopback; port 0 takes a free one."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.received: list[Received] = []
        self._host, self._port = host, port
        self._script: deque[Scripted] = deque()
        self._embedding_script: deque[Reply] = deque()
        self._reranking_script: deque[Reply] = deque()
        self._directives = Directives()
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def url(self) -> str:
        """The address without a path: the base URL of Anthropic, Google and Ollama."""
        return f"http://{self._host}:{self._port}"

    @property
    def openai_url(self) -> str:
        """The base URL as OpenAI's clients expect it."""
        return f"{self.url}/v1"

    @property
    def chats(self) -> list[Received]:
        """The requests for chat, without those for embeddings."""
        return [received for received in self.received if received.heard.stream]

    def script(self, replies: Iterable[Scripted]) -> None:
        """Queue answers to chats: the next requests take them in turn."""
        self._script.extend(replies)

    def script_embeddings(self, replies: Iterable[Reply]) -> None:
        """Queue answers to take the place of embeddings."""
        self._embedding_script.extend(replies)

    def script_rerankings(self, replies: Iterable[Reply]) -> None:
        """Queue answers to take the place of scores."""
        self._reranking_script.extend(replies)

    def config(self, default: str | None = "openai:fake-chat") -> ModelsConfig:
        """Return a configuration in which every provider is this one."""
        return ModelsConfig(
            providers={
                "openai": ProviderConfig(ProviderKind.OPENAI, self.openai_url, "key-of-openai"),
                "anthropic": ProviderConfig(ProviderKind.ANTHROPIC, self.url, "key-of-anthropic"),
                "google": ProviderConfig(ProviderKind.GOOGLE, self.url, "key-of-google"),
                "ollama": ProviderConfig(ProviderKind.OLLAMA, self.url),
            },
            default_model=default,
            embedding_model="offline:hash",
            fetch_local_embedder=False,
        )

    async def until(self, condition: Callable[[], object], *, seconds: float = PATIENCE) -> None:
        """Wait until the condition holds; it is looked at when a request comes or ends.

        Raises:
            TimeoutError: it never did.
        """
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def start(self) -> None:
        """Listen."""
        self._runner = web.AppRunner(
            application(self), handler_cancellation=True, access_log=None, shutdown_timeout=FAREWELL
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, backlog=2048).start()
        self._port = self._runner.addresses[0][1]

    async def aclose(self) -> None:
        """Stop; answers under way are cut."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def chat(self, heard: Heard) -> Reply:
        """Decide about one request: the script first, then a directive, then the echo."""
        if self._script:
            scripted = self._script.popleft()
            return scripted if isinstance(scripted, Reply) else scripted(heard)
        return self._directives.reply(heard) or says(heard.asked)

    def embedding(self) -> Reply | None:
        return self._embedding_script.popleft() if self._embedding_script else None

    def reranking(self) -> Reply | None:
        return self._reranking_script.popleft() if self._reranking_script else None

    async def record(
        self,
        request: web.Request,
        heard: Heard,
        answer: Callable[[], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Keep the request in `received` and note how it ended."""
        peer = request.transport.get_extra_info("peername") if request.transport else ("", 0)
        received = Received(request.path, peer, dict(request.headers), await request.read(), heard)
        self.received.append(received)
        self._changed.set()
        try:
            response = await answer()
            received.finished = True
        finally:
            received.aborted = not received.finished
            self._changed.set()
        return response


async def serve(host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; the address is the first line on stdout."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FakeProvider(host=host, port=port) as provider:
        sys.stdout.write(f"{provider.url}\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A fake model provider for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args(arguments)
    asyncio.run(serve(chosen.host, chosen.port))


if __name__ == "__main__":
    main()

"""Servers that can be measured: how each is started, asked and understood."""

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

import orjson

from folkmoot.kit.ids import new_id
from kit import processes
from kit.client import request
from kit.reading import Dialect

API_KEY: Final = "a key for a server that is thrown away"
BENCH: Final = Path(__file__).resolve().parent.parent
AGUI: Final = Dialect(
    speaks=b'"TEXT_MESSAGE_CONTENT"', ends=b'"RUN_FINISHED"', fails=b'"RUN_ERROR"', numbered=True
)
REPEATING: Final = replace(AGUI, text=b'"delta":"', numbered=False)
OPENAI: Final = Dialect(speaks=b'"content":"', ends=b"data: [DONE]", fails=b'"error"')


@dataclass(slots=True)
class Conversation:
    """What a client remembers: messages with their ids, the oldest first."""

    name: str = field(default_factory=lambda: str(new_id()))
    messages: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def ask(self, text: str) -> None:
        self.messages.append({"id": str(new_id()), "role": "user", "content": text})

    def hear(self, message_id: str, text: str) -> None:
        self.messages.append({"id": message_id, "role": "assistant", "content": text})


@dataclass(frozen=True, slots=True)
class Site:
    """Where a server is started: a directory of its own, its port and the provider's."""

    directory: Path
    port: int
    provider_port: int

    @property
    def provider_url(self) -> str:
        return f"http://127.0.0.1:{self.provider_port}/v1"

    @property
    def log(self) -> Path:
        return self.directory / "log"


class Target(Protocol):
    """A server that can be measured."""

    @property
    def name(self) -> str: ...

    @property
    def dialect(self) -> Dialect: ...

    @property
    def health(self) -> str:
        """The path that answers 200 once it serves."""
        ...

    @property
    def calls_tools(self) -> bool:
        """Whether it can make the calls that the model asks for."""
        ...

    def command(self, site: Site) -> Sequence[str | Path]: ...

    def environment(self, site: Site) -> Mapping[str, str]: ...

    def question(self, conversation: Conversation, *, tools: bool) -> bytes:
        """Return the request that asks for an answer to the conversation's last message.

        With `tools`, the model is offered a tool named `calculator`.
        """
        ...


class Folkmoot:
    """Folkmoot as `folkmoot up` starts it, with everything on."""

    name = "folkmoot"
    dialect = AGUI
    health = "/health/ready"
    calls_tools = True
    headers: Final = {"content-type": "application/json", "x-api-key": API_KEY}

    def command(self, site: Site) -> Sequence[str | Path]:
        return [Path(sys.executable).with_name("folkmoot"), "up", "--port", str(site.port)]

    def environment(self, site: Site) -> Mapping[str, str]:
        return clean_environment() | {
            "FOLKMOOT_DATA_DIR": str(site.directory / "data"),
            "FOLKMOOT_INIT_API_KEY": API_KEY,
            "FOLKMOOT_DEFAULT_MODEL": "openai:bench",
            "FOLKMOOT_EMBEDDING_MODEL": "offline:hash",
            "OPENAI_API_KEY": "a key for the bench",
            "OPENAI_BASE_URL": site.provider_url,
        }

    def question(self, conversation: Conversation, *, tools: bool) -> bytes:
        """Send the new message alone: the server keeps the conversation."""
        wanted = {"workflow": "tools"} if tools else {}
        body = run_input(conversation, conversation.messages[-1:], wanted)
        return request("/api/chat/chat", body, headers=self.headers)


class Proxy:
    """A server that passes bytes on: the floor of any server in between."""

    name = "proxy"
    dialect = OPENAI
    health = "/"
    calls_tools = False

    def command(self, site: Site) -> Sequence[str | Path]:
        return uvicorn(Path(sys.executable), "kit.proxy:app", site)

    def environment(self, site: Site) -> Mapping[str, str]:
        return clean_environment() | {
            "PROVIDER_PORT": str(site.provider_port),
            "PYTHONPATH": str(BENCH),
        }

    def question(self, conversation: Conversation, *, tools: bool) -> bytes:
        del tools  # whatever the provider does is passed on
        messages = [{k: each[k] for k in ("role", "content")} for each in conversation.messages]
        body = orjson.dumps({"model": "bench", "stream": True, "messages": messages})
        headers = {"content-type": "application/json"}
        return request("/v1/chat/completions", body, headers=headers)


@dataclass(frozen=True, slots=True)
class LangGraph:
    """The AG-UI server of LangGraph's world, where another environment has it.

    Its checkpoints are in memory, or in the PostgreSQL of `database`.
    """

    python: Path
    database: str = ""
    name: str = "ag-ui-langgraph"
    dialect: Dialect = REPEATING
    health: str = "/health"
    calls_tools: bool = True

    def command(self, site: Site) -> Sequence[str | Path]:
        return uvicorn(self.python, "langgraph_server:app", site)

    def environment(self, site: Site) -> Mapping[str, str]:
        return clean_environment() | {
            "OPENAI_API_KEY": "a key for the bench",
            "OPENAI_BASE_URL": site.provider_url,
            "PYTHONPATH": str(BENCH / "peers"),
            "DATABASE_URL": self.database,
        }

    def question(self, conversation: Conversation, *, tools: bool) -> bytes:
        """Send all messages: that is how this server knows them again."""
        body = run_input(conversation, conversation.messages, {})
        path = "/tools" if tools else "/plain"
        return request(path, body, headers={"content-type": "application/json"})


def run_input(
    conversation: Conversation,
    messages: Sequence[Mapping[str, str]],
    forwarded: Mapping[str, str],
) -> bytes:
    """Return AG-UI's `RunAgentInput`."""
    wanted: dict[str, Any] = {
        "threadId": conversation.name,
        "runId": str(new_id()),
        "state": {},
        "messages": messages,
        "tools": [],
        "context": [],
        "forwardedProps": forwarded,
    }
    return orjson.dumps(wanted)


def uvicorn(python: Path, app: str, site: Site) -> Sequence[str | Path]:
    """Return the command that serves an application as fast as it can be."""
    return [
        python, "-m", "uvicorn", app, "--port", str(site.port),
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip


def clean_environment() -> dict[str, str]:
    """Return the environment without what would configure a server."""
    ours = ("FOLKMOOT_", "OPENAI_", "ANTHROPIC_", "GOOGLE_", "OLLAMA_", "OTEL_", "LANGFUSE_", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@contextmanager
def served(target: Target, provider_port: int) -> Generator[tuple[int, int]]:
    """Start a server from nothing; yield its process and its port."""
    with TemporaryDirectory(prefix="folkmoot-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the account that runs the database has to pass through
        site = Site(directory, processes.free_port(), provider_port)
        command, environment = target.command(site), target.environment(site)
        with processes.running(command, environment, site.log) as process:
            processes.until_ready(process, site.port, target.health, site.log)
            yield process.pid, site.port


@contextmanager
def provided() -> Generator[int]:
    """Start the provider; yield its port."""
    with TemporaryDirectory(prefix="folkmoot-bench-") as name:
        log, port = Path(name) / "log", processes.free_port()
        command = [sys.executable, "-m", "kit.provider", "--port", str(port)]
        environment = clean_environment() | {"PYTHONPATH": str(BENCH)}
        with processes.running(command, environment, log) as process:
            processes.until_ready(process, port, "/v1/models", log)
            yield port

"""A client of the chat endpoint that reads streams as they come, in a thread of its own."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from folkmoot.kit.ids import new_id

TERMINAL: Final = ("RUN_FINISHED", "RUN_ERROR")


@dataclass
class Turn:
    """One question and what has come back for it."""

    url: str
    headers: dict[str, str]
    text: str
    thread_id: str = field(default_factory=lambda: str(new_id()))
    run_id: str = field(default_factory=lambda: str(new_id()))
    props: dict[str, Any] = field(default_factory=dict[str, Any])
    body: bytes = b""
    status: int = 0
    cut: bool = False
    news: threading.Condition = field(default_factory=threading.Condition)

    def ask(self) -> "Turn":
        """Ask and read until the stream ends, however it ends."""
        with (
            httpx.Client(timeout=60) as client,
            client.stream(
                "POST", f"{self.url}/api/chat/chat", headers=self.headers, json=self.request()
            ) as response,
        ):
            self._read(response)
        return self

    def read_on(self) -> "Turn":
        """Read on where the stream was cut."""
        last = {"Last-Event-ID": str(self.last_id)}
        address = f"{self.url}/api/v1/runs/{self.run_id}/events"
        with (
            httpx.Client(timeout=60) as client,
            client.stream("GET", address, headers=self.headers | last) as response,
        ):
            self._read(response)
        return self

    def in_background(self) -> threading.Thread:
        """Ask in a thread, which runs when this returns.

        Threads that begin at the same moment trip over each other's tracing of lines.
        """
        runs = threading.Event()

        def ask() -> None:
            runs.set()
            self.ask()

        thread = threading.Thread(target=ask)
        thread.start()
        runs.wait()
        return thread

    def wait_for(self, part: bytes, seconds: float = 60) -> None:
        """Wait until this has come."""
        with self.news:
            assert self.news.wait_for(lambda: part in self.body, seconds), self.body[-500:]

    def request(self) -> dict[str, Any]:
        return {
            "threadId": self.thread_id,
            "runId": self.run_id,
            "state": {},
            "messages": [{"id": f"q-{self.run_id}", "role": "user", "content": self.text}],
            "tools": [],
            "context": [],
            "forwardedProps": self.props,
        }

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that have come whole."""
        whole = self.body[: self.body.rfind(b"\n\n") + 2]
        lines = [line for line in whole.split(b"\n") if line.startswith(b"data: ")]
        return [json.loads(line[6:]) for line in lines]

    @property
    def ids(self) -> list[int]:
        whole = self.body[: self.body.rfind(b"\n\n") + 2]
        return [int(line[4:]) for line in whole.split(b"\n") if line.startswith(b"id: ")]

    @property
    def last_id(self) -> int:
        return self.ids[-1] if self.ids else 0

    @property
    def text_of_answer(self) -> str:
        return "".join(e["delta"] for e in self.events if e["type"] == "TEXT_MESSAGE_CONTENT")

    @property
    def ends(self) -> list[str]:
        """The terminal events; there must be one in the end."""
        return [e["type"] for e in self.events if e["type"] in TERMINAL]

    def _read(self, response: httpx.Response) -> None:
        self.status = response.status_code
        # What did not arrive whole is sent again.
        self.body = self.body[: self.body.rfind(b"\n\n") + 2] if self.body else b""
        try:
            for data in response.iter_raw():
                with self.news:
                    self.body += data
                    self.news.notify_all()
        except httpx.TransportError:
            self.cut = True

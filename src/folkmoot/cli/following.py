"""Following a run's log to its end, through lost connections."""

import json
import random
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from folkmoot.cli import terminal
from folkmoot.cli.api import API, Api, Refused, Unreachable, reason, segment
from folkmoot.cli.sse import Frame, FrameReader
from folkmoot.runs.events import ENDS

TERMINAL: Final = {"RUN_FINISHED", "RUN_ERROR", *ENDS}
PASSING: Final = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
"""Refusals that pass by themselves."""

MOST_ATTEMPTS: Final = 16
"""In vain, one after the other, about two minutes of them. The run goes on regardless."""

NOBODY_THERE: Final = (httpx.ConnectError, httpx.ConnectTimeout)
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 10.0
LONGEST_WAIT: Final = 120.0
"""Seconds that a server may ask us to wait."""

STREAM: Final = {"Accept": "text/event-stream"}

Event = dict[str, Any]
Opened = AbstractContextManager[httpx.Response]
Open = Callable[[int], Opened]
"""Opens the stream of events after a number."""


class Broken(Exception):
    """What came is not what follows: the connection is no good."""


class Following:
    """A window on a run's log. `last` is the number of the last event that came through it."""

    def __init__(self, open_: Open, url: str, *, after: int = 0) -> None:
        self.last = after
        self._open = open_
        self._url = url
        self._reached = False
        self._reading = False
        self._lost = 0

    def events(self) -> Iterator[tuple[int, Event]]:
        """Yield each event once, in order, up to the one that ends the run.

        May be called again to go on after an interruption.

        Raises:
            Unreachable: Nothing came for too long.
            Refused: The server will not show it.
        """
        while True:
            try:
                for number, event in self._connection():
                    self._lost = 0
                    yield number, event
                    if event.get("type") in TERMINAL:
                        return
                self._pause("connection lost: the stream ended early")
            except httpx.TransportError as error:
                self._failed(error)
            except Broken:
                self._pause("connection lost: the stream is broken")
            except Refused as refused:
                if refused.status not in PASSING:
                    raise
                self._pause(refused.message, refused.retry_after)

    def _connection(self) -> Iterator[tuple[int, Event]]:
        self._reading = False
        with self._open(self.last) as response:
            self._reached = self._reading = True
            reader = FrameReader()
            for piece in response.iter_bytes():
                with _undisturbed():
                    for frame in reader.feed(piece):
                        event = self._accepted(frame)
                        if event is not None:
                            yield self.last, event

    def _accepted(self, frame: Frame) -> Event | None:
        number = int(frame.id) if frame.id and frame.id.isdecimal() else 0
        if number <= self.last:
            return None
        if number != self.last + 1:
            raise Broken
        try:
            event: Event = json.loads(frame.data)
        except ValueError:
            raise Broken from None
        self.last = number
        return event

    def _failed(self, error: httpx.TransportError) -> None:
        if not self._reached and isinstance(error, NOBODY_THERE):
            raise Unreachable(self._url, reason(error))
        if self._reading and isinstance(error, httpx.ReadTimeout):
            return  # the run is silent, or the connection is dead: a new one finds out
        self._pause(f"connection lost: {reason(error)}")

    def _pause(self, why: str, asked: float = 0.0) -> None:
        """Wait before the next attempt: longer each time, and never all clients at once."""
        if self._lost >= MOST_ATTEMPTS:
            raise Unreachable(self._url, why)
        if self._lost == 0:
            terminal.note(f"({why.rstrip('.')}; trying again)")
        pause = min(FIRST_PAUSE * 2**self._lost, LONGEST_PAUSE)
        self._lost += 1
        time.sleep(max(pause * random.uniform(0.75, 1), min(asked, LONGEST_WAIT)))  # noqa: S311 - no secret


@contextmanager
def _undisturbed() -> Generator[None]:
    """Let Ctrl-C wait: no event may be taken as seen and not be shown."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def events_of(api: Api, run_id: str, *, stored: bool = False) -> Open:
    """Return how to open a run's events: AG-UI's, or those of the log as it is stored."""
    path = f"{API}/runs/{segment(run_id)}/events{'?format=log' if stored else ''}"

    def open_(after: int) -> Opened:
        last = {"Last-Event-ID": str(after)} if after else {}
        return api.stream("GET", path, headers=STREAM | last)

    return open_


@dataclass(slots=True)
class Asking:
    """Asks for a run and shows its events.

    Until the server has answered once nobody knows whether it has the question, so it is asked
    again under the same run id, which the server takes for the same run.
    """

    api: Api
    path: str
    body: Event
    accepted: bool = False

    @contextmanager
    def open(self, after: int) -> Generator[httpx.Response]:
        """Open the stream of events after a number."""
        if self.accepted:
            stream = events_of(self.api, str(self.body["runId"]))(after)
        else:
            stream = self.api.stream("POST", self.path, body=self.body, headers=STREAM)
        with stream as response:
            self.accepted = True
            yield response

"""A reader's window on a log: from any event on, through the present, to the end.

What is committed is canonical, so every window shows the same bytes under the same numbers. While
the reader keeps up, the writer pushes straight into its socket; one that does not keep up is let
off and reads the log at its own pace. Closing a window changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Protocol

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs.events import ENDS, Recorded
from folkmoot.runs.hub import Hub
from folkmoot.runs.live import LiveRun

BUFFER: Final = 64 * 1024
"""Bytes that may wait for a slow reader before it is sent back to the log."""

CATCHING_UP: Final = 2_000
"""Events that may arrive while a reader still reads the past."""

POLL: Final = 2.0
"""Seconds after which a log of another process is read again even without notice."""

AWAY: Final = 0.3
"""Seconds between two attempts to read while the database is away."""

COMMENT: Final = b": keep-alive\n\n"
"""What a reader hears that has heard nothing for a while (SSE, section 9.2.6)."""

Render = Callable[[Recorded], bytes]


class Send(Protocol):
    """Sends the next bytes to the reader; `more` is false with the last."""

    def __call__(self, data: bytes, *, more: bool) -> Coroutine[Any, Any, None]: ...


class PastReader(Protocol):
    """Reads a page of a log."""

    def __call__(self, after: int) -> Awaitable[Sequence[Recorded]]:
        """Return the next events after a sequence number, in order; none if there are no more."""
        ...


class Mode(Enum):
    PAST = auto()
    LIVE = auto()
    STUCK = auto()


@dataclass(slots=True, eq=False)
class Window:
    """One reader of one run.

    Args:
        read: Reads the run's log; has checked already that the reader may.
        after: The last sequence number that the reader has.
        until: The last one there is, if the run has ended already.
        subject: For whom it is read, for as long as they may.
        render: Turns an event into the bytes of a frame.
    """

    hub: Hub
    run_id: RunId
    read: PastReader
    after: int
    render: Render
    until: int | None = None
    subject: Subject | None = None
    mode: Mode = Mode.PAST
    ended: bool = False
    gone: bool = False
    idle: bool = True
    _silent: bool = False
    _error: Exception | None = None
    _send: Send | None = None
    _missed: list[Recorded] = field(default_factory=list[Recorded])
    _overrun: bool = False
    _waiting: list[bytes] = field(default_factory=list[bytes])
    _waiting_bytes: int = 0
    _stuck: "Resumption | None" = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, send: Send) -> None:
        """Send frames until the log ends or the reader is gone.

        Raises whatever went wrong with this reader, also while the writer was pushing to it.
        """
        self._send = send
        if self.until is not None and self.after > self.until:
            self.after = 0  # as if it had claimed nothing: it cannot have this of this run
        self.ended = self.after == self.until
        self.hub.readers.add(self)
        try:
            while not (self.ended or self.gone):
                run = self.hub.live.get(self.run_id)
                if run is not None:
                    await self._join(run)
                else:
                    await self._follow()
        finally:
            self.hub.readers.discard(self)
        if self._error is not None:
            raise self._error

    def keep_alive(self) -> None:
        """Send a comment to a reader that has heard nothing for a while."""
        if self.idle and self.mode is Mode.LIVE:
            self._write(COMMENT, ended=False)
        elif self.idle and self.mode is Mode.PAST:  # its own task sends
            self._silent = True
            self.wake()
        self.idle = True

    def wake(self) -> None:
        """Look again: there is news in the log, or nobody pushes any more."""
        self._woken.set()

    def leave(self) -> None:
        """Stop: the reader is gone."""
        self.gone = True
        self._woken.set()

    def push(self, events: Sequence[Recorded]) -> None:
        """Take committed events from the writer; never waits or fails."""
        if self._overrun or self.gone:
            return
        if self.mode is Mode.PAST:
            self._keep(events)
            return
        try:
            frames = self._frames(events)
        except Exception as error:  # noqa: BLE001 - raised where this reader is served
            self.fail(error)
        else:
            self._take(frames, events[-1])

    def _take(self, frames: bytes, last: Recorded) -> None:
        ended = last.type in ENDS
        if self.mode is Mode.LIVE:
            if frames or ended:
                self._write(frames, ended=ended)
        elif self._waiting_bytes + len(frames) <= BUFFER:
            self._waiting.append(frames)
            self._waiting_bytes += len(frames)
            self.ended = ended
        else:
            self._overrun = True
            return
        self.after = max(self.after, last.seq)

    def fail(self, error: Exception) -> None:
        """Stop, and tell the reader that something went wrong."""
        self._error = error
        self.leave()

    def _frames(self, events: Sequence[Recorded]) -> bytes:
        if events[0].seq <= self.after:  # it read them before the writer was told of its success
            events = [event for event in events if event.seq > self.after]
        return b"".join(map(self.render, events))

    def _keep(self, events: Sequence[Recorded]) -> None:
        if len(self._missed) + len(events) > CATCHING_UP:
            self._overrun = True
            self._missed.clear()
        else:
            self._missed.extend(events)

    def _write(self, frames: bytes, *, ended: bool) -> None:
        """Send at once if the socket takes it; otherwise leave the rest to the reader's task."""
        if self._send is None:
            return
        self.idle = False
        coroutine = self._send(frames, more=not ended)
        try:
            waited_for = coroutine.send(None)
        except StopIteration:
            self.ended = ended
        except OSError:
            self.leave()
            return
        except Exception as error:  # noqa: BLE001 - raised where this reader is served
            self.fail(error)
            return
        else:
            self.mode = Mode.STUCK
            self._stuck = Resumption(coroutine, waited_for)
            self.ended = ended
        if self.mode is Mode.STUCK or ended:
            self._woken.set()

    async def _join(self, run: LiveRun) -> None:
        """Catch up with a run of this process, then let the writer push."""
        self.mode, self._overrun = Mode.PAST, False
        self._missed.clear()
        run.windows.append(self)
        try:
            if self.after > run.committed:
                await self._check()
            if await self._catch_up(run.committed):
                self.mode = Mode.LIVE
                await self._stay(run)
        finally:
            run.windows.remove(self)

    async def _catch_up(self, target: int) -> bool:
        """Send the past; true once nothing lies between it and the present."""
        while self.after < target and not self.gone:
            await self._page()
        while self._missed and not (self._overrun or self.gone):
            missed = [event for event in self._missed if event.seq > self.after]
            self._missed.clear()
            if missed:
                await self._show(missed)
        return not (self._overrun or self.gone or self.ended)

    async def _stay(self, run: LiveRun) -> None:
        """Wait beside the writer; carry on what it could not send, go back when overrun."""
        while not (self.gone or self._overrun):
            await self._woken.wait()
            self._woken.clear()
            await self._unstick()
            if self.ended or self.hub.live.get(self.run_id) is not run:
                return

    async def _unstick(self) -> None:
        """Finish a send that had to wait, and what gathered meanwhile."""
        if self._stuck is not None:
            stuck, self._stuck = self._stuck, None
            await self._unless_gone(stuck)
        while self._waiting and self._send is not None and not self.gone:
            frames = b"".join(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0
            await self._unless_gone(self._send(frames, more=not self.ended))
        if not self._overrun:
            self.mode = Mode.LIVE

    async def _unless_gone(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except OSError:
            self.leave()

    async def _follow(self) -> None:
        """Read what another process writes, when it says that there is news."""
        self.mode = Mode.PAST
        self.hub.follow(self.run_id, self)
        try:
            await self._check()
            while not (self.ended or self.gone or self.run_id in self.hub.live):
                self._woken.clear()
                if not await self._page():
                    await self._news()
        finally:
            self.hub.unfollow(self.run_id, self)

    async def _check(self) -> None:
        """Compare what the reader claims to have with the log, and send what follows it.

        A reader that claims more than there is gets everything.
        """
        if not self.after:
            return
        known = await self._past(self.after - 1)
        if known:
            self.ended = len(known) == 1 and known[0].type in ENDS
            if known[1:]:
                await self._show(known[1:])
            return
        self.after = 0

    async def _news(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await self._woken.wait()
        await self._speak_up()

    async def _speak_up(self) -> None:
        """Send a comment if it is time for one."""
        if self._silent and self._send is not None and not self.gone:
            self._silent = self.idle = False
            await self._unless_gone(self._send(COMMENT, more=True))

    async def _page(self) -> bool:
        """Send one page of the log; false if there was none."""
        events = await self._past(self.after)
        if events:
            await self._show(events)
        return bool(events)

    async def _past(self, after: int) -> Sequence[Recorded]:
        """Read the log; a database that is away is awaited."""
        while not self.gone:
            try:
                return await self.read(after)
            except DatabaseUnavailable:
                await self._speak_up()
                await asyncio.sleep(AWAY)
        return ()

    async def _show(self, events: Sequence[Recorded]) -> None:
        if self._send is None:
            return
        ended = events[-1].type in ENDS or events[-1].seq == self.until
        self._silent = self.idle = False
        await self._unless_gone(self._send(b"".join(map(self.render, events)), more=not ended))
        self.after = events[-1].seq
        self.ended = ended


@dataclass(slots=True)
class Resumption:
    """A coroutine that was begun outside a task and had to wait; awaiting this carries it on."""

    coroutine: Coroutine[Any, Any, None]
    waited_for: Any

    def __await__(self) -> Generator[Any, Any, None]:
        yield self.waited_for
        yield from self.coroutine.__await__()

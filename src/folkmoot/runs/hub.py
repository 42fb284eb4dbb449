"""Who reads which log in this process, and how news of other processes reaches them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection, conninfo, sql

from folkmoot.kit.ids import ProcessId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs.events import Recorded
from folkmoot.runs.live import LiveRun
from folkmoot.runs.statements import EVERYTHING

LOG_CHANNEL: Final = "folkmoot_log"
CANCEL_CHANNEL: Final = "folkmoot_cancel"
RECONNECT: Final = 0.5
"""Seconds between two attempts to listen while the database is away."""

Hearer = Callable[[str | None], None]
"""Takes a notice of another process; None says that some may have been missed."""

log = structlog.get_logger(__name__)


class Follower(Protocol):
    """Reads a log that another process writes; `subject` is for whom."""

    @property
    def subject(self) -> Subject | None: ...

    def wake(self) -> None:
        """Look at the log again."""
        ...

    def leave(self) -> None:
        """Stop reading."""
        ...

    def keep_alive(self) -> None:
        """Send a sign of life if nothing else was sent for a while."""
        ...


@dataclass(slots=True, eq=False)
class Hub:
    """Hands committed events to the readers in this process.

    `channels` are those on which features hear from other processes, too.
    """

    live: dict[RunId, LiveRun] = field(default_factory=dict[RunId, LiveRun])
    on_lost: Callable[[], None] = lambda: None
    on_cancel: Callable[[RunId], None] = lambda _run_id: None
    on_refused: Callable[[LiveRun], None] = lambda _run: None
    channels: dict[str, Hearer] = field(default_factory=dict[str, Hearer])
    readers: set[Follower] = field(default_factory=set[Follower])
    _followers: dict[str, set[Follower]] = field(
        default_factory=lambda: defaultdict[str, set[Follower]](set)
    )

    def enter(self, run: LiveRun) -> None:
        """Take a run in: from now on its events come from this process."""
        self.live[run.id] = run
        self._wake(_name(run.id))

    def holds(self, run: LiveRun) -> bool:
        """Tell whether this very run is worked on here: not one let go, nor its successor."""
        return self.live.get(run.id) is run

    def deliver(self, run: LiveRun, events: Sequence[Recorded]) -> None:
        """Push committed events of a run of this process to its readers; never waits or fails."""
        run.committed = events[-1].seq
        if run.ended is not None and run.stored >= run.queued:
            self._forget(run)
        for window in tuple(run.windows):
            window.push(events)
        if run.waiters:
            run.wake_waiters()

    def lose(self) -> None:
        """Let go of every run: another process has taken this one for dead."""
        lost = list(self.live.values())
        self.on_lost()
        for run in lost:
            self.release(run)

    def release(self, run: LiveRun) -> None:
        """Let go of a run without ending it; its readers go on from the log."""
        self._forget(run)
        run.release()
        for window in tuple(run.windows):
            window.wake()

    def refuse(self, run: LiveRun, error: Exception) -> None:
        """Let go of a run whose log takes nothing more, not even an end; its readers are told."""
        windows = tuple(run.windows)
        self.release(run)
        for window in windows:
            window.fail(error)
        self.on_refused(run)

    def _forget(self, run: LiveRun) -> None:
        if self.holds(run):
            del self.live[run.id]

    def dismiss(self) -> None:
        """Close every window: the process stops, and readers go on elsewhere."""
        for reader in tuple(self.readers):
            reader.leave()

    def keep_alive(self) -> None:
        """Let every reader that has heard nothing for a while hear something."""
        for reader in tuple(self.readers):
            reader.keep_alive()

    def follow(self, run_id: RunId, follower: Follower) -> None:
        """Wake the follower when another process has written to the run's log."""
        self._followers[_name(run_id)].add(follower)

    def unfollow(self, run_id: RunId, follower: Follower) -> None:
        """Stop waking the follower."""
        name = _name(run_id)
        followers = self._followers.get(name)
        if followers is not None:
            followers.discard(follower)
            if not followers:
                del self._followers[name]

    async def listen(self, address: str, process: Callable[[], ProcessId | None]) -> None:
        """Listen to the other processes until cancelled, through every loss of the connection."""
        while True:
            try:
                await self._listen(address, process)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("runs.listener_reconnects", error=type(error).__name__)
                await asyncio.sleep(RECONNECT)

    async def _listen(self, address: str, process: Callable[[], ProcessId | None]) -> None:
        bounded = conninfo.make_conninfo(address, connect_timeout=5)
        async with await AsyncConnection.connect(bounded, autocommit=True) as connection:
            await connection.execute(f"LISTEN {LOG_CHANNEL}")
            await connection.execute(f"LISTEN {CANCEL_CHANNEL}")
            for channel, heard in self.channels.items():
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                heard(None)
            self._wake(EVERYTHING)  # for what was missed while nobody listened
            async for notice in connection.notifies():
                if notice.channel == CANCEL_CHANNEL:
                    self._cancel(notice.payload)
                    continue
                if notice.channel in self.channels:
                    self.channels[notice.channel](notice.payload)
                    continue
                sender, _, names = notice.payload.partition(":")
                if sender != str(process()):
                    self._wake(names)

    def _cancel(self, name: str) -> None:
        try:
            self.on_cancel(RunId(UUID(name)))
        except ValueError:
            log.warning("runs.odd_notice", channel=CANCEL_CHANNEL)

    def _wake(self, names: str) -> None:
        wanted = list(self._followers) if names == EVERYTHING else names.split(",")
        for name in wanted:
            for follower in tuple(self._followers.get(name, ())):
                follower.wake()


def _name(run_id: RunId) -> str:
    """Return how notifications name a run: short, since PostgreSQL limits their length."""
    return str(run_id)[-12:]

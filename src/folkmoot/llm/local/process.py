"""Keeping a local model's process: started when needed, one question at a time, ended when idle."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Coroutine, Sequence
from typing import Final, TypeVar

import msgspec

from folkmoot.llm.local.frames import LENGTH, LIMIT, Ask, Told, packed

CHILD: Final = (sys.executable, "-P", "-m")
FAREWELL: Final = 2.0  # seconds

T = TypeVar("T")


class ProcessDied(Exception):
    """The process ended or said what is no frame; the next question starts another one."""


class ModelProcess:
    """One process at most.

    A caller that is cancelled while it waits for its turn leaves the queue; later the exchange is
    finished without it, because half an exchange would garble the next.

    Args:
        child: The module that runs in it.
        arguments: For the child.
        loading: Seconds until the model has to be loaded, a download included.
        idle: Seconds without a question after which the process ends.
    """

    def __init__(
        self, child: str, arguments: Sequence[str], *, loading: float, idle: float
    ) -> None:
        self.dimensions: int | None = None
        self._arguments = (child, *arguments)
        self._loading = loading
        self._idle = idle
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return self._process.pid if self._process is not None else None

    async def load(self) -> None:
        """Wait until a process has the model loaded.

        Raises:
            ProcessDied: it can not be loaded; the message says why.
            TimeoutError: it took too long.
        """
        await self._turn.acquire()
        await self._finish(self._load())

    async def ask(self, ask: Ask, *, patience: float) -> Told:
        """Put one question; `patience` (s) counts once it is put.

        Raises:
            ProcessDied: the process ended.
            TimeoutError: it took too long and was killed for that.
        """
        await self._turn.acquire()
        return await self._finish(self._exchange(ask, patience))

    async def aclose(self) -> None:
        """End the process; whoever waits for it is cancelled."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._end(kill=True)

    async def _finish(self, work: Coroutine[object, object, T]) -> T:
        """Do the work to its end even if the caller does not wait for it."""
        return await asyncio.shield(self._begin(work))

    def _begin(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that nobody complains that it was not

    async def _load(self) -> None:
        try:
            await self._alive()
        finally:
            self._leave()

    async def _exchange(self, ask: Ask, patience: float) -> Told:
        try:
            process = await self._alive()
            return await self._talk(process, ask, patience)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._turn.release()
        if self._rest is not None:
            self._rest.cancel()
        loop = asyncio.get_running_loop()
        self._rest = loop.call_later(self._idle, lambda: self._begin(self._end_if_idle()))

    async def _alive(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            await self._end(kill=True)
            self._process = await asyncio.create_subprocess_exec(
                *CHILD, *self._arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            self.dimensions = (await self._talk(self._process, None, self._loading)).dimensions
        return self._process

    async def _talk(self, process: Process, ask: Ask | None, patience: float) -> Told:
        """Send a question, if there is one, and read the next frame."""
        try:
            async with asyncio.timeout(patience):
                told = await _exchanged(process, ask)
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError) as error:
            await self._end(kill=True)
            raise ProcessDied(f"it ended with {process.returncode}") from error
        except TimeoutError:
            await self._end(kill=True)
            raise
        if told.error is not None:
            await self._end(kill=True)
            raise ProcessDied(told.error)
        return told

    async def _end_if_idle(self) -> None:
        if not self._turn.locked():
            async with self._turn:
                await self._end(kill=False)

    async def _end(self, *, kill: bool) -> None:
        """Let the process end by itself, or kill it."""
        process, self._process = self._process, None
        if self._rest is not None:
            self._rest.cancel()
        if process is None:
            return
        if kill and process.returncode is None:
            process.kill()
        try:
            async with asyncio.timeout(FAREWELL):
                await process.communicate()  # closes stdin, which the child takes as goodbye
        except TimeoutError:
            process.kill()
            await process.communicate()


async def _exchanged(process: Process, ask: Ask | None) -> Told:
    asks, answers = process.stdin, process.stdout
    if asks is None or answers is None:  # never so: both are pipes
        raise ConnectionError
    if ask is not None:
        asks.write(packed(ask))
        await asks.drain()
    length = int.from_bytes(await answers.readexactly(LENGTH))
    if length > LIMIT:
        raise ConnectionError
    return msgspec.msgpack.decode(await answers.readexactly(length), type=Told)

"""A run while it runs: the one place where events enter a log."""

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, LiteralString, Protocol

import msgspec

from folkmoot.kit.chain import genesis
from folkmoot.kit.ids import OrgId, ProcessId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs.cleaning import cleaned, encoded, storable
from folkmoot.runs.errors import LeaseLost, LogRejected
from folkmoot.runs.events import ENDS, End, Event, Recorded, encode
from folkmoot.runs.filters import Filters, TextFilter
from folkmoot.runs.nested import Nested, Tally
from folkmoot.runs.records import USED, Call, MessageRecord, Usage


class Entry(msgspec.Struct, eq=False):
    """An event on its way to the log: an encoded payload, or pieces of text still being merged.

    Whatever can go wrong with an event goes wrong when it is emitted: the writer works for all
    runs at once and must not stumble over one of them.
    """

    run: "LiveRun"
    type: str
    payload: bytes | None
    pieces: list[str] | None = None
    head: bytes = b""
    record: object = None
    end: End | None = None
    projected: tuple[LiteralString, bytes] | None = None

    def sealed(self) -> bytes:
        """Return the payload; pieces that waited for the same commit become one delta."""
        if self.payload is None:
            text = "".join(self.pieces or ())
            self.payload = b'%b,"delta":%b}' % (self.head, encode(text))
        return self.payload


class Log(Protocol):
    """Where a run's events go: the log writer."""

    @property
    def behind(self) -> bool:
        """Whether executors should wait before they produce more."""
        ...

    def put(self, entry: Entry, *, urgent: bool) -> None:
        """Take an entry; never waits."""
        ...

    async def settled(self, run: "LiveRun") -> None:
        """Wait until everything that the run has emitted is committed."""
        ...

    async def room(self) -> None:
        """Wait until the log has caught up."""
        ...


class Listener(Protocol):
    """Reads along while the run runs: a window."""

    def push(self, events: Sequence[Recorded]) -> None:
        """Take committed events; never waits or fails."""
        ...

    def wake(self) -> None:
        """Look again: nobody pushes any more."""
        ...

    def fail(self, error: Exception) -> None:
        """Stop, and tell the reader that something went wrong."""
        ...


@dataclass(slots=True, eq=False)
class LiveRun:
    """A run that this process executes.

    `input` is what the executor was asked to do, as JSON. `emit` and the text streams never wait:
    an executor that produces much must `await run.room()` now and then, and one that is about to
    have an effect outside `await run.settled()` first. `process_id` is the lease under which the
    run is worked on, `lost` that it is no longer. `result` is what its end tells as its outcome,
    `left` names the calls that are left to its client.
    `untrusted`: anybody may have a hand in what it says. `parent` is the run that has begun this
    one, if this process executes that, too; `nested` are the sub-agents that this one has begun.
    `called`: somebody may have something to say to it.
    """

    org_id: OrgId
    id: RunId
    kind: str
    subject: Subject
    input: dict[str, Any]
    client_id: str
    thread_id: str
    writer: Log
    filters: Filters
    process_id: ProcessId | None = None
    attempt: int = 1
    deaths: int = 0
    seq: int = 0
    head: bytes = b""
    past: Sequence[Recorded] = ()
    context: object = None
    committed: int = 0
    ended: str | None = None
    result: object = None
    left: Sequence[str] = ()
    lost: bool = False
    rejected: bool = False
    tally: Tally = field(default_factory=Tally)
    parent: "LiveRun | None" = None
    nested: Nested | None = None
    purse: object = None
    untrusted: bool = False
    called: bool = False
    windows: list[Listener] = field(default_factory=list[Listener])
    waiters: list[tuple[int, Future[None]]] = field(default_factory=list[tuple[int, Future[None]]])
    streams: dict[str, "TextStream"] = field(default_factory=dict[str, "TextStream"])
    steps: list[str] = field(default_factory=list[str])
    queued: int = 0
    stored: int = 0
    merging: Entry | None = None
    spoke: bool = False
    org_text: str = field(init=False)
    id_text: str = field(init=False)
    row_head: bytes = field(init=False)

    def __post_init__(self) -> None:
        # Every event of the run names both; making their text anew each time shows in a profile.
        self.org_text, self.id_text = str(self.org_id), str(self.id)
        names = self.org_text.encode(), self.id_text.encode()
        self.row_head = b'{"o":"%b","r":"%b","s":' % names
        self.head = self.head or genesis(self.org_id, self.id)

    @property
    def resumed(self) -> bool:
        """Whether another process, or this one before a crash, has worked on this run already."""
        return self.attempt > 1

    @property
    def over(self) -> bool:
        """Whether nothing more goes into the log from here: it has ended or was let go."""
        return self.ended is not None or self.lost

    def emit(self, type_: str, body: object, *, record: object = None) -> None:
        """Append an event; `body` becomes its payload, `record` is for projections only."""
        if self.over:
            return
        self.merging = None
        payload, ends = self.clean(body), type_ in ENDS
        entry = Entry(self, storable(type_), payload, record=record)
        if ends:
            entry.end = msgspec.json.decode(payload, type=End)
        self.writer.put(entry, urgent=ends)
        self.queued += 1
        self.ended = type_ if ends else None

    def clean(self, body: object) -> bytes:
        """Return JSON text as it may be stored: without what the filters take out."""
        payload = body if isinstance(body, bytes) else encoded(body)
        return cleaned(payload, self.filters.text)

    def reject(self) -> None:
        """End the run as failed: the database refuses what it wrote. The row says so, plainly."""
        self.rejected = True
        self.streams.clear()
        self.steps.clear()
        self.nested = None
        self.wake_waiters(LogRejected())
        self.ended, self.queued = None, self.stored
        error = LogRejected()
        body: dict[str, object] = {"message": error.detail, "code": error.code}
        self.emit(Event.RUN_FAILED, body | self.spent)

    def release(self) -> None:
        """Let go: whatever is emitted from now on is written by nobody."""
        self.lost = True
        self.wake_waiters(LeaseLost())

    def wake_waiters(self, error: Exception | None = None) -> None:
        """Let those go on who wait for what is committed by now, or all of them with an error."""
        while self.waiters and (error is not None or self.waiters[0][0] <= self.stored):
            _, future = self.waiters.pop(0)
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(None)

    def announce(self, name: str, value: object) -> None:
        """Append a feature's own event, for instance `ingest.progressed`."""
        self.emit(name, {"name": name, "value": value})

    def close_open(self, code: str = "run_ended") -> None:
        """Close what a failed or cancelled executor left open, so that every start has an end."""
        for type_, body in self.nested.closing(code) if self.nested is not None else ():
            self.emit(type_, body)
        self.close_own()

    def close_own(self) -> None:
        """Close what the run has begun itself; what its sub-agents have goes on."""
        for stream in list(self.streams.values()):
            stream.cut()
        while self.steps:
            self.emit(Event.STEP_FINISHED, {"stepName": self.steps.pop()})

    def step(self, name: str) -> "Step":
        """Return a context manager around one step, shown to the reader as such."""
        return Step(self, name)

    def message(self, message_id: str) -> "TextStream":
        """Begin an assistant message."""
        self.emit(Event.MESSAGE_STARTED, {"messageId": message_id, "role": "assistant"})
        return TextStream(
            self, Event.MESSAGE_DELTA, Event.MESSAGE_FINISHED, b'{"messageId":', message_id
        )

    def reasoning(self, message_id: str) -> "TextStream":
        """Begin the text of a model's reasoning."""
        self.emit(Event.REASONING_STARTED, {"messageId": message_id})
        self.emit(Event.REASONING_MESSAGE_STARTED, {"messageId": message_id, "role": "reasoning"})
        return TextStream(
            self,
            Event.REASONING_DELTA,
            Event.REASONING_MESSAGE_FINISHED,
            b'{"messageId":',
            message_id,
        )

    def tool_call(self, call_id: str, name: str, parent_message_id: str | None) -> "TextStream":
        """Begin a tool call; the stream takes its arguments as JSON text."""
        body = {"toolCallId": call_id, "toolCallName": name}
        if parent_message_id is not None:
            body["parentMessageId"] = parent_message_id
        self.emit(Event.TOOL_STARTED, body)
        return TextStream(self, Event.TOOL_DELTA, Event.TOOL_FINISHED, b'{"toolCallId":', call_id)

    def spend(self, used: Call, *, record: object = None) -> None:
        """Write one model call into the log, so that what it cost outlives the process."""
        self.emit(USED, {"name": USED, "value": used}, record=record)
        self.tally.count(used)

    @property
    def total(self) -> Tally:
        """What the run has spent, and its sub-agents with it."""
        if self.nested is None:
            return self.tally
        total = Tally()
        for each in (self.tally, *self.nested.spent()):
            total.add(each)
        return total

    @property
    def usage(self) -> Sequence[Usage]:
        """The tokens of all its model calls, by provider and model."""
        return list(self.total.usage.values())

    @property
    def spent(self) -> dict[str, object]:
        """What a run's end says of them."""
        usage = self.usage
        return {"usage": usage} if usage else {}

    async def settled(self) -> None:
        """Wait until everything emitted so far is committed."""
        await self.writer.settled(self)

    @property
    def behind(self) -> bool:
        """Whether the log is far behind, for instance because the database is away."""
        return self.writer.behind

    async def room(self) -> None:
        """Wait while the log is far behind."""
        if self.writer.behind:
            await self.writer.room()


@dataclass(slots=True, eq=False)
class TextStream:
    """One text that grows: a message, a reasoning or the arguments of a tool call."""

    run: LiveRun
    delta_type: str
    end_type: str
    key: bytes
    id: str
    text: StringIO = field(default_factory=StringIO)
    filter: TextFilter = field(init=False)
    head: bytes = field(init=False)
    entry: Entry | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.filter = self.run.filters.stream()
        self.head = self.key + encoded(self.id)
        self.run.streams[self.id] = self

    def write(self, piece: str) -> None:
        """Append a piece of text; pieces that wait for the same commit become one event."""
        if text := self.filter.feed(piece):
            self._append(text)

    def end(self, record: object = None) -> None:
        """Close the text; `record` is for projections only, by default a plain message."""
        self._close(record or self._record(cut=False))

    def cut(self) -> None:
        """Close a text that does not count, for instance as a failure ended it, and say so."""
        self._flush()
        if self.end_type == Event.MESSAGE_FINISHED:
            self.run.announce(Event.MESSAGE_CUT, {"message_id": self.id})
        self._close(self._record(cut=True))

    def _record(self, *, cut: bool) -> MessageRecord | None:
        if self.end_type != Event.MESSAGE_FINISHED:
            return None
        self._flush()
        text, untrusted = self.whole(), self.run.untrusted
        return MessageRecord(
            id=self.id, role="assistant", content=text, cut=cut, untrusted=untrusted
        )

    def _close(self, record: object) -> None:
        self._flush()
        self.run.streams.pop(self.id, None)
        self.run.emit(self.end_type, b"%b}" % self.head, record=record)
        if self.end_type == Event.REASONING_MESSAGE_FINISHED:
            self.run.emit(Event.REASONING_FINISHED, b"%b}" % self.head)

    def finish(self) -> str:
        """Let out what the filter holds back: no more is written. Returns the whole text."""
        self._flush()
        return self.whole()

    def _flush(self) -> None:
        if rest := self.filter.flush():
            self._append(rest)

    def whole(self) -> str:
        """Return the text as it was written to the log."""
        return self.text.getvalue()

    def _append(self, text: str) -> None:
        run = self.run
        if run.over:
            return
        text = storable(text)
        self.text.write(text)
        entry = self.entry
        if entry is not None and entry is run.merging and entry.pieces is not None:
            entry.pieces.append(text)
            return
        self.entry = run.merging = entry = Entry(
            run, self.delta_type, None, pieces=[text], head=self.head
        )
        run.queued += 1
        run.writer.put(entry, urgent=not run.spoke)
        run.spoke = True


@dataclass(frozen=True, slots=True)
class Step:
    """A named step of a run."""

    run: LiveRun
    name: str

    def __enter__(self) -> None:
        self.run.steps.append(self.name)
        self.run.emit(Event.STEP_STARTED, {"stepName": self.name})

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        # A step that was torn down is closed by the run's end, or goes on in another process.
        if error is None and self.name in self.run.steps:
            self.run.steps.remove(self.name)
            self.run.emit(Event.STEP_FINISHED, {"stepName": self.name})

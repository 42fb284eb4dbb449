"""A model that answers with what is there already, where it may; otherwise it is asked."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from folkmoot.caches.alike import alike
from folkmoot.caches.flights import Batch, Flights, Name
from folkmoot.caches.keys import Asker, Key, key
from folkmoot.caches.rules import Reuse, Rules
from folkmoot.caches.similar import Embedders, Looking
from folkmoot.caches.store import Found, Kept, Place, Store
from folkmoot.kit.errors import AppError, Unavailable
from folkmoot.kit.telemetry import metrics
from folkmoot.llm.billing import paying
from folkmoot.llm.port import (
    ChatModel,
    ChatRequest,
    FellBack,
    Finished,
    Reused,
    TextDelta,
    ToolCallStarted,
)
from folkmoot.runs.cleaning import storable
from folkmoot.runs.live import LiveRun
from folkmoot.settings.groups import ResponseCache

PATIENCE: Final = 1.0
"""Seconds after which an answer that is looked for is taken for not there."""
SIMILAR: Final = 0.05
"""Seconds that looking for something alike may take besides."""
PIECE: Final = 40
"""Characters from which on a piece of an answer that is given again ends with the next word."""
WORD: Final = re.compile(r"\s*\S+|\s+")

NOWHERE: Final = Place(0, b"")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that looking may take: for the same, and besides for something alike."""

    exact: float = PATIENCE
    similar: float = SIMILAR


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a process, kept and on their way."""

    store: Store
    embedders: Embedders
    flights: Flights = field(default_factory=Flights)
    patience: Patience = field(default_factory=Patience)

    def reusing(
        self,
        run: LiveRun,
        model: ChatModel,
        rules: Rules,
        *,
        agent: tuple[str, int],
        documents: bool,
        fits: Callable[[str], bool],
        fence: str = "",
    ) -> ChatModel:
        """Return a model that answers the first question of a run.

        Args:
            run: The run.
            model: The model that is asked where there is no answer yet.
            rules: What settings and the agent say.
            agent: The id and the version of the agent.
            documents: Whether the question comes with passages of documents.
            fits: Tells of an answer whether it may be kept.
            fence: A random word in what is asked that says nothing.
        """
        asker = Asker(run.subject, *agent, model.name)
        return Reusing(self, run, model, rules, asker, documents, fits, fence)


@dataclass(frozen=True, slots=True)
class Reusing:
    """See `Answers.reusing`."""

    answers: Answers
    run: LiveRun
    model: ChatModel
    rules: Rules
    asker: Asker
    documents: bool
    fits: Callable[[str], bool]
    fence: str

    @property
    def name(self) -> str:
        return self.model.name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Give an answer; see `port.ChatModel`."""
        similar = self.rules.mode == ResponseCache.SEMANTIC
        asked = key(self.asker, request, similar=similar, fence=self.fence)
        place, found = await self._same(asked)
        how, looking = Reuse.EXACT, None
        if found is None and place is not None and asked.question is not None:
            looking = Looking(self.answers.embedders, self.asker.subject, asked.question)
        try:
            if looking is not None and place is not None:
                how, found = Reuse.SEMANTIC, await self._alike(asked, place, looking)
            if found is not None:
                answer = self._again(how, found)
            elif place is None:
                answer = self.model.stream(request)
            else:
                answer = self._new(request, _Asked(asked, place, looking))
            async with aclosing(answer):
                async for batch in answer:
                    yield batch
        finally:
            if looking is not None:
                await looking.leave()

    async def _same(self, asked: Key) -> tuple[Place | None, Found | None]:
        """Look for the answer to the same; no place if that can not be told."""
        if not (self.rules.keeps or self.documents):
            return NOWHERE, None
        subject, store, keeps = self.asker.subject, self.answers.store, self.rules.keeps
        place, found = None, None
        try:
            async with asyncio.timeout(self.answers.patience.exact):
                place, found = await store.look(
                    subject, asked, documents=self.documents, keeps=keeps
                )
        except (Unavailable, TimeoutError):
            pass
        if keeps:
            metrics.cache("answers_exact", hit=found is not None)
        return place, found

    async def _alike(self, asked: Key, place: Place, looking: Looking) -> Found | None:
        """Look for the answer to something like it; what takes long is not there."""
        found: Sequence[Found] = ()
        try:
            async with asyncio.timeout(self.answers.patience.similar):
                vector = await looking.vector()
                if vector is not None:
                    subject, store = self.asker.subject, self.answers.store
                    found = await store.similar(subject, asked, place, vector)
        except (Unavailable, TimeoutError):
            pass
        enough = (each for each in found if each.likeness >= self.rules.similarity)
        fitting = (each for each in enough if alike(asked.question or "", each.question or ""))
        best = next(fitting, None)
        metrics.cache("answers_semantic", hit=best is not None)
        return best

    async def _again(self, how: Reuse, found: Found) -> AsyncGenerator[Batch, None]:
        """Give an answer again, in pieces."""
        paying.reused(self.name, how)
        yield [Reused(how, found.at.isoformat(), round(found.likeness, 4))]
        for piece in pieces(found.text):
            yield [TextDelta(piece)]
        yield [Finished("stop")]

    async def _new(self, request: ChatRequest, asked: "_Asked") -> AsyncGenerator[Batch, None]:
        """Ask the model, or listen to whom else it answers."""
        fetch = partial(self._fetch, request, asked)
        if not self.rules.collapse or request.tools:
            answer = fetch()
        else:
            name = asked.name(self.asker)
            flight = self.answers.flights.joined(name)
            if flight is None:
                answer = self.answers.flights.begin(name, fetch).listen()
            else:
                answer = self._along(flight.listen(), request)
        async with aclosing(answer):
            async for batch in answer:
                yield batch

    async def _along(
        self, answer: AsyncGenerator[Batch, None], request: ChatRequest
    ) -> AsyncGenerator[Batch, None]:
        """Listen to what somebody else is answered; ask if that fails before it has begun."""
        begun = False
        try:
            async with aclosing(answer):
                async for batch in answer:
                    if not begun:
                        begun = True
                        metrics.cache("answers_collapsed", hit=True)
                        paying.reused(self.name, Reuse.COLLAPSED)
                        yield [Reused(Reuse.COLLAPSED)]
                    yield batch
        except AppError:
            if begun:
                raise
        if begun:
            return
        async with aclosing(self.model.stream(request)) as own:
            async for batch in own:
                yield batch

    async def _fetch(self, request: ChatRequest, asked: "_Asked") -> AsyncGenerator[Batch, None]:
        """Ask the model, and keep a whole answer that may be kept."""
        text: list[str] = []
        whole, other = False, False
        async with aclosing(self.model.stream(request)) as answer:
            async for batch in answer:
                for chunk in batch:
                    match chunk:
                        case TextDelta():
                            text.append(chunk.text)
                        case Finished():
                            whole = whole or chunk.reason == "stop"
                        case ToolCallStarted() | FellBack():
                            other = True  # what is of this run alone, or of another model
                        case _:
                            pass
                yield batch
        if whole and not other and self.rules.keeps:
            self._keep("".join(text), asked)

    def _keep(self, text: str, asked: "_Asked") -> None:
        """Keep an answer, unless there is nothing in it, or something that is not for a log."""
        if not text.strip() or storable(self.run.filters.text(text)) != text:
            return
        if not self.fits(text):
            return
        looking = asked.looking
        kept = Kept(
            asker=self.asker,
            run_id=self.run.id,
            key=asked.key,
            place=asked.place,
            answer=text,
            minutes=self.rules.minutes,
            vector=None if looking is None else looking.ready,
        )
        self.answers.store.put(kept)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for which there is no answer yet."""

    key: Key
    place: Place
    looking: Looking | None

    def name(self, asker: Asker) -> Name:
        return asker.subject.org_id, self.key.whole, self.place.epoch, self.place.readable


def pieces(text: str) -> Iterator[str]:
    """Cut a text where words end; put together, the pieces are the text."""
    piece = ""
    for word in WORD.findall(text):
        piece += word
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    if piece:
        yield piece

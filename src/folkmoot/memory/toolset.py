"""The tools `remember` and `forget`: what somebody wants kept or forgotten is so at once.

They touch what is remembered of the one who asks and nothing else. What a model may have been
talked into, by a text that anybody may have written, is marked or refused, as settings say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue
from sqlalchemy import func, select

from folkmoot.db.work import Work
from folkmoot.http.access import demand
from folkmoot.identity.callers.standing import speaks_for_others
from folkmoot.kit.errors import Forbidden
from folkmoot.kit.ids import MemoryId
from folkmoot.memory import applying
from folkmoot.memory.applying import Reading
from folkmoot.memory.changes import Change
from folkmoot.memory.keeping import Memories
from folkmoot.memory.models import Memory, MemoryKind
from folkmoot.memory.plan import plan
from folkmoot.memory.recalling import WRITE
from folkmoot.memory.schemas import LONGEST
from folkmoot.memory.vectors import embed
from folkmoot.runs.cleaning import storable
from folkmoot.settings.groups import MemoryUse
from folkmoot.tools.tool import Tool, ToolContext

REMEMBER: Final = "remember"
FORGET: Final = "forget"
NAMES: Final = (REMEMBER, FORGET)
MOST_CALLS: Final = 10
SHOWN: Final = 5
"""Memories that are named where it is not clear which is meant."""

REDACTED: Final = "[redacted"
"""What stands in the arguments of a call where a secret was taken out."""

KEPT: Final = "This is remembered from now on: {}"
KEPT_DOUBTFUL: Final = (
    "This is remembered, marked as coming from a text that anybody may have written: {}"
)
KNOWN: Final = "This was remembered already: {}"
NO_SECRETS: Final = "Nothing is remembered: this looks like a password, a key or another secret."
FORGOTTEN: Final = "This is forgotten: {}"
UNKNOWN: Final = "Nothing is forgotten: nothing like this is remembered."
UNCLEAR: Final = "Nothing is forgotten yet. Name one of these, word for word:\n{}"


class NotRemembered(Forbidden):
    code = "not_remembered"


@dataclass(frozen=True, slots=True)
class MemoryTools:
    """Makes the tools; they change what people could change themselves."""

    memories: Memories

    @property
    def tools(self) -> Sequence[Tool]:
        """Both of them. Whether a turn is offered them is the agents' room's to say."""
        what = "One short sentence in the third person that can be understood by itself."
        which = "What is to be forgotten, in the words in which it is remembered."
        return (
            Tool(
                name=REMEMBER,
                description="Remembers something of the person beyond this conversation. Call it"
                " only when they ask for it themselves.",
                parameters=_parameters(what, kind={"enum": [*map(str, MemoryKind)]}),
                call=self._remember,
                idempotent=True,
                trusted=True,
                most_calls=MOST_CALLS,
            ),
            Tool(
                name=FORGET,
                description="Forgets something that is remembered of the person. Call it only when"
                " they ask for it themselves.",
                parameters=_parameters(which),
                call=self._forget,
                idempotent=True,
                trusted=True,
                most_calls=MOST_CALLS,
            ),
        )

    async def _remember(self, context: ToolContext, arguments: dict[str, Any]) -> str:
        doubtful = await self._demand(context)
        change = Change(
            action="add",
            text=str(arguments["text"]),
            kind=MemoryKind(arguments.get("kind", MemoryKind.FACT)),
        )
        steps = applying.steps([change], (), (), self.memories.clean)
        if not steps or REDACTED in steps[0].text:
            return NO_SECRETS
        (step,) = steps
        (step.vector,) = await embed(
            self.memories.embedders, context.subject, [step.text], kind="document"
        )
        reading = Reading(doubtful, context.run.thread_id, steps)
        async with self.memories.database.work(context.subject) as work:
            outcome = await applying.apply(work, reading, self.memories.most)
        kept = KEPT_DOUBTFUL if doubtful else KEPT
        return (kept if outcome.added else KNOWN).format(step.text)

    async def _forget(self, context: ToolContext, arguments: dict[str, Any]) -> str:
        doubtful = await self._demand(context)
        words = storable(" ".join(str(arguments["text"]).split()))
        async with self.memories.database.work(context.subject) as work:
            meant = await _told(work, words, doubtful=doubtful)
            if meant is not None:
                await work.session.delete(meant)
                return FORGOTTEN.format(meant.text)
        fitting = await self.memories.recall.fitting(
            context.subject, words, self.memories.most, untrusted=doubtful
        )
        async with self.memories.database.work(context.subject) as work:
            own = await _own(work, [MemoryId(each.id) for each in fitting])
        near = [each.text for each in fitting if each.id in own][:SHOWN]
        return UNCLEAR.format("\n".join(f"- {text}" for text in near)) if near else UNKNOWN

    async def _demand(self, context: ToolContext) -> bool:
        """Return whether what is asked for may be a stranger's wish.

        Raises:
            PermissionDenied: It is not the subject's to say what is remembered.
            NotRemembered: Memory is off, nobody knows who speaks, or strangers' wishes are not to
                be heeded.
        """
        demand(context.subject, WRITE)
        held = plan(await self.memories.settings.of(context.subject))
        if held.use is MemoryUse.OFF:
            raise NotRemembered("Nothing is remembered or forgotten: memory is switched off.")
        async with self.memories.database.work(context.subject) as work:
            if await speaks_for_others(work):
                raise NotRemembered("Many may speak by this account: nothing is remembered of it.")
        doubtful = context.doubtful or context.run.untrusted
        if doubtful and not held.untrusted:
            raise NotRemembered(
                "Nothing is remembered or forgotten, as this conversation holds a text that anybody"
                " may have written. The person can do it themselves in the settings, under Memory."
            )
        return doubtful


def _parameters(description: str, **more: JsonValue) -> dict[str, JsonValue]:
    text: JsonValue = {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
        "description": description,
    }
    return {
        "type": "object",
        "properties": {"text": text, **more},
        "required": ["text"],
        "additionalProperties": False,
    }


async def _told(work: Work, words: str, *, doubtful: bool) -> Memory | None:
    """Return the subject's own memory of these words; strangers forget nothing that is trusted."""
    statement = select(Memory).where(
        Memory.org_id == work.subject.org_id,
        Memory.user_id == work.subject.user_id,
        func.lower(Memory.text) == func.lower(words),
        Memory.untrusted | (not doubtful),
    )
    return (await work.session.scalars(statement.with_for_update())).one_or_none()


async def _own(work: Work, ids: Sequence[MemoryId]) -> set[MemoryId]:
    statement = select(Memory.id).where(
        Memory.org_id == work.subject.org_id,
        Memory.user_id == work.subject.user_id,
        Memory.id.in_(ids),
    )
    return set((await work.session.scalars(statement)).all())

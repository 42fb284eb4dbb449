"""What a caller asks of an agent, as the faces read it."""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

import msgspec

from folkmoot.agents.definition import OnActiveRun
from folkmoot.agents.order import ClientResult, ClientTool, ContextItem
from folkmoot.conversations.attaching.keeping import Given, Reference
from folkmoot.conversations.returning import Brought
from folkmoot.conversations.statements import Start
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.subject import Subject


@dataclass(frozen=True, slots=True)
class Beginning:
    """Stands for the place before the first message of a conversation."""


BEGINNING: Final = Beginning()
After: TypeAlias = str | Beginning | None


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """What a client says was said before its question; `tool_calls` as AG-UI has them."""

    id: str
    role: Literal["user", "assistant", "tool"]
    text: str
    tool_calls: list[dict[str, Any]] | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caller asks of an agent. Ids are the client's; it may ask again under the same.

    What was said earlier says where the question stands, and what of it is new here is kept.
    `after` says it outright, for a conversation that is there: the id of the message before it, or
    `BEGINNING`. `state` is what the client shares with the agent; None if it says nothing. `tools`
    are its own, and `results` what came of calls of such that were made since. What came with it
    is `given`, and `attached` once it is kept. `memory` says whether whoever asks is the person
    that is remembered; of those who ask by keys that is not so unless they say so.
    """

    agent_id: str
    thread_id: str
    run_id: str
    message_id: str
    text: str
    workflow: str | None = None
    collection_ids: tuple[CollectionId, ...] = ()
    model: str | None = None
    version: int | str | None = None
    context: tuple[ContextItem, ...] = ()
    earlier: tuple[EarlierMessage, ...] = ()
    after: After = None
    on_active_run: OnActiveRun | None = None
    memory: bool | None = None
    state: Any = None
    tools: tuple[ClientTool, ...] = ()
    results: tuple[ClientResult, ...] = ()
    given: tuple[Given, ...] = ()
    attached: tuple[Reference, ...] = ()

    def by_owner(self, subject: Subject) -> bool:
        """Whether it is known to come from the person for whom it is asked."""
        return not subject.api_key if self.memory is None else self.memory

    @property
    def start(self) -> Start:
        """What says where it stands."""
        if self.after is not None:
            return Start.BEGINNING if isinstance(self.after, Beginning) else Start.MESSAGE
        return Start.EARLIER if self.earlier else Start.QUESTION

    @property
    def brought(self) -> Brought:
        """What it brings along, whether it begins a turn or goes on with one."""
        return Brought(
            results=self.results, tools=self.tools, context=self.context, state=self.state
        )

    @property
    def fingerprint(self) -> bytes:
        """What makes a repeated request the same one.

        What was told meanwhile has changed the state of a client that asks again.
        """
        return sha256(msgspec.json.encode(replace(self, state=None))).digest()

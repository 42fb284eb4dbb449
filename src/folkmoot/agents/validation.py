"""Whether an agent would work: what it names is there, and may be used."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from folkmoot.agents import output
from folkmoot.agents.content import AgentContent
from folkmoot.agents.errors import AgentUnusable
from folkmoot.agents.ports import Models
from folkmoot.agents.registry import AgentRegistry
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelError, ModelUnknown
from folkmoot.settings import groups
from folkmoot.settings.service import Settings

Fault = tuple[str, str]
Shared = Callable[[Subject, Sequence[CollectionId]], Awaitable[set[CollectionId]]]
"""Returns those of these collections that are everybody's in the subject's organisation."""

NOT_ALLOWED = "This model may not be asked here."


@dataclass(frozen=True, slots=True)
class Validation:
    """Looks at what an agent is to be made of.

    Args:
        registry: Who knows the tools.
        models: Who knows the models.
        settings: Who knows which of them may be asked.
        shared: Who knows the collections.
    """

    registry: AgentRegistry
    models: Models
    settings: Settings
    shared: Shared

    async def demand(self, subject: Subject, content: AgentContent) -> None:
        """Fail with `AgentUnusable` if an agent like this would not work for its organisation."""
        faults = [
            *self._tools(content),
            *await self._subagents(subject, content),
            *await self._model(subject, content.model),
            *await self._collections(subject, content),
            *await _schema(content.schema_text),
        ]
        if faults:
            raise AgentUnusable(faults)

    def _tools(self, content: AgentContent) -> Iterator[Fault]:
        for place, name in enumerate(content.tools):
            if name not in self.registry.toolbox:
                yield f"tools/{place}", "There is no tool of this name here."

    async def _subagents(self, subject: Subject, content: AgentContent) -> Sequence[Fault]:
        faults: list[Fault] = []
        for place, named in enumerate(content.subagents):
            try:
                await self.registry.find(subject, named.agent, named.label)
            except AppError as error:
                faults.append((f"subagents/{place}/agent", error.detail))
        return faults

    async def _model(self, subject: Subject, name: str | None) -> Sequence[Fault]:
        if name is None:
            return ()
        allowed = (await self.settings.of(subject)).values(groups.Models).allowed_models
        if allowed is not None and name not in allowed:
            return [("model", NOT_ALLOWED)]
        try:
            await self.models.chat(subject, name, ())
        except (ModelError, ModelUnknown) as error:
            return [("model", error.detail)]
        return ()

    async def _collections(self, subject: Subject, content: AgentContent) -> Sequence[Fault]:
        if not content.collection_ids:
            return ()
        found = await self.shared(subject, content.collection_ids)
        return [
            (f"collection_ids/{place}", "The organization has no collection with this id.")
            for place, named in enumerate(content.collection_ids)
            if named not in found
        ]


async def _schema(schema: str | None) -> Sequence[Fault]:
    if schema is None:
        return ()
    fault = await asyncio.to_thread(output.fault_of, schema)  # the first one loads the library
    return () if fault is None else [("output_schema", fault)]

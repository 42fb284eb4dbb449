"""Loads the graph library when it is first needed: importing it takes two seconds."""

import importlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, Protocol, cast

from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.turn import Turn
from folkmoot.llm.port import ChatMessage

GRAPHS: Final = "folkmoot.agents.graphs"


class GraphModule(Protocol):
    """What `folkmoot.agents.graphs` offers."""

    async def perform(self, turn: Turn, question: str, said: Sequence[ChatMessage]) -> None:
        """Work a turn to its end."""
        ...

    def compiled(self, agent: AgentDefinition, *, tools: bool) -> object:
        """Return the graph of an agent."""
        ...


@cache
def graphs() -> GraphModule:
    """Return the module of the graphs; the first call blocks while it is loaded."""
    return cast(GraphModule, importlib.import_module(GRAPHS))


def loaded() -> bool:
    """Tell whether `graphs` would return at once."""
    return graphs.cache_info().currsize > 0


def warm(agents: Iterable[AgentDefinition]) -> None:
    """Load the graph library and compile the graphs of these agents; for a background thread."""
    module = graphs()
    for agent in agents:
        module.compiled(agent, tools=False)
        module.compiled(agent, tools=True)

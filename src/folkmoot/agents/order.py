"""What a run of kind `agent` was asked to do, as it stands in the run's row."""

from typing import Any, Final

import msgspec

from folkmoot.agents.definition import Workflow

KIND: Final = "agent"


class ContextItem(msgspec.Struct, frozen=True):
    """Something that the caller's application knows and the agent may use."""

    description: str
    value: str


class AgentOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The input of a run of kind `agent`.

    Attributes:
        conversation_id: The conversation as its client calls it.
        message_id: The user's message that is to be answered.
        workflow: None leaves the choice to the agent.
        model: `provider:name`.
    """

    agent: str
    conversation_id: str
    message_id: str
    model: str
    workflow: Workflow | None = None
    collection_ids: tuple[str, ...] = ()
    context: tuple[ContextItem, ...] = ()

    def stored(self) -> dict[str, Any]:
        """Return the order as JSON values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def read(values: dict[str, Any]) -> AgentOrder:
    """Read an order back."""
    return msgspec.convert(values, AgentOrder)

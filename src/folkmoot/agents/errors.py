"""Failures the agents slice can report."""

from collections.abc import Iterable

from folkmoot.kit.errors import Conflict, Invalid, NotFound


class AgentNotFound(NotFound):
    code = "agent_not_found"

    def __init__(self) -> None:
        super().__init__("No agent with this id is visible to you.")


class WorkflowUnknown(Invalid):
    """The agent does not work this way."""

    code = "workflow_unknown"

    def __init__(self, offered: Iterable[str]) -> None:
        super().__init__(f"This agent offers the workflows {', '.join(offered)}.")


class StepLimitReached(Conflict):
    """The model kept asking for tools until the turn's limit stopped it."""

    code = "step_limit_reached"

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"The turn was stopped after {limit} {what} without a final answer.")

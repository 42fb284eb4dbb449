"""Failures the agents slice can report."""

from collections.abc import Iterable, Sequence

from folkmoot.kit.errors import Conflict, Forbidden, Invalid, NotFound


class AgentNotFound(NotFound):
    code = "agent_not_found"

    def __init__(self) -> None:
        super().__init__("No agent with this id is visible to you.")


class VersionNotFound(NotFound):
    """The agent has no version of this number, or none with this label."""

    code = "agent_version_not_found"

    def __init__(self) -> None:
        super().__init__("This agent has no such version.")


class AgentNotPublished(Conflict):
    """The agent is still being made."""

    code = "agent_not_published"

    def __init__(self) -> None:
        super().__init__("No version of this agent has been published yet.")


class AgentUnavailable(Conflict):
    """The agent needs something that this deployment does not have any more."""

    code = "agent_unavailable"

    def __init__(self, missing: Sequence[str]) -> None:
        names = ", ".join(missing)
        super().__init__(f"This agent needs tools that are not installed here: {names}.")


class AgentUnusable(Invalid):
    """What an agent is to be made of is not there, or not for it; says what."""

    code = "agent_unusable"

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        super().__init__(
            "An agent like this would not work here.",
            errors=[{"pointer": f"/body/{field}", "detail": detail} for field, detail in faults],
        )


class TooManySubagents(Conflict):
    """A turn has asked as many agents as it may, one within the other."""

    code = "too_many_subagents"

    def __init__(self, most: int) -> None:
        super().__init__(f"One turn may ask {most} agents in all, and it has.")


class ModelRefused(Forbidden):
    """An agent is asked by another, and its model may not be."""

    code = "model_refused"

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} may not be asked here.")


class SlugTaken(Conflict):
    code = "agent_slug_taken"

    def __init__(self) -> None:
        super().__init__("Another agent is called like this already.")


class TooManyAgents(Conflict):
    code = "too_many_agents"

    def __init__(self, most: int) -> None:
        super().__init__(f"An organization has {most} agents at the most.")


class WorkflowUnknown(Invalid):
    """The agent does not work this way."""

    code = "workflow_unknown"

    def __init__(self, offered: Iterable[str]) -> None:
        super().__init__(f"This agent offers the workflows {', '.join(offered)}.")


class TimeLimitReached(Conflict):
    """The turn took longer than its agent may take."""

    code = "time_limit_reached"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The turn was stopped after {seconds} s without a final answer.")


class OutputInvalid(Conflict):
    """The model's answer does not fit the agent's schema, also after it was told why."""

    code = "output_invalid"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(f"The answer does not fit the agent's schema. {'; '.join(faults)}")
        self.faults = faults


class StepLimitReached(Conflict):
    """The model kept asking for tools until the turn's limit stopped it."""

    code = "step_limit_reached"

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"The turn was stopped after {limit} {what} without a final answer.")

"""Which calls of a turn need a person, and what was decided about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from folkmoot.agents.definition import AgentDefinition
from folkmoot.approvals.asking import Asking, Wanted
from folkmoot.approvals.deciding import bound
from folkmoot.llm.port import ToolCall
from folkmoot.runs.live import LiveRun
from folkmoot.settings.groups import Approvers, Guardrails
from folkmoot.tools.forgiving import failure
from folkmoot.tools.policy import Policy, judge
from folkmoot.tools.tool import Tool

REJECTED = "Somebody has looked at this call and rejected it. Do not try it again."
NOT_THIS = "This call is not the one that was approved."
NOBODY = "This call needs somebody's approval, and nobody can be asked here."


class Decision(msgspec.Struct, frozen=True):
    """What was decided about a call, as the run that goes on is told.

    `digest` stands for the arguments that were shown, `arguments` are others to be used instead.
    """

    approved: bool
    tool: str
    digest: str
    arguments: str | None = None
    reason: str | None = None


class Waiting(Exception):
    """The turn cannot go on: somebody has to decide about calls."""


@dataclass(slots=True, eq=False)
class Permits:
    """What one turn may do unasked, and what it has to ask for.

    Attributes:
        guardrails: What settings say.
        policies: Whose word counts: the settings' and the agent's.
        asking: Who puts questions to people; None if nobody can be asked.
        decisions: What was decided about calls, by their ids.
        wanted: What has to be asked before the turn goes on.
        raised: What its sub-agents have asked already, as interrupts of AG-UI.
    """

    guardrails: Guardrails = field(default_factory=Guardrails)
    policies: tuple[Policy, ...] = ()
    asking: Asking | None = None
    decisions: Mapping[str, Decision] = field(default_factory=dict[str, Decision])
    wanted: list[Wanted] = field(default_factory=list[Wanted])
    raised: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    @property
    def waiting(self) -> bool:
        """Whether the turn cannot go on before somebody has decided."""
        return bool(self.wanted or self.raised)

    @classmethod
    def of(
        cls,
        agent: AgentDefinition,
        guardrails: Guardrails,
        asking: Asking | None,
        decisions: Mapping[str, Decision],
    ) -> "Permits":
        """Return what a turn of an agent may do."""
        policies = (
            Policy.of(guardrails.approve_always, guardrails.approve_never),
            Policy.of(agent.approve_always, agent.approve_never),
        )
        return cls(guardrails, policies, asking, decisions)

    async def refusal(
        self,
        run: LiveRun,
        tool: Tool,
        call: ToolCall,
        arguments: dict[str, Any],
        *,
        untrusted: bool,
    ) -> str | None:
        """Return what the model is told instead of a call; None if it may be made.

        Raises:
            Waiting: Somebody has to decide first.
        """
        decision = self.decisions.get(call.id)
        if decision is not None:
            return _refused(decision, call)
        reason = judge(tool, arguments, self.policies, untrusted=untrusted)
        if reason is None:
            return None
        if self.asking is None:
            return failure(NOBODY)
        wanted = self._wanted(tool, call, reason)
        if await self.asking.granted(run, wanted):
            return None
        self.wanted.append(wanted)
        raise Waiting

    def changed(self, call: ToolCall) -> str | None:
        """Return the arguments that somebody wants instead of the model's, if they do."""
        decision = self.decisions.get(call.id)
        return decision.arguments if decision is not None and decision.approved else None

    def _wanted(self, tool: Tool, call: ToolCall, reason: str) -> Wanted:
        return Wanted(
            call_id=call.id,
            tool=tool.name,
            description=tool.description,
            parameters=dict(tool.parameters),
            arguments=call.arguments or "{}",
            reason=reason,
            approvers=Approvers(self.guardrails.approvers or Approvers.REQUESTER),
            lasts=timedelta(hours=self.guardrails.approval_hours or 24),
        )


def _refused(decision: Decision, call: ToolCall) -> str | None:
    if not decision.approved:
        return failure(f"{REJECTED} They said: {decision.reason}" if decision.reason else REJECTED)
    same = decision.tool == call.name and decision.digest == bound(call.arguments or "{}")
    return None if same else failure(NOT_THIS)

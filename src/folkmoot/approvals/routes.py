"""REST endpoints for tool calls that wait for a decision."""

from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query

from folkmoot.approvals import service
from folkmoot.approvals.deciding import Deciding
from folkmoot.approvals.errors import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalNotFound,
    ApprovalNotYours,
    ApprovalTooEarly,
    EditUnfit,
    RequesterGone,
)
from folkmoot.approvals.models import Approval
from folkmoot.approvals.schemas import ApprovalDecided as DecidedRead
from folkmoot.approvals.schemas import ApprovalDecision, ApprovalRead
from folkmoot.approvals.service import ApprovalFilter, Decision
from folkmoot.approvals.states import ApprovalState
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import ApprovalId
from folkmoot.kit.page import Asked, Page
from folkmoot.runs.errors import RunActive, RunsDraining, TooManyRuns
from folkmoot.settings.groups import Approvers

MISSING: Final = documented(ApprovalNotFound)
REFUSED: Final = documented(
    ApprovalNotFound,
    ApprovalNotYours,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalTooEarly,
    EditUnfit,
    RequesterGone,
    RunActive,
    RunsDraining,
    TooManyRuns,
)
Sort = Literal["created_at", "-created_at"]
Name = Annotated[str | None, Query(min_length=1, max_length=200)]


def router(deciding: Deciding) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/approvals", tags=["approvals"], route_class=Idempotent)

    @routes.get("", dependencies=[require("approvals:read")])
    async def list_approvals(
        work: OpenWork,
        state: ApprovalState | None = None,
        conversation_id: Name = None,
        tool: Name = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[ApprovalRead]:
        """List the tool calls that you were asked about, and those of others if you may decide."""
        wanted = ApprovalFilter(state, conversation_id, tool)
        found = await service.browse(work, wanted, Asked(sort, limit, cursor))
        return found.page([ApprovalRead(**fields(row)) for row in found.rows])

    @routes.get("/{approval_id}", dependencies=[require("approvals:read")], responses=MISSING)
    async def read_approval(approval_id: ApprovalId, work: OpenWork, etags: Etags) -> ApprovalRead:
        """Read one, with the arguments that the call would be made with."""
        shown = ApprovalRead(**fields(await service.get(work, approval_id)))
        etags.show(shown)
        return shown

    @routes.post("/{approval_id}", dependencies=[require("approvals:decide")], responses=REFUSED)
    async def decide_approval(
        approval_id: ApprovalId, data: ApprovalDecision, subject: CurrentSubject
    ) -> DecidedRead:
        """Approve a call, have it made with other arguments, or reject it.

        Once all that its run has asked is decided, another run goes on with what was approved.
        """
        decision = Decision(data.decision, data.arguments, data.reason, data.remember)
        decided = await deciding.decide(subject, approval_id, decision)
        return DecidedRead(**fields(decided.approval), continued_by=decided.continued_by)

    return routes


def fields(approval: Approval) -> dict[str, Any]:
    """Return an approval as the API shows it."""
    return {
        "id": approval.id,
        "state": ApprovalState(approval.state),
        "run_id": approval.run_id,
        "asked_by": approval.asked_by,
        "path": approval.path,
        "conversation_id": approval.thread_id,
        "call_id": approval.call_id,
        "requester_id": approval.user_id,
        "tool": approval.tool,
        "description": approval.description,
        "parameters": approval.parameters,
        "arguments": orjson.loads(approval.arguments),
        "edited": orjson.loads(approval.edited) if approval.edited else None,
        "why": approval.reason,
        "approvers": Approvers(approval.approvers),
        "reason": approval.note,
        "remembered": approval.remember,
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at,
        "expires_at": approval.expires_at,
        "created_at": approval.created_at,
    }

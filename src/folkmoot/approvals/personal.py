"""What this room keeps of a person: what was asked for them, and what they have decided."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select, update

from folkmoot.approvals.models import Approval, ApprovalGrant
from folkmoot.approvals.service import FORGOTTEN
from folkmoot.approvals.states import ApprovalState
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

APPROVALS: Final = select(
    Approval.id,
    Approval.run_id,
    Approval.thread_id,
    Approval.tool,
    Approval.arguments,
    Approval.edited,
    Approval.state,
    Approval.note,
    Approval.decided_by,
    Approval.decided_at,
    Approval.created_at,
)


@dataclass(frozen=True, slots=True)
class OwnApprovals:
    """The tool calls that people were asked about; who has decided stays known."""

    database: Database
    tables: frozenset[str] = frozenset({"approvals", "approval_grants"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what was asked for the person."""
        for org_id in person.places:
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            theirs = APPROVALS.where(Approval.org_id == org_id, Approval.user_id == person.user_id)
            yield File(
                f"organizations/{org_id}/approvals.jsonl",
                extract.lines(open_work, theirs, [Approval.id]),
            )

    async def erase(self, person: Person) -> None:
        """Take out what the calls say; that something was decided stays."""
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            async with self.database.work(subject) as work:
                await work.session.execute(
                    update(Approval)
                    .where(Approval.org_id == org_id, Approval.user_id == person.user_id)
                    .values(FORGOTTEN)
                )
                await work.session.execute(
                    update(Approval)
                    .where(
                        Approval.org_id == org_id,
                        Approval.user_id == person.user_id,
                        Approval.state == ApprovalState.PENDING,
                    )
                    .values(state=ApprovalState.WITHDRAWN)
                )
                await work.session.execute(
                    delete(ApprovalGrant).where(
                        ApprovalGrant.org_id == org_id, ApprovalGrant.user_id == person.user_id
                    )
                )

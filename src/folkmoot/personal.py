"""What is kept of people, room by room, and which tables hold nothing of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from folkmoot.agents.personal import WrittenAgents
from folkmoot.approvals.personal import OwnApprovals
from folkmoot.audit.personal import Trails
from folkmoot.caches.personal import OwnAnswers
from folkmoot.conversations.attaching.sweeping import OwnAttachments
from folkmoot.conversations.personal import OwnConversations
from folkmoot.db.work import Database
from folkmoot.evals.personal import OwnEvaluations
from folkmoot.identity.people.own import OwnAccount
from folkmoot.kit.personal import Contribution
from folkmoot.knowledge.personal import OwnCollections
from folkmoot.knowledge.service import Knowledge
from folkmoot.mail.personal import Letters
from folkmoot.memory.personal import OwnMemories
from folkmoot.runs.personal import OwnRuns
from folkmoot.runs.supervisor import Supervisor
from folkmoot.schedules.personal import OwnSchedules
from folkmoot.settings.personal import OwnSecrets, OwnSettings
from folkmoot.settings.secrets import Secrets
from folkmoot.tools.mcp.personal import OwnMcpServers
from folkmoot.tools.mcp.revoking import Revocations
from folkmoot.usage.personal import OwnUsage

NOT_PERSONAL: Final[Mapping[str, str]] = {
    "agent_labels": "which version of an agent is in use",
    "alembic_version": "which migrations have been made",
    "audit_chains": "heads of chains, which are digests of salted digests",
    "audit_deliveries": "how far a trail has reached a sink",
    "document_epochs": "numbers that tell that documents have changed",
    "embedding_states": "by which embedding model an organisation is searched",
    "idempotency_keys": "digests under the deployment's key and answers that only the client's own"
    " key opens; nothing tells whose they are, and they are gone after a day",
    "invitation_teams": "the teams of an invitation, with which its row goes",
    "job_errors": "what jobs have failed with, without personal data, gone with the job",
    "model_breakers": "digests under the deployment's key and times",
    "organizations": "an organisation's name is the organisation's",
    "processes": "processes of the deployment",
    "rate_limits": "digests and times, gone when a limit is full again",
    "secret_changes": "that something has become of an organisation's secrets",
    "sign_in_attempts": "digests under the deployment's key and counts, gone within the hour",
    "signing_keys": "when the deployment's keys were made",
    "teams": "a team's name is the team's",
    "vector_changes": "which documents a vector store has still to be told of",
    "vectors_told": "which documents a vector store was told of, and when",
    "vector_stores": "which vector store the deployment has",
    "vector_indexes": "which organisations have an index over their vectors",
    "webhook_deliveries": "how far an event is on its way to an address",
    "webhook_events": "ids and states of what has happened, gone after some days",
    "webhooks": "an organisation's addresses are the organisation's",
    "usage_late": "when calls were made that the ledger was told of late",
    "usage_books": "how far what an organisation has used is summed up",
    "uploads": "which process receives a file, for as long as it does",
}
"""Tables that hold nothing of a person, or nothing that could be found by them, and why."""


def contributions(
    database: Database,
    supervisor: Supervisor,
    documents: Knowledge,
    secrets: Secrets,
    revocations: Revocations,
) -> Sequence[Contribution]:
    """Return what each room keeps, in the order in which it is erased.

    Runs come to their end after what they would still have written to is gone, and before what they
    ask for and have answered, to which they add until then. Secrets, which may lie elsewhere, go
    after what is to be revoked of them has been read. The account is last: the others may have to
    be told once more by what is left of it.
    """
    return (
        OwnConversations(database),
        OwnAttachments(database, documents.blobs),
        OwnEvaluations(database),
        OwnCollections(database, documents.blobs, documents.jobs),
        OwnSchedules(database),
        OwnRuns(database, supervisor),
        OwnApprovals(database),
        OwnAnswers(database),
        OwnMemories(database),
        OwnUsage(database),
        WrittenAgents(database),
        OwnSettings(database, documents.blobs),
        OwnMcpServers(database, revocations),
        OwnSecrets(database, secrets),
        Letters(database),
        Trails(database),
        OwnAccount(database),
    )

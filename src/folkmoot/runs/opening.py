"""Opening a run: the one statement that makes its row, to be sent along with others."""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from folkmoot.kit.ids import ProcessId, RunId
from folkmoot.kit.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run about to be made.

    Attributes:
        client_id: The client's name for it, unique per organisation and user.
        thread_id: What the client calls the thread it belongs to.
        fingerprint: SHA-256 of everything that makes a repeated request the same one.
        concurrency_key: Of runs with the same key, one at a time is active.
        parent_run_id: The run that this one continues, or that has begun it.
        parent_call_id: The tool call of that run for which it has.
        behind: The concurrency key that it waits for.
    """

    id: RunId
    kind: str
    input: dict[str, Any]
    client_id: str
    thread_id: str
    fingerprint: bytes
    concurrency_key: str | None
    subject: Subject
    parent_run_id: RunId | None = None
    parent_call_id: str | None = None
    behind: str | None = None


INSERT_RUN: Final = """
INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id, fingerprint,
                  concurrency_key, scopes, key_id, process_id, parent_run_id, parent_call_id,
                  attempt, started_at)
VALUES (%(org_id)s, %(run_id)s, %(user_id)s, %(kind)s, 'running', %(input)s, %(client_id)s,
        %(thread_id)s, %(fingerprint)s, %(concurrency_key)s, %(scopes)s, %(key_id)s, %(process_id)s,
        %(parent_run_id)s, %(parent_call_id)s, 1, now())
"""

QUEUE_RUN: Final = """
INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id, fingerprint,
                  concurrency_key, scopes, key_id, attempt, behind)
VALUES (%(org_id)s, %(run_id)s, %(user_id)s, %(kind)s, 'queued', %(input)s, %(client_id)s,
        %(thread_id)s, %(fingerprint)s, %(concurrency_key)s, %(scopes)s, %(key_id)s, 0, %(behind)s)
"""

# Its turn has come. Whoever holds the key stands in its way, as in that of any other run.
TAKE_RUN: Final = """
UPDATE runs SET state = 'running', concurrency_key = behind, input = %(input)s,
                process_id = %(process_id)s, started_at = now()
WHERE org_id = %(org_id)s AND id = %(run_id)s AND state = 'queued'
"""

QUEUED_CHANNEL: Final = "folkmoot_queued"
TELL_WORKERS: Final = f"SELECT pg_notify('{QUEUED_CHANNEL}', '')"
"""Sent along with `QUEUE_RUN`: a worker that has room looks at once."""


def parameters(new: NewRun, process_id: ProcessId | None) -> dict[str, object]:
    """Return the named parameters of either statement."""
    subject = new.subject
    return {
        "org_id": subject.org_id,
        "run_id": new.id,
        "user_id": subject.user_id,
        "kind": new.kind,
        "input": Jsonb(new.input),
        "client_id": new.client_id,
        "thread_id": new.thread_id,
        "fingerprint": new.fingerprint,
        "concurrency_key": new.concurrency_key,
        "scopes": _array(subject.permissions) if subject.api_key else None,
        "key_id": subject.key_id,
        "process_id": process_id,
        "parent_run_id": new.parent_run_id,
        "parent_call_id": new.parent_call_id,
        "behind": new.behind,
    }


@lru_cache(1024)
def _array(permissions: frozenset[str]) -> str:
    """Return names as PostgreSQL writes an array; there is nothing in them to quote."""
    return "{" + ",".join(sorted(permissions)) + "}"


class Clash(Enum):
    """Why a run could not be made."""

    SAME_CLIENT_ID = auto()
    ACTIVE = auto()


CLASHES: Final = {"uq_runs_client": Clash.SAME_CLIENT_ID, "uq_runs_active": Clash.ACTIVE}


def clash(error: psycopg.errors.UniqueViolation) -> Clash | None:
    """Tell which rule a new run ran into; None if the constraint is not one of ours."""
    return CLASHES.get(error.diag.constraint_name or "")

"""What the HTTP API says of itself as a whole, in its OpenAPI description."""

from typing import Any, Final

SUMMARY: Final = "A platform for AI agents in which every run is its own event log."
TEXT: Final = """\
Everything that takes time is a run, and a run is an append-only log of events. Ask an agent with
`POST /api/chat/{agent_id}` and its answer streams from that log; when the connection is cut, read
on where you were with `GET /api/v1/runs/{run_id}/events`.

**Authentication.** Send an access token or an API key as `Authorization: Bearer`, or an API key as
`X-API-Key`. `X-Organization-Id` chooses the organisation if you have several, `X-Team-Id` a team.

**Failures** are problem details (RFC 9457) with a stable `code`. What is not yours to see is
answered like what does not exist: 404.

**Sending twice.** A POST that creates something takes an `Idempotency-Key`. Sent again within 24
hours, the same request gets its first answer with `Idempotency-Replayed: true` and has no second
effect; another request under the same key is refused (422), and one whose first is still in flight
has to wait (409, `Retry-After`). Failures of ours, 401, 403 and 429 are not kept.

**Limits.** Where the operator limits how much you may ask, answers tell how it stands:
`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (in seconds, as in
draft-ietf-httpapi-ratelimit-headers-03) of the limit that is nearest. What is too much is answered
with 429 `rate_limited` and `Retry-After`.

**ETags.** What can be changed is read with an `ETag`. `If-None-Match` spares you what you have
(304); `If-Match` keeps you from overwriting what you have not seen (412).

**Lists** answer `{"items": [...], "next_cursor": ...}`; the cursor continues them with `?cursor=`,
in the order that `?sort=` chooses where there are several; a `-` turns it round.
"""
CONTACT: Final = {"name": "The Folkmoot contributors"}
LICENSE: Final = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
SERVERS: Final[list[dict[str, Any]]] = [
    {"url": "/", "description": "The server that this description comes from."}
]
TAGS: Final[list[dict[str, Any]]] = [
    {"name": "chat", "description": "Ask an agent; its answer streams in the AG-UI protocol."},
    {"name": "agents", "description": "The agents that can be asked."},
    {"name": "conversations", "description": "Your conversations and their messages."},
    {"name": "runs", "description": "Look at runs, read their logs, cancel them."},
    {"name": "approvals", "description": "Decide about tool calls that wait for somebody."},
    {"name": "collections", "description": "Sets of documents that are searched together."},
    {"name": "documents", "description": "Add documents, follow their reading, read them."},
    {"name": "permissions", "description": "Who reads and edits collections and documents."},
    {"name": "search", "description": "Find passages by words, by meaning or by both."},
    {"name": "evaluations", "description": "How well searches find what answers questions."},
    {"name": "mcp servers", "description": "Servers whose tools agents call, and those tools."},
    {"name": "schedules", "description": "Questions that are asked by the clock."},
    {"name": "memories", "description": "What is remembered of people beyond conversations."},
    {"name": "models", "description": "The language and embedding models there are."},
    {"name": "caches", "description": "Answers that are kept to be given again."},
    {"name": "usage", "description": "What models were used for, its cost, and budgets."},
    {"name": "auth", "description": "Register, sign in, refresh and end sessions."},
    {"name": "me", "description": "Who you are and what you may do."},
    {"name": "sessions", "description": "The devices you are signed in with."},
    {"name": "organizations", "description": "Organisations and their members."},
    {"name": "invitations", "description": "Letting people into an organisation."},
    {"name": "teams", "description": "Teams of an organisation, and who is in them."},
    {"name": "settings", "description": "What organisations, teams and users have set."},
    {"name": "secrets", "description": "Secrets that agents use and nobody reads."},
    {"name": "api keys", "description": "Keys with which programs act for you."},
    {"name": "service accounts", "description": "Members that are programs, and their keys."},
    {"name": "webhooks", "description": "Addresses that are told what happens, signed."},
    {"name": "audit", "description": "Who did what in your organisation, provably complete."},
    {"name": "platform", "description": "All organisations and people, for platform admins."},
    {"name": "operation", "description": "Health and metrics, for those who run the server."},
]

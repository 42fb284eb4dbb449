"""Somebody who has something of everything that a server keeps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from chatting import Turn
from deployed import Deployed
from folkmoot.kit.ids import new_id

WHALES: Final = {"title": "Whales", "text": "They are large.", "external_id": "whales"}
LABELLED: Final = {
    "name": "Few",
    "queries": [{"id": "q", "text": "Are whales large?", "relevant": {"whales": 1}}],
}

DAILY: Final = {"agent_id": "chat", "input": "What is new?"}
ABSENT: Final = str(new_id())
SAME: Final = {"group": "theme", "label": "production", "number": "1", "page": "1"}
"""What is called the same in all organisations."""


@dataclass(frozen=True)
class Settler:
    """A client, and what its organisation has, by the parameter that names it in a path."""

    http: httpx.Client
    headers: dict[str, str]
    things: Mapping[str, str]


def newcomer(server: Deployed) -> dict[str, str]:
    """Register somebody; return the headers with which they act."""
    account = {"email": f"{new_id().hex}@example.org", "password": "correct horse", "name": "Eve"}
    made = httpx.post(f"{server.url}/api/v1/auth/register", json=account)
    assert made.status_code == httpx.codes.CREATED, made.text
    form = {"username": account["email"], "password": account["password"]}
    signed_in = httpx.post(f"{server.url}/api/v1/auth/token", data=form)
    return {"Authorization": f"Bearer {signed_in.json()['access_token']}"}


def question(http: httpx.Client, server: Deployed, headers: dict[str, str]) -> str:
    """Have somebody asked before the clock is looked at; return the id of the approval."""
    settings, any_version = {"values": {"approve_always": ["clock"]}}, {"If-Match": "*"}
    path = "/api/v1/settings/guardrails?scope=user"
    told = http.patch(path, json=settings, headers=any_version)
    assert told.is_success, told.text
    props = {"workflow": "tools"}
    turn = Turn(server.url, headers, "[[fake-tool=clock]]", props=props).ask()
    asked: str = turn.events[-1]["outcome"]["interrupts"][0]["id"]
    return asked


def agent(http: httpx.Client) -> str:
    """Return the id of their agent, which is made when there is none."""
    made = http.get("/api/v1/agents").json()["items"]
    if made:
        return str(made[0]["id"])
    mine = {"slug": "mine", "name": "Mine", "system_prompt": "Be brief.", "publish": True}
    return str(http.post("/api/v1/agents", json=mine).json()["id"])


def mcp_server(http: httpx.Client) -> str:
    """Return the id of an MCP server that nobody has."""
    named = {"name": f"n{new_id().hex[:16]}", "url": "https://one.invalid/mcp"}
    return str(http.post("/api/v1/mcp-servers", json=named).json()["id"])


def written(http: httpx.Client) -> dict[str, str]:
    """Return the ids of an MCP server, and of something that is remembered."""
    made = http.post("/api/v1/memories", json={"text": f"Reads {new_id().hex}."})
    return {"mcp_server_id": mcp_server(http), "memory_id": str(made.json()["id"])}


def attachment(http: httpx.Client) -> str:
    """Return the id of a file that was sent along with nothing yet."""
    return str(http.post("/api/v1/attachments", content=b"A lamp.").json()["id"])


def hook(http: httpx.Client) -> dict[str, str]:
    """Return the ids of a webhook that nobody receives, and of an example on its way to it."""
    wanted = {"url": "https://one.invalid/hook", "events": ["approval.*"]}
    made = http.post("/api/v1/webhooks", json=wanted)
    assert made.is_success, made.text
    sent = http.post(f"/api/v1/webhooks/{made.json()['id']}/test", json={})
    return {"webhook_id": made.json()["id"], "delivery_id": sent.json()["id"]}


def evaluated(http: httpx.Client, collection: str) -> dict[str, str]:
    """Return the ids of a labelled set and of an evaluation with it, to be compared to itself."""
    set_ = http.post("/api/v1/labelled-sets", json={"collection_id": collection, **LABELLED})
    made = http.post("/api/v1/evaluations", json={"set_id": set_.json()["id"]})
    made_id = made.json()["id"]
    return {"set_id": set_.json()["id"], "evaluation_id": made_id, "other_id": made_id}


@contextmanager
def settler(server: Deployed, headers: dict[str, str]) -> Iterator[Settler]:
    """Act for somebody who leaves something of everything behind."""
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as http:

        def make(path: str, **body: Any) -> dict[str, Any]:
            answer = http.post(f"/api/v1/{path}", json=body)
            assert answer.is_success, answer.text
            return dict(answer.json())

        sessions = http.get("/api/v1/sessions")  # a key sees none
        collection = make("collections", name="Shelf")["id"]
        added = make(f"collections/{collection}/documents", **WHALES)
        me = http.get("/api/v1/me").json()
        here = f"organizations/{me['organization_id']}"
        account = make(f"{here}/service-accounts", name="nightly")["id"]
        account_key = make(f"{here}/service-accounts/{account}/api-keys", name="theirs")["id"]
        turn = Turn(server.url, headers, "Hello").ask()
        message, share = _told(http, turn.thread_id)
        things = {
            "approval_id": question(http, server, headers),
            "agent_id": agent(http),
            "attachment_id": attachment(http),
            **SAME,
            "api_key_id": make("api-keys", name="another")["id"],
            "collection_id": collection,
            "conversation_id": turn.thread_id,
            "document_id": added["document_ids"][0],
            **evaluated(http, collection),
            "invitation_id": make(f"{here}/invitations")["id"],
            "message_id": message,
            "organization_id": me["organization_id"],
            **written(http),
            "run_id": http.get(f"/api/v1/runs/{turn.run_id}").json()["id"],
            "schedule_id": make("schedules", name="Daily", run=DAILY, cron="0 9 * * *")["id"],
            "secret_id": make("secrets", name="a_key", value="of a safe")["id"],
            "service_account_id": account,
            "service_account_key_id": account_key,
            "share_id": share,
            "session_id": sessions.json()["items"][0]["id"] if sessions.is_success else ABSENT,
            "team_id": make("teams", name="Readers")["id"],
            **hook(http),
            "user_id": me["id"],
        }
        yield Settler(http, headers, {**things, "job_id": "1"})


def _told(http: httpx.Client, thread: str) -> tuple[str, str]:
    """Rate the last answer of a conversation and share it twice; return its id and a link's."""
    at = f"/api/v1/conversations/{thread}"
    message: str = http.get(f"{at}/messages").json()["items"][-1]["id"]
    http.put(f"{at}/messages/{message}/feedback", json={"rating": "good"}).raise_for_status()
    shares = [http.post(f"{at}/shares", json={}) for _ in range(2)]
    return message, shares[-1].json()["id"]

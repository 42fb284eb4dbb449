"""A server is killed while a call waits for somebody, and right after they have decided."""

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from chatting import Turn
from deployed import Deployed, deployed

ASKED: Final = "[[fake-tool=calculator-tok20-itl20]]"
ARGUMENTS: Final = {"expression": "6 * 7"}


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[Deployed]:
    """A server where somebody is asked before anything is calculated."""
    with deployed(environment) as server:
        httpx.patch(
            f"{server.url}/api/v1/settings/guardrails?scope=user",
            headers=server.headers | {"If-Match": "*"},
            json={"values": {"approve_always": ["calculator"]}},
        ).raise_for_status()
        yield server


def waiting(server: Deployed, turn: Turn) -> dict[str, Any]:
    listed = server.get("/api/v1/approvals", params={"state": "pending"}).json()["items"]
    (found,) = [each for each in listed if each["conversation_id"] == turn.thread_id]
    return dict(found)


def decide(server: Deployed, approval: dict[str, Any]) -> str:
    """Approve of other arguments; return the run that goes on."""
    order = {"decision": "edit", "arguments": ARGUMENTS}
    answer = server.post(f"/api/v1/approvals/{approval['id']}", json=order)
    answer.raise_for_status()
    return str(answer.json()["continued_by"])


def test_what_was_asked_and_what_was_decided_outlive_the_server(server: Deployed) -> None:
    turn = Turn(server.url, server.headers, ASKED, props={"workflow": "tools"}).ask()
    assert turn.events[-1]["outcome"]["type"] == "interrupt"
    server.kill()
    server.start()
    approval = waiting(server, turn)
    assert set(approval["arguments"]) == {"expression"}
    turn.run_id, turn.body = decide(server, approval), b""
    server.kill()
    server.start()
    turn.url = server.url
    turn.read_on()
    (result,) = [e["content"] for e in turn.events if e["type"] == "TOOL_CALL_RESULT"]
    assert result.endswith("\n42")
    assert turn.ends == ["RUN_FINISHED"]
    assert turn.ids == list(range(1, turn.last_id + 1))
    again = server.post(f"/api/v1/approvals/{approval['id']}", json={"decision": "reject"})
    assert again.status_code == httpx.codes.CONFLICT

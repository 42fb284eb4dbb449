"""Who may call what: everything that the description tells of permissions is tried.

Each refusal has its twin: the same operation, sent by somebody who may.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import pytest

from asking_all import Body, operations, send
from deployed import Deployed
from folkmoot.identity.permissions import MEMBER
from folkmoot.kit.ids import new_id
from settled import Settler, newcomer, settler

OTHER: Final = ("models:read", "agents:read")
"""Scopes of keys that do not suffice; one of them is always another one than what is needed."""

NO_REFUSALS: Final = {(403, "person_needed"), (404, "session_not_found")}
"""What keys are told of what is only people's, and of ids that stand for nothing."""

OF_WHOM: Final = {"/api/v1/me", "/api/v1/organizations", "/api/v1/features"}
"""Where a key of any scope learns for whom it acts, in which organisation, of what deployment."""


MADE_UP: Final = {
    ("post", "/api/v1/invitations/accept"),
    ("post", "/api/v1/me/password"),
    ("delete", "/api/v1/me"),
    ("patch", "/api/v1/mcp-servers/{mcp_server_id}/tools"),
    ("delete", "/api/v1/conversations/{conversation_id}/waiting/{message_id}"),
    ("post", "/api/v1/documents/{document_id}/restore"),
}
"""What an example cannot do: its token, its password or its tool is made up, or nothing waits.

And of documents, none is in the trash.
"""


def narrow(ada: Settler, *scopes: str) -> dict[str, str]:
    """Return the headers of a key that may do little."""
    body = {"name": "narrow", "scopes": scopes}
    made = ada.http.post("/api/v1/api-keys", json=body)
    assert made.status_code == httpx.codes.CREATED, made.text
    return {"Authorization": f"Bearer {made.json()['key']}"}


def without_ids(problem: Body) -> Body:
    return {key: value for key, value in problem.items() if key not in {"instance", "request_id"}}


def test_nobody_does_anything_without_a_credential(
    description: Body, server: Deployed, ada: Settler
) -> None:
    answers: list[Any] = []
    with httpx.Client(base_url=server.url) as stranger:
        for method, path, operation in operations(description):
            answer = send(stranger, method, path, operation, ada.things)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path)
            assert answer.headers["www-authenticate"]
            answers.append(without_ids(answer.json()))
    assert len(answers) > 30
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("credential", ["Bearer nonsense", "Bearer fm_key_nonsense", "Basic eDp5"])
def test_a_credential_that_means_nothing_is_none(
    description: Body, server: Deployed, ada: Settler, credential: str
) -> None:
    with httpx.Client(base_url=server.url, headers={"Authorization": credential}) as stranger:
        for method, path, operation in operations(description):
            answer = send(stranger, method, path, operation, ada.things)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path)


def test_a_key_does_nothing_outside_its_scopes(
    description: Body, server: Deployed, ada: Settler
) -> None:
    keys = {scope: narrow(ada, scope) for scope in OTHER}
    asked = 0
    for method, path, operation in operations(description):
        needed = operation.get("x-permission")
        if needed is None:
            continue
        headers = keys[next(scope for scope in OTHER if scope != needed)]
        with httpx.Client(base_url=server.url, headers=headers) as client:
            answer = send(client, method, path, operation, ada.things)
        assert answer.status_code == httpx.codes.FORBIDDEN, (method, path)
        assert answer.json()["code"] == "permission_denied"
        assert answer.json()["permission"] == needed
        asked += 1
    assert asked > 25


def test_what_needs_no_permission_tells_a_key_of_whom_it_is_and_no_more(
    description: Body, server: Deployed, ada: Settler
) -> None:
    with httpx.Client(base_url=server.url, headers=narrow(ada, "models:read")) as client:
        for method, path, operation in operations(description):
            if operation.get("x-permission") is None:
                answer = send(client, method, path, operation, ada.things)
                if path in OF_WHOM and method == "get":
                    assert answer.status_code == httpx.codes.OK, path
                else:
                    told = (answer.status_code, answer.json()["code"])
                    assert told == (403, "person_needed"), (method, path)


def test_a_key_shows_what_its_scopes_allow(
    description: Body, server: Deployed, ada: Settler
) -> None:
    for method, path, operation in operations(description):
        needed = operation.get("x-permission")
        if needed is None or method != "get":
            continue
        with httpx.Client(base_url=server.url, headers=narrow(ada, needed)) as client:
            answer = send(client, method, path, operation, ada.things)
        assert answer.status_code not in {401, 403, 404}, (method, path, answer.text)


def member(server: Deployed, ada: Settler) -> dict[str, str]:
    """Return the headers of a newcomer who has become a member of ada's organisation."""
    organization = ada.things["organization_id"]
    invited = ada.http.post(f"/api/v1/organizations/{organization}/invitations", json={})
    assert invited.status_code == httpx.codes.CREATED, invited.text
    headers = newcomer(server)
    accepted = httpx.post(
        f"{server.url}/api/v1/invitations/accept",
        json={"token": invited.json()["token"]},
        headers=headers,
    )
    assert accepted.is_success, accepted.text
    return headers | {"X-Organization-Id": organization}


def refused(
    client: httpx.Client, description: Body, ids: Mapping[str, str], permissions: frozenset[str]
) -> Iterator[tuple[str, str, httpx.Response]]:
    """Send what needs other permissions than these in an organisation."""
    for method, path, operation in operations(description):
        needed = operation.get("x-permission")
        if needed is not None and needed not in permissions:
            yield method, path, send(client, method, path, operation, ids)


def test_a_member_does_nothing_that_needs_a_higher_role(
    description: Body, server: Deployed, ada: Settler
) -> None:
    asked = 0
    with httpx.Client(base_url=server.url, headers=member(server, ada)) as client:
        for method, path, answer in refused(client, description, ada.things, MEMBER):
            of_a_team = answer.status_code == httpx.codes.NOT_FOUND
            assert answer.status_code == httpx.codes.FORBIDDEN or of_a_team, (method, path)
            assert answer.json()["code"] == ("team_not_found" if of_a_team else "permission_denied")
            asked += 1
    assert asked > 10


def test_what_is_another_teams_is_not_there_for_a_member(
    description: Body, server: Deployed, ada: Settler
) -> None:
    asked = 0
    headers = member(server, ada)
    with httpx.Client(base_url=server.url, headers=headers) as client:
        for method, path, operation in operations(description):
            if "{team_id}" in path:
                missing = {**ada.things, "team_id": str(new_id())}
                foreign = send(client, method, path, operation, ada.things)
                absent = send(client, method, path, operation, missing)
                assert foreign.status_code == absent.status_code, (method, path)
                assert foreign.status_code in {403, 404}, (method, path)
                assert foreign.json()["code"] == absent.json()["code"], (method, path)
                asked += 1
        chosen = client.get("/api/v1/me", headers={"X-Team-Id": ada.things["team_id"]})
    assert chosen.status_code == httpx.codes.NOT_FOUND
    assert asked > 5


def test_who_was_removed_does_nothing_any_more(
    description: Body, server: Deployed, ada: Settler
) -> None:
    headers = member(server, ada)
    with httpx.Client(base_url=server.url, headers=headers) as client:
        them = client.get("/api/v1/me").json()
        place = f"/api/v1/organizations/{ada.things['organization_id']}/members/{them['id']}"
        assert ada.http.delete(place).status_code == httpx.codes.NO_CONTENT
        for method, path, operation in operations(description):
            answer = send(client, method, path, operation, ada.things)
            assert answer.status_code == httpx.codes.NOT_FOUND, (method, path)
            assert answer.json()["code"] == "organization_not_found", (method, path)


def test_owners_may_do_all_of_it(description: Body, server: Deployed) -> None:
    everything = [each for each in operations(description) if each[:2] not in MADE_UP]
    with settler(server, newcomer(server)) as owner:
        for method, path, operation in everything:
            if method != "delete":
                assert allowed(owner, method, path, operation), (method, path)
    deletions = [each for each in everything if each[0] == "delete"]
    deletions.sort(key=lambda each: each[1].count("/"))
    while deletions:  # parts before the whole; who misses what has gone with it begins anew
        with settler(server, newcomer(server)) as owner:
            done = 0
            while deletions and allowed(owner, *deletions[-1]):
                del deletions[-1]
                done += 1
        assert done, deletions[-1][:2]


def allowed(owner: Settler, method: str, path: str, operation: Body) -> bool:
    answer = send(owner.http, method, path, operation, owner.things)
    if answer.status_code in {401, 403, 404}:
        return (answer.status_code, answer.json()["code"]) in NO_REFUSALS
    return True

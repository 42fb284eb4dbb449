"""What is another organisation's is answered like what is not there, wherever its id stands.

The tests walk the description: a new parameter that names something has to be given one to name.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import httpx
import pytest

from asking_all import JSON, Body, operations, send
from folkmoot.kit.ids import new_id
from settled import Settler

SHARED: Final = {"group", "label", "number", "page"}  # the same for all organisations
SAME: Final = {"label": "production", "number": "1", "page": "1"}
NAMES_OF_THE_CALLER: Final = {"conversation_id", "external_id", "external_ids", "tool_call_id"}
BODIES: Final = {
    "agent_id": ("/api/v1/runs", '{"agent_id": "ID", "input": "Hello"}'),
    "collection_id": (
        "/api/v1/labelled-sets",
        """{
          "name": "Few", "collection_id": "ID",
          "queries": [{"id": "q", "text": "Whales?", "relevant": {"whales": 1}}]
        }""",
    ),
    "collection_ids": (
        "/api/chat/chat",
        """{
          "threadId": "t", "runId": "ID", "forwardedProps": {"collection_ids": ["ID"]},
          "messages": [{"id": "q", "role": "user", "content": "Hello"}]
        }""",
    ),
    "document_ids": (
        "/api/v1/collections/{collection_id}/search",
        '{"query": "whales", "filters": {"document_ids": ["ID"]}}',
    ),
    "message_id": ("/api/v1/conversations/{conversation_id}/forks", '{"message_id": "ID"}'),
    "parent_id": (
        "/api/chat/chat",
        """{
          "threadId": "t", "runId": "ID", "forwardedProps": {"parent_id": "ID"},
          "messages": [{"id": "q", "role": "user", "content": "Hello"}]
        }""",
    ),
    "run_id": (
        "/api/v1/conversations/{conversation_id}/forks",
        '{"run_id": "ID", "event": 1}',
    ),
    "set_id": ("/api/v1/evaluations", '{"set_id": "ID"}'),
    "team_id": ("/api/v1/collections", '{"name": "Shelf", "scope": "team", "team_id": "ID"}'),
    "user_id": ("/api/v1/teams/{team_id}/members", '{"user_id": "ID"}'),
}
"""Where an id can be sent in a body, and in which."""


def in_path(operation: Body) -> set[str]:
    return {each["name"] for each in operation["parameters"] if each.get("in") == "path"}


def ask(
    client: httpx.Client, method: str, path: str, operation: Body, ids: Mapping[str, str]
) -> tuple[int, Body]:
    """Send the example of an operation; return the answer without what differs each time."""
    answer = send(client, method, path, operation, ids)
    problem: Body = answer.json()
    return answer.status_code, {
        key: value for key, value in problem.items() if key not in {"instance", "request_id", *ids}
    }


def test_what_a_path_names_of_another_organisation_is_not_there(
    description: Body, ada: Settler, eve: Settler
) -> None:
    asked = 0
    for method, path, operation in operations(description):
        if in_path(operation) - SHARED:
            missing = {name: str(new_id()) for name in ada.things} | SAME
            foreign = ask(eve.http, method, path, operation, ada.things)
            assert foreign == ask(eve.http, method, path, operation, missing)
            assert foreign[0] == httpx.codes.NOT_FOUND, (method, path)
            asked += 1
    assert asked > 20
    for method, path, _ in operations(description):
        if method == "get":
            kept = ada.http.get(path.format_map(ada.things))
            assert kept.status_code != httpx.codes.NOT_FOUND, path


def test_nobody_acts_in_an_organisation_by_naming_it(
    description: Body, ada: Settler, eve: Settler
) -> None:
    """Whatever is asked for: the header is looked at first."""
    organization = {"X-Organization-Id": ada.things["organization_id"]}
    with httpx.Client(base_url=eve.http.base_url, headers=eve.headers | organization) as client:
        for method, path, operation in operations(description):
            status, problem = ask(client, method, path, operation, eve.things)
            assert (status, problem["code"]) == (404, "organization_not_found"), (method, path)


def named_in(schema: Body, schemas: Mapping[str, Body], seen: frozenset[str]) -> Iterator[str]:
    """Yield the names of all fields of a body that hold ids."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        yield from named_in(schemas[name], schemas, seen | {name})
    properties: Body = schema.get("properties", {})
    yield from (each for each in properties if each.endswith(("_id", "_ids")))
    for part in (*properties.values(), schema.get("items"), *schema.get("anyOf", ())):
        if part:
            yield from named_in(part, schemas, seen)


def test_every_id_that_a_body_can_hold_is_tried_here(description: Body) -> None:
    schemas = description["components"]["schemas"]
    found = {
        name
        for _, _, operation in operations(description)
        for media in operation.get("requestBody", {}).get("content", {}).values()
        for name in named_in(media["schema"], schemas, frozenset())
    }
    assert found - NAMES_OF_THE_CALLER == set(BODIES)


@pytest.mark.parametrize("name", BODIES)
def test_what_a_body_names_of_another_organisation_is_not_there(
    name: str, ada: Settler, eve: Settler
) -> None:
    path, body = BODIES[name]
    answers = [
        eve.http.post(path.format_map(eve.things), content=body.replace("ID", named), headers=JSON)
        for named in (ada.things.get(name.removesuffix("s"), str(new_id())), str(new_id()))
    ]
    foreign, missing = [(answer.status_code, answer.json()) for answer in answers]
    assert foreign[0] == missing[0]
    assert foreign[1].get("code") == missing[1].get("code")
    assert foreign[0] == httpx.codes.NOT_FOUND or foreign[1]["hits"] == []

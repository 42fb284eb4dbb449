"""Every operation uses the shared parts of HTTP, or says here why it does not."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from route_walk import whole_application

Json = dict[str, Any]

NOT_CUT: Final = {
    "list_agents": "they are a handful, part of the deployment, in an order of its own",
    "list_features": "they are fields of a class",
    "list_outside_issuers": "they are configured, and shown as buttons in that order",
    "list_tools": "they are a handful, what is installed and nothing that anybody makes",
    "list_mcp_tools": "a server's are a few hundred at the most, and looked at together",
    "list_webhook_event_types": "they are a handful, declared in one file",
    "read_shared": "it is a conversation, which is read from its beginning",
    "read_events": "a log has one order, and a cursor that is a number: SSE continues from it",
}
NOT_COMPARED: Final = {
    "clear_response_cache": "who forgets answers means all of them, however many there are by now",
    "end_mcp_authorization": "who gives up means all of it, however it looks by now",
    "erase_me": "who goes means all of it, however it looks by now",
}
NOT_REPEATED: Final = {
    "begin_mcp_authorization": "its answer is a cookie besides, which is not kept",
    "cancel_run": "cancelling again changes nothing",
    "change_password": "its answer holds tokens, which nobody may be able to get twice",
    "explain_search": "it makes nothing",
    "get_token": "its answer holds tokens, which nobody may be able to get twice",
    "log_out": "what has ended cannot end again",
    "preview_invitation": "it makes nothing",
    "refresh_console": "a copied token must be found out by its second use",
    "refresh_token": "a copied token must be found out by its second use",
    "request_password_reset": "each letter counts until its time is over, or another is used",
    "reset_password": "a reset is used up by its first use",
    "search": "it makes nothing",
    "sign_in_to_console": "its answer is a cookie, which is not kept",
}


@pytest.fixture(scope="module")
def description() -> Json:
    described: Json = whole_application().openapi()
    return described


def operations(description: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def takes(operation: Json, *names: str) -> bool:
    given = {
        each.get("name") or each["$ref"].rpartition("/")[2] for each in operation["parameters"]
    }
    return given >= set(names)


def is_list(description: Json, operation: Json) -> bool:
    """Tell whether an operation answers with items and a cursor, or with an array."""
    answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    schema = answer.get("schema", {})
    return any(
        choice.get("type") == "array" or "next_cursor" in properties(description, choice)
        for choice in (schema, *schema.get("anyOf", ()))
    )


def properties(description: Json, schema: Json) -> Json:
    """Return the fields of a schema that has a name."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = description["components"]["schemas"].get(name, {}).get("properties", {})
    return found


def without(table: dict[str, str], found: Iterator[str]) -> tuple[list[str], set[str]]:
    """Return what has no reason, and the reasons that are nobody's."""
    names = list(found)
    return [each for each in names if each not in table], set(table) - set(names)


def test_every_list_is_cut_and_sorted_as_asked(description: Json) -> None:
    lists = [
        each
        for method, _, each in operations(description)
        if method == "get" and is_list(description, each)
    ]
    assert len(lists) > 12
    uncut = (each["operationId"] for each in lists if not takes(each, "limit", "cursor", "sort"))
    assert without(NOT_CUT, uncut) == ([], set())
    for each in lists:
        for parameter in each["parameters"]:
            if parameter.get("name") == "limit" and each["operationId"] not in NOT_CUT:
                assert parameter["schema"]["maximum"] == 100, each["operationId"]


def test_whoever_changes_what_can_be_read_may_say_which_version_they_mean(
    description: Json,
) -> None:
    things = {
        path: item["get"]
        for path, item in description["paths"].items()
        if "get" in item and not is_list(description, item["get"])
    }
    changes = [
        (path, each)
        for method, path, each in operations(description)
        if method in {"put", "patch", "delete"} and path in things
    ]
    assert len(changes) > 20
    blind = (each["operationId"] for _, each in changes if not takes(each, "IfMatch"))
    assert without(NOT_COMPARED, blind) == ([], set())
    for path, each in changes:
        if each["operationId"] not in NOT_COMPARED:
            assert takes(things[path], "IfNoneMatch"), path
            assert "412" in each["responses"], each["operationId"]


def test_whatever_stands_at_an_address_of_its_own_is_read_once(description: Json) -> None:
    things = [
        (path, operation)
        for method, path, operation in operations(description)
        if method == "get" and path.endswith("}")
    ]
    assert len(things) > 6
    assert [path for path, operation in things if not takes(operation, "IfNoneMatch")] == []
    assert [path for path, operation in things if "304" not in operation["responses"]] == []


def test_whatever_creates_can_be_sent_again(description: Json) -> None:
    posts = [each for method, _, each in operations(description) if method == "post"]
    assert len(posts) > 20
    unrepeatable = (each["operationId"] for each in posts if not takes(each, "IdempotencyKey"))
    assert without(NOT_REPEATED, unrepeatable) == ([], set())
    creating = [each for each in posts if "201" in each["responses"]]
    assert [each["operationId"] for each in creating if not takes(each, "IdempotencyKey")] == []

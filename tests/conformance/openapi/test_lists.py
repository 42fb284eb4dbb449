"""Every list of the description is walked: in each of its orders, by pages, with wrong cursors.

So is whatever has an ETag: read again, and changed by somebody who has seen something older.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import httpx
import pytest

from asking_all import Body, operations, send
from chatting import Turn
from deployed import PATIENCE, Deployed
from settled import Settler, newcomer, settler

TEXT: Final = {"title": "Ships", "text": "They are larger."}
STALE: Final = '"0123456789abcdef"'


@pytest.fixture(scope="module")
def rich(server: Deployed) -> Iterator[Settler]:
    """Somebody who has at least two of everything that there are lists of."""
    headers = newcomer(server)
    with ExitStack() as stack:
        first, _ = (stack.enter_context(settler(server, headers)) for _ in range(2))
        http, things = first.http, first.things
        for name in ("Second", "Third", "Fourth"):
            here = ok(http.post("/api/v1/organizations", json={"name": name}))["id"]
            if name != "Second":
                http.delete(f"/api/v1/organizations/{here}").raise_for_status()
        ok(http.post("/api/v1/secrets", json={"name": "b_key", "value": "of another safe"}))
        ok(http.post(f"/api/v1/collections/{things['collection_id']}/documents", json=TEXT))
        restrict(http, things["collection_id"], "Secret", "Confidential")
        members = f"/api/v1/organizations/{things['organization_id']}/invitations"
        token = ok(http.post(members, json={}))["token"]
        colleague = newcomer(server)
        accept = f"{server.url}/api/v1/invitations/accept"
        ok(httpx.post(accept, json={"token": token}, headers=colleague))
        me = ok(httpx.get(f"{server.url}/api/v1/me", headers=colleague))
        ok(http.post(f"/api/v1/teams/{things['team_id']}/members", json={"user_id": me["id"]}))
        programs = f"/api/v1/organizations/{things['organization_id']}/service-accounts"
        program = things["service_account_id"]
        ok(http.post(f"{programs}/{program}/api-keys", json={"name": "one more"}))
        other = {"slug": "other", "name": "Other", "system_prompt": "Be brief."}
        ok(http.post("/api/v1/agents", json=other))
        agent = f"/api/v1/agents/{things['agent_id']}"
        ok(http.patch(agent, json={"system_prompt": "Be long."}, headers={"If-Match": "*"}))
        # A second device: the newcomer's password is always the same.
        form = {"username": ok(http.get("/api/v1/me"))["email"], "password": "correct horse"}
        ok(httpx.post(f"{server.url}/api/v1/auth/token", data=form))
        Turn(server.url, headers, "Hello", props={"model": "openai:fake-too"}).ask()
        conversation = f"/api/v1/conversations/{things['conversation_id']}"
        ok(http.patch(conversation, json={"tags": ["reports", "ships"]}))
        limits = {"values": {"limits": ["1000000 calls/day", "2000000 calls/month per user"]}}
        budget = "/api/v1/settings/budget?scope=organization"
        ok(http.patch(budget, json=limits, headers={"If-Match": "*"}))
        for _ in range(2):
            ok(http.post(f"/api/v1/schedules/{things['schedule_id']}/run"))
        stack.enter_context(waiting(server, headers, things["conversation_id"]))
        yield first


def restrict(http: httpx.Client, collection: str, *titles: str) -> None:
    """Add documents that only whoever adds them may read."""
    readers = {"readers": [{"user_id": ok(http.get("/api/v1/me"))["id"]}]}
    for title in titles:
        note = {"title": title, "text": f"{title} words."}
        added = ok(http.post(f"/api/v1/collections/{collection}/documents", json=note))
        path = f"/api/v1/documents/{added['document_ids'][0]}/permissions"
        ok(http.put(path, json=readers))


@contextmanager
def waiting(server: Deployed, headers: dict[str, str], thread: str) -> Iterator[None]:
    """Have two messages wait in a conversation for the end of an answer that takes an hour."""
    endless = Turn(server.url, headers, "[[fake-tok36000-itl100]]", thread)
    turns, threads = [endless], [endless.in_background()]
    endless.wait_for(b"word-1 ")
    for text in ("And then?", "And after that?"):
        turns.append(Turn(server.url, headers, text, thread, props={"on_active_run": "queue"}))
        threads.append(turns[-1].in_background())
    deadline = time.monotonic() + PATIENCE
    at = f"{server.url}/api/v1/conversations/{thread}/waiting"
    while len(ok(httpx.get(at, headers=headers))["items"]) < len(turns) - 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)  # nothing tells that a message waits
    yield
    for turn in reversed(turns):
        cancel = f"{server.url}/api/v1/runs/{turn.run_id}/cancel"
        httpx.post(cancel, headers=headers).raise_for_status()
    for thread_of in threads:
        thread_of.join()


def ok(answer: httpx.Response) -> Body:
    assert answer.is_success, answer.text
    found: Body = answer.json()
    return found


def lists(description: Body) -> Iterator[tuple[str, list[str], str]]:
    """Yield the path of each list, its orders, and the name of its operation."""
    for method, path, operation in operations(description):
        for parameter in operation["parameters"]:
            if method == "get" and parameter.get("name") == "sort":
                yield path, parameter["schema"]["enum"], operation["operationId"]


def walk(http: httpx.Client, path: str, sort: str, size: int) -> list[Any]:
    """Read a whole list page by page."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        query = {"limit": str(size), "sort": sort} | ({"cursor": cursor} if cursor else {})
        page = ok(http.get(path, params=query))
        assert len(page["items"]) <= size
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def marks(items: list[Any]) -> list[str]:
    """Return what tells items apart, and does not change while they are read."""
    names = ("id", "run_id", "user_id", "document_id", "seq", "name", "number")
    return [str(next(item[name] for name in names if name in item)) for item in items]


def test_every_list_can_be_had_page_by_page_in_each_of_its_orders(
    description: Body, rich: Settler
) -> None:
    found = list(lists(description))
    assert len(found) > 12
    for path, orders, name in found:
        at = path.format_map(rich.things)
        assert len(orders) % 2 == 0
        for sort in orders:
            whole = marks(walk(rich.http, at, sort, 100))
            assert len(whole) > 1, f"There is too little in {name} to tell its order."
            assert len(set(whole)) == len(whole)
            assert marks(walk(rich.http, at, sort, 1)) == whole, (path, sort)
            turned = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
            assert marks(walk(rich.http, at, turned, 100)) == whole[::-1], (path, sort)


def test_a_cursor_counts_in_the_list_and_in_the_order_that_it_is_of(
    description: Body, rich: Settler
) -> None:
    strange: Body = {}
    for path, orders, _ in lists(description):
        at = path.format_map(rich.things)
        cursors = {
            sort: ok(rich.http.get(at, params={"limit": 1, "sort": sort}))["next_cursor"]
            for sort in orders
        }
        for sort in orders:
            others = [cursor for other, cursor in cursors.items() if other != sort]
            for cursor in (*others, *strange.values(), "W10", "x", "%00"):
                answer = rich.http.get(at, params={"sort": sort, "cursor": cursor})
                assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, sort)
                assert answer.json()["code"] == "cursor_invalid", (path, sort)
        strange = cursors


def test_orders_and_sizes_that_a_list_does_not_have_are_refused(
    description: Body, rich: Settler
) -> None:
    for path, _, _ in lists(description):
        for query in ({"sort": "of_no_list"}, {"sort": ""}, {"limit": "0"}, {"limit": "101"}):
            answer = rich.http.get(path.format_map(rich.things), params=query)
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, query)
            assert answer.json()["errors"][0]["pointer"] == f"/query/{next(iter(query))}"


def test_filters_show_what_they_name_and_refuse_what_names_nothing(
    description: Body, rich: Settler
) -> None:
    asked = 0
    for method, path, operation in operations(description):
        for parameter in operation["parameters"]:
            at = path.format_map(rich.things)
            if method != "get" or parameter.get("name") != "q":
                continue
            assert ok(rich.http.get(at, params={"q": "%_of nothing"}))["items"] == []
            for words in ("", "x" * 201):
                refused = rich.http.get(at, params={"q": words})
                assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, words)
            asked += 1
    assert asked > 8


def conditional(description: Body, header: str) -> Iterator[tuple[str, str, Body]]:
    wanted = {"$ref": f"#/components/parameters/{header}"}
    for method, path, operation in operations(description):
        if wanted in operation["parameters"]:
            yield method, path, operation


def read(rich: Settler, path: str) -> httpx.Response:
    layered = "/settings/" in path and not path.endswith("/effective")
    scope = {"scope": "organization"} if layered else {}
    return rich.http.get(path.format_map(rich.things), params=scope)


def test_whoever_has_something_already_gets_it_no_second_time(
    description: Body, rich: Settler
) -> None:
    asked = 0
    for _, path, _ in conditional(description, "IfNoneMatch"):
        first = read(rich, path)
        if first.status_code == httpx.codes.NO_CONTENT:  # there is none, and that is no fault
            continue
        if first.is_error and first.json()["code"] == "document_without_pages":
            continue  # nor is it one of a note; pages of a PDF are looked at in `test_pages.py`
        assert first.status_code == httpx.codes.OK, path
        again = rich.http.get(
            str(first.request.url), headers={"If-None-Match": first.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b""), path
        asked += 1
    assert asked > 10


def test_a_change_by_somebody_who_has_seen_something_older_changes_nothing(
    description: Body, rich: Settler
) -> None:
    asked = 0
    for method, path, operation in conditional(description, "IfMatch"):
        if "get" not in description["paths"][path]:  # its tag is that of something larger
            continue
        before = read(rich, path)
        assert before.status_code == httpx.codes.OK, path
        with httpx.Client(
            base_url=rich.http.base_url, headers=rich.headers | {"If-Match": STALE}, timeout=60
        ) as late:
            at = f"{path}?scope=organization" if "/settings/" in path else path
            refused = send(late, method, at, operation, rich.things)
        assert refused.status_code == httpx.codes.PRECONDITION_FAILED, (method, path, refused.text)
        assert refused.json()["code"] == "precondition_failed"
        assert read(rich, path).headers["etag"] == before.headers["etag"], (method, path)
        asked += 1
    assert asked > 20

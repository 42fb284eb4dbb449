"""Query parameters that are not there are refused on every route."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from folkmoot.kit.ids import new_id
from route_walk import whole_application

pytestmark = pytest.mark.anyio

API = "/api/"
NAMED = re.compile(r"\{[^}]+\}")
OPEN = {"finish_outside_sign_in", "finish_mcp_authorization"}
"""Where issuers send people, with what they like to add."""


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return whole_application()


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://folkmoot.example") as http:
        yield http


def operations(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    for path, item in app.openapi()["paths"].items():
        for method, operation in item.items():
            if path.startswith(API):
                yield method, path, operation["operationId"]


async def test_every_operation_refuses_a_parameter_that_it_does_not_take(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    taken: list[str] = []
    for method, path, name in operations(app):
        address = NAMED.sub(str(new_id()), path)
        answer = await http.request(method, address, params={"limt/": "5"})
        if (answer.status_code, answer.json().get("code")) != (422, "parameter_unknown"):
            taken.append(name)
            continue
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == "/query/limt~1"
    assert set(taken) == OPEN


async def test_what_is_wrong_is_named_with_what_there_is(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/runs", params={"stat": "running", "limit": "5"})
    assert answer.json()["detail"] == (
        "There is no such query parameter here: stat. There are: cursor, kind, limit,"
        " parent_run_id, sort, state."
    )
    many = await http.get("/api/v1/runs", params={"x" * 200 + str(n): "" for n in range(200)})
    assert many.status_code == 422
    assert len(many.content) < 8_000


async def test_what_is_there_goes_on_to_whoever_asks_for_a_caller(http: httpx.AsyncClient) -> None:
    right = await http.get("/api/v1/runs", params={"state": "running", "limit": "5"})
    assert (right.status_code, right.json()["code"]) == (401, "unauthenticated")

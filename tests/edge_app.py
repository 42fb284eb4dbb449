"""An application with a bit of everything, to stand behind the edge in tests."""

from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, FastAPI, Form, Request
from pydantic import JsonValue
from starlette.responses import HTMLResponse, StreamingResponse

from folkmoot.http import docs, problems
from folkmoot.kit.errors import RateLimited

LIMIT = 200_000


async def upload(collection_id: str, request: Request) -> dict[str, list[int]]:
    return {collection_id: [len(part) async for part in request.stream()]}


def application() -> FastAPI:
    """An application with a bit of everything."""
    app = FastAPI(openapi_url=None)
    problems.install(app)
    api = APIRouter(prefix="/api")

    @api.post("/echo")
    async def echo(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        structlog.get_logger().info("echoing")
        return body

    @api.post("/form")
    async def form(name: Annotated[str, Form()]) -> str:
        return name

    @api.put("/raw")
    async def raw() -> str:
        return "unread"

    @api.get("/agents/{agent_id}/things/{thing}")
    async def thing(agent_id: str, thing: str) -> dict[str, str]:
        return {"agent": agent_id, "thing": thing}

    @api.get("/fail")
    async def fail() -> None:
        raise RuntimeError("sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG is in the message")

    @api.get("/limited")
    async def limited() -> None:
        raise RateLimited("Slow down.", retry_after=7)

    @api.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>", headers={"Content-Security-Policy": "sandbox"})

    @api.get("/breaks")
    async def breaks() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError("in the middle")

        return StreamingResponse(pieces())

    api.add_api_route("/v1/collections/{collection_id}/documents", upload, methods=["POST"])
    app.include_router(api)
    app.include_router(docs.router())
    return app

"""REST endpoints by which people let Folkmoot use MCP servers in their name."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from folkmoot.http.access import PUBLIC, CurrentSubject, PermissionDenied, require
from folkmoot.http.problems import documented
from folkmoot.http.queries import ANY_QUERY
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import McpServerId
from folkmoot.settings.errors import FeatureOff
from folkmoot.tools.mcp.errors import McpAuthorizationFailed, McpServerNotFound, McpServerNotGranted
from folkmoot.tools.mcp.granting import LIFETIME, Brought
from folkmoot.tools.mcp.grants import Kept
from folkmoot.tools.mcp.schemas import McpAuthorizationBegun, McpAuthorizationRead
from folkmoot.tools.mcp.service import CALLBACK, McpClient

CONSOLE: Final = "/settings/mcp-servers"
NOT_STORED: Final = {"Cache-Control": "no-store"}
Given = Annotated[str, Query(max_length=4096, pattern=r"^[^\x00]*$")]
MISSING: Final = (OrganizationNotFound, McpServerNotFound)
OWN: Final = "/mcp-servers/{mcp_server_id}/authorization"


def router(client: McpClient) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        tags=["mcp servers"],
        dependencies=[Depends(client.demand_on)],
        responses=documented(FeatureOff),
    )
    _add_own(routes, client)
    _add_callback(routes, client)
    return routes


def _add_own(routes: APIRouter, client: McpClient) -> None:
    refusals = (NotSignedIn, PermissionDenied, FeatureOff, *MISSING, McpServerNotGranted)

    @routes.post(
        OWN,
        dependencies=[require("mcp_servers:write")],
        responses=documented(*refusals, McpAuthorizationFailed),
    )
    async def begin_mcp_authorization(
        mcp_server_id: McpServerId, subject: CurrentSubject, response: Response
    ) -> McpAuthorizationBegun:
        """Ask where to let Folkmoot use a server in your name; your browser has to go there.

        The answer sets a cookie without which what the browser brings back does not count.
        """
        begun = await client.grants.begin(subject, mcp_server_id)
        response.set_cookie(
            client.cookie,
            begun.state,
            max_age=int(LIFETIME),
            path="/",
            secure=client.https,
            httponly=True,
            samesite="lax",  # the authorization server sends the browser back
        )
        return McpAuthorizationBegun(url=begun.url)

    @routes.get(OWN, dependencies=[require("mcp_servers:read")], responses=documented(*refusals))
    async def read_mcp_authorization(
        mcp_server_id: McpServerId, subject: CurrentSubject
    ) -> McpAuthorizationRead:
        """Tell whether you have let Folkmoot use a server in your name."""
        return _shown(await client.grants.status(subject, mcp_server_id))

    @routes.delete(
        OWN,
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("mcp_servers:write")],
        responses=documented(*refusals),
    )
    async def end_mcp_authorization(mcp_server_id: McpServerId, subject: CurrentSubject) -> None:
        """Let Folkmoot use a server in your name no longer.

        Its tokens are revoked where the authorization server does that, and forgotten in any case.
        """
        await client.grants.end(subject, mcp_server_id)


def _add_callback(routes: APIRouter, client: McpClient) -> None:
    @routes.get(
        CALLBACK,
        dependencies=[PUBLIC, ANY_QUERY],
        status_code=HTTPStatus.SEE_OTHER,
        response_class=RedirectResponse,
        responses=documented(McpAuthorizationFailed),
    )
    async def finish_mcp_authorization(
        request: Request, state: Given = "", code: Given = "", iss: Given | None = None
    ) -> Response:
        """Take what an authorization server has sent a browser back with, and lead it on."""
        cookie = request.cookies.get(client.cookie, "")
        try:
            server_id = await client.grants.finish(Brought(cookie, state, code, iss))
        except AppError as failure:
            answer = _failed(request, failure)
        else:
            answer = RedirectResponse(f"{CONSOLE}/{server_id}", HTTPStatus.SEE_OTHER, NOT_STORED)
        answer.delete_cookie(
            client.cookie, path="/", secure=client.https, httponly=True, samesite="lax"
        )
        return answer


def _failed(request: Request, failure: AppError) -> Response:
    """Tell people in the console what has failed; whatever is no browser gets the problem."""
    if "text/html" not in request.headers.get("accept", ""):
        raise failure
    told = urlencode({"problem": failure.code})
    return RedirectResponse(f"{CONSOLE}?{told}", HTTPStatus.SEE_OTHER, NOT_STORED)


def _shown(kept: Kept) -> McpAuthorizationRead:
    tokens, client = kept.tokens, kept.client
    if tokens is None or client is None:
        return McpAuthorizationRead(
            authorized=False, authorized_at=None, issuer=None, scope=None, expires_at=None
        )
    return McpAuthorizationRead(
        authorized=True,
        authorized_at=kept.connected_at,
        issuer=client.issuer,
        scope=tokens.scope,
        expires_at=None if tokens.until is None else datetime.fromtimestamp(tokens.until, UTC),
    )

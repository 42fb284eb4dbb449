"""Addresses of the console: its files, and one page for all places the page itself knows."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from folkmoot.faces.console.assets import PAGE, STATIC, Asset, load
from folkmoot.http.access import PUBLIC

FILES: Final = "/console"
"""Where the files are served; `base` in `console/vite.config.ts` says the same."""

PLACES: Final = (
    "/",
    "/sign-in",
    "/register",
    "/invitation",
    "/reset-password",
    "/shared",
    "/chat/{id}",
    "/agents",
    "/agents/{id}",
    "/documents",
    "/documents/{id}",
    "/documents/{id}/{item}",
    "/runs",
    "/runs/{id}",
    "/approvals",
    "/approvals/{id}",
    "/deleted",
    "/operations",
    "/settings",
    "/settings/{part}",
    "/settings/{part}/{id}",
)
"""What `console/src/lib/state/router.svelte.ts` knows. Other addresses stay honest 404s."""

POLICY: Final = (
    "default-src 'self'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data: blob:; "
    "connect-src 'self'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'; "
    "form-action 'self'"
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

ONE_YEAR: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"

NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Folkmoot</title>
</head>
<body>
<h1>Folkmoot is running, without its console</h1>
<p>The web console was not built into this installation, which takes Node.js 20 or newer.
In a checkout of the sources, <code>python hatch_build.py</code> builds it;
then start the server again.</p>
<p>The <a href="/docs">API</a> and the command line (<code>folkmoot chat</code>) work as ever.</p>
</body>
</html>
"""


def router(directory: Path = STATIC) -> APIRouter:
    """Return the routes of the console built in a directory."""
    files = load(directory)
    page = files.get(PAGE)
    routes = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

    async def show_page(request: Request) -> Response:
        """Answer every place of the console with its one page."""
        return _answer(request, page) if page else _not_built()

    async def read_file(path: str, request: Request) -> Response:
        """Answer one file of the build."""
        if path not in files:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _answer(request, files[path])

    for place in PLACES:
        routes.add_api_route(place, show_page, methods=["GET", "HEAD"])
    routes.add_api_route(FILES + "/{path:path}", read_file, methods=["GET", "HEAD"])
    return routes


def _answer(request: Request, asset: Asset) -> Response:
    cache = ONE_YEAR if asset.lasting else ASK_EACH_TIME
    headers = {**HEADERS, "Cache-Control": cache, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if asset.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)


def _not_built() -> Response:
    headers = {**HEADERS, "Cache-Control": ASK_EACH_TIME}
    return HTMLResponse(NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)

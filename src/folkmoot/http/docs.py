"""The API's documentation as a page, with every asset served by this process itself.

The assets are those of the package `fastapi-offline`; its page is not used, for its script stands
inside the page, which our content security policy does not allow.
"""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from folkmoot.http.access import PUBLIC

ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Swagger UI sets style attributes in the markup that it makes."""

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Folkmoot API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon.png">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

START: Final = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  persistAuthorization: false,
});
"""

HEADERS: Final = {"Content-Security-Policy": POLICY}


def router() -> APIRouter:
    """Return the routes of the page and its assets."""
    directory = _directory()
    routes = APIRouter(prefix="/docs", include_in_schema=False, dependencies=[PUBLIC])

    @routes.get("")
    async def page() -> Response:
        """Return the page."""
        return HTMLResponse(PAGE, headers=HEADERS)

    @routes.get("/start.js")
    async def start() -> Response:
        """Return the page's own script."""
        return Response(START, media_type="text/javascript")

    for name, media_type in ASSETS.items():
        routes.add_api_route(f"/{name}", _file(directory / name, media_type), name=name)
    return routes


def _file(path: Path, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def read() -> Response:
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": "max-age=86400"})

    return read


def _directory() -> Path:
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:  # pragma: no cover - it is a dependency
        raise ModuleNotFoundError("fastapi_offline")
    return Path(spec.origin).parent / "static"

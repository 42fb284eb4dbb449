"""Which methods an address takes, whichever of its routes takes them (RFC 9110, section 10.2.1)."""

from fastapi.routing import iter_route_contexts
from starlette.requests import Request


def allowed(request: Request) -> str:
    """Return the value of `Allow` for a request's path.

    The framework itself names the methods of the first route alone that has this path.
    """
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    contexts = iter_route_contexts(request.app.routes)
    methods = {
        method
        for context in contexts
        if context.path_regex.match(path)
        for method in context.methods or ()
    }
    return ", ".join(sorted(methods))

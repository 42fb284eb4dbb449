"""Loads the library that speaks MCP when a server is first asked: it takes a second."""

import asyncio
from functools import cache
from importlib import import_module
from typing import cast

from folkmoot.tools.mcp.ports import Authorizing, Linking


async def linking() -> Linking:
    """Return the module of connections; others go on while it is loaded."""
    if _module.cache_info().currsize == 0:
        return await asyncio.to_thread(_module)
    return _module()


@cache
def _module() -> Linking:
    return cast(Linking, import_module("folkmoot.tools.mcp.linking"))


async def authorizing() -> Authorizing:
    """Return the module of OAuth, which needs the same library."""
    await linking()
    return cast(Authorizing, import_module("folkmoot.tools.mcp.authorizing"))

"""Servers and their tools as the API shows them."""

from folkmoot.kit.scope import Scope
from folkmoot.settings.scopes import level_of
from folkmoot.tools.mcp.models import McpServer, McpTool
from folkmoot.tools.mcp.naming import offered_as
from folkmoot.tools.mcp.schemas import (
    McpServerAbout,
    McpServerRead,
    McpToolBefore,
    McpToolHints,
    McpToolRead,
)
from folkmoot.tools.tool import Asks


def read_server(server: McpServer) -> McpServerRead:
    """Return a server as the API shows it."""
    return McpServerRead(
        id=server.id,
        name=server.name,
        scope=Scope(level_of(server.team_id, server.user_id)),
        team_id=server.team_id,
        transport=server.transport,
        url=server.url,
        command=server.command,
        auth=server.auth,
        secret=server.secret,
        header=server.header,
        timeout_seconds=server.timeout_seconds,
        enabled=server.enabled,
        about=McpServerAbout.model_validate(server.about),
        listed_at=server.listed_at,
        error=server.error,
        created_by=server.created_by,
        created_at=server.created_at,
        updated_at=server.updated_at,
    )


def read_tool(server: McpServer, tool: McpTool) -> McpToolRead:
    """Return a tool as the API shows it."""
    return McpToolRead(
        name=tool.name,
        offered_as=offered_as(server.name, tool.name),
        description=tool.description,
        parameters=tool.parameters,
        hints=McpToolHints.model_validate(tool.hints),
        fingerprint=tool.fingerprint.hex(),
        enabled=tool.enabled,
        approval=Asks(tool.approval) if tool.approval else None,
        asks=asks(tool),
        changed=tool.looked_at is not None and tool.looked_at != tool.fingerprint,
        before=McpToolBefore.model_validate(tool.before) if tool.before else None,
        listed=tool.listed_at == server.listed_at,
    )


def asks(tool: McpTool) -> Asks:
    """Return when somebody is asked before a call: always, unless the tool says it only reads."""
    if tool.approval is not None:
        return Asks(tool.approval)
    return Asks.NEVER if tool.hints.get("read_only") is True else Asks.ALWAYS

"""The tools of servers as they were listed, and which of them may be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from folkmoot.audit import trail
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.tools.mcp.errors import McpToolChanged, McpToolNotFound
from folkmoot.tools.mcp.listed import ListedTool, Listing
from folkmoot.tools.mcp.models import McpServer, McpTool
from folkmoot.tools.mcp.schemas import McpToolChange

CHANGED: Final = "mcp_tool.changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """Names of tools that a listing has brought, and of those that are others than looked at."""

    added: Sequence[str]
    changed: Sequence[str]


async def of_server(work: Work, server: McpServer) -> Sequence[McpTool]:
    """Return every tool that a server has listed, by name."""
    statement = (
        select(McpTool)
        .where(McpTool.org_id == server.org_id, McpTool.server_id == server.id)
        .order_by(McpTool.name)
    )
    return (await work.session.scalars(statement)).all()


async def take(
    work: Work, server: McpServer, listing: Listing, about: Mapping[str, Any]
) -> Difference:
    """Store what a server lists, with the server held.

    What is new is off. What is not as somebody has looked at it goes off, and what is gone stays
    only if somebody has.
    """
    now = clock.now()
    known = {tool.name: tool for tool in await of_server(work, server)}
    for name, listed in listing.tools.items():
        tool = known.get(name)
        if tool is None:
            work.session.add(_new(server, listed, now))
        else:
            await _refresh(work, server, tool, listed)
            tool.listed_at = now
    for name, tool in known.items():
        if name not in listing.tools and tool.looked_at is None:
            await work.session.delete(tool)
    server.listed_at, server.error, server.about = now, None, dict(about)
    await work.session.flush()
    return Difference(
        added=[name for name in listing.tools if name not in known],
        changed=[name for name, tool in known.items() if is_changed(tool)],
    )


async def forget(work: Work, server: McpServer) -> None:
    """Have every tool looked at again: whoever answers now is somebody else."""
    server.listed_at, server.error, server.about = None, None, {}
    await work.session.execute(
        update(McpTool)
        .where(McpTool.org_id == server.org_id, McpTool.server_id == server.id)
        .values(enabled=False, approval=None, looked_at=None, before=None)
    )


async def withhold(work: Work, server: McpServer, listed: ListedTool) -> None:
    """Take note that a tool which is in use is not what somebody has looked at."""
    key = {"org_id": server.org_id, "server_id": server.id, "name": listed.name}
    tool = await work.session.get(McpTool, key)
    if tool is not None:
        await _refresh(work, server, tool, listed)
        await work.session.flush()


async def change(
    work: Work, server: McpServer, changes: Sequence[McpToolChange]
) -> Sequence[McpTool]:
    """Make changes that somebody asks for, with the server held.

    Raises:
        McpToolNotFound: The server has listed no such tool.
        McpToolChanged: It is to be enabled, and is not what was looked at.
    """
    known = {tool.name: tool for tool in await of_server(work, server)}
    for each in changes:
        tool = known.get(each.name)
        if tool is None:
            raise McpToolNotFound(each.name)
        before = _told(tool)
        _change(tool, each)
        after = _told(tool)
        if after != before:
            await _record(work, "mcp_tool.updated", server, before=before, after=after)
    await work.session.flush()
    return [known[name] for name in dict.fromkeys(each.name for each in changes)]


def is_changed(tool: McpTool) -> bool:
    """Whether a tool is another one than somebody has looked at."""
    return tool.looked_at is not None and tool.looked_at != tool.fingerprint


def _change(tool: McpTool, wanted: McpToolChange) -> None:
    if wanted.fingerprint is not None and wanted.fingerprint != tool.fingerprint.hex():
        raise McpToolChanged(tool.name)
    if wanted.enabled and not tool.enabled:
        if wanted.fingerprint is None:
            raise McpToolChanged(tool.name)
        tool.looked_at, tool.before = tool.fingerprint, None
    if wanted.enabled is not None:
        tool.enabled = wanted.enabled
    if "approval" in wanted.model_fields_set:
        tool.approval = wanted.approval


async def _refresh(work: Work, server: McpServer, tool: McpTool, listed: ListedTool) -> None:
    """Let a row say what is listed now; the tool goes off if somebody has looked at another."""
    if tool.fingerprint == listed.fingerprint:
        return
    if tool.looked_at is not None and tool.before is None:
        tool.before = {
            "description": tool.description,
            "parameters": tool.parameters,
            "hints": tool.hints,
        }
    was, tool.enabled, tool.approval = tool.enabled, False, None
    tool.description, tool.parameters = listed.description, listed.parameters
    tool.hints, tool.fingerprint = dict(listed.hints), listed.fingerprint
    if tool.looked_at == tool.fingerprint:
        tool.before = None
    if was:
        await _record(
            work, CHANGED, server, before={"name": tool.name, "enabled": True}, after=_told(tool)
        )


def _new(server: McpServer, listed: ListedTool, now: datetime) -> McpTool:
    return McpTool(
        org_id=server.org_id,
        server_id=server.id,
        name=listed.name,
        description=listed.description,
        parameters=dict(listed.parameters),
        hints=dict(listed.hints),
        fingerprint=listed.fingerprint,
        listed_at=now,
    )


def _told(tool: McpTool) -> dict[str, object]:
    """Return what the trail tells of a tool: nothing that its server says of it."""
    return {
        "name": tool.name,
        "enabled": tool.enabled,
        "approval": tool.approval,
        "fingerprint": tool.fingerprint.hex()[:16],
    }


async def _record(
    work: Work,
    action: str,
    server: McpServer,
    *,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    target = ("mcp_server", server.id)
    await trail.record(work, action, target=target, before=before, after=after)

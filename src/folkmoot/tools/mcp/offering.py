"""The tools of MCP servers that a run is offered.

What is offered is what somebody has looked at, from our own tables: no server is asked before a
tool is called, so that none can keep a run waiting or put words into it that nobody has read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.kit.ids import TeamId
from folkmoot.kit.subject import Subject
from folkmoot.runs.ledger import Ledger
from folkmoot.settings.resolver import RANK
from folkmoot.settings.scopes import acting_team, level_of
from folkmoot.tools.mcp.calling import LONGEST_RESULT, PREPARING, Calls, is_harmless
from folkmoot.tools.mcp.models import McpServer, McpTool
from folkmoot.tools.mcp.naming import offered_as
from folkmoot.tools.mcp.reading import asks
from folkmoot.tools.tool import Tool
from folkmoot.tools.toolbox import toolbox

USE: Final = "mcp_servers:read"
"""The permission without which nobody's runs use servers."""
ANY: Final = "SELECT FROM mcp_servers WHERE org_id = %s AND enabled LIMIT 1"
MOST: Final = 96
"""Tools that one run is offered: providers take about a hundred."""

Found = tuple[McpServer, McpTool]


@dataclass(frozen=True, slots=True)
class Offers:
    """Finds what a run is offered."""

    database: Database
    ledger: Ledger
    calls: Calls

    async def of(self, subject: Subject) -> Mapping[str, Tool]:
        """Return the tools that a subject's runs may call, by name, ready to be called."""
        if USE not in subject.permissions or not await self._any(subject):
            return {}
        async with self.database.work(subject) as work:
            statement = (
                select(McpServer, McpTool)
                .join(
                    McpTool,
                    (McpTool.org_id == McpServer.org_id) & (McpTool.server_id == McpServer.id),
                )
                .where(
                    McpServer.org_id == subject.org_id,
                    McpServer.enabled,
                    McpTool.enabled,
                    McpTool.listed_at == McpServer.listed_at,
                )
                .order_by(McpServer.id, McpTool.name)
            )
            rows = [(row[0], row[1]) for row in await work.session.execute(statement)]
        nearest = _nearest((server for server, _ in rows), acting_team(subject))
        offered = [row for row in rows if nearest[row[0].name] is row[0]]
        return toolbox(self._tools(offered), self.ledger)

    async def _any(self, subject: Subject) -> bool:
        """Tell whether the subject sees a server; most organisations have none."""
        async with self.database.pipelined(subject) as connection:
            answer = await connection.execute(ANY, (subject.org_id,), prepare=True)
        return await answer.fetchone() is not None

    def _tools(self, rows: Sequence[Found]) -> Iterable[Tool]:
        """Yield the tools; of two that would have one name the first counts."""
        names: set[str] = set()
        for server, tool in rows:
            name = offered_as(server.name, tool.name)
            if name not in names and len(names) < MOST:
                names.add(name)
                yield self._tool(name, server, tool)

    def _tool(self, name: str, server: McpServer, tool: McpTool) -> Tool:
        return Tool(
            name=name,
            description=tool.description or tool.name,
            parameters=tool.parameters,
            call=partial(self.calls.make, server, tool),
            idempotent=is_harmless(tool),
            writes=tool.hints.get("read_only") is not True,
            origin=str(server.id),
            asks=asks(tool),
            timeout=server.timeout_seconds + PREPARING,
            max_output=LONGEST_RESULT,
        )


def _nearest(servers: Iterable[McpServer], team: TeamId | None) -> Mapping[str, McpServer]:
    """Return which server counts of those of one name: one's own, a team's, the organisation's.

    Of several teams' it is that of the team that somebody acts in, or else the oldest.
    """
    found: dict[str, McpServer] = {}
    for server in servers:
        known = found.get(server.name)
        if known is None or _rank(server, team) > _rank(known, team):
            found[server.name] = server
    return found


def _rank(server: McpServer, team: TeamId | None) -> tuple[int, bool]:
    return RANK[level_of(server.team_id, server.user_id)], server.team_id == team

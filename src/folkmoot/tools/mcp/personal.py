"""What the MCP client keeps of a person: the servers that only they use."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.tools.mcp.models import McpServer
from folkmoot.tools.mcp.revoking import Revocations

SERVERS: Final = select(
    McpServer.id,
    McpServer.name,
    McpServer.transport,
    McpServer.url,
    McpServer.command,
    McpServer.secret.label("secret_name"),
    McpServer.created_at,
    McpServer.updated_at,
)


@dataclass(frozen=True, slots=True)
class OwnMcpServers:
    """Servers that people have named for themselves; what their tools are goes with them."""

    database: Database
    revocations: Revocations
    tables: frozenset[str] = frozenset({"mcp_servers", "mcp_tools", "mcp_revocations"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the person's servers."""
        for org_id in person.places:
            mine = SERVERS.where(McpServer.org_id == org_id, McpServer.user_id == person.user_id)
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            servers = extract.lines(open_work, mine, [McpServer.id])
            yield File(f"organizations/{org_id}/mcp_servers.jsonl", servers)

    async def erase(self, person: Person) -> None:
        """Forget them; what is to be revoked at others does not tell any more whose it was."""
        for org_id in person.places:
            mine = delete(McpServer).where(
                McpServer.org_id == org_id, McpServer.user_id == person.user_id
            )
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await work.session.execute(mine)
            await self.revocations.disown(org_id, person.user_id)

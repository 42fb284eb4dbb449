"""The MCP client of a deployment: what its parts are made of, and what routes ask of it."""

from collections.abc import Iterable, Mapping
from typing import Final

from folkmoot.db.work import Database
from folkmoot.kit.outbound.client import Outbound
from folkmoot.runs.ledger import Ledger
from folkmoot.runs.live import LiveRun
from folkmoot.settings.errors import FeatureOff
from folkmoot.settings.features import Features
from folkmoot.settings.programs import McpProgram
from folkmoot.settings.secrets import Secrets
from folkmoot.tools.mcp.addressing import Addresses
from folkmoot.tools.mcp.allowed import Allowed
from folkmoot.tools.mcp.calling import Calls
from folkmoot.tools.mcp.checking import Checks
from folkmoot.tools.mcp.connections import Connections
from folkmoot.tools.mcp.granting import Grants, Subjects
from folkmoot.tools.mcp.offering import Offers
from folkmoot.tools.mcp.revoking import Revocations
from folkmoot.tools.tool import Tool

API: Final = "/api/v1"
CALLBACK: Final = "/mcp-authorizations/callback"


class McpClient:
    """Servers, their tools, and the connections to them.

    Args:
        database: The database.
        secrets: Where the secrets are that servers are told.
        outbound: The way out.
        subjects: Who knows what somebody may do.
        public_url: Where people reach the deployment.
        programs: Programs that the operator allows.
        features: What is switched on.
    """

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        outbound: Outbound,
        subjects: Subjects,
        public_url: str = "",
        programs: Iterable[McpProgram] = (),
        features: Features | None = None,
    ) -> None:
        self._features = features or Features()
        self.allowed = Allowed(outbound, {each.name: each for each in programs})
        self.connections = Connections(outbound)
        back = f"{public_url}{API}{CALLBACK}"
        self.https = public_url.startswith("https:")
        self.cookie = "__Host-folkmoot-mcp" if self.https else "folkmoot-mcp"
        self.grants = Grants(database, secrets, outbound, subjects, back)
        self.revocations = Revocations(database, secrets, outbound)
        self.addresses = Addresses(self.allowed, secrets, self.grants)
        self.checks = Checks(database, self.addresses, self.connections)
        calls = Calls(database, self.addresses, self.connections)
        self._offers = Offers(database, Ledger(database), calls)

    @property
    def on(self) -> bool:
        """Whether the operator lets people use MCP servers."""
        return self._features.mcp

    async def tools(self, run: LiveRun) -> Mapping[str, Tool]:
        """Return the tools that a run is offered."""
        return await self._offers.of(run.subject) if self.on else {}

    async def demand_on(self) -> None:
        """Fail unless it is on."""
        if not self.on:
            raise FeatureOff("mcp")

    async def aclose(self) -> None:
        """Close all connections."""
        await self.connections.aclose()

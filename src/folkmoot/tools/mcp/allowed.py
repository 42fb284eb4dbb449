"""What a deployment allows of MCP servers, as far as that can be seen of how one is described."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from folkmoot.kit.outbound.client import Outbound
from folkmoot.settings.programs import McpProgram
from folkmoot.tools.mcp.errors import McpCommandUnknown, McpServerUnfit
from folkmoot.tools.mcp.models import Auth, McpServer, Transport

OF_THE_PROTOCOL: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "last-event-id",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that a secret is not sent in, beside those of MCP and of proxies."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The way out, and the programs that the operator names."""

    outbound: Outbound
    programs: Mapping[str, McpProgram]

    def demand(self, server: McpServer) -> None:
        """Fail unless a server may be asked, for all that is known before it is tried.

        Raises:
            McpServerUnfit: Its parts do not go together.
            McpCommandUnknown: It is a program that the operator does not name.
            Unreachable: Its address leads nowhere, or where nobody may go.
        """
        if server.transport == Transport.STDIO:
            self._demand_program(server)
        elif server.url is None or server.command is not None:
            raise McpServerUnfit("A server that is reached by HTTP has a `url` and no `command`.")
        else:
            self.outbound.check(server.url)
        if (server.auth == Auth.NAMED) != (server.secret is not None):
            raise McpServerUnfit("`secret` names a secret, for the auth `secret` and for no other.")
        if server.auth == Auth.OAUTH and server.transport == Transport.STDIO:
            raise McpServerUnfit("A program knows nobody by OAuth.")
        header = server.header.lower()
        if header in OF_THE_PROTOCOL or header.startswith(("mcp-", "proxy-", "sec-")):
            raise McpServerUnfit("This header is the protocol's own.")

    def _demand_program(self, server: McpServer) -> None:
        if server.command is None or server.url is not None:
            raise McpServerUnfit("A program has a `command` and no `url`.")
        program = self.programs.get(server.command)
        if program is None:
            raise McpCommandUnknown
        if server.auth == Auth.NAMED and program.variable is None:
            raise McpServerUnfit("This program takes no secret.")

"""From a server's row to where it is asked, with the secret of whoever asks."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from folkmoot.kit.subject import Subject
from folkmoot.settings.secrets import Secrets
from folkmoot.tools.mcp.allowed import Allowed
from folkmoot.tools.mcp.connections import Key
from folkmoot.tools.mcp.errors import McpCommandUnknown, McpSecretMissing
from folkmoot.tools.mcp.granting import Grants
from folkmoot.tools.mcp.models import Auth, McpServer, Transport
from folkmoot.tools.mcp.ports import Address

AUTHORIZATION: Final = "authorization"
SHORTEST: Final = 4
"""Characters of a secret that is looked for in what a server says."""
INSTEAD: Final = "[secret]"


@dataclass(frozen=True, slots=True)
class Way:
    """Where a server is asked for somebody, and under which key its connection is kept."""

    key: Key
    address: Address
    secret: str = ""

    def clean(self, text: str) -> str:
        """Return what a server says without the secret that it was told."""
        return text.replace(self.secret, INSTEAD) if len(self.secret) >= SHORTEST else text


@dataclass(frozen=True, slots=True)
class Addresses:
    """Finds the way to servers."""

    allowed: Allowed
    secrets: Secrets
    grants: Grants

    async def of(self, subject: Subject, server: McpServer, refused: Way | None = None) -> Way:
        """Return the way to a server for a subject; with another token if one was refused.

        Raises:
            McpSecretMissing: It needs a secret of a name that the subject has none of.
            McpNotAuthorized, McpAuthorizationFailed: The subject has not let us in there.
            McpCommandUnknown: The operator allows its program no longer.
            SecretUnreadable, SecretStoreUnavailable: The secret cannot be had.
        """
        secret = await self._secret(subject, server, refused)
        digest = sha256(secret.encode()).digest()
        key = Key(server.id, server.revision, subject.user_id, digest)
        return Way(key, self._address(server, secret), secret)

    async def _secret(self, subject: Subject, server: McpServer, refused: Way | None) -> str:
        if server.auth == Auth.OAUTH:
            return await self.grants.token(subject, server, refused.secret if refused else None)
        if server.secret is None:
            return ""
        secret = (await self.secrets.resolve(subject, server.secret) or "").strip()
        if not secret:
            raise McpSecretMissing(server.secret)
        return secret

    def _address(self, server: McpServer, secret: str) -> Address:
        seconds = float(server.timeout_seconds)
        if server.transport != Transport.STDIO:
            return Address(
                transport=server.transport,
                url=server.url or "",
                headers={server.header: _sent(server.header, secret)} if secret else {},
                seconds=seconds,
            )
        program = self.allowed.programs.get(server.command or "")
        if program is None:
            raise McpCommandUnknown
        return Address(
            transport=server.transport,
            program=program.command,
            variables={program.variable: secret} if program.variable and secret else {},
            seconds=seconds,
        )


def _sent(header: str, secret: str) -> str:
    return f"Bearer {secret}" if header.lower() == AUTHORIZATION else secret

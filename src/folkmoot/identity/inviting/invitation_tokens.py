"""Tokens of invitations: they say which one it is, and carry our seal.

So an invitation is looked for in its own organisation alone, and nothing is looked up for a token
that is not ours. Each is random besides: who knows an invitation's id does not know its token.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from folkmoot.identity.callers import credentials
from folkmoot.kit import crypto
from folkmoot.kit.ids import InvitationId, OrgId

ID: Final = 16
NONCE: Final = 16
SEAL: Final = 32


@dataclass(frozen=True, slots=True)
class Named:
    """Which invitation a genuine token is for."""

    org_id: OrgId
    invitation_id: InvitationId


class InvitationTokens:
    """Makes and reads tokens with a key of its own."""

    def __init__(self, secret_key: str) -> None:
        self._key = crypto.derive(secret_key, "invitations")

    def issue(self, named: Named) -> str:
        """Return a new token for an invitation."""
        nonce = secrets.token_bytes(NONCE)
        content = named.org_id.bytes + named.invitation_id.bytes + nonce
        sealed = base64.urlsafe_b64encode(content + self._seal(content))
        return credentials.INVITATION + sealed.decode().rstrip("=")

    def read(self, token: str) -> Named | None:
        """Return what a token is for; None if it is not ours."""
        if not token.startswith(credentials.INVITATION):
            return None
        sealed = _decoded(token.removeprefix(credentials.INVITATION))
        content, seal = sealed[:-SEAL], sealed[-SEAL:]
        if len(content) != ID + ID + NONCE or not hmac.compare_digest(seal, self._seal(content)):
            return None
        organization, invitation = content[:ID], content[ID : 2 * ID]
        return Named(OrgId(UUID(bytes=organization)), InvitationId(UUID(bytes=invitation)))

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""

"""Makes the API key with which commands on this machine talk to their server."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from folkmoot.cli import operator
from folkmoot.cli.local import Credential
from folkmoot.cli.operator import Operator
from folkmoot.identity.errors import ApiKeyNotFound
from folkmoot.identity.programs import api_keys
from folkmoot.identity.schemas import ApiKeyCreate
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId

NAME: Final = "command line"
LIFETIME: Final = timedelta(days=1)
SCOPES: Final = (
    "agents:read",
    "agents:run",
    "agents:write",
    "models:read",
    "conversations:read",
    "conversations:write",
    "runs:read",
    "runs:cancel",
    "collections:read",
    "collections:write",
    "documents:read",
    "documents:write",
    "evaluations:read",
    "evaluations:write",
    "schedules:read",
    "schedules:write",
    "audit:read",
    "caches:manage",
    "usage:read",
    "usage:manage",
    "webhooks:read",
    "webhooks:write",
)


def mint(data_dir: Path, old: Credential | None) -> Credential:
    """Return a new key that acts for the deployment's first user; the old one is revoked.

    Raises:
        NobodyToActFor: Nobody has an account yet.
    """

    async def make(here: Operator) -> Credential:
        subject = await here.subject()
        expires_at = clock.now() + LIFETIME
        wanted = ApiKeyCreate(name=NAME, scopes=list(SCOPES), expires_at=expires_at)
        async with here.identity.database.work(subject) as work:
            key, secret = await api_keys.create(work, wanted)
        if old is not None:
            with suppress(ApiKeyNotFound):
                await here.identity.revoke_key(subject, ApiKeyId(UUID(old.id)))
        return Credential(key=secret, id=str(key.id), expires_at=expires_at.isoformat())

    return operator.perform(make, data_dir=data_dir, config=None)

"""What the settings room keeps of a person: their own layers, and their own secrets."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select

from folkmoot.blobs.store import BlobStore
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.settings import logos
from folkmoot.settings.groups import Group
from folkmoot.settings.models import Secret, SettingsLayer
from folkmoot.settings.secrets import Secrets

LAYERS: Final = select(
    SettingsLayer.id,
    SettingsLayer.name.label("group"),
    SettingsLayer.content.label("values"),
    SettingsLayer.created_at,
    SettingsLayer.updated_at,
)
SECRETS: Final = select(Secret.id, Secret.name, Secret.created_at, Secret.updated_at)


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """What people have set for themselves in an organisation."""

    database: Database
    blobs: BlobStore
    tables: frozenset[str] = frozenset({"settings"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what the person has set, and the picture among it."""
        for org_id in person.places:
            mine = LAYERS.where(
                SettingsLayer.org_id == org_id, SettingsLayer.user_id == person.user_id
            )
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            layers = extract.lines(open_work, mine, [SettingsLayer.id])
            into = f"organizations/{org_id}"
            yield File(f"{into}/settings.jsonl", layers)
            yield File(f"{into}/logo", self._logo(org_id, person.user_id), packed=True)

    async def _logo(self, org_id: OrgId, user_id: UserId) -> AsyncGenerator[bytes]:
        theme = select(SettingsLayer.content["logo"].as_string()).where(
            SettingsLayer.org_id == org_id,
            SettingsLayer.user_id == user_id,
            SettingsLayer.name == Group.THEME,
        )
        async with self.database.work(Subject(org_id, user_id)) as work:
            digest = await work.session.scalar(theme)
        picture = await logos.own(self.blobs, org_id, user_id, digest) if digest else None
        if picture is not None:
            yield picture

    async def erase(self, person: Person) -> None:
        """Unset it."""
        for org_id in person.places:
            mine = delete(SettingsLayer).where(
                SettingsLayer.org_id == org_id, SettingsLayer.user_id == person.user_id
            )
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await work.session.execute(mine)
            await logos.forget(self.blobs, org_id, user_id=person.user_id)


@dataclass(frozen=True, slots=True)
class OwnSecrets:
    """Secrets that only the person uses; what they say is shown to nobody."""

    database: Database
    secrets: Secrets
    tables: frozenset[str] = frozenset({"secrets"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what the person's secrets are called."""
        for org_id in person.places:
            mine = SECRETS.where(Secret.org_id == org_id, Secret.user_id == person.user_id)
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            named = extract.lines(open_work, mine, [Secret.id])
            yield File(f"organizations/{org_id}/secrets.jsonl", named)

    async def erase(self, person: Person) -> None:
        """Keep them no longer, here or elsewhere."""
        for org_id in person.places:
            await self.secrets.forget(Subject(org_id, person.user_id))

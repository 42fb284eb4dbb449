"""The logo of each layer: a picture among the organisation's files, named by what it is made of.

The layer's theme says which one holds, so that locks, versions and the trail are those of any other
setting. A layer has one picture: the one before it goes.
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from folkmoot.blobs.errors import BlobNotFound, BlobTooLarge
from folkmoot.blobs.store import BlobStore
from folkmoot.kit.ids import OrgId, TeamId, UserId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings import pictures
from folkmoot.settings.groups import Group, Theme
from folkmoot.settings.layers import Expected
from folkmoot.settings.resolver import Level
from folkmoot.settings.schemas import LayerRead, LayerWrite, ThemeWrite
from folkmoot.settings.scopes import acting_team, demand_change, place_of
from folkmoot.settings.service import At, Settings

LARGEST: Final = 256 * 1024


class Logos:
    """The logos of a deployment's organisations, teams and users."""

    def __init__(self, settings: Settings, blobs: BlobStore) -> None:
        self._settings = settings
        self._blobs = blobs

    async def keep(self, subject: Subject, at: At, data: bytes, expected: Expected) -> LayerRead:
        """Give a layer a logo, in place of the one that it has.

        Raises:
            BlobTooLarge, PictureUnusable: It is not to be shown.
            TeamNotFound, PermissionDenied, PreconditionFailed, SettingLocked: As for any setting.
        """
        if len(data) > LARGEST:
            raise BlobTooLarge(LARGEST)
        pictures.recognize(data)
        demand_change(subject, place_of(subject, *at), "settings")
        digest = hashlib.sha256(data).hexdigest()
        await self._blobs.put(_key(subject, at, digest), _once(data), limit=LARGEST)
        return await self._change(subject, at, digest, expected)

    async def drop(self, subject: Subject, at: At, expected: Expected) -> LayerRead:
        """Take a layer's logo away; fails as `keep` does."""
        return await self._change(subject, at, None, expected)

    async def holding(self, subject: Subject) -> str | None:
        """Return the name of the logo that holds for a subject, where they act."""
        return (await self._settings.of(subject)).values(Theme).logo

    async def read(self, subject: Subject) -> bytes | None:
        """Return the logo that holds for a subject; None if there is none."""
        theme = (await self._settings.of(subject)).of(Theme)
        source = theme.origins["logo"].source
        if theme.values.logo is None or source is Level.DEPLOYMENT:
            return None
        at = (Scope(source), acting_team(subject))
        return await _found(self._blobs, _key(subject, at, theme.values.logo))

    async def replace(
        self, subject: Subject, group: Group, at: At, data: LayerWrite[Any], expected: Expected
    ) -> LayerRead:
        """Replace a layer's theme as `Settings` does; a picture that it names no more goes."""
        change = partial(self._settings.replace, subject, group, at, data)
        return await self._follow(subject, at, change, expected)

    async def merge(
        self, subject: Subject, group: Group, at: At, data: LayerWrite[Any], expected: Expected
    ) -> LayerRead:
        """Change a layer's theme in the same way."""
        change = partial(self._settings.merge, subject, group, at, data)
        return await self._follow(subject, at, change, expected)

    async def clear(self, subject: Subject, group: Group, at: At, expected: Expected) -> LayerRead:
        """Unset a layer's theme in the same way."""
        change = partial(self._settings.clear, subject, group, at)
        return await self._follow(subject, at, change, expected)

    async def _change(
        self, subject: Subject, at: At, digest: str | None, expected: Expected
    ) -> LayerRead:
        seen: list[object] = []

        def look(layer: LayerRead) -> None:
            seen.append(layer.values.get("logo"))
            expected(layer)

        said = ThemeWrite(values=Theme(logo=digest))
        try:
            return await self.merge(subject, Group.THEME, at, said, look)
        except BaseException:
            # What nobody will ask for, unless it is what the layer has shown all along.
            if digest is not None and seen and digest not in seen:
                await self._blobs.delete(_key(subject, at, digest))
            raise

    async def _follow(
        self,
        subject: Subject,
        at: At,
        change: Callable[[Expected], Awaitable[LayerRead]],
        expected: Expected,
    ) -> LayerRead:
        seen: list[object] = []

        def look(layer: LayerRead) -> None:
            seen.append(layer.values.get("logo"))
            expected(layer)

        changed = await change(look)
        for old in seen:
            if isinstance(old, str) and old != changed.values.get("logo"):
                await self._blobs.delete(_key(subject, at, old))
        return changed


async def own(blobs: BlobStore, org_id: OrgId, user_id: UserId, digest: str) -> bytes | None:
    """Return the logo of this name that a user has for themselves; None if there is none."""
    return await _found(blobs, f"{_directory(org_id, Scope.USER, user_id)}/{digest}")


async def forget(
    blobs: BlobStore, org_id: OrgId, *, team_id: TeamId | None = None, user_id: UserId | None = None
) -> None:
    """Delete the logo of a team or of a user who is not to come back."""
    scope = Scope.TEAM if team_id else Scope.USER
    await blobs.clear(f"{_directory(org_id, scope, team_id or user_id)}/")


def _directory(org_id: OrgId, scope: Scope, owner: OrgId | TeamId | UserId | None) -> str:
    """Return where the logo of a layer is: a place of its own, so that none takes another's."""
    return f"{org_id}/logos/{scope}/{owner}"


def _key(subject: Subject, at: At, digest: str) -> str:
    """Return the name of a blob."""
    scope, team_id = at
    owner: OrgId | TeamId | UserId | None = subject.org_id
    if scope is Scope.TEAM:
        owner = team_id or acting_team(subject)
    elif scope is Scope.USER:
        owner = subject.user_id
    return f"{_directory(subject.org_id, scope, owner)}/{digest}"


async def _found(blobs: BlobStore, key: str) -> bytes | None:
    try:
        async with aclosing(blobs.get(key)) as parts:
            return b"".join([part async for part in parts])
    except BlobNotFound:
        return None


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    yield data

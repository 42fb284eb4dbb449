"""Envelopes: each secret is locked with a key of its own, and that key with the deployment's.

Both locks cover whose secret it is and what it is called, so that nobody who can
write rows makes one secret pass for another.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import orjson

from folkmoot.kit import crypto
from folkmoot.kit.ids import OrgId
from folkmoot.kit.seals import SealBroken, seal, unseal
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.resolver import Level
from folkmoot.settings.stores.store import Address, Sealed

KEY: Final = 32


class Sealer:
    """Seals and opens with the deployment's secret key, and opens with the one before it.

    Args:
        secret_key: The key of now.
        previous: The key that was there before.
    """

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        keys = [secret_key, *([previous] if previous else [])]
        self._keys: Mapping[str, bytes] = {
            key_id(key): crypto.derive(key, "secrets") for key in reversed(keys)
        }
        self.current = key_id(secret_key)

    async def keep(self, address: Address, value: str) -> Sealed | None:
        """Seal a value."""
        return self.seal(address, value)

    async def value(self, address: Address, sealed: Sealed | None) -> str:
        """Open what a row holds.

        Raises:
            SecretUnreadable: It was sealed with another key, for another place, or elsewhere.
        """
        if sealed is None:
            raise SecretUnreadable(address.name)
        return self.open(address, sealed)

    async def drop(self, address: Address) -> None:
        """Do nothing: a value goes with its row."""

    async def clear(self, org_id: OrgId, level: Level, owner_id: UUID) -> None:
        """Do nothing, for the same reason."""

    async def listed(self) -> Sequence[tuple[str, UUID]]:
        """Return nothing, for the same reason."""
        return ()

    async def remove(self, stored_name: str) -> None:
        """Do nothing, for the same reason."""

    def seal(self, address: Address, value: str) -> Sealed:
        """Lock a value with a new key, and that key with the deployment's."""
        key = os.urandom(KEY)
        return Sealed(
            sealed=seal(key, value.encode(), _about(address, "value")),
            wrapped_key=seal(self._keys[self.current], key, _about(address, "key")),
            key_id=self.current,
        )

    def open(self, address: Address, sealed: Sealed) -> str:
        """Return what was sealed for this place."""
        key = self._key(address, sealed)
        return _unlock(key, sealed.sealed, address, "value").decode()

    def rewrap(self, address: Address, sealed: Sealed) -> Sealed:
        """Lock a secret's own key with the deployment's key of now; the secret stays as it is."""
        key = self._key(address, sealed)
        wrapped = seal(self._keys[self.current], key, _about(address, "key"))
        return Sealed(sealed.sealed, wrapped, self.current)

    def _key(self, address: Address, sealed: Sealed) -> bytes:
        outer = self._keys.get(sealed.key_id)
        if outer is None:
            raise SecretUnreadable(address.name)
        return _unlock(outer, sealed.wrapped_key, address, "key")


def key_id(secret_key: str) -> str:
    """Return by what a key is told from another; it tells nothing of the key."""
    return crypto.derive(secret_key, "secrets key id")[:8].hex()


def _about(address: Address, part: str) -> bytes:
    whose = (address.org_id, address.level, address.owner_id, address.name)
    return orjson.dumps([part, *map(str, whose)])


def _unlock(key: bytes, locked: bytes, address: Address, part: str) -> bytes:
    try:
        return unseal(key, locked, _about(address, part))
    except SealBroken:
        raise SecretUnreadable(address.name) from None

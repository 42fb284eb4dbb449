"""An issuer's documents: where things are, and the keys that sign. Cached, and asked for rarely."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from folkmoot.identity import jose
from folkmoot.identity.errors import IssuerAway
from folkmoot.identity.oidc import fetching
from folkmoot.identity.oidc.fetching import Json
from folkmoot.identity.oidc.issuer import Issuer
from folkmoot.kit import clock

if TYPE_CHECKING:
    from folkmoot.identity.jose import PublicKey

FRESH: Final = 3600.0
"""Seconds for which keys are taken without asking again."""

SELDOM: Final = 60.0
"""Seconds between two questions because of a key that is not known."""

PATIENCE: Final = 5.0
"""Seconds between two questions to an issuer that did not answer."""

DISCOVERY: Final = "/.well-known/openid-configuration"


class Documents:
    """What an issuer publishes."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._discovered: Json | None = None
        self._keys: dict[str, PublicKey] = {}
        self._asked = self._tried = float("-inf")
        self._asking = asyncio.Lock()

    async def discovery(self) -> Json:
        """Return the discovery document (OpenID Connect Discovery 1.0).

        Raises:
            IssuerAway: There is none, or it is another's.
        """
        if self._discovered is None:
            found = await fetching.get(self._issuer.url.rstrip("/") + DISCOVERY)
            if found.get("issuer") != self._issuer.url:
                raise IssuerAway("its discovery document is another's")
            self._discovered = found
        return self._discovered

    async def endpoint(self, name: str) -> str:
        """Return an address of the discovery document.

        Raises:
            IssuerAway: It names none.
        """
        address = (await self.discovery()).get(name)
        if not isinstance(address, str):
            raise IssuerAway(f"it names no {name}")
        fetching.demand_safe(address)
        return address

    async def key(self, key_id: str) -> "PublicKey | None":
        """Return a key that signs; None if there is none of this name.

        Raises:
            IssuerAway: No keys are known, and none can be had.
        """
        if self._is_due(key_id):
            async with self._asking:
                if self._is_due(key_id):
                    await self._refresh()
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        wait = FRESH if key_id in self._keys else SELDOM
        return clock.monotonic() - self._asked >= wait

    async def _refresh(self) -> None:
        """Ask for the keys; if nothing comes, go on with those that were known."""
        now = clock.monotonic()
        if now - self._tried < PATIENCE:
            return self._demand_some("it did not answer a moment ago")
        self._tried = now
        try:
            address = self._issuer.jwks_url or await self.endpoint("jwks_uri")
            self._keys = _signing(await fetching.get(address))
            self._asked = now
        except IssuerAway as error:
            self._demand_some(str(error.members.get("reason")))
            self._asked = now - FRESH + SELDOM  # those that are known do for another minute
        return None

    def _demand_some(self, reason: str) -> None:
        if not self._keys:
            raise IssuerAway(reason)


def _signing(document: Json) -> "dict[str, PublicKey]":
    published = document.get("keys")
    return dict(
        jose.public_keys(cast(list[Json], published) if isinstance(published, list) else ())
    )

"""Places at a provider: how many calls are made to it at a time, and who is next.

Organisations take turns, however many of their calls wait. Of a key that all of them share, one
organisation takes three quarters of the places at the most: what is left is free for the others
also while its calls take long.
"""

import asyncio
from typing import Final

from folkmoot.kit.ids import OrgId
from folkmoot.kit.telemetry import metrics
from folkmoot.kit.turns import Turns
from folkmoot.llm.config import Bounds
from folkmoot.llm.errors import ModelBusy

DEFAULT: Final = Bounds()


class Lanes:
    """The places at one provider with one key.

    Args:
        provider: The provider's name.
        bounds: How many there are.
        common: Whether several organisations share the key.
    """

    def __init__(self, provider: str, bounds: Bounds = DEFAULT, *, common: bool = True) -> None:
        self._provider = provider
        self._bounds = bounds
        share = max(1, bounds.places - bounds.places // 4) if common else bounds.places
        self._turns: Turns[OrgId | None] = Turns(bounds.places, share)

    def demand_room(self, org_id: OrgId | None, model: str) -> None:
        """Fail if no call of an organisation could even wait.

        Raises:
            ModelBusy: too many of them do.
        """
        if self._turns.waiting(org_id) >= self._bounds.waiting:
            metrics.llm_refused(self._provider, "full")
            raise ModelBusy(model)

    async def take(self, org_id: OrgId | None, model: str) -> None:
        """Take a place, when it is the organisation's turn.

        Raises:
            ModelBusy: too many calls wait, or this one has waited for too long.
        """
        if self._turns.take_at_once(org_id):
            return
        self.demand_room(org_id, model)
        metrics.llm_waiting(self._provider, 1)
        try:
            async with asyncio.timeout(self._bounds.patience):
                await self._turns.take(org_id)
        except TimeoutError:
            metrics.llm_refused(self._provider, "late")
            raise ModelBusy(model) from None
        finally:
            metrics.llm_waiting(self._provider, -1)

    def leave(self, org_id: OrgId | None) -> None:
        """Give a place back, to whoever is next."""
        self._turns.leave(org_id)

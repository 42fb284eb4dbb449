"""Places at a provider: how many calls are made to it at a time, and who is next.

Organisations take turns, however many of their calls wait. Of a key that all of them share, one
organisation takes three quarters of the places at the most: what is left is free for the others
also while its calls take long.
"""

import asyncio
from collections import OrderedDict, deque
from typing import Final

from folkmoot.kit.ids import OrgId
from folkmoot.kit.telemetry import metrics
from folkmoot.llm.config import Bounds
from folkmoot.llm.errors import ModelBusy

Waiting = asyncio.Future[None]


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
        self._share = max(1, bounds.places - bounds.places // 4) if common else bounds.places
        self._taken = 0
        self._held: dict[OrgId | None, int] = {}
        self._queues: OrderedDict[OrgId | None, deque[Waiting]] = OrderedDict()

    def demand_room(self, org_id: OrgId | None, model: str) -> None:
        """Fail if no call of an organisation could even wait.

        Raises:
            ModelBusy: too many of them do.
        """
        if len(self._queues.get(org_id, ())) >= self._bounds.waiting:
            metrics.llm_refused(self._provider, "full")
            raise ModelBusy(model)

    async def take(self, org_id: OrgId | None, model: str) -> None:
        """Take a place, when it is the organisation's turn.

        Raises:
            ModelBusy: too many calls wait, or this one has waited for too long.
        """
        free = self._taken < self._bounds.places and not self._queues
        if free and self._held.get(org_id, 0) < self._share:
            self._grant(org_id)
            return
        self.demand_room(org_id, model)
        place: Waiting = asyncio.get_running_loop().create_future()
        self._queues.setdefault(org_id, deque()).append(place)
        self._hand_on()
        metrics.llm_waiting(self._provider, 1)
        try:
            async with asyncio.timeout(self._bounds.patience):
                await place
        except TimeoutError:
            self._withdraw(org_id, place)
            metrics.llm_refused(self._provider, "late")
            raise ModelBusy(model) from None
        except asyncio.CancelledError:
            self._withdraw(org_id, place)
            raise
        finally:
            metrics.llm_waiting(self._provider, -1)

    def leave(self, org_id: OrgId | None) -> None:
        """Give a place back, to whoever is next."""
        self._taken -= 1
        self._held[org_id] -= 1
        if not self._held[org_id]:
            del self._held[org_id]
        self._hand_on()

    def _grant(self, org_id: OrgId | None) -> None:
        self._taken += 1
        self._held[org_id] = self._held.get(org_id, 0) + 1

    def _hand_on(self) -> None:
        """Give places to those who wait, one organisation after the other."""
        while self._queues and self._taken < self._bounds.places:
            may = ((each,) for each in self._queues if self._held.get(each, 0) < self._share)
            following = next(may, None)
            if following is None:
                return
            (org_id,) = following
            queue = self._queues[org_id]
            place = queue.popleft()
            self._queues.move_to_end(org_id)
            if not queue:
                del self._queues[org_id]
            if not place.done():
                self._grant(org_id)
                place.set_result(None)

    def _withdraw(self, org_id: OrgId | None, place: Waiting) -> None:
        """Take a call back that waits no longer; it may have been given a place just now."""
        if place.done() and not place.cancelled():
            self.leave(org_id)
            return
        queue = self._queues.get(org_id)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._queues[org_id]

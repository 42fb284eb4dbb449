"""Places that are few, and who comes next: parties take turns, however many of theirs wait."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Party = TypeVar("Party")
Waiting = asyncio.Future[None]


class Turns(Generic[Party]):
    """Some places in one process.

    Args:
        places: How many there are.
        share: How many of them one party may have.
    """

    def __init__(self, places: int, share: int) -> None:
        self._places = places
        self._share = share
        self._taken = 0
        self._held: dict[Party, int] = {}
        self._queues: OrderedDict[Party, deque[Waiting]] = OrderedDict()

    def waiting(self, party: Party) -> int:
        """Return how many of a party wait for a place."""
        return len(self._queues.get(party, ()))

    @asynccontextmanager
    async def place(self, party: Party) -> AsyncGenerator["Held[Party]"]:
        """Hold a place while the block runs."""
        await self.take(party)
        held = Held(self, party)
        try:
            yield held
        finally:
            held.leave()

    def take_at_once(self, party: Party) -> bool:
        """Take a place if one is free, and nobody else's turn."""
        free = self._taken < self._places and not self._queues
        if free and self._held.get(party, 0) < self._share:
            self._grant(party)
            return True
        return False

    async def take(self, party: Party) -> None:
        """Take a place, when it is the party's turn."""
        if self.take_at_once(party):
            return
        place: Waiting = asyncio.get_running_loop().create_future()
        self._queues.setdefault(party, deque()).append(place)
        self._hand_on()
        try:
            await place
        except asyncio.CancelledError:
            self._withdraw(party, place)
            raise

    def leave(self, party: Party) -> None:
        """Give a place back, to whoever is next."""
        self._taken -= 1
        self._held[party] -= 1
        if not self._held[party]:
            del self._held[party]
        self._hand_on()

    def _grant(self, party: Party) -> None:
        self._taken += 1
        self._held[party] = self._held.get(party, 0) + 1

    def _hand_on(self) -> None:
        """Give places to those who wait, one party after the other."""
        while self._queues and self._taken < self._places:
            may = ((each,) for each in self._queues if self._held.get(each, 0) < self._share)
            following = next(may, None)
            if following is None:
                return
            (party,) = following
            queue = self._queues[party]
            place = queue.popleft()
            self._queues.move_to_end(party)
            if not queue:
                del self._queues[party]
            if not place.done():
                self._grant(party)
                place.set_result(None)

    def _withdraw(self, party: Party, place: Waiting) -> None:
        """Take one back that waits no longer; it may have been given a place just now."""
        if place.done() and not place.cancelled():
            self.leave(party)
            return
        queue = self._queues.get(party)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._queues[party]


class Held(Generic[Party]):
    """A place that is held, and may be left to others for a while."""

    def __init__(self, turns: Turns[Party], party: Party) -> None:
        self._turns = turns
        self._party = party
        self._is_held = True

    def leave(self) -> None:
        """Give it back, unless that is done."""
        if self._is_held:
            self._is_held = False
            self._turns.leave(self._party)

    @asynccontextmanager
    async def aside(self) -> AsyncGenerator[None]:
        """Have others use it while the block runs; then wait for a turn. It fails without one."""
        self.leave()
        yield
        await self._turns.take(self._party)
        self._is_held = True

"""Ways to a provider, one for each key: its breaker and its places stand before every call."""

from hashlib import blake2b
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary

from folkmoot.kit.ids import OrgId
from folkmoot.llm.config import Bounds, ModelsConfig, ProviderConfig, Tripping
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelBusy,
    ModelDeadlineExceeded,
    ModelError,
    ModelsClosed,
    ModelStreamCut,
    ModelTimedOut,
    ModelUnavailable,
)
from folkmoot.llm.resilience.breakers import Breaker, Breakers
from folkmoot.llm.resilience.lanes import Lanes

FAULTS: Final = (ModelAnswerMalformed, ModelStreamCut, ModelTimedOut, ModelUnavailable)
"""Failures that tell of a provider that is ill."""
SILENT: Final = (ModelBusy, ModelDeadlineExceeded, ModelsClosed)
"""Failures that tell nothing of it. All others are answers."""

NEVER: Final = Tripping(failures=10**9)
UNBOUNDED: Final = Bounds(places=10**9)
"""What is in this process is neither left alone nor waited for."""


class Line:
    """A way to one provider with one key."""

    def __init__(self, breakers: Breakers, breaker: Breaker, lanes: Lanes) -> None:
        self.breakers = breakers
        self.breaker = breaker
        self.lanes = lanes

    def demand(self, org_id: OrgId | None, model: str) -> None:
        """Fail if a call would be refused at once.

        Raises:
            ModelCircuitOpen, ModelBusy: it would.
        """
        self.breaker.demand(model)
        self.lanes.demand_room(org_id, model)

    def turn(self, org_id: OrgId | None, model: str) -> "Turn":
        """Return what surrounds one call of an organisation."""
        return Turn(self, org_id, model)


class Turn:
    """One call: it has a place while it lasts, and how it ends is taken note of."""

    __slots__ = ("_line", "_model", "_org_id", "_tries")

    def __init__(self, line: Line, org_id: OrgId | None, model: str) -> None:
        self._line = line
        self._org_id = org_id
        self._model = model
        self._tries = False

    async def __aenter__(self) -> Self:
        line = self._line
        line.breaker.demand(self._model)
        await line.lanes.take(self._org_id, self._model)
        try:
            self._tries = await line.breakers.admit(line.breaker, self._model)
        except BaseException:
            line.lanes.leave(self._org_id)
            raise
        return self

    def answered(self) -> None:
        """Say that the answer has begun: whoever waits for how it ends waits for long."""
        if self._tries:
            self._tries = False
            self._line.breakers.answered(self._line.breaker, tried=True)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        line, tried = self._line, self._tries
        line.lanes.leave(self._org_id)
        if isinstance(error, FAULTS):
            line.breakers.failed(line.breaker, error, tried=tried)
        elif error is None or (isinstance(error, ModelError) and not isinstance(error, SILENT)):
            line.breakers.answered(line.breaker, tried=tried)
        else:
            line.breakers.left(line.breaker, tried=tried)


class Lines:
    """The lines of a process; one goes when nobody holds it any more."""

    def __init__(self, config: ModelsConfig) -> None:
        self.breakers = Breakers(config.tripping)
        self._bounds = config.bounds
        self._digest_key = config.digest_key
        self._known: WeakValueDictionary[bytes, Line] = WeakValueDictionary()
        self.free = Line(Breakers(NEVER), Breaker(b""), Lanes("", UNBOUNDED))

    def get(self, name: str, provider: ProviderConfig, *, common: bool) -> Line:
        """Return the line to a provider; `common` is one with a key that many share."""
        key = self._digest(name, provider)
        line = self._known.get(key)
        if line is None:
            breaker = self.breakers.get(key, name, common=common)
            line = Line(self.breakers, breaker, Lanes(name, self._bounds, common=common))
            self._known[key] = line
        return line

    def _digest(self, name: str, provider: ProviderConfig) -> bytes:
        """Return by what processes tell lines apart; it tells nothing of the key."""
        where = (provider.base_url, provider.path, provider.api_key)
        told = "\0".join((name, *(each or "" for each in where)))
        return blake2b(told.encode(), key=self._digest_key, digest_size=16).digest()

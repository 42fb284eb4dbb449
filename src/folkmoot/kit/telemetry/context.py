"""The ids that belong to whatever is being done right now; every log line and span carries them."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final, TypedDict, Unpack
from uuid import UUID


class Ids(TypedDict, total=False):
    """What can be bound; nothing else reaches a log line by this way."""

    request_id: str
    user_id: UUID
    org_id: UUID
    conversation_id: UUID | str
    run_id: UUID
    agent_id: UUID | str
    job_id: int | str


_current: Final[ContextVar[Mapping[str, str]]] = ContextVar(
    "folkmoot_ids", default=MappingProxyType({})
)


def current() -> Mapping[str, str]:
    """Return the ids bound here, as text."""
    return _current.get()


@contextmanager
def bound(**ids: Unpack[Ids]) -> Generator[None]:
    """Bind ids for the duration of a block; tasks started inside inherit them."""
    token = _current.set(_with(ids))
    try:
        yield
    finally:
        _current.reset(token)


def identify(**ids: Unpack[Ids]) -> None:
    """Add ids that became known inside a block: they last until that block ends."""
    _current.set(_with(ids))


def _with(ids: Ids) -> Mapping[str, str]:
    return {**_current.get(), **{name: str(value) for name, value in ids.items()}}

"""What the hash of an event covers: everything that is kept of it."""

from typing import Protocol

import orjson

from folkmoot.audit.models import AuditEvent
from folkmoot.kit.chain import Link
from folkmoot.kit.ids import ApiKeyId, UserId


class Covered(Protocol):
    """The parts of an event that its digest covers."""

    @property
    def actor_id(self) -> UserId | None: ...
    @property
    def api_key_id(self) -> ApiKeyId | None: ...
    @property
    def target_type(self) -> str | None: ...
    @property
    def target_id(self) -> str | None: ...
    @property
    def before(self) -> str | None: ...
    @property
    def after(self) -> str | None: ...
    @property
    def request_id(self) -> str | None: ...
    @property
    def client_address(self) -> str | None: ...


def payload(event: Covered) -> bytes:
    """Return what the salted digest is of; number, time and action are in the link itself."""
    return orjson.dumps(
        [
            event.actor_id,
            event.api_key_id,
            event.target_type,
            event.target_id,
            event.before,
            event.after,
            event.request_id,
            event.client_address,
        ]
    )


def link_of(event: AuditEvent) -> Link:
    """Return an event as verification needs it: an erased one stands on its digest."""
    erased = event.salt is None
    return Link(
        seq=event.seq,
        type=event.action,
        at_ms=event.at_ms,
        payload=None if erased else payload(event),
        salt=event.salt,
        digest=event.digest,
        hash=event.hash,
    )

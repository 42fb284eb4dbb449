"""What the hash of an event covers: everything that is kept of it."""

import orjson

from folkmoot.audit.entry import Entry
from folkmoot.audit.models import AuditEvent
from folkmoot.kit.chain import Link


def payload(event: Entry | AuditEvent) -> bytes:
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

"""Events as documents of a search engine."""

from collections.abc import Iterable
from datetime import UTC, datetime

import orjson

from folkmoot.audit.models import AuditEvent


def bulk(events: Iterable[AuditEvent]) -> bytes:
    """Return the body of a `_bulk` request.

    Documents are created and never replaced; the id says whose event of which number it is.
    """
    return b"".join(
        orjson.dumps({"create": {"_id": f"{event.org_id}:{event.seq}"}})
        + b"\n"
        + orjson.dumps(document(event))
        + b"\n"
        for event in events
    )


def document(event: AuditEvent) -> dict[str, object]:
    """Return an event as a document of a fixed shape.

    Values stay the text that they are: their names would become fields of the index, without end
    and of whatever type came first.
    """
    return {
        "@timestamp": datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(),
        "organization_id": event.org_id,
        "seq": event.seq,
        "action": event.action,
        "actor_id": event.actor_id,
        "api_key_id": event.api_key_id,
        "target_type": event.target_type,
        "target_id": event.target_id,
        "before": event.before,
        "after": event.after,
        "request_id": event.request_id,
        "client_address": event.client_address,
        "hash": event.hash.hex(),
    }

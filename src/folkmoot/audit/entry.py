"""An event before it is in a chain."""

from dataclasses import dataclass

from folkmoot.kit.ids import ApiKeyId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event that has no place in a chain yet."""

    at_ms: int
    action: str
    actor_id: UserId | None
    api_key_id: ApiKeyId | None
    target_type: str | None
    target_id: str | None
    before: str | None
    after: str | None
    request_id: str | None
    client_address: str | None

"""What events are about, beside what readers see of them: for sums and for projections."""

from typing import Any, Final

import msgspec

USED: Final = "model.used"
"""Event: the tokens of one model call. Their sum is told with the run's end."""


class Usage(msgspec.Struct, rename="camel", omit_defaults=True):
    """Tokens of one model's calls within a run, by AG-UI's accounting."""

    provider: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0


class Call(Usage, omit_defaults=True, kw_only=True):
    """One call of a model as the log tells of it; `micro_usd` is None where no price is known.

    One that was `cached` was not made.
    """

    operation: str = "chat"
    micro_usd: int | None = None
    estimated: bool = False
    cached: bool = False


class MessageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A finished message as projections see it; `cut` means that a failure ended it early.

    `untrusted` means that anybody may have a hand in it: its writer had read what is not trusted.
    """

    id: str
    role: str
    content: str
    cut: bool = False
    citations: list[dict[str, Any]] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    untrusted: bool = False


class StateRecord(msgspec.Struct, frozen=True):
    """The state that a run and its client share, as it is after an event."""

    value: Any

"""What a provider means by an answer that is none: status, headers and body become a fact."""

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import msgspec

from folkmoot.kit import clock
from folkmoot.llm.errors import (
    ModelError,
    ModelKeyRefused,
    ModelQuotaUsedUp,
    ModelRateLimited,
    ModelRejected,
    ModelUnavailable,
)

BUSY: Final = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
QUOTA: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
SERVER_ERRORS: Final = range(500, 600)
REDIRECTS: Final = range(300, 400)


class Detail(msgspec.Struct, frozen=True):
    """Google's way to say when to come back: a duration such as `8s` or `8.9s`."""

    retry_delay: str | None = msgspec.field(default=None, name="retryDelay")


class Said(msgspec.Struct, frozen=True):
    """The error object of OpenAI, Anthropic and Google in one."""

    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    status: str | None = None
    details: list[Detail] | None = None


class _Wrapped(msgspec.Struct, frozen=True):
    error: Said | str | None = None
    message: str | None = None
    detail: str | None = None


_decoder: msgspec.json.Decoder[_Wrapped | list[_Wrapped]] = msgspec.json.Decoder(
    _Wrapped | list[_Wrapped]
)


def refusal(model: str, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
    """Return the error for an answer with a status other than 200."""
    said = understand(body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        if said.code in QUOTA or said.type in QUOTA:
            return ModelQuotaUsedUp(model)
        return ModelRateLimited(model, wait=wait(headers, said))
    if status in BUSY or status in SERVER_ERRORS:
        return ModelUnavailable(
            model, f"is not available (HTTP {status}).", wait=wait(headers, said)
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return ModelKeyRefused(model)
    if status in REDIRECTS:
        return ModelRejected(model, "it redirects elsewhere", provider_status=status)
    return ModelRejected(model, said.message or f"HTTP {status}", provider_status=status)


def understand(body: bytes) -> Said:
    """Return what a provider's error body says; nothing if it is a page or broken."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Said()
    if isinstance(answer, list):
        answer = answer[0] if answer else _Wrapped()
    if isinstance(answer.error, Said):
        return answer.error
    return Said(message=answer.error or answer.message or answer.detail)


def wait(headers: Mapping[str, str], said: Said) -> int | None:
    """Return the seconds that the provider asks to wait, rounded up, or None."""
    for detail in said.details or []:
        if detail.retry_delay:
            return _seconds(detail.retry_delay.removesuffix("s"))
    return _seconds(headers.get("Retry-After", ""))


def _seconds(text: str) -> int | None:
    """Read delay-seconds or an HTTP-date (RFC 9110, section 10.2.3)."""
    try:
        seconds = float(text)
    except ValueError:
        return _until(text)
    return max(math.ceil(seconds), 0) if math.isfinite(seconds) else None


def _until(text: str) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(math.ceil((moment - clock.now()).total_seconds()), 0)

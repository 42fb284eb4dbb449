"""What a provider means by an answer that is none: status, headers and body become a fact."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import msgspec
from pydantic import JsonValue

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


LONGEST_WAIT: Final = 24 * 3600
"""Seconds; who asks for more is not believed."""
SAYING: Final = ("message", "msg", "error", "detail", "details")
"""Fields in which providers and their frameworks say what is wrong."""
SHOWN: Final = 3
"""Messages of a list that are shown."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the error objects of OpenAI, Anthropic and Google say; `wait` is Google's `8.9s`."""

    message: str = ""
    kinds: frozenset[str] = frozenset()
    wait: str = ""


def refusal(model: str, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
    """Return the error for an answer with a status other than 200."""
    said = understand(body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        if said.kinds & QUOTA:
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
        answer: JsonValue = msgspec.json.decode(body)
        if isinstance(answer, list):
            answer = next(iter(answer), None)
        if not isinstance(answer, dict):
            return Said()
        error = answer.get("error")
        return _read(error if isinstance(error, dict) else answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Said()


def reason(error: JsonValue) -> str:
    """Return what an error within a stream says, in whatever shape it comes."""
    return _message(error) or "no reason given"


def _read(error: dict[str, JsonValue]) -> Said:
    details = error.get("details")
    waits = [
        delay
        for detail in (details if isinstance(details, list) else [])
        if isinstance(detail, dict) and isinstance(delay := detail.get("retryDelay"), str)
    ]
    kinds = frozenset(kind for key in ("type", "code") if isinstance(kind := error.get(key), str))
    return Said(_message(error), kinds, waits[0] if waits else "")


def _message(value: JsonValue) -> str:
    """Find the words in a text, in an object around it, or in a list of them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_message, value[:SHOWN])))
    if not isinstance(value, dict):
        return ""
    words = next(filter(None, (_message(value.get(key)) for key in SAYING)), "")
    place = value.get("loc")  # FastAPI's: which part of the request it is about
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return f"{where}: {words}" if where and words else words


def wait(headers: Mapping[str, str], said: Said) -> int | None:
    """Return the seconds that the provider asks to wait, rounded up, or None."""
    return _seconds(said.wait.removesuffix("s") or headers.get("Retry-After", ""))


def _seconds(text: str) -> int | None:
    """Read delay-seconds or an HTTP-date (RFC 9110, section 10.2.3)."""
    try:
        seconds = float(text)
    except ValueError:
        return _until(text)
    return _whole(seconds) if math.isfinite(seconds) else None


def _until(text: str) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _whole((moment - clock.now()).total_seconds())


def _whole(seconds: float) -> int:
    return min(max(math.ceil(seconds), 0), LONGEST_WAIT)

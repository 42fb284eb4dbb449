"""Asking an issuer, within limits of time and size. No redirect is followed."""

import base64
import importlib
import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote_plus, urlsplit

import orjson

from folkmoot.identity.errors import IssuerAway

if TYPE_CHECKING:
    import aiohttp

SECONDS: Final = 5.0
LONGEST: Final = 512 * 1024
SUCCESS: Final = 200

Json = dict[str, Any]


async def get(url: str) -> Json:
    """Return a JSON object.

    Raises:
        IssuerAway: There is none, in time and of a reasonable size.
    """
    return await _ask("GET", url)


async def post(url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None) -> Json:
    """Send a form; return the JSON object that is answered.

    Args:
        url: Where to.
        form: Its fields.
        basic: Name and password.

    Raises:
        IssuerAway: It was not taken.
    """
    headers = {"Authorization": _basic(*basic)} if basic else None
    return await _ask("POST", url, data=dict(form), headers=headers)


def _basic(name: str, password: str) -> str:
    """Return what proves a client (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(name)}:{quote_plus(password)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


async def _ask(method: str, url: str, **options: Any) -> Json:
    demand_safe(url)
    library = _library()
    limit = library.ClientTimeout(total=SECONDS)
    try:
        async with (
            library.ClientSession(timeout=limit, trust_env=False) as session,
            session.request(method, url, allow_redirects=False, **options) as answer,
        ):
            if answer.status != SUCCESS:
                raise IssuerAway(f"it answered {answer.status}")
            return _object(await _body(answer))
    except (library.ClientError, OSError) as error:  # a time-out is an OSError
        raise IssuerAway(type(error).__name__) from error


async def _body(answer: "aiohttp.ClientResponse") -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > LONGEST:
            raise IssuerAway("its answer is too long")
    return bytes(body)


def _object(body: bytes) -> Json:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise IssuerAway("its answer is no JSON") from error
    if not isinstance(value, dict):
        raise IssuerAway("its answer is no object")
    return cast(Json, value)


def demand_safe(url: str) -> None:
    """Fail if keys or codes would travel in the clear, other than within this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise IssuerAway("its address is not https://")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _library() -> Any:  # noqa: ANN401 - a module; loaded when the first issuer is asked
    return importlib.import_module("aiohttp")

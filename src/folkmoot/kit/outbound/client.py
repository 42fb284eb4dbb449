"""Asking other machines, within rules, limits and a number of redirects."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal

from folkmoot.kit import glob
from folkmoot.kit.outbound.errors import AnswerUnusable, Unreachable
from folkmoot.kit.outbound.inflating import Bounded
from folkmoot.kit.outbound.resolving import CheckedResolver, Lookup, Target, look_up
from folkmoot.kit.outbound.rules import Rules, host_of, parse

if TYPE_CHECKING:
    import aiohttp

MOVED: Final = {301, 302, 303, 307, 308}
CONNECTIONS: Final = 64
CONNECTIONS_OF_HOST: Final = 8
OURS: Final = {"Accept-Encoding": "identity", "User-Agent": "folkmoot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much: seconds, bytes (packed and unpacked) and redirects."""

    connect: float = 5.0
    idle: float = 10.0
    total: float = 30.0
    size: int = 1024 * 1024
    redirects: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of whom.

    Attributes:
        url: Where.
        method: How; what is posted is never sent on to where a redirect leads.
        headers: What is said besides, to the first host only.
        body: What is sent.
        hosts: The only hosts that may be asked, redirects included; `*.example.org` stands for
            everything below a name. None means every host that the rules allow.
        limits: How long and how much.
        reads: Whether the body of the answer is wanted; without, its status and headers do.
    """

    url: str
    method: Literal["GET", "HEAD", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | None = field(default=None, repr=False)
    hosts: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    reads: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, and by which URL in the end. Names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Sends requests to addresses that people, documents or models have named.

    Made without a loop; its connections come to life with the first request. No cookies are kept,
    no proxy is taken from the environment, and nothing is unpacked unasked.
    """

    def __init__(self, rules: Rules | None = None, lookup: Lookup = look_up) -> None:
        self.rules = rules or Rules()
        self._resolver = CheckedResolver(self.rules, lookup)
        self._session: aiohttp.ClientSession | None = None

    def check(self, url: str) -> None:
        """Refuse a URL that is to be kept and can be seen to lead nowhere; no name is looked up.

        Raises:
            Unreachable: As it says.
        """
        self.rules.check(url)

    async def find(self, url: str) -> Target:
        """Return where a URL leads, for clients that connect by themselves.

        Raises:
            Unreachable: It leads nowhere, or where nobody may go.
        """
        return await self._resolver.find(url)

    async def send(self, request: Request) -> Answer:
        """Ask, follow redirects, and return the whole answer.

        Raises:
            Unreachable: Nothing answers in time, or nothing there may be asked.
            AnswerUnusable: The answer is too large, too slow or broken.
        """
        try:
            async with asyncio.timeout(request.limits.total):
                return await self._follow(request)
        except TimeoutError:
            raise Unreachable from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _follow(self, request: Request) -> Answer:
        left = 0 if request.method == "POST" else request.limits.redirects
        while True:
            answer = await self._ask(request)
            target = answer.headers.get("location")
            if answer.status not in MOVED or target is None or request.method == "POST":
                return answer
            if not left:
                raise AnswerUnusable("it leads on and on")
            left -= 1
            request = _moved(request, target)

    async def _ask(self, request: Request) -> Answer:
        url = self.rules.check(request.url)
        if request.hosts is not None and not glob.is_among(host_of(url), request.hosts):
            raise Unreachable
        library = import_module("aiohttp")
        try:
            response = await self._pool(library).request(
                request.method,
                url,
                data=request.body,
                headers={**OURS, **request.headers},
                allow_redirects=False,
                timeout=_patience(library, request.limits),
            )
        except (library.ClientError, OSError, ValueError):  # a time-out is an OSError
            raise Unreachable from None
        return await _read(library, response, request)

    def _pool(self, library: ModuleType) -> "aiohttp.ClientSession":
        if self._session is None:
            session: aiohttp.ClientSession = library.ClientSession(
                connector=library.TCPConnector(
                    resolver=self._resolver,
                    use_dns_cache=False,
                    limit=CONNECTIONS,
                    limit_per_host=CONNECTIONS_OF_HOST,
                ),
                cookie_jar=library.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
            self._session = session
        return self._session


def _patience(library: ModuleType, limits: Limits) -> "aiohttp.ClientTimeout":
    timeout: aiohttp.ClientTimeout = library.ClientTimeout(
        total=None, connect=limits.connect, sock_connect=limits.connect, sock_read=limits.idle
    )
    return timeout


def _moved(request: Request, target: str) -> Request:
    """Return the request for where a redirect leads; another origin is told nothing of ours.

    Raises:
        Unreachable: It leads nowhere, or from a secret way to an open one.
    """
    here = parse(request.url)
    try:
        there = parse(str(here.join(type(here)(target))))
    except ValueError:
        raise Unreachable from None
    if here.scheme == "https" and there.scheme != "https":
        raise Unreachable
    moved = replace(request, url=str(there))
    return moved if here.origin() == there.origin() else replace(moved, headers={})


async def _read(
    library: ModuleType, response: "aiohttp.ClientResponse", request: Request
) -> Answer:
    """Read a body within its limits; the connection is given back only if it was whole."""
    try:
        whole = await _body(response, request.limits.size) if request.reads else b""
    except (library.ClientError, OSError):
        raise AnswerUnusable("it was cut, or is too slow") from None
    finally:
        if response.content.at_eof():
            response.release()
        else:
            response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(url=str(response.url), status=response.status, headers=headers, body=whole)


async def _body(response: "aiohttp.ClientResponse", most: int) -> bytes:
    body = Bounded(response.headers.get("Content-Encoding", ""), most)
    async for piece in response.content.iter_any():
        body.add(piece)
    return body.whole()

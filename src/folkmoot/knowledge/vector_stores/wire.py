"""JSON over HTTP, with one pool of connections to a store."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores.port import Model

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

USUAL: Final = "folkmoot"
"""What names begin with if nothing is said."""
CONNECT: Final = 3.0
TOTAL: Final = 20.0
"""Seconds that a connection, and a whole request, may take."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of an answer."""
MADE: Final = re.compile(r"[0-9a-f]{16}(?:-[0-9a-f]{32})?")
"""What follows the prefix in a name: a model's digest, perhaps an organisation."""
DIGEST: Final = 16
"""Characters of a model's digest."""
REASON: Final = 200
"""Characters of a reason that are passed on."""
CONNECTIONS: Final = 8


@dataclass(slots=True, eq=False)
class Wire:
    """Asks one server.

    Attributes:
        store: What it is called when it does not answer.
        url: Where it is.
        headers: What every request says besides; a key, for one.
        prefix: What the names of all that is ours there begin with.
    """

    store: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    prefix: str = USUAL
    _session: "aiohttp.ClientSession | None" = field(default=None, init=False, repr=False)

    @property
    def where(self) -> str:
        """Which server, and what of it; with another prefix it is another store."""
        return self.url if self.prefix == USUAL else f"{self.url} {self.prefix}"

    def space(self, model: Model) -> str:
        """Return what the place of a model's vectors is called."""
        return self.named(model.digest)

    def named(self, digest: str) -> str:
        """Return the same of a model that only its digest is known of."""
        return f"{self.prefix}-{digest}"

    def digest(self, space: str) -> str:
        """Return the digest of the model whose vectors have a place of this name."""
        return space[len(self.prefix) + 1 :][:DIGEST]

    def is_ours(self, name: str) -> bool:
        """Whether something has been made by us, by its name; another prefix may begin as ours."""
        own = f"{self.prefix}-"
        return name.startswith(own) and MADE.fullmatch(name, len(own)) is not None

    async def ask(
        self,
        method: str,
        path: str,
        shape: type[T],
        body: object = None,
        *,
        url: str | None = None,
    ) -> T | None:
        """Return what is answered; None if there is no such thing.

        Raises:
            VectorStoreUnavailable: Nothing is answered, or nothing that makes sense.
        """
        answer = await self._answered(method, path, body, url)
        if answer is None:
            return None
        try:
            return msgspec.json.decode(answer, type=shape)
        except msgspec.MsgspecError as error:
            reason = str(error)
            raise VectorStoreUnavailable(self.store, reason, answered=HTTPStatus.OK) from error

    async def tell(
        self, method: str, path: str, body: object = None, *, url: str | None = None
    ) -> bool:
        """Have something done; false if what it is to be done to is not there.

        Raises:
            VectorStoreUnavailable: It is not done.
        """
        return await self._answered(method, path, body, url) is not None

    async def must(
        self, method: str, path: str, body: object = None, *, url: str | None = None
    ) -> None:
        """Have something done.

        Raises:
            VectorStoreUnavailable: It is not done, be it that there is nothing to do it to.
        """
        if not await self.tell(method, path, body, url=url):
            status = HTTPStatus.NOT_FOUND
            raise VectorStoreUnavailable(self.store, f"{status} {path}", answered=status)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _answered(
        self, method: str, path: str, body: object, url: str | None
    ) -> bytes | None:
        library = import_module("aiohttp")
        address = f"{(url or self.url).rstrip('/')}{path}"
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._pool().request(
                method, address, data=data, allow_redirects=False
            ) as response:
                return self._checked(response.status, await _read(response))
        except (library.ClientError, OSError, ValueError) as error:  # time-outs among them
            raise VectorStoreUnavailable(self.store, type(error).__name__) from error

    def _checked(self, status: int, answer: bytes) -> bytes | None:
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        reason = f"{status} {answer[:REASON].decode(errors='replace')}"
        raise VectorStoreUnavailable(self.store, reason, answered=status)

    def _pool(self) -> "aiohttp.ClientSession":
        if self._session is None:
            library = import_module("aiohttp")
            session: aiohttp.ClientSession = library.ClientSession(
                connector=library.TCPConnector(limit=CONNECTIONS),
                timeout=library.ClientTimeout(total=TOTAL, connect=CONNECT),
                headers={"Content-Type": "application/json", **self.headers},
                cookie_jar=library.DummyCookieJar(),
                trust_env=False,
            )
            self._session = session
        return self._session


async def _read(response: "aiohttp.ClientResponse") -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > LARGEST:
            break  # and what is there is no JSON
    return bytes(body)

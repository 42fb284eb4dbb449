"""The HTTP API as commands use it: JSON in and out, pages followed, problems made into failures."""

import ipaddress
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, Self, cast
from urllib.parse import quote

import httpx

from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure

API: Final = "/api/v1"
LARGEST_PAGE: Final = 100
CONNECT: Final = 10.0
SILENCE: Final = 45.0
"""Seconds without a byte after which a connection counts as lost."""

Json = dict[str, Any]
Query = Mapping[str, str | int | Sequence[str] | None]


class Unreachable(Failure):
    """No answer came."""

    def __init__(self, url: str, reason: str) -> None:
        hint = "Is it running? `folkmoot up` starts one here, --url names another."
        super().__init__(
            f"The server at {url} cannot be reached: {reason}", ExitCode.UNREACHABLE, hints=(hint,)
        )


class NotFolkmoot(Failure):
    """Something else answered."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} does not answer as Folkmoot does. Is the address right?")


class Refused(Failure):
    """The server answered with a problem (RFC 9457)."""

    def __init__(self, status: int, body: Mapping[str, Any], *, retry_after: float = 0.0) -> None:
        unauthorized = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        detail = body.get("detail") or body.get("title") or _phrase(status)
        self.status = status
        self.problem = str(body.get("code", ""))
        self.retry_after = retry_after
        super().__init__(
            str(detail),
            ExitCode.UNAUTHORIZED if unauthorized else ExitCode.FAILED,
            hints=[*_faults(body), *_origin(status, body)],
        )


class Api:
    """One server and one credential."""

    def __init__(self, url: str, credential: str | None) -> None:
        """Open no connection yet.

        Args:
            url: Where the server is, with http or https.
            credential: An API key or an access token; None to be nobody.
        """
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self._client = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx.Timeout(SILENCE, connect=CONNECT),
            # A proxy that the environment names for the web has no way to this very machine.
            trust_env=not is_loopback(self.url),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def get(self, path: str, query: Query | None = None, *, accept: str | None = None) -> Json:
        """Read something."""
        headers = {"Accept": accept} if accept else None
        return self._json(self._request("GET", path, params=_given(query), headers=headers))

    def tagged(self, path: str) -> tuple[Json, str]:
        """Read something, and the tag of what was read."""
        response = self._request("GET", path)
        return self._json(response), response.headers.get("etag", "*")

    def put(self, path: str, body: object, tag: str) -> Json:
        """Say something anew, unless it is no longer what was read."""
        return self._json(self._request("PUT", path, json=body, headers={"If-Match": tag}))

    def post(self, path: str, body: object = None) -> Json:
        """Make or do something."""
        return self._json(self._request("POST", path, json=body))

    def patch(self, path: str, body: object) -> Json:
        """Change something."""
        return self._json(self._request("PATCH", path, json=body))

    def delete(self, path: str) -> None:
        """Remove something."""
        self._request("DELETE", path)

    def clear(self, path: str, query: Query) -> Json:
        """Remove several things; return what is told of it."""
        return self._json(self._request("DELETE", path, params=_given(query)))

    def upload(self, path: str, files: Any) -> Json:  # noqa: ANN401 - what httpx takes
        """Send files as a form, read while they are sent."""
        return self._json(self._request("POST", path, files=files))

    def items(self, path: str, query: Query | None = None, *, limit: int = 0) -> Iterator[Json]:
        """Read a list, page by page, up to `limit` items; 0 reads all."""
        left = limit or None
        cursor: str | None = None
        while left is None or left > 0:
            size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
            page = self.get(path, {**(query or {}), "limit": size, "cursor": cursor})
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    @contextmanager
    def stream(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str]
    ) -> Generator[httpx.Response]:
        """Open an answer that is read as it comes. What breaks while reading is httpx's error."""
        with self._client.stream(method, path, json=body, headers=headers) as response:
            if not response.is_success:
                response.read()
                raise refusal(response)
            if "event-stream" not in response.headers.get("content-type", ""):
                raise NotFolkmoot(self.url)
            yield response

    @contextmanager
    def download(self, path: str, query: Query) -> Generator[httpx.Response]:
        """Open a file that is read as it comes. What breaks while reading is httpx's error."""
        with self._client.stream("GET", path, params=_given(query)) as response:
            if not response.is_success:
                response.read()
                raise refusal(response)
            if "attachment" not in response.headers.get("content-disposition", ""):
                raise NotFolkmoot(self.url)
            yield response

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise Unreachable(self.url, reason(error)) from None
        if not response.is_success:
            raise refusal(response)
        return response

    def _json(self, response: httpx.Response) -> Json:
        if response.status_code == HTTPStatus.NO_CONTENT:
            return {}
        try:
            body: Json = response.json()
        except ValueError:
            raise NotFolkmoot(self.url) from None
        return body


def record(value: object) -> Json:
    """Return an object of JSON; an empty one in the place of anything else."""
    return cast(Json, value) if isinstance(value, dict) else {}


def records(value: object) -> list[Json]:
    """Return the objects of an array of JSON; none in the place of anything else."""
    return [record(each) for each in cast(list[object], value)] if isinstance(value, list) else []


def segment(text: str) -> str:
    """Return a name as one segment of a path."""
    return quote(text, safe="")


def reason(error: httpx.TransportError) -> str:
    """Return why no answer came."""
    return str(error) or type(error).__name__


def refusal(response: httpx.Response) -> Refused:
    """Return the failure that an error answer, read to its end, stands for."""
    try:
        body: object = response.json()
    except ValueError:
        body = None
    wait = response.headers.get("Retry-After", "")
    return Refused(
        response.status_code,
        record(body),
        retry_after=float(wait) if wait.isdecimal() else 0.0,
    )


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _given(query: Query | None) -> dict[str, str | int | Sequence[str]]:
    return {name: value for name, value in (query or {}).items() if value is not None}


def _phrase(status: int) -> str:
    known = status in {each.value for each in HTTPStatus}
    return f"The server answered {status}{f' {HTTPStatus(status).phrase}' if known else ''}."


def _faults(body: Mapping[str, Any]) -> Iterator[str]:
    for fault in records(body.get("errors")):
        yield f"{fault.get('pointer', '')}: {fault.get('detail', '')}"


def _origin(status: int, body: Mapping[str, Any]) -> Iterator[str]:
    named = {"code": body.get("code"), "request": body.get("request_id")}
    known = [f"{name} {value}" for name, value in named.items() if value]
    yield ", ".join([f"status {status}", *known])

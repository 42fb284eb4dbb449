"""What an integration of LangChain's raises, as one of our errors where it says enough."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, cast

from folkmoot.llm.connection.refusals import refusal
from folkmoot.llm.errors import ModelError, ModelUnavailable

DEEPEST: Final = 8
"""Errors behind errors that are looked at."""


@contextmanager
def told(model: str) -> Generator[None]:
    """Raise what a provider has refused, and a connection that broke, as our adapters do.

    The libraries of providers keep the answer that they could not use as `response` (httpx's, or
    one like it), and what broke a connection as what came before. What says neither is the
    plug-in's own and passes through, as does the end of somebody's patience.
    """
    try:
        yield
    except TimeoutError:
        raise
    except Exception as error:
        known = _known(model, error)
        if known is None:
            raise
        raise known from None


def _known(model: str, error: Exception) -> ModelError | None:
    for each in _causes(error):
        if isinstance(each, OSError):
            return ModelUnavailable(model)
        response: Any = getattr(each, "response", None)
        status: object = getattr(response, "status_code", None)
        if isinstance(status, int) and status >= HTTPStatus.BAD_REQUEST:
            return refusal(model, status, _headers(response), _body(response))
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(DEEPEST):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _headers(response: Any) -> Mapping[str, str]:  # noqa: ANN401 - of whatever library
    headers: Any = getattr(response, "headers", None)
    return cast(Mapping[str, str], headers) if isinstance(headers, Mapping) else {}


def _body(response: Any) -> bytes:  # noqa: ANN401 - of whatever library
    try:
        body: object = getattr(response, "content", b"")
    except RuntimeError:  # it was never read
        return b""
    return body if isinstance(body, bytes) else b""

"""Where the fake provider answers what."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Protocol

import msgspec
from aiohttp import web

from folkmoot.llm.offline.hashing import vectors
from folkmoot.testing.directives import UnknownSetting
from folkmoot.testing.formats import Format, rerank
from folkmoot.testing.formats.anthropic import Anthropic
from folkmoot.testing.formats.google import Google
from folkmoot.testing.formats.ollama import Ollama
from folkmoot.testing.formats.openai import OpenAI
from folkmoot.testing.formats.responses import Responses
from folkmoot.testing.player import Player
from folkmoot.testing.replies import Heard, Reply

BODY_LIMIT: Final = 256 * 1024 * 1024  # bytes
MODELS: Final = ("fake-chat", "fake-embedding")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Director(Protocol):
    """Decides the answers and keeps a record."""

    def chat(self, heard: Heard) -> Reply:
        """Return what to answer.

        Raises:
            UnknownSetting: the message demands something unheard of.
        """
        ...

    def embedding(self) -> Reply | None:
        """Return what to answer instead of vectors, None to answer well."""
        ...

    def reranking(self) -> Reply | None:
        """Return what to answer instead of scores, None to answer well."""
        ...

    async def record(
        self,
        request: web.Request,
        heard: Heard,
        answer: Callable[[], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Note the request, answer it, note how that ended."""
        ...


def application(director: Director) -> web.Application:
    """Return the server's routes."""
    app = web.Application(client_max_size=BODY_LIMIT)
    openai, anthropic, google, ollama = OpenAI(), Anthropic(), Google(), Ollama()
    for prefix in ("/v1", ""):
        app.router.add_post(f"{prefix}/chat/completions", _chat(director, openai))
        app.router.add_post(f"{prefix}/responses", _chat(director, Responses()))
        app.router.add_post(f"{prefix}/embeddings", _embed(director, openai))
        app.router.add_post(f"{prefix}/rerank", _rerank(director))
    app.router.add_post("/v2/rerank", _rerank(director))
    app.router.add_post("/v1/messages", _chat(director, anthropic))
    app.router.add_post("/v1beta/models/{model}:streamGenerateContent", _chat(director, google))
    app.router.add_post("/v1beta/models/{model}:batchEmbedContents", _embed(director, google))
    app.router.add_post("/api/chat", _chat(director, ollama))
    app.router.add_post("/api/embed", _embed(director, ollama))
    app.router.add_get("/models", _models(openai))
    app.router.add_get("/v1/models", _models(openai, anthropic))
    app.router.add_get("/v1beta/models", _models(google))
    app.router.add_get("/api/tags", _models(ollama))
    return app


def _chat(director: Director, form: Format) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            heard = form.hear(body, request.match_info.get("model", ""))
        except msgspec.DecodeError as error:
            return _refused(form, f"The request does not fit the format: {error}")

        async def answer() -> web.StreamResponse:
            try:
                reply = director.chat(heard)
            except UnknownSetting as unknown:
                return _refused(form, f"The directive has an unknown setting: {unknown}")
            return await Player(request, form, heard, reply).play()

        return await director.record(request, heard, answer)

    return handle


def _embed(director: Director, form: Format) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            texts = form.texts(body)
        except msgspec.DecodeError as error:
            return _refused(form, f"The request does not fit the format: {error}")
        model = request.match_info.get("model", MODELS[1])
        heard = Heard(model=model, asked="\n".join(texts), stream=False)

        async def answer() -> web.StreamResponse:
            reply = director.embedding()
            if reply is not None:
                return await Player(request, form, heard, reply).play()
            numbers = await asyncio.to_thread(lambda: vectors(texts).tolist())
            return web.Response(body=form.vectors(numbers, model), content_type="application/json")

        return await director.record(request, heard, answer)

    return handle


def _rerank(director: Director) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            asked = rerank.asked(body)
        except msgspec.DecodeError as error:
            return _refused(OpenAI(), f"The request does not fit the format: {error}")
        heard = Heard(model=asked.model, asked=asked.query, stream=False)

        async def answer() -> web.StreamResponse:
            reply = director.reranking()
            if reply is not None:
                return await Player(request, OpenAI(), heard, reply).play()
            return web.Response(body=rerank.answer(asked), content_type="application/json")

        return await director.record(request, heard, answer)

    return handle


def _models(form: Format, if_anthropic: Format | None = None) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        spoken = form
        if if_anthropic is not None and "anthropic-version" in request.headers:
            spoken = if_anthropic
        return web.Response(body=spoken.models(MODELS), content_type="application/json")

    return handle


def _refused(form: Format, message: str) -> web.Response:
    status = HTTPStatus.BAD_REQUEST
    return web.Response(
        body=form.refusal(status, message), status=status, content_type="application/json"
    )

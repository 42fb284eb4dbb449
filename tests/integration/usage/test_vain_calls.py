"""What a provider has done is paid once, also when nothing came of it; what it has not is not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from billing import ledger
from budgeting import limit
from folkmoot.db.work import Database
from folkmoot.kit.errors import AppError, Unavailable
from folkmoot.kit.subject import Subject
from folkmoot.llm.billing import estimate
from folkmoot.llm.billing.paying import paid_by
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, Retries, Timeouts
from folkmoot.llm.port import ChatMessage, ChatRequest, Usage
from folkmoot.llm.registry import Models
from folkmoot.runs.lease import Lease
from folkmoot.settings.service import Settings
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, Tokens, fails, hangs, page, plays, refuses, says
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.budgets import Budgets
from folkmoot.usage.ledger import Ledger
from piecing import PRICES
from relay import relayed

pytestmark = pytest.mark.anyio

ASKED = ChatRequest(messages=[ChatMessage("user", "Who is there?" * 10)])
TEXTS = [f"heron number {number}" for number in range(40)]
SCORES = json.dumps([{"index": n, "score": 0.5} for n in range(32)]).encode()
QUICK = Retries(attempts=2, first_pause=0.01)


def config(provider: FakeProvider, **more: Any) -> ModelsConfig:
    """Return the configuration of the fake provider, with a reranker that tells no tokens."""
    known = provider.config()
    tei = ProviderConfig(ProviderKind.TEI, f"{provider.url}/v1", "key-of-tei")
    return replace(known, providers={**known.providers, "tei": tei}, retries=QUICK, **more)


class Asking:
    """Asks models, and looks into the ledger."""

    def __init__(self, accounts: Accounts, subject: Subject, superuser_address: str) -> None:
        self.accounts = accounts
        self.subject = subject
        self._address = superuser_address

    async def billed(self) -> list[Usage]:
        """Return what is in the ledger."""
        await self.accounts.ledger.flush()
        return [
            Usage(
                input_tokens=row["input_tokens"],
                output_tokens=row["output_tokens"],
                estimated=row["estimated"],
            )
            for row in ledger(self._address)
        ]

    async def embed(self, models: Models, name: str, texts: Sequence[str] = TEXTS) -> None:
        with paid_by(self.accounts.of(self.subject)):
            await models.embedder(name).embed(texts, kind="query")

    async def rerank(self, models: Models, texts: Sequence[str] = TEXTS) -> None:
        with paid_by(self.accounts.of(self.subject)):
            await models.own.reranker("tei:bge").rerank("heron", texts)

    async def chat(self, models: Models) -> None:
        with paid_by(self.accounts.of(self.subject)):
            async with aclosing(models.chat().stream(ASKED)) as answer:
                assert [batch async for batch in answer]


@pytest.fixture
async def asking(
    app_address: str, subject: Subject, superuser_address: str
) -> AsyncIterator[Asking]:
    database = Database(app_address)
    await database.open()
    budgets = Budgets(database, Settings(database), lambda: None)
    accounts = Accounts(PRICES, Ledger(database), budgets)
    yield Asking(accounts, subject, superuser_address)
    await database.close()


async def left(task: asyncio.Task[None], provider: FakeProvider, received: int = 1) -> None:
    """Cancel a task when the provider has been asked so often."""
    await provider.until(lambda: len(provider.received) == received)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_batches_before_the_one_that_fails_are_paid(
    asking: Asking, provider: FakeProvider
) -> None:
    provider.script_rerankings([plays(SCORES, "application/json"), refuses(400)])
    provider.script_embeddings([refuses(400)])
    models = Models(config(provider))
    with pytest.raises(AppError):
        await asking.rerank(models)
    with pytest.raises(AppError):
        await asking.embed(models, "google:fake-embedding")
    await models.aclose()
    assert await asking.billed() == [estimate.pairs("heron", TEXTS[:32])]


@pytest.mark.parametrize("model", ["openai:e", "google:e", "ollama:e"])
async def test_an_embedding_that_nobody_waits_for_any_more_is_paid_by_its_text(
    asking: Asking, provider: FakeProvider, model: str
) -> None:
    provider.script_embeddings([hangs()])
    models = Models(config(provider))
    await left(asyncio.create_task(asking.embed(models, model)), provider)
    await models.aclose()
    assert await asking.billed() == [estimate.texts(TEXTS)]


async def test_an_answer_that_cannot_be_used_is_paid_as_one_that_can(
    asking: Asking, provider: FakeProvider
) -> None:
    one_of_two = json.dumps({"embeddings": [{"values": [1.0]}]}).encode()
    provider.script_embeddings([plays(one_of_two, "application/json")] * 9)
    models = Models(config(provider))
    with pytest.raises(AppError):
        await asking.embed(models, "google:e", ["a heron", "an egret"])
    await models.aclose()
    (billed,) = await asking.billed()
    once = estimate.texts(["a heron", "an egret"])
    assert billed.input_tokens == once.input_tokens * len(provider.received)


async def test_what_was_told_of_one_batch_is_added_to_the_guess_of_the_one_that_was_left(
    asking: Asking, provider: FakeProvider
) -> None:
    told = {"data": [{"embedding": [1.0], "index": n} for n in range(128)]}
    answer = json.dumps({**told, "usage": {"prompt_tokens": 1_000}}).encode()
    provider.script_embeddings([plays(answer, "application/json"), hangs()])
    models = Models(config(provider))
    texts = ["a heron sleeps here"] * 129
    asked = asyncio.create_task(asking.embed(models, "openai:e", texts))
    await left(asked, provider, received=2)
    await models.aclose()
    assert await asking.billed() == [Usage(input_tokens=1_005, output_tokens=0, estimated=True)]


async def test_a_reranker_that_is_left_is_paid_for_what_it_was_sent_and_no_more(
    asking: Asking, provider: FakeProvider
) -> None:
    provider.script_rerankings([hangs()])
    models = Models(config(provider))
    await left(asyncio.create_task(asking.rerank(models)), provider)
    await models.aclose()
    assert await asking.billed() == [estimate.pairs("heron", TEXTS[:32])]


SILENT = Timeouts(first_token=0.2, idle=0.2, embed=0.2)


async def test_a_provider_that_was_silent_for_too_long_has_read_what_it_was_sent(
    asking: Asking, provider: FakeProvider
) -> None:
    provider.script([hangs()])
    provider.script_embeddings([hangs()])
    provider.script_rerankings([hangs()])
    models = Models(config(provider, timeouts=SILENT))
    for ask in (asking.chat, asking.rerank):
        with pytest.raises(AppError, match=r"silent|within"):
            await ask(models)
    with pytest.raises(AppError, match=r"silent|within"):
        await asking.embed(models, "google:e")
    await models.aclose()
    assert await asking.billed() == [
        estimate.usage(ASKED, 0),
        estimate.pairs("heron", TEXTS[:32]),
        estimate.texts(TEXTS),
    ]


@pytest.mark.parametrize("reply", [refuses(503), page(), fails(Fault.CUT)])
async def test_what_a_provider_refuses_or_breaks_off_itself_costs_nothing(
    asking: Asking, provider: FakeProvider, reply: Reply
) -> None:
    provider.script([reply] * 2)
    provider.script_embeddings([reply] * 2)
    provider.script_rerankings([reply] * 2)
    models = Models(config(provider))
    for ask in (asking.chat, asking.rerank):
        with pytest.raises(AppError):
            await ask(models)
    with pytest.raises(AppError):
        await asking.embed(models, "google:e")
    assert len(provider.received) == 6
    await models.aclose()
    assert await asking.billed() == []


async def test_what_an_attempt_was_told_to_cost_is_paid_beside_the_one_that_follows(
    asking: Asking, provider: FakeProvider
) -> None:
    none = json.dumps({"data": [], "usage": {"prompt_tokens": 300}}).encode()
    whole = {"data": [{"embedding": [1.0], "index": 0}], "usage": {"prompt_tokens": 300}}
    answers = (none, json.dumps(whole).encode())
    provider.script_embeddings([plays(answer, "application/json") for answer in answers])
    models = Models(config(provider))
    await asking.embed(models, "openai:e", ["a heron"])
    await models.aclose()
    assert await asking.billed() == [Usage(input_tokens=600, output_tokens=0)]


BEGUN = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":'
    b'{"input_tokens":70,"output_tokens":1}}}\n\n'
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"No."}}\n\n'
)


async def test_an_answer_whose_price_was_told_before_it_failed_is_paid_beside_the_next(
    asking: Asking, provider: FakeProvider
) -> None:
    provider.script([plays(BEGUN, "text/event-stream"), says("Me.", tokens=Tokens(30, 3))])
    models = Models(config(provider, default_model="anthropic:fake-chat"))
    await asking.chat(models)
    await models.aclose()
    assert await asking.billed() == [Usage(input_tokens=100, output_tokens=4)]


async def unreachable() -> tuple[asyncio.Server, str]:
    """Return a server that takes connections and says nothing until the TLS handshake."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    return server, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_what_never_reached_its_provider_costs_nothing_when_nobody_waits(
    asking: Asking, provider: FakeProvider
) -> None:
    server, url = await unreachable()
    google = ProviderConfig(ProviderKind.GOOGLE, url, "key")
    tei = ProviderConfig(ProviderKind.TEI, url, "key")
    openai = ProviderConfig(ProviderKind.OPENAI, url, "key")
    providers = {"google": google, "tei": tei, "openai": openai}
    models = Models(replace(config(provider), providers=providers))
    tasks: list[Callable[[], Any]] = [
        lambda: asking.embed(models, "google:e"),
        lambda: asking.rerank(models),
        lambda: asking.chat(models),
    ]
    for ask in tasks:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await ask()
    await models.aclose()
    server.close()
    assert await asking.billed() == []


async def test_what_was_put_aside_for_a_call_that_was_never_made_is_given_back(
    app_address: str, database: Database, subject: Subject, provider: FakeProvider
) -> None:
    process = await Lease(database).join()
    models = Models(config(provider))
    async with relayed(app_address) as relay:
        through = Database(relay.address)
        await through.open()
        settings = Settings(through)
        await limit(settings, subject, "1 calls/month")
        budgets = Budgets(through, settings, lambda: process)
        accounts = Accounts(PRICES, Ledger(through), budgets)
        asking = Asking(accounts, subject, "")
        await settings.of(subject)
        relay.lose_answer()
        with pytest.raises(Unavailable):
            await asking.embed(models, "openai:e", ["one"])
        await accounts.ledger.flush()
        await asking.embed(models, "openai:e", ["two"])
        await accounts.ledger.close()
        await through.close()
    await models.aclose()
    assert len(provider.received) == 1

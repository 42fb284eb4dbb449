"""Every call of a model is in the ledger once, whatever becomes of it and of whoever made it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

import running
from billing import ledger
from folkmoot.db.work import Database
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject, deployment
from folkmoot.kit.telemetry import metrics
from folkmoot.llm.billing.paying import paid_by
from folkmoot.llm.port import ChatMessage, ChatRequest
from folkmoot.llm.registry import Models
from folkmoot.settings.service import Settings
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, fails, hangs, refuses, says, uses
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.budgets import Budgets
from folkmoot.usage.ledger import Ledger, Row
from piecing import PRICES
from relay import relayed
from talking import Talker, custom, platform

pytestmark = pytest.mark.anyio

REFUSED = "usage_rows_refused_total"
ASKED = ChatRequest(messages=[ChatMessage("user", "Who is there?")])


@pytest.mark.core
async def test_a_turn_is_in_the_ledger_with_all_that_can_be_asked_of_it(
    ada: Talker, provider: FakeProvider, superuser_address: str, subject: Subject
) -> None:
    provider.script([says("Forty-two.")])
    stream = await ada.ask("What is the answer?", "t1")
    (used,) = custom(stream, "model.used")
    (row,) = ledger(superuser_address)
    told = (row["provider"], row["model"], row["operation"], row["agent"], row["conversation"])
    assert told == ("openai", "fake-chat", "chat", "chat", "t1")
    assert (row["org_id"], row["user_id"], row["team_id"]) == (
        subject.org_id,
        subject.user_id,
        None,
    )
    assert isinstance(row["run_id"], UUID)
    tokens = row["input_tokens"], row["output_tokens"]
    assert tokens == (used["inputTokens"], used["outputTokens"])
    assert row["micro_usd"] == used["microUsd"] == tokens[0] + 2 * tokens[1]
    assert not row["estimated"]


async def test_each_call_of_a_turn_has_a_row(
    ada: Talker, provider: FakeProvider, superuser_address: str
) -> None:
    provider.script([uses("clock", {}), says("Noon.")])
    stream = await ada.ask("What time is it?", "t1", workflow="tools")
    assert len(custom(stream, "model.used")) == 2
    first, second = ledger(superuser_address)
    assert first["run_id"] == second["run_id"]
    assert first["id"] != second["id"]


async def test_what_a_provider_does_not_tell_is_estimated_and_said_to_be(
    ada: Talker, provider: FakeProvider, superuser_address: str
) -> None:
    provider.script([fails(Fault.CUT, text="A long story. " * 10)])
    stream = await ada.ask("y" * 80, "t1")
    assert stream[-1].type == "RUN_ERROR"
    (row,) = ledger(superuser_address)
    assert row["estimated"]
    assert row["output_tokens"] == 35  # four characters a token
    assert row["input_tokens"] >= 20


async def test_a_call_that_the_provider_refuses_costs_nothing(
    ada: Talker, provider: FakeProvider, superuser_address: str
) -> None:
    provider.script([refuses(503)])
    stream = await ada.ask("Anybody?", "t1")
    assert stream[-1].type == "RUN_ERROR"
    assert ledger(superuser_address) == []


async def test_a_run_that_is_cancelled_pays_for_what_the_model_has_said_and_read(
    ada: Talker, provider: FakeProvider, superuser_address: str
) -> None:
    provider.script([hangs()])
    asking = asyncio.create_task(ada.ask("x" * 400, "t1"))
    await provider.until(lambda: provider.received)
    async with ada.http() as client:
        (run,) = (await client.get("/api/v1/runs")).json()["items"]
        await client.post(f"/api/v1/runs/{run['id']}/cancel")
    await asking
    (row,) = ledger(superuser_address)
    assert row["estimated"]
    assert row["input_tokens"] >= 100
    assert row["output_tokens"] == 0


async def test_each_call_is_billed_once_when_another_process_goes_on_with_the_run(
    app_address: str,
    writer_address: str,
    provider: FakeProvider,
    superuser_address: str,
    subject: Subject,
    ada: Talker,
) -> None:
    """The first answer was whole before its process stopped; the second was asked for again."""
    provider.script([uses("clock", {}), hangs(), says("Noon.")])
    asking = asyncio.create_task(ada.ask("What time is it?", "t1", workflow="tools"))
    await provider.until(lambda: len(provider.received) == 2)
    async with platform(app_address, writer_address, provider, permissions=subject.permissions):
        await ada.platform.supervisor.drain(grace=0)
        await asking
        await running.until(lambda: len(ledger(superuser_address)) == 3)
    whole, left, again = ledger(superuser_address)
    assert [whole["estimated"], left["estimated"], again["estimated"]] == [False, True, False]
    assert left["output_tokens"] == 0
    assert whole["run_id"] == left["run_id"] == again["run_id"]


def unlimited(database: Database) -> Accounts:
    """Return what pays for everything, on behalf of no process."""
    budgets = Budgets(database, Settings(database), lambda: None)
    return Accounts(PRICES, Ledger(database), budgets)


@pytest.fixture
async def accounts(app_address: str) -> AsyncIterator[Accounts]:
    """What pays outside of runs."""
    database = Database(app_address)
    await database.open()
    yield unlimited(database)
    await database.close()


async def test_what_nobodys_run_has_asked_is_in_the_ledger_too(
    accounts: Accounts, provider: FakeProvider, superuser_address: str, subject: Subject
) -> None:
    models = Models(provider.config())
    embedder = models.embedder("openai:fake-embedder")
    with paid_by(accounts.of(subject)):
        await embedder.embed(["one", "two"], kind="query")
        await models.embedder("offline:hash").embed(["three"], kind="query")
    with paid_by(accounts.of(deployment(subject.org_id))):
        await embedder.embed(["four"], kind="document")
    await models.aclose()
    await accounts.ledger.flush()
    mine, nobodys = ledger(superuser_address)
    assert (mine["operation"], mine["user_id"]) == ("embeddings", subject.user_id)
    assert (mine["input_tokens"], mine["output_tokens"], mine["estimated"]) == (2, 0, False)
    assert (mine["run_id"], mine["agent"], mine["conversation"]) == (None, None, None)
    assert nobodys["user_id"] is None


async def test_a_row_that_the_database_refuses_holds_up_no_other(
    accounts: Accounts, superuser_address: str, subject: Subject
) -> None:
    kept = [new_id() for _ in range(4)]
    for id_ in (*kept[:2], None, *kept[2:]):  # one has no id
        accounts.ledger.put(called(subject, id_))
    before = metrics.REGISTRY.get_sample_value(REFUSED) or 0.0
    with capture_logs() as told:
        await accounts.ledger.flush()
    assert [row["id"] for row in ledger(superuser_address)] == sorted(kept)
    assert metrics.REGISTRY.get_sample_value(REFUSED) == before + 1
    (line,) = [each for each in told if each["event"] == "usage.row_refused"]
    assert (line["org_id"], line["reason"]) == (str(subject.org_id), "23502")
    assert "fake-model" not in str(line)


def called(subject: Subject, id_: UUID | None) -> Row:
    values: dict[str, JsonValue] = {
        "o": str(subject.org_id),
        "i": None if id_ is None else str(id_),
        "a": 0,
        "p": "openai",
        "m": "fake-model",
        "k": "chat",
        "f": False,
        "b": False,
        "x": 1,
        "y": 1,
        "z": 0,
        "w": 0,
        "d": 3,
    }
    return Row(subject.org_id, values)


async def test_what_nobody_pays_for_is_in_no_ledger(
    accounts: Accounts, provider: FakeProvider, superuser_address: str
) -> None:
    models = Models(provider.config())
    async with aclosing(models.chat().stream(ASKED)) as answer:
        assert [batch async for batch in answer]
    await models.aclose()
    await accounts.ledger.flush()
    assert ledger(superuser_address) == []


async def test_what_cannot_be_written_waits_and_is_written_once(
    app_address: str, provider: FakeProvider, superuser_address: str, subject: Subject
) -> None:
    models = Models(provider.config())
    async with relayed(app_address) as relay:
        database = Database(relay.address)
        await database.open()
        accounts = unlimited(database)
        with paid_by(accounts.of(subject)):
            await models.embedder("openai:fake-embedder").embed(["one"], kind="query")
        relay.lose_answer()
        with pytest.raises(Unavailable):
            await accounts.ledger.flush()
        await accounts.ledger.flush()
        await accounts.ledger.close()
        await database.close()
    await models.aclose()
    assert len(ledger(superuser_address)) == 1

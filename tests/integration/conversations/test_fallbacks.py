"""Models to fall back to: asked in their order, before anything is said, and told in the run."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from asking import asking, outcome
from folkmoot.identity.permissions import OWNER
from folkmoot.kit.scope import Scope
from folkmoot.llm.config import Retries, Timeouts
from folkmoot.llm.errors import ModelNotLoaded
from folkmoot.llm.port import ChatModel, FellBack
from folkmoot.llm.registry import Models
from folkmoot.llm.resilience.chain import Chain
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, fails, hangs, page, refuses, says, uses
from talking import Platform, Talker, body, custom, text_of, types

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = "openai:first", "anthropic:second", "google:third"


async def let(serving: Platform, talker: Talker, **values: Any) -> None:
    """Set models for the talker's organisation."""
    data = WRITES[Group.MODELS].model_validate({"values": values})
    subject = replace(talker.subject, permissions=OWNER)
    at = (Scope.ORGANIZATION, None)
    await serving.settings.replace(subject, Group.MODELS, at, data, lambda _current: None)


def asked(provider: FakeProvider) -> list[str]:
    """Return the models that were asked."""
    return [each.heard.model for each in provider.chats]


@pytest.fixture
async def impatient(provider: FakeProvider) -> AsyncIterator[Models]:
    """Models that wait for nothing long."""
    config = replace(
        provider.config(),
        timeouts=Timeouts(connect=30, first_token=2, idle=2, total=30),
        retries=Retries(attempts=2, first_pause=0.01, longest_pause=0.02),
    )
    models = Models(config)
    yield models
    await models.aclose()


@pytest.mark.core
async def test_another_model_answers_and_the_run_tells_which_and_why(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await let(serving, ada, default_model=FIRST, fallback_models=[SECOND, THIRD])
    provider.script([refuses(500), refuses(503), says("I am the third.")])
    stream = await ada.ask("Who are you?", "t")
    assert text_of(stream) == "I am the third."
    assert custom(stream, "model.fell_back") == [
        {"model": FIRST, "by": SECOND, "code": "model_unavailable"},
        {"model": SECOND, "by": THIRD, "code": "model_unavailable"},
    ]
    (used,) = custom(stream, "model.used")
    assert (used["provider"], used["model"]) == ("google", "third")
    assert stream[-1].event["usage"][0]["model"] == "third"
    assert asked(provider) == ["first", "second", "third"]
    messages = await ada.messages("t")
    assert [each["role"] for each in messages] == ["user", "assistant"]


@pytest.mark.core
async def test_half_an_answer_is_never_glued_to_anothers(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await let(serving, ada, default_model=FIRST, fallback_models=[SECOND])
    provider.script([fails(Fault.CUT, text="Once upon a ", after=3), says("never said")])
    stream = await ada.ask("Tell me a story.")
    assert text_of(stream) == "Once upon a "
    assert stream[-1].event["code"] == "model_stream_cut"
    assert custom(stream, "model.fell_back") == []
    assert asked(provider) == ["first"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (refuses(500), "model_unavailable"),
        (refuses(429, retry_after="9999"), "model_rate_limited"),
        (refuses(401), "model_key_refused"),
        (hangs(), "model_timed_out"),
        (page(), "model_answer_malformed"),
        (Reply(raw=b""), "model_answer_malformed"),
        (fails(Fault.CUT), "model_unavailable"),
    ],
)
async def test_every_way_of_not_being_there_leads_to_the_next_model(
    fault: Reply, code: str, impatient: Models, provider: FakeProvider
) -> None:
    provider.script([lambda heard: fault if heard.model == "first" else says("Here.")] * 3)
    result = await outcome(Chain((FIRST, SECOND), impatient.chat), asking("?"))
    assert result.text == "Here."
    assert result.chunks[0] == FellBack(FIRST, SECOND, code)
    assert asked(provider)[-1] == "second"


async def test_a_model_that_rejects_the_question_stands_for_all(
    impatient: Models, provider: FakeProvider
) -> None:
    provider.script([refuses(400, message="Too long.")])
    result = await outcome(Chain((FIRST, SECOND), impatient.chat), asking("?"))
    assert result.error is not None
    assert result.error.code == "model_rejected"
    assert asked(provider) == ["first"]


async def test_when_no_model_answers_the_last_failure_stands(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await let(serving, ada, default_model=FIRST, fallback_models=[SECOND])
    provider.script([refuses(500), refuses(429, retry_after="9999")])
    stream = await ada.ask("Anybody?")
    assert [each["code"] for each in custom(stream, "model.fell_back")] == ["model_unavailable"]
    assert stream[-1].event["code"] == "model_rate_limited"
    assert "TEXT_MESSAGE_START" not in types(stream)


async def test_a_fallback_that_can_not_be_made_gives_way_to_the_next(impatient: Models) -> None:
    def get(name: str) -> ChatModel:
        if name == "own:broken":
            raise ModelNotLoaded(name, "there is no such module")
        return impatient.chat(name)

    names = ("mistral:unknown", "own:broken", "nobody:knows", SECOND)
    missing = await outcome(Chain(("openai:gone", *names[1:]), get), asking("Hi."))
    assert missing.text == "Hi."
    chain = Chain(("anthropic:away", "own:broken", "nobody:knows", SECOND), get)
    assert chain.name == "anthropic:away"


async def test_a_key_that_is_missing_is_a_model_that_is_not_available(
    provider: FakeProvider,
) -> None:
    config = provider.config()
    models = Models(replace(config, providers={"anthropic": config.providers["anthropic"]}))
    result = await outcome(Chain((FIRST, SECOND), models.chat), asking("Hi."))
    assert result.chunks[0] == FellBack(FIRST, SECOND, "model_key_missing")
    assert result.text == "Hi."
    await models.aclose()


async def test_an_unknown_model_is_refused_before_the_run_begins(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await let(serving, ada, fallback_models=[SECOND])
    refused = await ada.post(body("Hello?", model="nobody:knows"))
    assert (refused.status_code, refused.json()["code"]) == (404, "model_unknown")
    assert provider.chats == []


async def test_only_models_that_may_be_asked_are_fallen_back_to(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await let(
        serving,
        ada,
        default_model=FIRST,
        fallback_models=[SECOND, FIRST, THIRD],
        allowed_models=[FIRST, THIRD],
    )
    provider.script([refuses(500), says("I am the third.")])
    assert text_of(await ada.ask("Who are you?")) == "I am the third."
    assert asked(provider) == ["first", "third"]


async def test_every_answer_of_a_turn_begins_with_the_first_model_again(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await let(serving, ada, default_model=FIRST, fallback_models=[SECOND])
    provider.script([refuses(500), uses("clock"), says("It is late.")])
    stream = await ada.ask("What time is it?", workflow="tools")
    assert text_of(stream) == "It is late."
    assert asked(provider) == ["first", "second", "first"]
    models = [each["model"] for each in custom(stream, "model.used")]
    assert models == ["second", "first"]


async def test_the_order_is_kept_with_the_run(
    serving: Platform, ada: Talker, superuser_address: str
) -> None:
    await let(serving, ada, default_model=FIRST, fallback_models=[SECOND])
    stream = await ada.ask("Hello?")
    async with serving.database.pipelined(ada.subject) as connection:
        cursor = await connection.execute("SELECT input FROM runs")
    (row,) = await cursor.fetchall()
    stored = row[0]
    told = stored if isinstance(stored, dict) else json.loads(str(stored))
    assert told["fallbacks"] == [SECOND]
    assert text_of(stream) == "Hello?"

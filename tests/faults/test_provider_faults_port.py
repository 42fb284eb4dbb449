"""The model provider hangs, refuses, sends a page, broken JSON, half a stream, nothing, too much.

Each stream ends in exactly one way by its deadline: finished, or with one error. What was handed on
is never repeated, and never glued to another answer. Held for every wire format.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from asking import asking, outcome
from folkmoot.kit import clock
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, Retries, Timeouts
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelDeadlineExceeded,
    ModelError,
    ModelKeyRefused,
    ModelQuotaUsedUp,
    ModelRateLimited,
    ModelRejected,
    ModelStreamCut,
    ModelTimedOut,
    ModelUnavailable,
)
from folkmoot.llm.port import ChatModel, Finished, Usage
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, Tokens, fails, hangs, page, plays, refuses, says

pytestmark = pytest.mark.anyio

QUICK = Retries(attempts=3, first_pause=0.01, longest_pause=0.02)
PATIENT = Timeouts(connect=60, first_token=60, idle=60, total=120)
HURRIED = Timeouts(connect=60, first_token=2, idle=1, total=20)
in_a_hurry = pytest.mark.parametrize("timeouts", [HURRIED], ids=["hurried"])
"""For those whose provider falls silent: all others wait for a busy machine."""


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider


@pytest.fixture
def timeouts() -> Timeouts:
    return PATIENT


@pytest.fixture
async def models(provider: FakeProvider, timeouts: Timeouts) -> AsyncIterator[Models]:
    models = Models(replace(provider.config(), timeouts=timeouts, retries=QUICK))
    yield models
    await models.aclose()


@pytest.fixture(params=["openai", "anthropic", "google", "ollama"])
def model(models: Models, request: pytest.FixtureRequest) -> ChatModel:
    return models.chat(f"{request.param}:fake-chat")


@in_a_hurry
async def test_a_provider_that_never_answers_is_given_up_and_not_waited_for_again(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([hangs(), says("Here I am.")])
    result = await outcome(model, asking("?"))
    assert isinstance(result.error, ModelTimedOut)
    assert result.chunks == []
    await provider.until(lambda: [each.aborted for each in provider.received] == [True])


@in_a_hurry
async def test_an_answer_that_stops_in_the_middle_is_cut_there(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.HANG, text="one two ")])
    result = await outcome(model, asking("?"))
    assert result.text == "one two "
    assert isinstance(result.error, ModelTimedOut)
    assert len(provider.received) == 1


@in_a_hurry
async def test_keep_alive_comments_are_no_answer(models: Models, provider: FakeProvider) -> None:
    """Proxies send comments for as long as the model behind them is silent."""
    provider.script([Reply(reasoning=[""] * 100, delay=0.05)] * 3)
    result = await outcome(models.chat("openai:m"), asking("?"))
    assert isinstance(result.error, ModelTimedOut)
    assert "first token" in result.error.detail


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.END, Fault.BAD_JSON, Fault.ERROR, Fault.HUGE])
async def test_half_an_answer_is_marked_and_never_glued_to_another(
    model: ChatModel, provider: FakeProvider, fault: Fault
) -> None:
    provider.script([fails(fault, text="half an "), says("other answer")])
    result = await outcome(model, asking("?"))
    assert result.text == "half an "
    assert isinstance(result.error, ModelStreamCut | ModelAnswerMalformed)
    assert not any(isinstance(chunk, Finished) for chunk in result.chunks)
    assert len(provider.received) == 1


@in_a_hurry
@pytest.mark.parametrize("fault", [*Fault])
async def test_the_tokens_of_half_an_answer_are_told_once_before_its_error(
    model: ChatModel, provider: FakeProvider, fault: Fault
) -> None:
    """Providers charge for what they sent."""
    provider.script([fails(fault, text="one two three four ")])
    result = await outcome(model, asking("What does it cost?"))
    assert result.error is not None
    assert result.chunks[-1] == result.usage
    assert result.usage.input_tokens >= 5
    assert result.usage.output_tokens == 5


async def test_what_the_provider_told_of_half_an_answer_counts(
    models: Models, provider: FakeProvider
) -> None:
    """The input is told with the first event, the output not before the last."""
    half = replace(fails(Fault.CUT, text="four words of answer"), tokens=Tokens(1000, 50, 800))
    provider.script([half])
    result = await outcome(models.chat("anthropic:m"), asking("?"))
    assert result.usage == Usage(
        input_tokens=1000, output_tokens=5, cached_tokens=800, estimated=True
    )


async def test_a_failure_before_the_answer_costs_nothing(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.CUT), refuses(500), says("At last.")])
    result = await outcome(model, asking("?"))
    assert result.chunks[-2] == result.usage


@pytest.mark.parametrize(
    "bad",
    [
        page(),
        page(502),
        plays(b"", "text/event-stream"),
        plays(b"data: {broken\n\n{broken\n", "application/json"),
        fails(Fault.CUT),
        refuses(500),
        refuses(503),
        refuses(529),
    ],
    ids=["page", "bad gateway", "empty", "bad JSON", "cut", "500", "503", "529"],
)
async def test_what_fails_before_the_first_token_is_asked_again(
    model: ChatModel, provider: FakeProvider, bad: Reply
) -> None:
    provider.script([bad, bad, says("At last.")])
    result = await outcome(model, asking("?"))
    assert (result.text, result.error) == ("At last.", None)
    assert len(provider.received) == 3


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (page(), ModelAnswerMalformed),
        (page(502), ModelUnavailable),
        (plays(b"", "text/event-stream"), ModelAnswerMalformed),
        (refuses(500), ModelUnavailable),
        (refuses(429), ModelRateLimited),
    ],
    ids=["page", "bad gateway", "empty", "500", "429"],
)
async def test_what_keeps_failing_ends_in_one_error(
    model: ChatModel, provider: FakeProvider, bad: Reply, kind: type[ModelError]
) -> None:
    provider.script([bad] * 3)
    result = await outcome(model, asking("?"))
    assert type(result.error) is kind
    assert result.chunks == []
    assert len(provider.received) == 3


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ModelRejected), (401, ModelKeyRefused), (404, ModelRejected)]
)
async def test_what_will_not_pass_is_not_asked_again(
    model: ChatModel, provider: FakeProvider, status: int, kind: type[ModelError]
) -> None:
    provider.script([refuses(status, message="No such model.")])
    result = await outcome(model, asking("?"))
    assert type(result.error) is kind
    assert len(provider.received) == 1


async def test_a_used_up_quota_is_not_asked_again(models: Models, provider: FakeProvider) -> None:
    body = b'{"error":{"message":"Quota.","type":"insufficient_quota","code":"insufficient_quota"}}'
    provider.script([replace(plays(body, "application/json"), status=429)])
    result = await outcome(models.chat("openai:m"), asking("?"))
    assert isinstance(result.error, ModelQuotaUsedUp)
    assert len(provider.received) == 1


async def test_retry_after_in_seconds_is_kept(model: ChatModel, provider: FakeProvider) -> None:
    provider.script([refuses(429, retry_after="1"), says("Thanks for waiting.")])
    began = clock.monotonic()
    result = await outcome(model, asking("?"))
    assert result.text == "Thanks for waiting."
    assert clock.monotonic() - began >= 1.0


async def test_retry_after_as_a_date_is_kept(models: Models, provider: FakeProvider) -> None:
    moment = clock.now() + timedelta(seconds=2)
    provider.script([refuses(503, retry_after=format_datetime(moment, usegmt=True)), says("Yes.")])
    result = await outcome(models.chat("openai:m"), asking("?"))
    assert result.text == "Yes."
    assert clock.now() >= moment - timedelta(seconds=1)  # dates have whole seconds


async def test_a_retry_after_beyond_the_deadline_fails_at_once(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([refuses(429, retry_after="3600")])
    began = clock.monotonic()
    result = await outcome(model, asking("?"))
    assert isinstance(result.error, ModelRateLimited)
    assert result.error.retry_after == 3600
    assert clock.monotonic() - began < 30


async def test_a_slow_endless_answer_ends_at_its_deadline(
    provider: FakeProvider,
) -> None:
    timeouts = Timeouts(first_token=60, idle=60, total=2)
    models = Models(replace(provider.config(), timeouts=timeouts, retries=QUICK))
    result = await outcome(models.chat("openai:m"), asking("[[fake-tok1000-itl20]]"))
    await models.aclose()
    assert isinstance(result.error, ModelDeadlineExceeded)
    assert result.text.startswith("word-0 word-1 ")
    await provider.until(lambda: provider.received[0].aborted)


@in_a_hurry
async def test_a_slow_reader_is_not_taken_for_a_slow_provider(
    model: ChatModel, provider: FakeProvider
) -> None:
    """The time-outs count only while a read waits."""
    text: list[str] = []
    async with aclosing(model.stream(asking("[[fake-tok3-itl100]]"))) as stream:
        async for batch in stream:
            if not text:
                await asyncio.sleep(1.1)  # longer than the provider may be silent
            text += [str(chunk) for chunk in batch]
    assert "word-2" in "".join(text)


async def test_a_provider_that_is_not_there_is_unavailable(free_tcp_port: int) -> None:
    nowhere = ProviderConfig(ProviderKind.OPENAI, f"http://127.0.0.1:{free_tcp_port}/v1")
    models = Models(ModelsConfig(providers={"openai": nowhere}, retries=QUICK))
    result = await outcome(models.chat("openai:m"), asking("?"))
    await models.aclose()
    assert isinstance(result.error, ModelUnavailable)
    assert str(free_tcp_port) not in result.error.detail


async def test_a_provider_that_accepts_and_says_nothing_is_given_up() -> None:
    """Not even headers come."""

    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client leaves
        writer.close()
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    providers = {"anthropic": ProviderConfig(ProviderKind.ANTHROPIC, address, "k")}
    models = Models(ModelsConfig(providers=providers, timeouts=HURRIED, retries=QUICK))
    result = await outcome(models.chat("anthropic:m"), asking("?"))
    await models.aclose()
    assert isinstance(result.error, ModelTimedOut)
    async with asyncio.timeout(60):
        await left.wait()
    server.close()


async def test_a_redirect_is_not_followed(model: ChatModel, provider: FakeProvider) -> None:
    """It would carry the key to another address."""
    provider.script([refuses(307)])
    result = await outcome(model, asking("?"))
    assert isinstance(result.error, ModelRejected)
    assert len(provider.received) == 1


async def test_keys_stay_out_of_errors(model: ChatModel, provider: FakeProvider) -> None:
    own = f"key-of-{model.name.partition(':')[0]}"
    shaped = "sk-0123456789abcdefghijklmnop"
    provider.script([refuses(400, message=f"Bad keys {own} and {shaped}\nhere")])
    result = await outcome(model, asking("?"))
    assert result.error is not None
    assert "Bad keys" in result.error.detail
    assert shaped not in result.error.detail
    assert own not in result.error.detail or own == "key-of-ollama"  # Ollama has no key
    assert "\n" not in result.error.detail


async def test_what_breaks_after_the_end_takes_nothing_away(
    models: Models, provider: FakeProvider
) -> None:
    """The model has said why it stopped; that the connection is lost then does not matter."""
    whole = (
        b'data: {"choices":[{"delta":{"content":"Done."},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    )
    provider.script([plays(whole, "text/event-stream")])
    result = await outcome(models.chat("openai:m"), asking("?"))
    assert (result.text, result.reason, result.error) == ("Done.", "stop", None)
    assert result.usage.estimated

"""The fake provider itself: what its users rely on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import aiohttp
import msgspec
import pytest

from asking import CLOCK, asking, outcome
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind
from folkmoot.llm.errors import ModelRateLimited, ModelRejected
from folkmoot.llm.port import ChatModel
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Heard, says, uses

pytestmark = pytest.mark.anyio


async def test_an_unscripted_message_comes_back(model: ChatModel) -> None:
    assert (await outcome(model, asking("Hello, echo!"))).text == "Hello, echo!"


async def test_a_script_is_played_in_order_and_then_over(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([says("one"), lambda heard: says(heard.asked.upper())])
    texts = [(await outcome(model, asking("again"))).text for _ in range(3)]
    assert texts == ["one", "AGAIN", "again"]


async def test_what_was_heard_is_kept(model: ChatModel, provider: FakeProvider) -> None:
    await outcome(model, asking("What time is it?", tools=[CLOCK]))
    (received,) = provider.chats
    assert received.finished
    assert not received.aborted
    assert received.heard == Heard(
        model="fake-chat",
        asked="What time is it?",
        tools={"clock": CLOCK.parameters},
        characters=16,
    )


async def test_embeddings_take_nothing_from_the_script_of_chats(
    models: Models, provider: FakeProvider
) -> None:
    provider.script([says("for the chat")])
    await models.embedder("openai:m").embed(["[[fake-e500]]"], kind="query")
    assert (await outcome(models.chat(), asking("?"))).text == "for the chat"
    assert len(provider.chats) == 1


async def test_the_last_directive_counts(model: ChatModel) -> None:
    result = await outcome(model, asking("[[fake-tok9]] and then [[fake-tok2]]"))
    assert result.text == "word-0 word-1 "


async def test_a_directive_may_fail_a_number_of_times(models: Models) -> None:
    model = models.chat("openai:m")
    assert (await outcome(model, asking("[[fake-e503x2-tok1]]"))).text == "word-0 "
    result = await outcome(model, asking("[[fake-e429-ra0]]"))
    assert isinstance(result.error, ModelRateLimited)


async def test_a_directive_calls_a_tool_with_arguments_that_fit(
    model: ChatModel, provider: FakeProvider
) -> None:
    result = await outcome(model, asking("[[fake-tool=clock]]", tools=[CLOCK]))
    assert [call.arguments for call in result.calls] == ['{"zone":"x"}']


async def test_a_misspelt_directive_is_refused(model: ChatModel) -> None:
    result = await outcome(model, asking("[[fake-tokens50]]"))
    assert isinstance(result.error, ModelRejected)
    assert "tokens" in result.error.detail


async def test_openais_answers_can_come_whole(provider: FakeProvider) -> None:
    provider.script([says("Whole."), uses("clock", {"zone": "UTC"})])
    request = {"model": "m", "messages": [{"role": "user", "content": "?"}]}
    async with aiohttp.ClientSession() as session:
        answers = [
            await (
                await session.post(f"{provider.openai_url}/chat/completions", json=request)
            ).json()
            for _ in range(2)
        ]
    said, called = (answer["choices"][0] for answer in answers)
    assert (said["message"]["content"], said["finish_reason"]) == ("Whole.", "stop")
    assert called["message"]["tool_calls"][0]["function"]["arguments"] == '{"zone":"UTC"}'
    assert called["finish_reason"] == "tool_calls"


async def test_a_request_that_does_not_fit_is_refused(provider: FakeProvider) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/embeddings"):
            async with session.post(f"{provider.url}{path}", data=b'{"model":1}') as answer:
                assert answer.status == 400
                assert msgspec.json.decode(await answer.read())["error"]


@pytest.fixture
def process() -> Iterator[str]:
    """The provider as a process of its own; its address."""
    command = [sys.executable, "-m", "folkmoot.testing.provider", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.stdout.readline().strip()
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(timeout=60) == 0


async def test_it_runs_as_a_process(process: str) -> None:
    own = ProviderConfig(ProviderKind.OPENAI, f"{process}/v1")
    models = Models(ModelsConfig(providers={"openai": own}))
    result = await outcome(models.chat("openai:m"), asking("[[fake-tok3-itl5]]"))
    await models.aclose()
    assert result.text == "word-0 word-1 word-2 "

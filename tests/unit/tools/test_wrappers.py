"""What is wrapped around every tool."""

import asyncio
from typing import Any

import pytest
from pydantic import JsonValue

from folkmoot.kit.errors import AppError, Conflict, Unavailable
from folkmoot.runs.errors import LeaseLost
from folkmoot.tools import retried as retried_module
from folkmoot.tools.capped import capped
from folkmoot.tools.checked import checked
from folkmoot.tools.clock import CLOCK, TimeZoneUnknown
from folkmoot.tools.errors import ArgumentsInvalid, ToolTimedOut, ToolUnheardOf
from folkmoot.tools.forgiving import UNEXPECTED, forgiving
from folkmoot.tools.retried import retried
from folkmoot.tools.timed import timed
from folkmoot.tools.tool import Tool, ToolContext, ToolFunction
from running import idle_context

pytestmark = pytest.mark.anyio

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 2}, "days": {"type": "integer"}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture
def context() -> ToolContext:
    return idle_context()


def tool(call: ToolFunction, **settings: Any) -> Tool:
    return Tool(name="weather", description="", parameters=SCHEMA, call=call, **settings)


async def sunny(_context: ToolContext, arguments: dict[str, Any]) -> str:
    return f"sunny in {arguments['city']}"


async def test_arguments_that_fit_reach_the_tool(context: ToolContext) -> None:
    assert await checked(tool(sunny)).call(context, {"city": "Ghent"}) == "sunny in Ghent"


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({}, "/:"),
        ({"city": 1}, "/city:"),
        ({"city": "x"}, "/city:"),
        ({"city": "xx", "y": 1}, "/:"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_their_place(
    context: ToolContext, arguments: dict[str, Any], place: str
) -> None:
    with pytest.raises(ArgumentsInvalid, match=place):
        await checked(tool(sunny)).call(context, arguments)


async def test_a_refusal_never_repeats_more_than_a_line_of_the_arguments(
    context: ToolContext,
) -> None:
    with pytest.raises(ArgumentsInvalid) as refused:
        await checked(tool(sunny)).call(context, {"city": ["x" * 10_000]})
    assert len(str(refused.value)) < 1_000


async def test_a_schema_that_points_elsewhere_is_never_fetched(context: ToolContext) -> None:
    remote = Tool(
        name="remote",
        description="",
        parameters={"$ref": "http://127.0.0.1:9/schema.json"},
        call=sunny,
    )
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        await checked(remote).call(context, {})


@pytest.mark.parametrize(("idempotent", "told"), [(True, ToolTimedOut), (False, ToolUnheardOf)])
async def test_a_call_that_takes_too_long_is_cancelled(
    context: ToolContext, idempotent: bool, told: type[AppError]
) -> None:
    """And what a tool with an effect has done by then is not known."""
    stopped = asyncio.Event()

    async def endless(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return ""

    with pytest.raises(told):
        await timed(tool(endless, timeout=0.01, idempotent=idempotent)).call(context, {})
    assert stopped.is_set()


async def test_a_time_out_of_the_tool_itself_is_not_taken_for_ours(context: ToolContext) -> None:
    async def impatient(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await timed(tool(impatient)).call(context, {})


async def test_a_long_result_is_cut_and_says_so(context: ToolContext) -> None:
    async def chatty(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        return "x" * 100

    result = await capped(tool(chatty, max_output=60)).call(context, {})
    assert result == "x" * 60 + "\n[40 more characters were left out]"


async def test_a_failure_on_purpose_is_told_to_the_model(context: ToolContext) -> None:
    async def busy(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        raise Conflict("The room is taken.")

    assert await forgiving(tool(busy)).call(context, {}) == "Error: The room is taken."


async def test_an_accident_is_told_without_what_is_inside(context: ToolContext) -> None:
    async def broken(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        raise RuntimeError("password=hunter2")

    assert await forgiving(tool(broken)).call(context, {}) == f"Error: {UNEXPECTED}"


@pytest.mark.parametrize("error", [LeaseLost(), ToolUnheardOf("weather", 1)])
async def test_what_the_ledger_or_another_process_settles_is_no_result(
    context: ToolContext, error: AppError
) -> None:
    async def lost(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        raise error

    with pytest.raises(type(error)):
        await forgiving(tool(lost)).call(context, {})


async def test_the_clock_tells_the_time_of_a_place(context: ToolContext) -> None:
    utc = await CLOCK.call(context, {})
    tokyo = await CLOCK.call(context, {"time_zone": "Asia/Tokyo"})
    assert utc.endswith(", UTC")
    assert "+09:00" in tokyo


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "", "\0"])
async def test_a_time_zone_that_is_none_is_refused(context: ToolContext, name: str) -> None:
    with pytest.raises(TimeZoneUnknown):
        await CLOCK.call(context, {"time_zone": name})


async def away(reason: AppError | OSError, calls: list[int], until: int) -> str:
    calls.append(len(calls) + 1)
    if len(calls) < until:
        raise reason
    return "sunny"


@pytest.mark.parametrize("reason", [Unavailable("It is away."), ConnectionResetError()], ids=repr)
async def test_what_is_away_for_a_moment_is_asked_again_as_often_as_its_tool_wants(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch, reason: AppError | OSError
) -> None:
    monkeypatch.setattr(retried_module, "FIRST_PAUSE", 0.0)
    calls: list[int] = []
    patient = retried(tool(lambda *_: away(reason, calls, until=3), idempotent=True, retries=2))
    assert await patient.call(context, {}) == "sunny"
    assert len(calls) == 3
    calls.clear()
    impatient = retried(tool(lambda *_: away(reason, calls, until=9), idempotent=True, retries=1))
    with pytest.raises(type(reason)):
        await impatient.call(context, {})
    assert len(calls) == 2


async def test_what_will_not_pass_is_not_asked_again(context: ToolContext) -> None:
    calls: list[int] = []
    refused = Conflict("It is raining.")
    asked = retried(tool(lambda *_: away(refused, calls, until=9), idempotent=True, retries=5))
    with pytest.raises(Conflict):
        await asked.call(context, {})
    assert calls == [1]
    with pytest.raises(ValueError, match="does not say that it may be"):
        tool(sunny, retries=1)


async def test_all_attempts_together_take_no_longer_than_one_may(context: ToolContext) -> None:
    calls: list[int] = []
    endless = tool(
        lambda *_: away(Unavailable("It is away."), calls, until=10**9),
        idempotent=True,
        retries=10**6,
        timeout=0.05,
    )
    with pytest.raises(ToolTimedOut):
        await timed(retried(endless)).call(context, {})

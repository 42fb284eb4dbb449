"""The official AG-UI client against the server."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import pytest

from agui_requirements import proves
from approving import guarded
from cutting import Cutting
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, Use, fails, says
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.tool import Tool, ToolContext
from subagenting import BOSS, WRITER, ask
from talking import Talker, platform

pytestmark = pytest.mark.anyio

HERE: Final = Path(__file__).parent
LOCKED: Final = HERE / "package-lock.json"
PACKAGE: Final = HERE / "node_modules" / "@ag-ui" / "client" / "package.json"
EXAMPLES: Final = HERE.parents[2] / "examples"
PROGRAMS: Final = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
PATIENCE: Final = 120  # seconds

Turn = dict[str, Any]


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node, with the client's package installed."""
    node, npm = (shutil.which(name, path=PROGRAMS) for name in ("node", "npm"))
    assert node is not None
    assert npm is not None
    with LOCKED.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other tests may want it at the same time
        if not PACKAGE.exists():
            installed = run(npm, "ci")
            if installed.returncode != 0:
                pytest.skip(f"npm can not install the AG-UI client: {installed.stderr[-300:]}")
    return node


def run(*command: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Node.js, which is found where the other tools of the tests are."""
    return subprocess.run(
        command,
        cwd=HERE,
        env=os.environ | {"PATH": PROGRAMS} | variables,
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


async def talk(node: str, talker: Talker, thread: str, *turns: Turn) -> dict[str, Any]:
    """Ask one question after the other with the official client; return what it tells."""
    order = {
        "url": f"{talker.platform.url}/api/chat/chat",
        "headers": {"Authorization": f"Bearer {talker.key}"},
        "threadId": thread,
        "turns": turns,
    }
    asking = partial(run, node, "client.mjs", given=json.dumps(order))
    done = await anyio.to_thread.run_sync(asking)
    assert done.returncode == 0, done.stderr
    assert "[ag-ui]" not in done.stderr, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def plain(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages as far as client and server both know them."""
    return [
        {
            "id": message["id"],
            "role": message["role"],
            "content": message.get("content") or "",
            "calls": [call["function"] for call in message.get("toolCalls") or ()],
        }
        for message in messages
    ]


async def kept(talker: Talker, thread: str) -> list[dict[str, Any]]:
    return [
        message | {"toolCalls": message["tool_calls"]} for message in await talker.messages(thread)
    ]


@proves("client.accepts")
async def test_the_client_holds_the_conversation_that_the_server_keeps(
    node: str, ada: Talker, provider: FakeProvider
) -> None:
    both = Reply(
        text=["Let me see. "],
        reasoning=["Hm."],
        uses=[Use("calculator", json.dumps({"expression": "6 * 7"})), Use("clock", "{}")],
    )
    only = Reply(uses=[Use("calculator", json.dumps({"expression": "1 + 1"}))])
    provider.script([says("Hello to you."), both, only, says("It is 42."), says("Good bye.")])
    thread = new_id().hex
    told = await talk(
        node,
        ada,
        thread,
        {"text": "Hello"},
        {"text": "What is 6 times 7?", "forwardedProps": {"workflow": "tools"}},
        {"text": "Bye"},
    )
    assert [turn["error"] for turn in told["turns"]] == [None, None, None]
    spoken = [message for message in told["messages"] if message["role"] != "reasoning"]
    assert plain(spoken) == plain(await kept(ada, thread))
    assert [message["role"] for message in spoken] == [
        "user", "assistant",
        "user", "assistant", "tool", "tool", "assistant", "tool", "assistant",
        "user", "assistant",
    ]  # fmt: skip


@proves("client.resumes")
async def test_the_client_answers_what_it_is_asked(
    node: str, ada: Talker, provider: FakeProvider
) -> None:
    await guarded(ada, approve_always=["calculator"])
    wanted = Use("calculator", json.dumps({"expression": "6 * 7"}))
    provider.script([Reply(uses=[wanted, wanted]), says("It is 42."), says("Good bye.")])
    thread = new_id().hex
    asking = {"text": "What is 6 times 7?", "forwardedProps": {"workflow": "tools"}}
    told = await talk(node, ada, thread, asking, {"answer": {"approved": True}}, {"text": "Bye"})
    assert [turn["error"] for turn in told["turns"]] == [None, None, None]
    assert plain(told["messages"]) == plain(await kept(ada, thread))
    assert [message["role"] for message in told["messages"]] == [
        "user", "assistant", "tool", "tool", "assistant", "user", "assistant",
    ]  # fmt: skip


async def jot(context: ToolContext, _arguments: dict[str, Any]) -> str:
    """Leave a note in the state, and tell of it while it is made."""
    activity = context.activity("NOTE")
    activity.show({"lines": 0})
    context.state.patch([{"op": "add", "path": "/notes", "value": ["sent"]}])
    activity.patch([{"op": "replace", "path": "/lines", "value": 1}])
    return "noted"


JOT: Final = Tool(
    name="jot", description="Notes.", parameters={"type": "object"}, call=jot, trusted=True
)


@pytest.fixture
async def boss(
    app_address: str, writer_address: str, provider: FakeProvider, subject: Subject
) -> AsyncIterator[Talker]:
    """Somebody whose agent asks another one, and has a tool that changes the state."""
    agents = [replace(BOSS, tools=("jot",)), replace(WRITER, tools=("calculator",))]
    async with platform(
        app_address,
        writer_address,
        provider,
        agents=agents,
        tools=[JOT, CALCULATOR],
        permissions=subject.permissions,
    ) as running:
        yield running.talker(subject)


@proves("subagents.closed", "state.told")
async def test_the_client_follows_agents_that_ask_others_and_wait_inside_of_them(
    node: str, boss: Talker, provider: FakeProvider
) -> None:
    await guarded(boss, approve_always=["calculator"])
    counting = Reply(text=["Hm. "], uses=[Use("calculator", json.dumps({"expression": "6 * 7"}))])
    provider.script([Reply(uses=[ask("Count!"), Use("jot")]), counting, says("It is 42.")])
    provider.script([says("42, they say."), says("Good bye.")])
    thread = new_id().hex
    asking = {"text": "How many?"}
    told = await talk(node, boss, thread, asking, {"answer": {"approved": True}}, {"text": "Bye"})
    assert [turn["error"] for turn in told["turns"]] == [None, None, None]
    own = [each for each in told["messages"] if "subagentRunId" not in each]
    spoken = [each for each in own if each["role"] != "activity"]
    assert plain(spoken) == plain(await kept(boss, thread))
    assert [each["content"] for each in own if each["role"] == "activity"] == [{"lines": 1}]
    inner = [each for each in told["messages"] if "subagentRunId" in each]
    # The result of a call that waited comes after it, although the run that goes on opens no call.
    assert [(each["role"], each["content"]) for each in inner] == [
        ("assistant", "Hm. "), ("tool", "42"), ("assistant", "It is 42."),
    ]  # fmt: skip
    assert told["state"] == {"notes": ["sent"]}


async def test_the_client_is_told_of_a_failure(
    node: str, ada: Talker, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.CUT, text="Half an "), says("A whole answer.")])
    told = await talk(node, ada, new_id().hex, {"text": "Well?"}, {"text": "Again?"})
    failed, again = told["turns"]
    assert failed["events"][-1]["type"] == "RUN_ERROR"
    assert again["error"] is None
    assert told["messages"][-1]["content"] == "A whole answer."


async def test_the_client_is_told_of_a_refusal(node: str, ada: Talker) -> None:
    turn = {"text": "Hello", "forwardedProps": {"workflow": "nonsense"}}
    told = await talk(node, ada, new_id().hex, turn)
    assert "422" in told["turns"][0]["error"]
    assert told["turns"][0]["events"] == []


@proves("client.reconnects")
async def test_the_client_of_the_example_survives_lost_connections(
    node: str, ada: Talker, provider: FakeProvider, tmp_path: Path
) -> None:
    words = [f"word-{number} " for number in range(100)]
    provider.script([Reply(text=words, delay=0.01)])
    with Cutting(ada.platform.url, after=2_000, times=2) as proxy:
        asking = example("resume.ts", "A long story, please.", node, tmp_path, ada, proxy.url)
        done = await anyio.to_thread.run_sync(asking)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{''.join(words)}\n"
    assert done.stderr.count("connection lost") == proxy.cuts == 2


@proves("tools.frontend", "tools.returned", "client.tools")
async def test_the_client_of_the_example_makes_the_calls_that_are_left_to_it(
    node: str, ada: Talker, provider: FakeProvider, tmp_path: Path
) -> None:
    both = [Use("go_to", json.dumps({"path": "//evil.example"})), Use("page_title")]
    further = [Use("clock"), Use("go_to", json.dumps({"path": "/lamps"}))]
    end = says("Here they are.")
    provider.script([Reply(text=["I look. "], uses=both), Reply(uses=further), end])
    url = ada.platform.url
    asking = example("browser_tools.ts", "Where are the lamps?", node, tmp_path, ada, url)
    done = await anyio.to_thread.run_sync(asking)
    assert done.returncode == 0, done.stderr
    assert "[ag-ui]" not in done.stderr, done.stderr
    # The second time it had read what the page says, and the user was not there to be asked.
    assert done.stdout == "I look. Here they are.\n(https://example.com/)\n"
    told = json.loads(provider.chats[-1].body)["messages"][1:]
    assert [each["role"] for each in told] == [
        "user", "assistant", "tool", "tool", "assistant", "tool", "tool",
    ]  # fmt: skip
    said = [each["content"] for each in told if each["role"] == "tool"]
    assert said[:2] == ["Error: There is no such page.", "Welcome"]
    assert said[3] == "Error: The user did not want this."


def example(
    name: str, text: str, node: str, place: Path, talker: Talker, url: str
) -> partial[subprocess.CompletedProcess[str]]:
    """Return how an example is run that asks something."""
    shutil.copy(EXAMPLES / name, place)
    (place / "node_modules").symlink_to(HERE / "node_modules")
    return partial(
        run,
        *(node, str(place / name), text),
        FOLKMOOT_URL=url,
        FOLKMOOT_API_KEY=talker.key,
    )

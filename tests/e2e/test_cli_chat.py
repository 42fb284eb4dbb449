"""Talking with agents in a terminal."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from commanding import PATIENCE, Shell
from cutting import Cutting
from deployed import API_KEY, Deployed

WORDS = "".join(f"word-{number} " for number in range(50))


def recorded(server: Deployed, run_id: str) -> list[Any]:
    path = f"{server.url}/api/v1/runs/{run_id}/events"
    answer = httpx.get(path, headers=server.headers | {"Accept": "application/json"})
    items: list[Any] = answer.json()["items"]
    return items


def state(server: Deployed, run_id: str) -> str:
    return str(server.get(f"/api/v1/runs/{run_id}").json()["state"])


def test_an_answer_streams_to_the_output_and_everything_else_beside_it(folkmoot: Shell) -> None:
    ended = folkmoot("chat", "[[fake-tok50]]")
    assert ended.code == 0
    assert ended.out == f"{WORDS}\n"
    assert "--conversation" in ended.err


def test_a_conversation_goes_on(folkmoot: Shell, local_server: Deployed) -> None:
    begun = folkmoot("chat", "Good morning")
    thread = begun.err.split("--conversation ")[1].rstrip(")\n")
    ended = folkmoot("chat", "Good night", "--conversation", thread)
    assert (ended.code, ended.out) == (0, "Good night\n")
    messages = local_server.get(f"/api/v1/conversations/{thread}/messages").json()["items"]
    assert [message["content"] for message in messages] == [
        *("Good morning", "Good morning"),
        *("Good night", "Good night"),
    ]


def test_what_is_piped_in_is_asked(folkmoot: Shell) -> None:
    ended = folkmoot("chat", given="From a pipe: Zażółć gęślą jaźń\n")
    assert (ended.code, ended.out.strip()) == (0, "From a pipe: Zażółć gęślą jaźń")


def test_asking_nothing_is_wrong_use(folkmoot: Shell) -> None:
    ended = folkmoot("chat", given="  \n")
    assert (ended.code, ended.out) == (2, "")


def test_as_json_every_event_is_a_line_under_the_number_that_the_log_has(
    folkmoot: Shell, local_server: Deployed
) -> None:
    ended = folkmoot("chat", "[[fake-tok5]]", "--json")
    assert ended.code == 0
    run_id = ended.lines[0]["event"]["runId"]
    assert ended.lines == recorded(local_server, run_id)


def test_a_run_that_fails_says_why(folkmoot: Shell) -> None:
    ended = folkmoot("chat", "[[fake-e400]]")
    assert (ended.code, ended.out) == (1, "")
    assert "Error: " in ended.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--agent", "nobody"), "agent"),
        (("--model", "nobody:nothing"), "nobody"),
        (("--collection", "No such collection"), "No such collection"),
    ],
)
def test_what_does_not_exist_is_refused_with_a_reason(
    folkmoot: Shell, options: tuple[str, str], words: str
) -> None:
    ended = folkmoot("chat", "Hello", *options)
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err


def test_control_characters_of_an_answer_are_inert(folkmoot: Shell) -> None:
    ended = folkmoot("chat", "\x1b[31mred\x1b]0;title\x07\u202e")
    assert ended.out == "␛[31mred␛]0;title␇\ufffd\n"


def test_a_connection_that_breaks_again_and_again_costs_no_word(
    folkmoot: Shell, local_server: Deployed
) -> None:
    with Cutting(local_server.url, after=6_000, times=3) as proxy:
        ended = folkmoot(
            "chat", "[[fake-tok200-itl10]]", "--url", proxy.url, FOLKMOOT_API_KEY=API_KEY
        )
    assert ended.code == 0
    assert ended.out == "".join(f"word-{number} " for number in range(200)) + "\n"
    assert proxy.cuts == 3
    assert ended.err.count("connection lost") == 3


def test_interrupting_cancels_the_run(folkmoot: Shell, local_server: Deployed) -> None:
    with folkmoot.begin("chat", "[[fake-tok2000-itl20]]", "--json") as command:
        assert command.stdout is not None
        events = [json.loads(command.stdout.readline())]
        while events[-1]["event"]["type"] != "TEXT_MESSAGE_CONTENT":
            events.append(json.loads(command.stdout.readline()))
        command.send_signal(signal.SIGINT)
        events += [json.loads(line) for line in command.stdout]
        assert command.wait(PATIENCE) == 130
    assert events[-1]["event"]["outcome"] == {"type": "cancelled"}
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert state(local_server, events[0]["event"]["runId"]) == "cancelled"


def test_a_terminal_that_is_closed_leaves_the_run_alone(
    folkmoot: Shell, local_server: Deployed
) -> None:
    with folkmoot.begin("chat", "[[fake-tok40-itl20]]", "--json") as command:
        assert command.stdout is not None
        run_id = json.loads(command.stdout.readline())["event"]["runId"]
        command.kill()
    deadline = time.monotonic() + PATIENCE
    while state(local_server, run_id) in {"queued", "running"}:
        assert time.monotonic() < deadline
    assert state(local_server, run_id) == "finished"


def test_at_a_terminal_one_talks_line_by_line(folkmoot: Shell) -> None:
    with folkmoot.terminal("chat") as terminal:
        terminal.until("> ")
        terminal.type("Hello there\n")
        terminal.until("Hello there", times=2)
        terminal.until("> ", times=2)
        terminal.type("[[fake-tok2000-itl20]]\n")
        terminal.until("word-3")
        terminal.interrupt()
        terminal.until("(Cancelled.)")
        terminal.until("> ", times=3)
        terminal.type("[[fake-e400]]\n")
        terminal.until("Error: ")
        terminal.until("> ", times=4)
        terminal.type("\x04")
        assert terminal.ended() == 0
    assert "--conversation" in terminal.seen


def test_a_server_without_a_key_of_ours_wants_one(local_server: Deployed, tmp_path: Path) -> None:
    elsewhere = Shell({"FOLKMOOT_DATA_DIR": str(tmp_path)})
    ended = elsewhere("chat", "Hello", FOLKMOOT_URL=local_server.url)
    assert (ended.code, ended.out) == (4, "")
    refused = elsewhere(
        "chat", "Hello", FOLKMOOT_URL=local_server.url, FOLKMOOT_API_KEY="fm_made_up"
    )
    assert (refused.code, refused.out) == (4, "")


def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    nowhere = Shell({"FOLKMOOT_DATA_DIR": str(tmp_path)})
    assert nowhere("chat", "Hello").code == 3
    ended = nowhere("chat", "Hello", "--url", "http://127.0.0.1:1", FOLKMOOT_API_KEY="x")
    assert (ended.code, ended.out) == (3, "")
    assert "cannot be reached" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_key_of_the_command_line_may_do_no_more_than_the_commands_need(
    folkmoot: Shell, local_server: Deployed
) -> None:
    assert folkmoot("chat", "Hello").code == 0
    stored = Path(local_server.environment["FOLKMOOT_DATA_DIR"]) / "command-line.json"
    credential: dict[str, Any] = json.loads(stored.read_text())
    headers = {"X-API-Key": credential["key"]}
    me = httpx.get(f"{local_server.url}/api/v1/me", headers=headers).json()
    assert "agents:run" in me["permissions"]
    assert not {"api_keys:write", "members:write", "organization:write"} & set(me["permissions"])

"""`folkmoot chat`."""

import importlib
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from folkmoot.agents.definition import Workflow
from folkmoot.cli import library, terminal
from folkmoot.cli.answer import Answer, EventLines
from folkmoot.cli.api import API, Api, Unreachable, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.following import Asking, Following
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Url
from folkmoot.kit.ids import new_id

Message = Annotated[str | None, typer.Argument(metavar="MESSAGE", help="What to ask.")]
Agent = Annotated[str, typer.Option("--agent", "-a", help="Whom to ask.")]
Collections = Annotated[
    list[str] | None,
    typer.Option(
        "--collection", "-c", help="Name or id of documents to answer from; may be repeated."
    ),
]
HowWorked = Annotated[
    Workflow | None, typer.Option(help="How to answer; by default the agent decides.")
]
Model = Annotated[str | None, typer.Option(help="Model to answer with, as provider:name.")]
ConversationId = Annotated[
    str | None, typer.Option("--conversation", help="Conversation to go on with.")
]


@dataclass
class Conversation:
    """A conversation with an agent."""

    api: Api
    agent: str
    id: str
    as_json: bool
    props: dict[str, Any] = field(default_factory=dict[str, Any])

    def ask(self, text: str) -> ExitCode:
        """Ask and show the answer. Ctrl-C cancels it, a second one leaves it alone."""
        body: dict[str, Any] = {
            "threadId": self.id,
            "runId": str(new_id()),
            "state": {},
            "messages": [{"id": str(new_id()), "role": "user", "content": sayable(text)}],
            "tools": [],
            "context": [],
            "forwardedProps": self.props,
        }
        asking = Asking(self.api, f"/api/chat/{segment(self.agent)}", body)
        following = Following(asking.open, self.api.url)
        answer = EventLines() if self.as_json else Answer()
        try:
            _show(following, answer)
        except KeyboardInterrupt:
            if not asking.accepted:
                raise
            self.api.post(f"{API}/runs/{segment(str(body['runId']))}/cancel")
            _show(following, answer)
            return ExitCode.INTERRUPTED
        except Unreachable:
            terminal.note(f"Read on with: folkmoot runs events {body['runId']} --follow")
            raise
        return ExitCode.FAILED if answer.code is None else answer.code


def chat(
    message: Message = None,
    *,
    agent: Agent = "chat",
    collection: Collections = None,
    workflow: HowWorked = None,
    model: Model = None,
    conversation: ConversationId = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Ask an agent; the answer streams into the terminal, its sources follow.

    Without a message it reads what is piped in, or at a terminal it talks with you until Ctrl-D.
    The answer is data, everything else goes to standard error. With --json every event of the run
    is a line of JSON. A lost connection is taken up where it broke; Ctrl-C cancels the answer.
    """
    asked = message if message is not None else _piped()
    with connected(url, api_key, data_dir) as api:
        props = {
            "workflow": workflow,
            "model": model,
            "collection_ids": [library.collection(api, name)["id"] for name in collection or ()],
        }
        wanted = {name: value for name, value in props.items() if value} | {"memory": True}
        thread = conversation or str(new_id())
        talk = Conversation(api, agent, thread, as_json, wanted)
        if asked is None:
            return _talk(talk)
        code = talk.ask(asked)
        if conversation is None and not as_json:
            terminal.note(f"(Go on with --conversation {thread})")
        raise typer.Exit(code)


def sayable(text: str) -> str:
    """Return a text without what is no character: bytes that a terminal passed on as they were."""
    return text.encode(errors="replace").decode()


def _piped() -> str | None:
    """Return what is piped in; None at a terminal."""
    if sys.stdin.isatty():
        return None
    text = sys.stdin.buffer.read().decode(errors="replace")
    if not text.strip():
        raise Failure("Nothing is asked: give a message, or pipe one in.", ExitCode.USED_WRONGLY)
    return text


def _show(following: Following, answer: Answer | EventLines) -> None:
    for number, event in following.events():
        answer.take(number, event)


def _talk(talk: Conversation) -> None:
    """Ask what is typed, line by line, until the input ends."""
    with suppress(ImportError):  # editing of the line, where Python was built with it
        importlib.import_module("readline")
    terminal.note(
        f"Talking with {talk.agent} at {talk.api.url}. Ctrl-C stops an answer, Ctrl-D ends."
    )
    while True:
        try:
            text = input("> ")
        except EOFError:
            terminal.note(f"(Go on with --conversation {talk.id})")
            return
        if not text.strip():
            continue
        try:
            talk.ask(text)
        except Failure as failure:
            terminal.note(f"Error: {failure.message}")
        terminal.show()

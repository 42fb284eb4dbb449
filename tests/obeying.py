"""A model that does whatever the last thing that it has read tells it to do."""

import json
import re
from typing import Any, Final

from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Heard, Reply, Use, says

ORDER: Final = re.compile(r"OBEY (\w+) (\{.*?\})(?=$|\s|<)")


def order(tool: str, **arguments: Any) -> str:
    """Return a sentence that such a model obeys."""
    return f"OBEY {tool} {json.dumps(arguments, separators=(',', ':'))}"


def obeys(provider: FakeProvider, answers: int = 20) -> None:
    """Have the model obey every order, once each; then it is done."""
    done: set[str] = set()

    def answer(_heard: Heard) -> Reply:
        told = provider.chats[-1].body.decode()
        messages: list[dict[str, Any]] = json.loads(told)["messages"]
        text = "\n".join(_text(each.get("content")) for each in messages)
        uses = [
            Use(name, arguments)
            for name, arguments in ORDER.findall(text)
            if f"{name} {arguments}" not in done
        ]
        done.update(f"{use.name} {use.arguments}" for use in uses)
        return Reply(uses=uses) if uses else says("I have obeyed.")

    provider.script([answer] * answers)


def _text(content: Any) -> str:
    """Return all that a message says, be it one text or several."""
    if isinstance(content, list):
        return "\n".join(str(each.get("text", "")) for each in content)
    return str(content or "")

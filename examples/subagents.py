"""Make two agents, one of which asks the other, and watch them at work.

    python examples/subagents.py "What does 'dzień dobry' mean?"

What the other agent does is a run of its own, with its own prompt, tools and limits. The stream of
the first tells of it by AG-UI's subagent events, and whatever it says bears its `subagentRunId`.
"""

import os
import sys
from typing import Any

import httpx
from ask import events

AGENTS: list[dict[str, Any]] = [
    {
        "slug": "translator",
        "name": "Translator",
        "system_prompt": "You translate from Polish into English, word for word.",
        "workflows": ["plain"],
    },
    {
        "slug": "desk",
        "name": "Front desk",
        "system_prompt": "You help visitors. Have everything that is Polish translated first.",
        "workflows": ["tools"],
        "subagents": [{"agent": "translator", "description": "Translates from Polish."}],
    },
]


def make(client: httpx.Client) -> None:
    """Make the agents, if they are not there from the last time."""
    for agent in AGENTS:
        made = client.post("/api/v1/agents", json={**agent, "publish": True})
        if made.status_code != httpx.codes.CONFLICT:
            made.raise_for_status()


def told(event: dict[str, Any]) -> str:
    """Return what is printed of an event."""
    match event["type"]:
        case "SUBAGENT_STARTED":
            return f"\n[{event['name']} is asked]\n"
        case "SUBAGENT_FINISHED":
            return "\n[and has answered]\n"
        case "TEXT_MESSAGE_CONTENT":
            return str(event["delta"])
        case "RUN_ERROR":
            raise SystemExit(event["message"])
    return ""


def main() -> None:
    with httpx.Client(
        base_url=os.environ["FOLKMOOT_URL"],
        headers={"X-API-Key": os.environ["FOLKMOOT_API_KEY"]},
        timeout=60,
    ) as client:
        make(client)
        for event in events(client, sys.argv[1], agent="desk"):
            print(told(event), end="", flush=True)
    print()


if __name__ == "__main__":
    main()

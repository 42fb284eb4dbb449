"""Ask an agent and print its answer, through lost connections.

    python examples/ask.py "What can you do?"

A run goes on whoever listens, and every event has a number. So a client that lost its connection
asks for the events after the last one that it has, and misses nothing.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx

TERMINAL = {"RUN_FINISHED", "RUN_ERROR"}


def events(
    client: httpx.Client,
    content: str | list[dict[str, Any]],
    wanted: dict[str, Any] | None = None,
    agent: str = "chat",
) -> Iterator[dict[str, Any]]:
    """Yield the events of the run that answers, each once."""
    run_id, last = str(uuid.uuid4()), 0
    question = {
        "threadId": str(uuid.uuid4()),
        "runId": run_id,
        "messages": [{"id": str(uuid.uuid4()), "role": "user", "content": content}],
        "state": {},
        "tools": [],
        "context": [],
        "forwardedProps": wanted or {},
    }
    while True:
        try:
            # The same question under the same run id is the same run: asking again is safe, and
            # with `Last-Event-ID` it goes on where it broke.
            seen = {"Last-Event-ID": str(last)}
            path = f"/api/chat/{agent}"
            with client.stream("POST", path, json=question, headers=seen) as answer:
                if answer.is_error:
                    raise SystemExit(answer.read().decode())
                for number, event in frames(answer):
                    last = number
                    yield event
                    if event["type"] in TERMINAL:
                        return
        except httpx.TransportError as error:
            print(f"(connection lost after event {last}: {error})", file=sys.stderr)
        time.sleep(0.5)


def frames(answer: httpx.Response) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each event with its number in the run's log."""
    number = 0
    for line in answer.iter_lines():
        if line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            yield number, json.loads(line.removeprefix("data: "))


def main() -> None:
    with httpx.Client(
        base_url=os.environ["FOLKMOOT_URL"],
        headers={"X-API-Key": os.environ["FOLKMOOT_API_KEY"]},
        timeout=60,
    ) as client:
        for event in events(client, sys.argv[1]):
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                print(event["delta"], end="", flush=True)
            elif event["type"] == "RUN_ERROR":
                raise SystemExit(event["message"])
    print()


if __name__ == "__main__":
    main()

"""Have something remembered, ask an agent that knows it, and show what is remembered.

python examples/memory.py "Prefers short answers." "How long should an answer be?"
"""

import os
import sys
from typing import Any

import httpx
from ask import events


def remember(client: httpx.Client, text: str) -> None:
    """Write something down, unless it is remembered already."""
    made = client.post("/api/v1/memories", json={"text": text, "kind": "preference"})
    if made.status_code != httpx.codes.CONFLICT:
        made.raise_for_status()


def main() -> None:
    with httpx.Client(
        base_url=os.environ["FOLKMOOT_URL"],
        headers={"X-API-Key": os.environ["FOLKMOOT_API_KEY"]},
        timeout=60,
    ) as client:
        remember(client, sys.argv[1])
        told: list[dict[str, Any]] = []
        for event in events(client, sys.argv[2], {"workflow": "full", "memory": True}):
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                print(event["delta"], end="", flush=True)
            elif event["type"] == "CUSTOM" and event["name"] == "memory.recalled":
                told = event["value"]["memories"]
                if why := event["value"].get("skipped"):
                    print(f"[the turn went on without: {why}]", file=sys.stderr)
            elif event["type"] == "RUN_ERROR":
                raise SystemExit(event["message"])
        print()
        for each in told:
            memory = client.get(f"/api/v1/memories/{each['id']}").raise_for_status().json()
            print(f"[remembered] {memory['text']}")
        status = client.get("/api/v1/memories/status").raise_for_status().json()
        print(f"{status['memories']} memories; reading is {status['reading']}", file=sys.stderr)


if __name__ == "__main__":
    main()

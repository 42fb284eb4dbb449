"""Put a file into a new collection, ask about it, and print the answer with its sources.

python examples/upload_and_ask.py report.pdf "What was the result?"
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from ask import events

PENDING = {"queued", "processing"}


def upload(client: httpx.Client, path: Path) -> dict[str, Any]:
    """Return the document once it can be searched."""
    made = client.post("/api/v1/collections", json={"name": path.name}).raise_for_status()
    with path.open("rb") as file:
        sent = client.post(
            f"/api/v1/collections/{made.json()['id']}/documents", files={"file": (path.name, file)}
        ).raise_for_status()
    document: dict[str, Any] = sent.json()["documents"][0]
    while document["status"] in PENDING:
        progress = document["progress"] or {"stage": document["status"], "done": 0, "total": 0}
        print("{stage} {done}/{total}".format(**progress), file=sys.stderr)
        time.sleep(0.5)
        document = client.get(f"/api/v1/documents/{document['id']}").raise_for_status().json()
    if document["status"] == "failed":
        raise SystemExit(document["error"])
    return document


def main() -> None:
    with httpx.Client(
        base_url=os.environ["FOLKMOOT_URL"],
        headers={"X-API-Key": os.environ["FOLKMOOT_API_KEY"]},
        timeout=60,
    ) as client:
        document = upload(client, Path(sys.argv[1]))
        wanted = {"collection_ids": [document["collection_id"]]}
        sources: list[dict[str, Any]] = []
        for event in events(client, sys.argv[2], wanted):
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                print(event["delta"], end="", flush=True)
            elif event["type"] == "CUSTOM" and event["name"] == "citations":
                sources = event["value"]["citations"]
            elif event["type"] == "RUN_ERROR":
                raise SystemExit(event["message"])
    print()
    for source in sources:
        page = "" if source["page"] is None else f", page {source['page']}"
        print(f"[{source['index']}] {source['title']}{page}: {source['text'][:100]!r}")


if __name__ == "__main__":
    main()

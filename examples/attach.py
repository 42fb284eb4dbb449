"""Send a picture or a document along with a question.

    python examples/attach.py lamp.png "What is this?"

A document is shown to the model as its text, a picture as it is: so the model has to be one that
takes pictures.
"""

import os
import sys
from pathlib import Path

import httpx
from ask import events


def main() -> None:
    path = Path(sys.argv[1])
    with httpx.Client(
        base_url=os.environ["FOLKMOOT_URL"],
        headers={"X-API-Key": os.environ["FOLKMOOT_API_KEY"]},
        timeout=60,
    ) as client:
        sent = client.post(
            "/api/v1/attachments", params={"name": path.name}, content=path.read_bytes()
        )
        if sent.is_error:
            raise SystemExit(sent.text)
        kept = sent.json()
        content = [
            {"type": "text", "text": sys.argv[2]},
            {"type": "binary", "mimeType": kept["media_type"], "id": kept["id"]},
        ]
        for event in events(client, content):
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                print(event["delta"], end="", flush=True)
            elif event["type"] == "RUN_ERROR":
                raise SystemExit(event["message"])
    print()


if __name__ == "__main__":
    main()

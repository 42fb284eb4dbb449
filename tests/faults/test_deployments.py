"""A server is replaced while documents wait to be read."""

from deployed import Deployed
from folkmoot.db.embedded.waiting import attempts

DOCUMENTS = 20


def test_a_restart_gives_no_upload_up(server: Deployed) -> None:
    made = server.post("/api/v1/collections", json={"name": "Birds"})
    documents = f"/api/v1/collections/{made.json()['id']}/documents"
    for number in range(DOCUMENTS):
        text = f"Heron number {number} stands in shallow water. " * 200
        answer = server.post(documents, json={"title": f"D{number}", "text": text})
        answer.raise_for_status()
    assert server.stop() == 0
    server.start()
    assert any(pending(server, made.json()["id"]) == 0 for _ in attempts(60))
    listed = server.get(documents, params={"limit": 100}).json()["items"]
    assert [each["status"] for each in listed] == ["ready"] * DOCUMENTS
    assert 'state="given_up"' not in server.get("/metrics").text


def pending(server: Deployed, collection_id: str) -> int:
    """Return how many documents wait to be read."""
    counted: int = server.get(f"/api/v1/collections/{collection_id}").json()["pending_documents"]
    return counted

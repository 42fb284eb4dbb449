"""Putting texts in order: Cohere's, Jina's, Voyage's and TEI's formats, told apart by the request.

A text's score is the share of the question's words that it has.
"""

import msgspec

SEARCHES: dict[str, dict[str, int]] = {"billed_units": {"search_units": 1}}
"""What Cohere tells of a call: no tokens."""


class Asked(msgspec.Struct):
    """A request in any of the formats."""

    query: str
    model: str = ""
    documents: list[str] = []
    texts: list[str] = []
    top_n: int | None = None
    top_k: int | None = None
    return_documents: bool | None = None


def asked(body: bytes) -> Asked:
    """Read a request."""
    return msgspec.json.decode(body, type=Asked)


def answer(asked: Asked) -> bytes:
    """Return the answer in the format of the request, best first."""
    texts = asked.texts or asked.documents
    wanted = set(asked.query.lower().split())
    shares = [len(wanted & set(text.lower().split())) / len(wanted) for text in texts]
    order = sorted(range(len(texts)), key=lambda place: -shares[place])
    if asked.texts:
        return msgspec.json.encode([{"index": n, "score": shares[n]} for n in order])
    results = [{"index": n, "relevance_score": shares[n]} for n in order]
    usage = {"total_tokens": sum(len(text.split()) for text in texts)}
    if asked.top_k is not None:
        return msgspec.json.encode({"object": "list", "data": results, "usage": usage})
    if asked.return_documents is None:
        return msgspec.json.encode({"id": "fake", "results": results, "meta": SEARCHES})
    return msgspec.json.encode({"model": asked.model, "results": results, "usage": usage})

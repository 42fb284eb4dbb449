"""A labelled set on its way to the server: its documents into a collection, its queries beside."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from folkmoot.cli import library
from folkmoot.cli.api import API, Api, Json
from folkmoot.cli.steps import Steps
from folkmoot.evals.labelled import LabelledSet

BATCH: Final = 100
"""Documents that one form holds at the most."""

LOOK: Final = 0.5
"""Seconds between two looks at a collection that is being read."""

Part = tuple[str, tuple[Any, ...]]


def collection(api: Api, labelled: LabelledSet, name: str | None, shown: Steps) -> Json:
    """Return the collection to search, filled and read.

    Raises:
        NoSuchCollection, AmbiguousName: No one collection has this name.
    """
    if name is not None:
        return library.collection(api, name)
    called = f"Evaluation: {labelled.name}"[:200]
    place = library.named(api, called)
    if place is None:
        place = api.post(f"{API}/collections", {"name": called, "scope": "user"})
    _fill(api, labelled, str(place["id"]), shown)
    return _read(api, str(place["id"]), labelled.name, shown)


def label(api: Api, labelled: LabelledSet, collection_id: str) -> Json:
    """Store the queries and their judgements."""
    queries = [{**query, "relevant": relevant} for query, relevant in labelled.judged()]
    body = {"name": labelled.name[:200], "collection_id": collection_id, "queries": queries}
    return api.post(f"{API}/labelled-sets", body)


def _fill(api: Api, labelled: LabelledSet, collection_id: str, shown: Steps) -> None:
    """Send the documents that are not there."""
    path = f"{API}/collections/{collection_id}/documents"
    there = {each["external_id"] for each in api.items(path)}
    lacking = [each for each in labelled.corpus if each["id"] not in there]
    sent = 0
    for batch in _batches(lacking):
        api.upload(path, [part for document in batch for part in _parts(document)])
        sent += len(batch)
        shown.at(labelled.name, "sending documents", sent, len(lacking))


def _read(api: Api, collection_id: str, name: str, shown: Steps) -> Json:
    while (place := api.get(f"{API}/collections/{collection_id}"))["pending_documents"]:
        ready = place["documents"] - place["pending_documents"]
        shown.at(name, "reading documents", ready, place["documents"])
        time.sleep(LOOK)
    shown.over(name, f"{place['documents']} documents are read")
    return place


def _batches(documents: Sequence[dict[str, str]]) -> Iterator[Sequence[dict[str, str]]]:
    for start in range(0, len(documents), BATCH):
        yield documents[start : start + BATCH]


def _parts(document: dict[str, str]) -> Iterator[Part]:
    """Yield a document as parts of a form: what is told of it, then its text."""
    yield "external_id", (None, document["id"])
    yield "title", (None, document.get("title") or document["id"])
    yield "file", ("document.txt", document["text"].encode(), "text/plain")

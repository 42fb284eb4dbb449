"""Passages of documents."""

from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, new_id
from folkmoot.tools.sources import Passage


def passage(title: str, text: str) -> Passage:
    """Return a passage of a document."""
    return Passage(
        document_id=DocumentId(new_id()),
        collection_id=CollectionId(new_id()),
        chunk_id=ChunkId(new_id()),
        title=title,
        page=2,
        start=0,
        end=len(text),
        text=text,
    )

"""Vectors that a document has already: a passage that has not changed is not embedded again."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from folkmoot.db.work import Work
from folkmoot.kit.ids import DocumentId
from folkmoot.llm import vectors
from folkmoot.llm.port import Vectors

# By the digest of what was embedded, as `embedding.passage` puts it together.
KNOWN: Final = text("""
SELECT c.digest, halfvec_send(v.embedding)
FROM (
  SELECT ordinal, sha256(convert_to(header || E'\\n\\n' || text, 'UTF8')) AS digest
  FROM chunks WHERE org_id = :org_id AND document_id = :document_id
) AS c
JOIN chunk_vectors AS v
  ON v.org_id = :org_id AND v.document_id = :document_id AND v.ordinal = c.ordinal
  AND v.model = :model
WHERE c.digest = ANY (:wanted)
""").bindparams(bindparam("wanted", type_=ARRAY(LargeBinary)))


async def known(
    work: Work, document_id: DocumentId, model: str, passages: Sequence[str]
) -> Mapping[str, Vectors]:
    """Return the vectors by a model of those passages that the document has now."""
    by_digest = {hashlib.sha256(each.encode()).digest(): each for each in passages}
    values = {
        "org_id": work.subject.org_id,
        "document_id": document_id,
        "model": model,
        "wanted": list(by_digest),
    }
    rows = await work.session.execute(KNOWN, values)
    return {by_digest[bytes(digest)]: vectors.half(bytes(packed)) for digest, packed in rows}

"""Vectors that an organisation has already: the same passage is not embedded twice by a model.

It is looked for among the passages of that organisation alone, also where all that a passage came
to could be kept for everybody: how quickly a text is embedded would tell who else has it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from folkmoot.db.work import Work
from folkmoot.kit.telemetry import metrics
from folkmoot.llm import vectors
from folkmoot.llm.port import Vectors

# By the digest of what was embedded, as `embedding.passage` puts it together, and then by itself.
# Digests come first: row-level security lets nothing be compared by an index that is still to be
# computed.
KNOWN: Final = text("""
WITH wanted AS MATERIALIZED (
  SELECT w.place, w.passage, hashtextextended(w.passage, 0) AS digest
  FROM unnest(:wanted) WITH ORDINALITY AS w (passage, place)
)
SELECT w.place - 1, v.packed FROM wanted AS w
CROSS JOIN LATERAL (
  SELECT halfvec_send(v.embedding) AS packed FROM chunks AS c
  JOIN chunk_vectors AS v ON v.org_id = :org_id AND v.document_id = c.document_id
    AND v.ordinal = c.ordinal AND v.model = :model
  WHERE c.org_id = :org_id AND c.digest = w.digest
    AND c.header || E'\\n\\n' || c.text = w.passage
  LIMIT 1
) AS v
""").bindparams(bindparam("wanted", type_=ARRAY(Text)))


async def known(work: Work, model: str, passages: Sequence[str]) -> Mapping[str, Vectors]:
    """Return the vectors by a model of those passages that the organisation has."""
    values = {"org_id": work.subject.org_id, "model": model, "wanted": list(passages)}
    rows = await work.session.execute(KNOWN, values)
    found: dict[str, Vectors] = {}
    for place, packed in rows:
        found[passages[int(place)]] = vectors.half(bytes(packed))
    metrics.embedded("reused", len(found))
    metrics.embedded("asked", len(passages) - len(found))
    return found

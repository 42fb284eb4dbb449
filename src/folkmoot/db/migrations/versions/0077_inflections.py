"""Words of languages without a dictionary are kept by what is left of them when they are inflected.

Postings of such languages become those of the rules in `knowledge.indexing.languages`. What they
were cannot be told from what they are, so that going back leaves them: those who go back read the
documents anew, or search by meaning.
"""

from alembic import op

revision = "0077_inflections"
down_revision = "0076_vector_outbox"

BEGINNING = "^([^0-9]{5})[^0-9]+$"
WITHOUT_PARTICLES = "^\u05d5?[\u05d4\u05d1\u05db\u05dc\u05de\u05e9]?(.{3,})$"
INFLECTED = "'bg', 'cs', 'et', 'hr', 'lv', 'pl', 'sk', 'sl', 'uk'"

# Words of a chunk that come to the same are one from now on.
SHORTEN = f"""
ALTER TABLE postings NO FORCE ROW LEVEL SECURITY;
WITH taken AS (
  DELETE FROM postings WHERE language IN ({INFLECTED}, 'he') RETURNING *
)
INSERT INTO postings (org_id, collection_id, document_id, ordinal, language, lexeme, occurrences,
                      length)
SELECT org_id, collection_id, document_id, ordinal, language,
       regexp_replace(
         lexeme, CASE language WHEN 'he' THEN '{WITHOUT_PARTICLES}' ELSE '{BEGINNING}' END, '\\1'
       ) COLLATE "C" AS beginning,
       sum(occurrences), max(length)
FROM taken GROUP BY org_id, collection_id, document_id, ordinal, language, beginning;
ALTER TABLE postings FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute(SHORTEN)


def downgrade() -> None:
    """Leave the postings as they are: each is found by the beginning of its word."""

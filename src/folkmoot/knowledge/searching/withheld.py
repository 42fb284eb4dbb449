"""How a statement leaves out what is withheld from whoever asks, where anything is.

What is hidden is excluded wherever chunks are read, before anything is counted, weighed or cut off:
what somebody may not read changes no rank and takes no place.
"""

from typing import Final, LiteralString

READ: Final[LiteralString] = "collection_id = ANY(%(collections)s)"
"""How each part of a search says where it reads chunks."""

# A list that is looked up once and hashed. No statement has it where nothing is hidden.
SHOWN: Final[LiteralString] = """collection_id = ANY(%(collections)s)
      AND document_id NOT IN (
        SELECT document_id FROM hidden_documents
        WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s)
      )"""


def around(part: LiteralString, *, withheld: bool) -> LiteralString:
    """Return a part of a search so that it leaves out what is hidden, if anything is."""
    return part.replace(READ, SHOWN) if withheld else part

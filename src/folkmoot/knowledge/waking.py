"""How workers hear of runs of this slice that wait."""

from typing import Final

from sqlalchemy import text

CHANNEL: Final = "folkmoot_documents"
"""Workers listen here."""
TELL_WORKERS: Final = text(f"SELECT pg_notify('{CHANNEL}', '')")

"""What a process remembers with: put together here, as memory knows no conversations."""

from dataclasses import dataclass, replace
from datetime import timedelta

from folkmoot.conversations.telling import Talks
from folkmoot.jobs.queue import Queue
from folkmoot.llm.gateway import Gateway
from folkmoot.memory.extracting import Extraction
from folkmoot.memory.keeping import Memories
from folkmoot.memory.recalling import Recall
from folkmoot.memory.tending import Tending
from folkmoot.memory.toolset import MemoryTools
from folkmoot.runs.supervisor import Supervisor
from folkmoot.settings.remembering import MemoryLimits
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.embedders import PaidEmbedders

AT_LEISURE = 20.0
"""Seconds for which the embedder is waited for where no turn is held up."""


@dataclass(frozen=True, slots=True)
class Remembering:
    """The parts: what turns are told by, what people change, and what works in the background."""

    recall: Recall
    memories: Memories
    extraction: Extraction
    tending: Tending
    toolset: MemoryTools

    def register(self, queue: Queue) -> None:
        """Name the jobs."""
        self.extraction.register(queue)
        self.tending.register(queue)


def remembering(
    limits: MemoryLimits, supervisor: Supervisor, gateway: Gateway, accounts: Accounts
) -> Remembering:
    """Return them."""
    database, settings = supervisor.database, accounts.budgets.settings
    embedders, clean = PaidEmbedders(gateway, accounts), supervisor.filters.text
    recall = Recall(database, embedders, settings, limits.recall_ms / 1_000)
    leisurely = replace(recall, seconds=AT_LEISURE)
    memories = Memories(
        database=database,
        settings=settings,
        embedders=embedders,
        recall=leisurely,
        clean=clean,
        most=limits.most,
    )
    return Remembering(
        recall,
        memories,
        Extraction(
            database=database,
            settings=settings,
            models=gateway,
            embedders=embedders,
            talks=Talks(database),
            recall=leisurely,
            subjects=supervisor.subjects,
            accounts=accounts,
            clean=clean,
            rest=timedelta(seconds=limits.rest_seconds),
            most=limits.most,
        ),
        Tending(database, settings, embedders),
        MemoryTools(memories),
    )

"""The parts of the knowledge room, put together once per process."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from folkmoot.blobs.store import BlobStore
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import OrgId
from folkmoot.kit.lasting import Endless
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.turns import Turns
from folkmoot.knowledge.indexing.embedding import Embedders
from folkmoot.knowledge.indexing.generations import Wish
from folkmoot.knowledge.indexing.sizing import ChunkSizes
from folkmoot.knowledge.ingesting.fetching import Fetching
from folkmoot.knowledge.ingesting.ingest import DEADLINE, KIND, IngestExecutor
from folkmoot.knowledge.ingesting.intake import Intake
from folkmoot.knowledge.ingesting.jobs import KnowledgeJobs
from folkmoot.knowledge.ingesting.reading import Reader
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import recognizing
from folkmoot.knowledge.parsing.other_parsers import PdfParser
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.searching.layout import Layout
from folkmoot.knowledge.searching.proposing import Proposing
from folkmoot.knowledge.searching.ranking import Held, unset
from folkmoot.knowledge.searching.reranking import Questions
from folkmoot.knowledge.searching.retrieval import Retrieval
from folkmoot.knowledge.switching import changes, executing
from folkmoot.knowledge.switching.executing import SwitchExecutor
from folkmoot.knowledge.switching.watching import Watching
from folkmoot.knowledge.vector_stores.keeping import Keeping
from folkmoot.knowledge.vector_stores.port import VectorStore
from folkmoot.knowledge.viewing.viewer import Viewer
from folkmoot.knowledge.waking import CHANNEL
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.taking import Taking

RUNS: Final = 256
"""Runs that wait, in one process, for the places where documents are read: they cost nothing."""
RUNS_OF_ONE: Final = 4
"""How many of them one organisation may have."""


@dataclass(frozen=True, slots=True)
class KnowledgeOptions:
    """What a deployment may set."""

    limits: Limits = field(default_factory=Limits)
    parsers: int = 2
    recognizer: str = recognizing.AUTO
    pdf_parser: PdfParser | None = None
    vectors: VectorStore | None = None
    kept: timedelta = timedelta(days=30)
    """For how long what was deleted can be brought back."""
    documents_at_once: int = 4
    """Documents that a process reads at the same time; an organisation has half of these places."""

    def parser(self) -> Parser:
        """Return what reads files."""
        recognizer = recognizing.chosen(self.recognizer)
        return Parser(
            self.limits,
            children=self.parsers,
            recognizer=recognizer,
            pdf_parser=self.pdf_parser,
        )


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that the routes and the rooms above need of this one."""

    blobs: BlobStore
    jobs: KnowledgeJobs
    intake: Intake
    retrieval: Retrieval
    embedders: Embedders
    switching: Watching
    reader: Reader
    viewer: Viewer
    taking: Taking
    vectors: VectorStore | None = None

    async def forget(self, org_id: OrgId) -> None:
        """Have nothing left of an organisation elsewhere."""
        if self.vectors is not None:
            await self.vectors.forget(org_id)

    async def aclose(self) -> None:
        """Close the connections to other servers."""
        if self.vectors is not None:
            await self.vectors.aclose()

    def upkeep(self, owner: str) -> dict[str, Endless]:
        """Return what keeps vectors found quickly, in processes that work in the background."""
        keeping = Keeping(owner, self.vectors)
        return {"vector layout": Layout(owner).watch, "vector store": keeping.watch}


def knowledge(
    blobs: BlobStore,
    queue: Queue,
    supervisor: Supervisor,
    embedders: Embedders,
    sizes: ChunkSizes,
    outbound: Outbound,
    options: KnowledgeOptions | None = None,
    held: Held = unset,
    questions: Questions | None = None,
) -> Knowledge:
    """Build the room: register its executor with the supervisor and its jobs with the queue.

    `held` tells the settings by which somebody searches, `questions` asks models for searches.
    """
    options, database = options or KnowledgeOptions(), supervisor.database
    retrieval = Retrieval(database, embedders, proposing=Proposing(database, options.vectors))
    reader = Reader(blobs, options.parser())
    turns: Turns[OrgId] = Turns(places := options.documents_at_once, (places + 1) // 2)
    jobs = KnowledgeJobs(queue, database, blobs, supervisor, options.kept)
    jobs.register()
    fetching = Fetching(database, blobs, outbound, jobs, options.limits)
    wish = Wish(embedders)
    executor = IngestExecutor(database, reader, embedders, wish, sizes, turns, fetching)
    again = SwitchExecutor(database, embedders, wish, turns)
    return Knowledge(
        blobs=blobs,
        jobs=jobs,
        intake=Intake(database, blobs, jobs, outbound, options.limits),
        retrieval=replace(retrieval, held=held, questions=questions),
        embedders=embedders,
        switching=Watching(database, embedders, wish),
        reader=reader,
        viewer=Viewer(blobs, options.limits, Turns(2 * options.parsers, options.parsers)),
        vectors=options.vectors,
        taking=_taking(supervisor, executor, again),
    )


def _taking(supervisor: Supervisor, reads: IngestExecutor, embeds: SwitchExecutor) -> Taking:
    """Let runs that read documents and embed them anew be worked, as soon as they are queued."""
    supervisor.register(KIND, reads, deadline=DEADLINE)
    supervisor.register(changes.KIND, embeds, deadline=executing.DEADLINE)
    taking = Taking(supervisor, (KIND, changes.KIND), RUNS, RUNS_OF_ONE)
    supervisor.hub.channels[CHANNEL] = taking.wake
    return taking

"""The parts of the knowledge room, put together once per process."""

from dataclasses import dataclass, field

from folkmoot.blobs.store import BlobStore
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import OrgId
from folkmoot.kit.lasting import Endless
from folkmoot.knowledge.embedding import Embedders
from folkmoot.knowledge.ingest import DEADLINE, KIND, IngestExecutor
from folkmoot.knowledge.intake import Intake
from folkmoot.knowledge.jobs import KnowledgeJobs
from folkmoot.knowledge.layout import Layout
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import recognizing
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.reading import Reader
from folkmoot.knowledge.reembedding import Reembedding
from folkmoot.knowledge.retrieval import Retrieval
from folkmoot.knowledge.sizing import ChunkSizes
from folkmoot.knowledge.vector_stores.carrying import Carrying
from folkmoot.knowledge.vector_stores.port import VectorStore
from folkmoot.knowledge.vector_stores.proposing import Proposing
from folkmoot.runs.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class KnowledgeOptions:
    """What a deployment may set."""

    limits: Limits = field(default_factory=Limits)
    parsers: int = 2
    recognizer: str = recognizing.AUTO
    vectors: VectorStore | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that the routes and the rooms above need of this one."""

    blobs: BlobStore
    jobs: KnowledgeJobs
    intake: Intake
    retrieval: Retrieval
    reembedding: Reembedding
    reader: Reader
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
        carrying = Carrying(owner, self.vectors)
        return {"vector layout": Layout(owner).watch, "vector store": carrying.watch}


def knowledge(
    database: Database,
    blobs: BlobStore,
    queue: Queue,
    supervisor: Supervisor,
    embedders: Embedders,
    sizes: ChunkSizes,
    options: KnowledgeOptions | None = None,
) -> Knowledge:
    """Build the room: register its executor with the supervisor and its jobs with the queue."""
    options = options or KnowledgeOptions()
    recognizer = recognizing.chosen(options.recognizer)
    parser = Parser(options.limits, children=options.parsers, recognizer=recognizer)
    reader = Reader(blobs, parser)
    supervisor.register(KIND, IngestExecutor(database, reader, embedders, sizes), deadline=DEADLINE)
    jobs = KnowledgeJobs(queue, database, blobs, supervisor)
    jobs.register()
    reembedding = Reembedding(queue, database, embedders)
    reembedding.register()
    return Knowledge(
        blobs=blobs,
        jobs=jobs,
        intake=Intake(database, blobs, jobs, options.limits),
        retrieval=Retrieval(database, embedders, proposing=Proposing(database, options.vectors)),
        reembedding=reembedding,
        reader=reader,
        vectors=options.vectors,
    )

"""Everything that is done with memories in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http.etags import Expected, anything
from folkmoot.kit import clock
from folkmoot.kit.ids import MemoryId, TeamId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.scope import Scope
from folkmoot.memory import places
from folkmoot.memory.errors import MemoryKnown, MemoryNotFound, TooManyMemories
from folkmoot.memory.models import Memory, MemoryKind, MemoryOrigin, MemoryTurn
from folkmoot.memory.schemas import MemoryCreate, MemoryRead, MemoryUpdate
from folkmoot.memory.vectors import Vector
from folkmoot.settings.scopes import Place, demand_change, place_of

LISTING: Final = Listing(
    "memories", Memory.id, {"created_at": Memory.id, "updated_at": Memory.updated_at}
)
ROOM: Final = "memories"
"""What the permissions of this room begin with."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which memories to list; what is None does not matter."""

    words: str | None = None
    scope: Scope | None = None
    team_id: TeamId | None = None
    kind: MemoryKind | None = None
    origin: MemoryOrigin | None = None
    untrusted: bool | None = None


def read(memory: Memory) -> MemoryRead:
    """Return a memory as the API shows it."""
    return MemoryRead(
        id=memory.id,
        text=memory.text,
        kind=memory.kind,
        scope=places.scope_of(memory),
        team_id=memory.team_id,
        origin=memory.origin,
        untrusted=memory.untrusted,
        confidence=memory.confidence,
        conversation_id=memory.conversation,
        message_id=memory.message_id,
        run_id=memory.run_id,
        valid_until=memory.valid_until,
        created_at=memory.created_at,
        updated_at=memory.updated_at,
        used_at=memory.used_at,
    )


def unused(shown: MemoryRead) -> MemoryRead:
    """Return what tells one state of a memory from another: that agents are told of it does not."""
    return shown.model_copy(update={"used_at": None})


async def browse(work: Work, wanted: Wanted, asked: Asked) -> Slice[Memory]:
    """Return a page of the memories that the subject sees."""
    statement = select(Memory).where(places.visible(work.subject))
    if wanted.scope is not None:
        place = place_of(work.subject, wanted.scope, wanted.team_id)
        statement = statement.where(places.held(work.subject, place))
    if wanted.words is not None:
        statement = statement.where(containing(wanted.words, Memory.text))
    for column, value in (
        (Memory.kind, wanted.kind),
        (Memory.origin, wanted.origin),
        (Memory.untrusted, wanted.untrusted),
    ):
        statement = statement if value is None else statement.where(column == value)
    return await LISTING.slice(work, statement, asked)


async def everything(work: Work, place: Place) -> Sequence[Memory]:
    """Return all that a place has, which is bounded."""
    statement = select(Memory).where(places.visible(work.subject), places.held(work.subject, place))
    return (await work.session.scalars(statement.order_by(Memory.id))).all()


async def get(work: Work, memory_id: MemoryId) -> Memory:
    """Return a memory that the subject sees."""
    statement = select(Memory).where(places.visible(work.subject), Memory.id == memory_id)
    return _found((await work.session.scalars(statement)).one_or_none())


async def get_to_change(work: Work, memory_id: MemoryId, *, hold: bool = False) -> Memory:
    """Return one that they may change, too; with `hold`, nobody else changes it meanwhile.

    Raises:
        MemoryNotFound: They do not see it.
        PermissionDenied: It is not theirs to change.
    """
    statement = select(Memory).where(places.visible(work.subject), Memory.id == memory_id)
    statement = statement.with_for_update() if hold else statement
    memory = _found((await work.session.scalars(statement)).one_or_none())
    demand_change(work.subject, places.place_at(memory), ROOM)
    return memory


async def create(
    work: Work, place: Place, data: MemoryCreate, text: str, vector: Vector | None, most: int
) -> Memory:
    """Remember something.

    Raises:
        PermissionDenied: It is not the subject's to say what is remembered there.
        TooManyMemories, MemoryKnown: There is no more room, or no need.
    """
    demand_change(work.subject, place, ROOM)
    await lock(work, place)
    await forget_over(work, place)
    if await count(work, place) >= most:
        raise TooManyMemories(most)
    memory = Memory(
        org_id=work.subject.org_id,
        id=MemoryId(new_id()),
        team_id=place.team_id,
        user_id=place.user_id,
        kind=data.kind,
        text=text,
        origin=MemoryOrigin.HAND,
        created_by=work.subject.user_id,
        embedder=None if vector is None else vector.embedder,
        embedding=None if vector is None else vector.text,
        valid_until=data.valid_until,
    )
    work.session.add(memory)
    await _flush(work)
    await _record(work, "memory.created", memory)
    return memory


async def change(
    work: Work,
    memory_id: MemoryId,
    data: MemoryUpdate,
    renewed: tuple[str, Vector | None] | None,
    expected: Expected[MemoryRead] = anything,
) -> Memory:
    """Change what the data names; `renewed` is its new text, with its vector.

    Raises:
        MemoryNotFound, PermissionDenied, PreconditionFailed: See there.
        MemoryKnown: The new words are remembered already.
    """
    memory = await get_to_change(work, memory_id, hold=True)
    expected(unused(read(memory)))
    doubted = memory.untrusted
    if renewed is not None and renewed[0] != memory.text:
        await forget_over(work, places.place_at(memory))
        memory.text, vector = renewed
        memory.embedder = None if vector is None else vector.embedder
        memory.embedding = None if vector is None else vector.text
        memory.origin, memory.untrusted, memory.confidence = MemoryOrigin.HAND, False, 1.0
    if data.kind is not None:
        memory.kind = data.kind
    if "valid_until" in data.model_fields_set:
        memory.valid_until = data.valid_until
    if data.untrusted is not None:
        memory.untrusted = False
    await _flush(work)
    if doubted and not memory.untrusted:
        await trail.record(work, "memory.trusted", target=("memory", memory.id))
    await _record(work, "memory.changed", memory)
    return memory


async def remove(
    work: Work, memory_id: MemoryId, expected: Expected[MemoryRead] = anything
) -> None:
    """Forget something, with its vector; fails as `change` does."""
    memory = await get_to_change(work, memory_id, hold=True)
    expected(unused(read(memory)))
    await work.session.delete(memory)
    await work.session.flush()
    await _record(work, "memory.deleted", memory)


async def clear(work: Work, place: Place) -> int:
    """Forget all that a place has, and of a user also what was still to be read.

    Raises:
        PermissionDenied: It is not theirs to forget.
    """
    demand_change(work.subject, place, ROOM)
    if place.user_id is not None:
        await forget_turns(work)
    gone = await work.session.scalars(
        delete(Memory).where(places.held(work.subject, place)).returning(Memory.id)
    )
    number = len(gone.all())
    after: dict[str, object] = {"scope": place.level, "memories": number}
    target = ("team", place.team_id) if place.team_id is not None else None
    await trail.record(work, "memories.cleared", target=target, after=after)
    return number


async def count(work: Work, place: Place) -> int:
    """Return how many memories a place has."""
    statement = select(func.count()).where(places.held(work.subject, place))
    return await work.session.scalar(statement) or 0


async def waiting(work: Work) -> int:
    """Return how many turns of the subject's are still to be read."""
    return await work.session.scalar(select(func.count()).where(_turns(work))) or 0


async def forget_turns(work: Work, conversations: Sequence[str] | None = None) -> None:
    """Read no more of what the subject has said so far, in all conversations or in some.

    Whoever is reading it finds its turns gone, and keeps nothing.
    """
    statement = delete(MemoryTurn).where(_turns(work))
    if conversations is not None:
        statement = statement.where(MemoryTurn.conversation.in_(conversations))
    await work.session.execute(statement)


async def forget_conversations(work: Work, conversations: Sequence[str]) -> None:
    """Take note that conversations of the subject's have gone for good.

    What is remembered of them stays, and says no more where it was found.
    """
    await forget_turns(work, conversations)
    await work.session.execute(
        update(Memory)
        .where(
            Memory.org_id == work.subject.org_id,
            Memory.user_id == work.subject.user_id,
            Memory.conversation.in_(conversations),
        )
        .values(conversation=None, message_id=None, run_id=None, updated_at=Memory.updated_at)
    )


async def forget_over(work: Work, place: Place) -> None:
    """Let what is over in a place stand in nobody's way: no room is its, and no words are."""
    over = select(Memory.id).where(
        places.held(work.subject, place), Memory.valid_until <= clock.now()
    )
    await work.session.execute(
        delete(Memory).where(
            Memory.org_id == work.subject.org_id,
            Memory.id.in_(over.with_for_update(skip_locked=True)),
        )
    )


async def lock(work: Work, place: Place) -> None:
    """Let nobody else add to a place until this work ends: how many there are is counted."""
    key = f"memories {work.subject.org_id} {place.team_id} {place.user_id}"
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _turns(work: Work) -> ColumnElement[bool]:
    subject = work.subject
    return and_(MemoryTurn.org_id == subject.org_id, MemoryTurn.user_id == subject.user_id)


def _found(memory: Memory | None) -> Memory:
    if memory is None:
        raise MemoryNotFound
    return memory


async def _flush(work: Work) -> None:
    try:
        await work.session.flush()
    except IntegrityError as error:
        if "uq_memories_text" in str(error.orig):
            raise MemoryKnown from None
        raise


async def _record(work: Work, action: str, memory: Memory) -> None:
    """Record what is done to what others are told of; what is one's own is nobody's business."""
    if memory.user_id is None:
        after: dict[str, object] = {"scope": places.scope_of(memory), "kind": memory.kind}
        await trail.record(work, action, target=("memory", memory.id), after=after)

"""Changing what is remembered of a person as a reading of their conversation says.

What a text that anybody may have written has led to is marked, and touches nothing but what is
marked itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, text

from folkmoot.caches.alike import alike
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import MemoryId, new_id
from folkmoot.memory import places, service
from folkmoot.memory.changes import Change
from folkmoot.memory.models import Memory, MemoryKind, MemoryOrigin
from folkmoot.memory.ports import Said
from folkmoot.memory.schemas import LONGEST
from folkmoot.memory.vectors import Vector
from folkmoot.runs.cleaning import storable
from folkmoot.settings.scopes import Place, level_of

SAME: Final = 0.95
"""How alike two memories are that tell the same, as cosine of their vectors."""
LONGEST_DAYS: Final = 3_650
ALIKE: Final = text("""
SELECT id, text, told FROM (
  SELECT id, text, lower(text) = lower(:text) AS told,
         CASE WHEN embedder = :embedder
           THEN 1 - (embedding <=> CAST(:vector AS halfvec)) END AS likeness
  FROM memories WHERE org_id = :org_id AND user_id = :user_id
) AS m WHERE told OR likeness >= :same
ORDER BY told DESC, likeness DESC NULLS LAST LIMIT 5
""")


@dataclass(frozen=True, slots=True)
class Known:
    """A memory as it was when it was shown to the model."""

    id: MemoryId
    text: str
    updated_at: datetime


@dataclass(slots=True)
class Step:
    """One change, checked: its text is clean, and what it names was shown."""

    change: Change
    text: str = ""
    before: Known | None = None
    source: Said | None = None
    vector: Vector | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of what was remembered."""

    added: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.added + other.added, self.updated + other.updated, self.deleted + other.deleted
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What follows from a part of a conversation.

    Attributes:
        untrusted: Whether anybody may have had a hand in what was read.
        conversation: Where it was said.
    """

    untrusted: bool
    conversation: str
    steps: Sequence[Step] = field(default=())


def steps(
    changes: Sequence[Change],
    known: Sequence[Known],
    talk: Sequence[Said],
    clean: Callable[[str], str],
) -> Sequence[Step]:
    """Return the changes that mean something: texts are cleaned, numbers are looked up."""
    shown = dict(enumerate(known, 1))
    said = dict(enumerate(talk, 1))
    found: list[Step] = []
    for change in changes:
        before = shown.get(change.number or 0)
        told = storable(" ".join((change.text or "").split()))[:LONGEST]
        told = told if clean(told) == told else ""  # nothing secret, in part neither
        source, adds = said.get(change.message or 0), change.action == "add"
        if (adds or before is not None) and (told or change.action == "delete"):
            found.append(Step(change, told, None if adds else before, source))
    return found


async def apply(work: Work, reading: Reading, most: int) -> Outcome:
    """Make the changes of a reading in the subject's own memories."""
    subject = work.subject
    place = Place(level_of(None, subject.user_id), user_id=subject.user_id)
    await service.lock(work, place)
    await service.forget_over(work, place)
    added = updated = deleted = 0
    for step in reading.steps:
        match step.change.action:
            case "delete":
                deleted += await _delete(work, reading, step)
            case "update":
                updated += await _update(work, reading, step)
            case "add":
                added += await _add(work, reading, step)
    over = await service.count(work, place) - most
    if over > 0:
        await _make_room(work, place, over)
    return Outcome(added, updated, deleted)


async def _held(work: Work, reading: Reading, step: Step) -> Memory | None:
    """Return what a step means, if it is as it was shown, and the reading may touch it."""
    if step.before is None:
        return None
    statement = select(Memory).where(
        Memory.org_id == work.subject.org_id,
        Memory.user_id == work.subject.user_id,
        Memory.id == step.before.id,
        Memory.updated_at == step.before.updated_at,
        Memory.untrusted if reading.untrusted else Memory.untrusted.is_(False),
    )
    return (await work.session.scalars(statement.with_for_update())).one_or_none()


async def _delete(work: Work, reading: Reading, step: Step) -> bool:
    memory = await _held(work, reading, step)
    if memory is None:
        return False
    await work.session.delete(memory)
    await work.session.flush()
    return True


async def _update(work: Work, reading: Reading, step: Step) -> bool:
    memory = await _held(work, reading, step)
    if memory is None or memory.text == step.text:
        return False
    same = await _same(work, step.text, None)
    if same is not None and same != memory.id:
        return False
    _write(memory, reading, step)
    await work.session.flush()
    return True


def _write(memory: Memory, reading: Reading, step: Step) -> None:
    memory.text = step.text
    memory.kind = step.change.kind or memory.kind
    memory.origin = MemoryOrigin.CONVERSATION
    memory.confidence = _confidence(step.change)
    memory.valid_until = _until(step.change)
    memory.embedder = None if step.vector is None else step.vector.embedder
    memory.embedding = None if step.vector is None else step.vector.text
    memory.conversation = reading.conversation
    memory.message_id = None if step.source is None else step.source.id
    memory.run_id = None if step.source is None else step.source.run_id


async def _add(work: Work, reading: Reading, step: Step) -> bool:
    """Add what is new; what was doubtful so far and is said by the person is so no more."""
    same = await _same(work, step.text, step.vector)
    if same is not None:
        memory = await work.session.get_one(Memory, {"org_id": work.subject.org_id, "id": same})
        if not memory.untrusted or reading.untrusted:
            return False
        _write(memory, reading, step)
        memory.untrusted = False
        await work.session.flush()
        return False
    memory = Memory(
        org_id=work.subject.org_id,
        id=MemoryId(new_id()),
        user_id=work.subject.user_id,
        kind=MemoryKind.FACT,
        text=step.text,
        origin=MemoryOrigin.CONVERSATION,
        untrusted=reading.untrusted,
    )
    _write(memory, reading, step)
    work.session.add(memory)
    await work.session.flush()
    return True


async def _same(work: Work, told: str, vector: Vector | None) -> MemoryId | None:
    """Return the subject's memory that tells the same, if there is one.

    Vectors overlook what it may turn on: a figure, a name, a negation.
    """
    asked = {
        "org_id": work.subject.org_id,
        "user_id": work.subject.user_id,
        "text": told,
        "embedder": "" if vector is None else vector.embedder,
        "vector": "[0]" if vector is None else vector.text,
        "same": SAME,
    }
    for each in await work.session.execute(ALIKE, asked):
        if each.told or alike(each.text, told):
            return MemoryId(each.id)
    return None


async def _make_room(work: Work, place: Place, over: int) -> None:
    """Forget what was found in conversations and not used for longest; what is doubtful first.

    So nothing that anybody may have written takes the place of what a person has said.
    """
    last = func.coalesce(Memory.used_at, Memory.created_at)
    oldest = (
        select(Memory.id)
        .where(places.held(work.subject, place), Memory.origin == MemoryOrigin.CONVERSATION)
        .order_by(Memory.untrusted.desc(), last, Memory.id)
        .limit(over)
    )
    await work.session.execute(
        delete(Memory).where(Memory.org_id == work.subject.org_id, Memory.id.in_(oldest))
    )


def _confidence(change: Change) -> float:
    return 1.0 if change.confidence is None else min(max(change.confidence, 0.0), 1.0)


def _until(change: Change) -> datetime | None:
    days = change.days
    return None if not days or days < 0 else clock.now() + timedelta(days=min(days, LONGEST_DAYS))

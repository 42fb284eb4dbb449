"""Everything that can be done with collections."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http.access import TeamNotFound, demand_in_team
from folkmoot.identity.organizations.leaving import demand_member
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId, GrantId, TeamId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import access, acting, plaintext
from folkmoot.knowledge.errors import CollectionNotFound, OwnStaysOwn
from folkmoot.knowledge.levels import CONTRIBUTE, AccessLevel, DefaultAccess
from folkmoot.knowledge.models import PENDING, Collection, Document
from folkmoot.knowledge.permission_models import CollectionGrant
from folkmoot.knowledge.schemas import CollectionCreate, CollectionUpdate

LISTING: Final = Listing(
    "collections",
    Collection.id,
    {"created_at": Collection.id, "updated_at": Collection.updated_at, "name": Collection.name},
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents of a collection, and how many of them are neither ready nor failed."""

    documents: int = 0
    pending: int = 0


async def create(work: Work, data: CollectionCreate) -> Collection:
    """Create a collection for the organisation, one of the subject's teams or the subject.

    One that those may not edit whom its scope names is its maker's to edit by a grant.

    Raises:
        TeamNotFound: The subject is not in the team.
        OwnStaysOwn: A personal collection is to be closed to its owner.
    """
    subject = work.subject
    if data.scope is Scope.USER and data.default_access is not DefaultAccess.EDIT:
        raise OwnStaysOwn
    collection = Collection(
        org_id=subject.org_id,
        id=CollectionId(new_id()),
        team_id=_team(subject, data) if data.scope is Scope.TEAM else None,
        user_id=subject.user_id if data.scope is Scope.USER else None,
        name=plaintext.one_line(data.name),
        description=data.description and plaintext.normalise(data.description),
        created_by=subject.user_id,
    )
    work.session.add(collection)
    await work.session.flush()
    if data.default_access is not DefaultAccess.EDIT:
        grant = CollectionGrant(
            org_id=subject.org_id,
            id=GrantId(new_id()),
            collection_id=collection.id,
            user_id=subject.user_id,
            team_id=None,
            level=AccessLevel.EDIT,
        )
        work.session.add(grant)
        with demand_member():
            await work.session.flush()
        collection.default_access = data.default_access
        await work.session.flush()
    return collection


def _team(subject: Subject, data: CollectionCreate) -> TeamId:
    if data.team_id is None or data.team_id not in subject.team_ids:
        raise TeamNotFound
    demand_in_team(subject, data.team_id, CONTRIBUTE)
    return data.team_id


async def get(work: Work, collection_id: CollectionId) -> Collection:
    """Return a collection, or fail if the subject cannot see it."""
    found = await visible(work, [collection_id])
    return found[0]


async def get_to_change(work: Work, collection_id: CollectionId) -> Collection:
    """Return a collection, or fail if the subject may not change it or what is in it."""
    collection = await get(work, collection_id)
    await access.demand_edit(work, collection)
    return collection


async def hold_to_change(work: Work, collection_id: CollectionId) -> Collection:
    """Do the same and keep everybody else from changing it until this work ends."""
    collection = await get_to_change(work, collection_id)
    await work.session.refresh(collection, with_for_update={"key_share": True})
    if collection.deleted_at is not None:
        raise CollectionNotFound
    return collection


async def hold(work: Work, collection_id: CollectionId) -> None:
    """Keep a collection from being deleted until this work ends; fail if it is gone."""
    statement = (
        select(Collection.id)
        .where(
            access.readable(work.subject),
            Collection.id == collection_id,
            Collection.deleted_at.is_(None),
        )
        .with_for_update(read=True)
    )
    if await work.session.scalar(statement) is None:
        raise CollectionNotFound


async def visible(work: Work, collection_ids: Iterable[CollectionId]) -> Sequence[Collection]:
    """Return the named collections; fail if the subject cannot see one of them."""
    wanted = set(collection_ids)
    statement = select(Collection).where(
        access.readable(work.subject),
        Collection.id.in_(wanted),
        Collection.deleted_at.is_(None),
    )
    found = (await work.session.scalars(statement)).all()
    if len(found) != len(wanted):
        raise CollectionNotFound
    return found


async def shared(work: Work, collection_ids: Iterable[CollectionId]) -> set[CollectionId]:
    """Return those of the named collections that everybody in the organisation can see."""
    statement = select(Collection.id).where(
        Collection.org_id == work.subject.org_id,
        Collection.id.in_(set(collection_ids)),
        Collection.team_id.is_(None),
        Collection.user_id.is_(None),
        Collection.default_access != DefaultAccess.NONE,
        Collection.deleted_at.is_(None),
    )
    return set((await work.session.scalars(statement)).all())


async def all_ids(work: Work) -> Sequence[CollectionId]:
    """Return the ids of every collection that the subject can see."""
    statement = select(Collection.id).where(
        access.readable(work.subject), Collection.deleted_at.is_(None)
    )
    return (await work.session.scalars(statement)).all()


async def of_team(work: Work, team_id: TeamId) -> Sequence[Collection]:
    """Return a team's collections."""
    statement = select(Collection).where(
        Collection.org_id == work.subject.org_id,
        Collection.team_id == team_id,
        Collection.deleted_at.is_(None),
    )
    return (await work.session.scalars(statement)).all()


async def browse(
    work: Work, asked: Asked, *, words: str | None = None, managed: bool = False
) -> Slice[Collection]:
    """Return a page of the collections that the subject can see.

    Or else of those of which it says who reads them, whether or not it does so itself.
    """
    mine = access.managed(work.subject) if managed else access.readable(work.subject)
    statement = select(Collection).where(mine, Collection.deleted_at.is_(None))
    if words is not None:
        statement = statement.where(containing(words, Collection.name))
    if not managed:
        return await LISTING.slice(work, statement, asked)
    async with acting.for_the_deployment(work):
        return await LISTING.slice(work, statement, asked)


async def counts(
    work: Work, collection_ids: Sequence[CollectionId]
) -> Mapping[CollectionId, Counts]:
    """Count the documents of collections; one without documents is left out."""
    statement = (
        select(
            Document.collection_id,
            func.count(),
            func.count().filter(Document.status.in_(PENDING)),
        )
        .where(
            Document.deleted_at.is_(None),
            Document.org_id == work.subject.org_id,
            Document.collection_id.in_(collection_ids),
        )
        .group_by(Document.collection_id)
    )
    rows = await work.session.execute(statement)
    return {collection_id: Counts(total, pending) for collection_id, total, pending in rows}


async def update(work: Work, collection: Collection, data: CollectionUpdate) -> Collection:
    """Change what the data names."""
    if data.name is not None:
        collection.name = plaintext.one_line(data.name)
    if "description" in data.model_fields_set:
        collection.description = data.description and plaintext.normalise(data.description)
    await work.session.flush()
    return collection


async def delete(work: Work, collection: Collection) -> Collection:
    """Hide a collection at once; what is in it is purged by a job that the caller defers."""
    collection.deleted_at = clock.now()
    await work.session.flush()
    return collection

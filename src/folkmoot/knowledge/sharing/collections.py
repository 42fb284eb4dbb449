"""Who may read and edit a collection.

Whoever manages it by what they are in the organisation or the team need not be able to read it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.work import Work
from folkmoot.http.etags import Expected, anything
from folkmoot.kit.ids import CollectionId, GrantId, new_id
from folkmoot.knowledge import access, acting, collections
from folkmoot.knowledge.errors import (
    CollectionNotFound,
    LocksYouOut,
    NotYoursToShare,
    OwnStaysOwn,
)
from folkmoot.knowledge.levels import AccessLevel, DefaultAccess
from folkmoot.knowledge.models import Collection
from folkmoot.knowledge.permission_models import CollectionGrant
from folkmoot.knowledge.sharing import grantees
from folkmoot.knowledge.sharing.schemas import (
    CollectionPermissions,
    CollectionPermissionsRead,
    GrantRead,
    Whom,
)

TOLD: Final = {"default_access", "grants"}
"""What the audit trail is told."""


async def get(work: Work, collection_id: CollectionId) -> CollectionPermissionsRead:
    """Return who may read and edit a collection.

    Raises:
        CollectionNotFound: The subject may neither read it nor manage it.
    """
    row, may_change = await _find(work, collection_id)
    return await _shown(work, row, may_change=may_change)


async def change(
    work: Work,
    collection_id: CollectionId,
    data: CollectionPermissions,
    expected: Expected[CollectionPermissionsRead] = anything,
) -> CollectionPermissionsRead:
    """Say anew who may read and edit a collection.

    Raises:
        CollectionNotFound: The subject may neither read it nor manage it.
        NotYoursToShare: They may read it, and others manage it.
        MemberNotFound: Somebody who is named is no member.
        TeamNotFound: A team that is named is none that the subject sees.
        OwnStaysOwn: It is somebody's own and would be closed to them.
        LocksYouOut: The subject would no longer manage it.
        PreconditionFailed: It is not what was expected.
    """
    row, may_change = await _find(work, collection_id, hold=True)
    if not may_change:
        raise NotYoursToShare
    before = await _shown(work, row, may_change=True)
    expected(before)
    if row.user_id is not None and data.default_access is not DefaultAccess.EDIT:
        raise OwnStaysOwn
    kept = await _grants(work, row.id)
    await grantees.demand_named(work, data.grants, kept)
    async with acting.for_the_deployment(work):
        await _grant(work, row, {grant.whom: grant.level for grant in data.grants}, kept)
        row.default_access = data.default_access
        await work.session.flush()
    if not access.manages(work.subject, row):
        await _demand_still_managed(work, row)
    after = await _shown(work, row, may_change=True)
    await _record(work, row, before, after)
    return after


async def _record(
    work: Work,
    row: Collection,
    before: CollectionPermissionsRead,
    after: CollectionPermissionsRead,
) -> None:
    await trail.record(
        work,
        "collection.permissions_changed",
        target=("collection", row.id),
        before=before.model_dump(mode="json", include=TOLD),
        after=after.model_dump(mode="json", include=TOLD),
    )


async def _find(
    work: Work, collection_id: CollectionId, *, hold: bool = False
) -> tuple[Collection, bool]:
    """Return a collection that the subject reads or manages, and whether it manages it."""
    async with acting.for_the_deployment(work):
        row = await find(work, collection_id, hold=hold)
    if row is None:
        raise CollectionNotFound
    if access.manages(work.subject, row):
        return row, True
    await collections.get(work, collection_id)
    return row, (await access.rights(work, row))[row.id].manage


async def seen(work: Work, collection_id: CollectionId) -> Collection:
    """Return a collection that the subject reads or manages.

    Raises:
        CollectionNotFound: They do neither.
    """
    return (await _find(work, collection_id))[0]


async def find(work: Work, collection_id: CollectionId, *, hold: bool = False) -> Collection | None:
    """Return a collection as the deployment sees it, locked if it is to be changed."""
    statement = select(Collection).where(
        Collection.org_id == work.subject.org_id,
        Collection.id == collection_id,
        Collection.deleted_at.is_(None),
    )
    if hold:
        statement = statement.with_for_update(key_share=True)
    found = await work.session.scalars(statement.execution_options(populate_existing=True))
    return found.first()


async def _grants(work: Work, collection_id: CollectionId) -> Sequence[CollectionGrant]:
    statement = (
        select(CollectionGrant)
        .where(
            CollectionGrant.org_id == work.subject.org_id,
            CollectionGrant.collection_id == collection_id,
        )
        .order_by(CollectionGrant.id)
    )
    return (await work.session.scalars(statement)).all()


async def _grant(
    work: Work,
    row: Collection,
    wanted: Mapping[Whom, AccessLevel],
    kept: Sequence[CollectionGrant],
) -> None:
    staying = await grantees.take_out(work, kept, wanted)
    for each in staying:
        each.level = wanted[grantees.whom(each)]
    there = {grantees.whom(each) for each in staying}
    for (user_id, team_id), level in wanted.items():
        if (user_id, team_id) not in there:
            new = CollectionGrant(
                org_id=row.org_id,
                id=GrantId(new_id()),
                collection_id=row.id,
                user_id=user_id,
                team_id=team_id,
                level=level,
            )
            work.session.add(new)


async def _demand_still_managed(work: Work, row: Collection) -> None:
    try:
        await collections.get(work, row.id)
    except CollectionNotFound:
        raise LocksYouOut from None
    if not (await access.rights(work, row))[row.id].manage:
        raise LocksYouOut


async def _shown(work: Work, row: Collection, *, may_change: bool) -> CollectionPermissionsRead:
    grants = await _grants(work, row.id)
    named = await grantees.names(work, grants)
    return CollectionPermissionsRead(
        collection_id=row.id,
        name=row.name,
        scope=access.scope(row),
        team_id=row.team_id,
        owner_id=row.user_id,
        default_access=DefaultAccess(row.default_access),
        grants=[
            GrantRead(**who.model_dump(), level=AccessLevel(grant.level))
            for who, grant in zip(named, grants, strict=True)
        ],
        may_change=may_change,
    )

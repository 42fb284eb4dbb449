"""REST endpoints for teams."""

from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter

from folkmoot.http.access import (
    CurrentSubject,
    PermissionDenied,
    TeamNotFound,
    require,
    require_team_permission,
)
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    AlreadyMember,
    MemberNotFound,
    NotSignedIn,
    OrganizationNotFound,
)
from folkmoot.identity.organizations import team_members, teams
from folkmoot.identity.organizations.tenancy import (
    TeamCreate,
    TeamMemberCreate,
    TeamMemberRead,
    TeamMemberUpdate,
    TeamRead,
    TeamUpdate,
)
from folkmoot.identity.permissions import TeamRole
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import TeamId, UserId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at", "name", "-name"]

ABSENT: Final = documented(OrganizationNotFound, TeamNotFound)
NO_MEMBER: Final = documented(OrganizationNotFound, TeamNotFound, MemberNotFound)


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/teams",
        tags=["teams"],
        route_class=Idempotent,
        responses={**documented(NotSignedIn, PermissionDenied), **ABSENT},
    )
    _add_teams(routes, identity)
    _add_changes(routes, identity)
    _add_members(routes, identity)
    return routes


def _add_teams(routes: APIRouter, identity: Identity) -> None:
    @routes.post("", status_code=HTTPStatus.CREATED, dependencies=[require("teams:write")])
    async def create_team(data: TeamCreate, subject: CurrentSubject) -> TeamRead:
        """Make a team. You are its first administrator."""
        async with identity.changing(subject) as work:
            return await teams.create(work, data)

    @routes.get("", dependencies=[require("teams:read")])
    async def list_teams(
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[TeamRead]:
        """List your teams, or all of the organisation's if you manage them.

        The oldest comes first unless asked otherwise.
        """
        return await teams.browse(work, Asked(sort, limit, cursor), words=q)

    @routes.get("/{team_id}", dependencies=[require_team_permission("team:read")])
    async def read_team(team_id: TeamId, work: OpenWork, etags: Etags) -> TeamRead:
        """Read one team."""
        shown = await teams.get(work, team_id)
        etags.show(shown)
        return shown


def _add_changes(routes: APIRouter, identity: Identity) -> None:
    @routes.patch("/{team_id}", dependencies=[require_team_permission("team:write")])
    async def update_team(
        team_id: TeamId, data: TeamUpdate, work: OpenWork, etags: Etags
    ) -> TeamRead:
        """Change a team's name."""
        shown = await teams.update(work, team_id, data, etags.demand)
        etags.show(shown)
        return shown

    @routes.delete(
        "/{team_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require_team_permission("team:manage")],
    )
    async def delete_team(team_id: TeamId, subject: CurrentSubject, etags: Etags) -> None:
        """Delete a team. For some weeks, whoever manages the organisation's can restore it."""
        async with identity.changing(subject) as work:
            await teams.delete(work, team_id, etags.demand)

    @routes.post("/{team_id}/restore", dependencies=[require("teams:write")])
    async def restore_team(team_id: TeamId, subject: CurrentSubject) -> TeamRead:
        """Bring back a team that was deleted, with everybody who was in it."""
        async with identity.changing(subject) as work:
            return await teams.restore(work, team_id)


def _add_members(routes: APIRouter, identity: Identity) -> None:
    manage = require_team_permission("team:manage")

    @routes.get("/{team_id}/members", dependencies=[require_team_permission("team:read")])
    async def list_team_members(
        team_id: TeamId,
        work: OpenWork,
        q: PageWords = None,
        role: TeamRole | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[TeamMemberRead]:
        """List who is in a team, who came first before unless asked otherwise."""
        asked = Asked(sort, limit, cursor)
        return await team_members.browse(work, team_id, asked, words=q, role=role)

    @routes.get(
        "/{team_id}/members/{user_id}",
        dependencies=[require_team_permission("team:read")],
        responses=NO_MEMBER,
    )
    async def read_team_member(
        team_id: TeamId, user_id: UserId, work: OpenWork, etags: Etags
    ) -> TeamMemberRead:
        """Read one member of a team."""
        shown = await team_members.get(work, team_id, user_id)
        etags.show(shown)
        return shown

    @routes.post(
        "/{team_id}/members",
        status_code=HTTPStatus.CREATED,
        dependencies=[manage],
        responses={**NO_MEMBER, **documented(AlreadyMember)},
    )
    async def add_team_member(
        team_id: TeamId, data: TeamMemberCreate, subject: CurrentSubject
    ) -> TeamMemberRead:
        """Let a member of the organisation into a team."""
        async with identity.changing(subject) as work:
            return await team_members.add(work, team_id, data)

    @routes.patch("/{team_id}/members/{user_id}", dependencies=[manage], responses=NO_MEMBER)
    async def update_team_member(
        team_id: TeamId,
        user_id: UserId,
        data: TeamMemberUpdate,
        subject: CurrentSubject,
        etags: Etags,
    ) -> TeamMemberRead:
        """Change what somebody is in a team."""
        async with identity.changing(subject) as work:
            shown = await team_members.change_role(work, team_id, user_id, data.role, etags.demand)
        etags.show(shown)
        return shown

    @routes.delete(
        "/{team_id}/members/{user_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require_team_permission("team:leave")],
        responses=NO_MEMBER,
    )
    async def remove_team_member(
        team_id: TeamId, user_id: UserId, subject: CurrentSubject, etags: Etags
    ) -> None:
        """Take somebody out of a team that you manage, or yourself out of any."""
        async with identity.changing(subject) as work:
            await team_members.remove(work, team_id, user_id, etags.demand)

"""What goes in and out about organisations, their members and teams, and invitations."""

from datetime import datetime

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from folkmoot.identity.callers.standing import Kind
from folkmoot.identity.permissions import OrgRole, TeamRole
from folkmoot.identity.schemas import Email, Input, Line, Output, Secret
from folkmoot.kit.ids import InvitationId, OrgId, TeamId, UserId


class OrganizationCreate(Input):
    """An organisation to be made."""

    name: Line = Field(examples=["Analytical Engines"])


class OrganizationUpdate(Input):
    """What is to be different about an organisation; what is left out stays."""

    name: Line | None = Field(default=None, examples=["Difference Engines"])


class OrganizationDeleted(Output):
    """An organisation that its owners can still bring back."""

    id: OrgId
    name: str = Field(examples=["Analytical Engines"])
    deleted_at: datetime
    restorable_until: datetime


class MemberRead(Output):
    """A member of an organisation: a person, or a service account, which has no address."""

    user_id: UserId
    kind: Kind
    name: str = Field(examples=["Ada Lovelace"])
    email: str | None = Field(examples=["ada@example.org"])
    role: OrgRole
    created_at: datetime
    ends_at: datetime | None = Field(
        description="When the place of a platform administrator ends by itself.", examples=[None]
    )


class MemberUpdate(Input):
    """What a member is to be."""

    role: OrgRole


class Transfer(Input):
    """Whom an organisation is handed to."""

    user_id: UserId


class TeamCreate(Input):
    """A team to be made."""

    name: Line = Field(examples=["Research"])


class TeamUpdate(Input):
    """What is to be different about a team; what is left out stays."""

    name: Line | None = Field(default=None, examples=["Research and development"])


class TeamRead(Output):
    """A team and what the caller is in it; null if they only manage it."""

    id: TeamId
    name: str = Field(examples=["Research"])
    role: TeamRole | None
    created_at: datetime


class TeamMemberCreate(Input):
    """A member of the organisation who is to come into a team."""

    user_id: UserId
    role: TeamRole = TeamRole.MEMBER


class TeamMemberUpdate(Input):
    """What a member of a team is to be."""

    role: TeamRole


class TeamMemberRead(Output):
    """A member of a team."""

    user_id: UserId
    kind: Kind
    name: str = Field(examples=["Ada Lovelace"])
    email: str | None = Field(examples=["ada@example.org"])
    role: TeamRole
    created_at: datetime


class InvitedTeam(Input):
    """A team that somebody is invited to, and what they are to be there."""

    team_id: TeamId
    role: TeamRole = TeamRole.MEMBER


class InvitationCreate(Input):
    """Somebody to be invited."""

    email: Email | None = Field(
        default=None,
        description="Whom it is for; without an address it is for whoever has the link.",
        examples=["ada@example.org"],
    )
    role: OrgRole = OrgRole.MEMBER
    teams: list[InvitedTeam] = Field(default_factory=list[InvitedTeam], max_length=20)
    expires_in_days: int = Field(default=7, ge=1, le=30)

    @field_validator("teams")
    @classmethod
    def each_once(cls, teams: list[InvitedTeam]) -> list[InvitedTeam]:
        """Refuse two places in one team."""
        if len({team.team_id for team in teams}) < len(teams):
            raise PydanticCustomError("team_twice", "Each team may be named once")
        return teams


class InvitationRead(Output):
    """An invitation that can still be accepted."""

    id: InvitationId
    email: str | None = Field(examples=["ada@example.org"])
    role: OrgRole
    teams: list[InvitedTeam]
    invited_by: UserId
    created_at: datetime
    expires_at: datetime


class InvitationCreated(InvitationRead):
    """A new invitation with the secret that accepts it, which is shown this once."""

    token: str = Field(examples=["fm_invite_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"])
    link: str = Field(examples=["https://folkmoot.example/invitation#fm_invite_3q2-7wD8rT5yU2iO"])


class InvitationToken(Input):
    """The secret of an invitation."""

    token: Secret = Field(examples=["fm_invite_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"])


class InvitationPreview(Output):
    """What an invitation is for."""

    organization_name: str = Field(examples=["Analytical Engines"])
    role: OrgRole
    email: str | None = Field(examples=["ada@example.org"])
    invited_by: str = Field(examples=["Charles Babbage"])
    expires_at: datetime

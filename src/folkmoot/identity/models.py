"""Tables of the identity slice."""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped, Stamped
from folkmoot.identity.permissions import OrgRole, TeamRole
from folkmoot.kit import clock
from folkmoot.kit.ids import (
    ApiKeyId,
    InvitationId,
    OrgId,
    SessionId,
    SigningKeyId,
    TeamId,
    UserId,
    new_id,
)

BCRYPT_COST: Final = r"""
CASE WHEN password_hash ~ '^\$2[abxy]\$[0-9]{2}\$' AND deleted_at IS NULL
  THEN substr(password_hash, 5, 2)::smallint END
"""
"""How slow bcrypt was told to be, which is written into a hash: `$2b$12$…`."""


class User(Model, Stamped, kw_only=True):
    """A person, in as many organisations as they are a member of, or a service account.

    `email_normalized` is what the address is found by; without a password they come in by a link.
    A service account is a member of one organisation, `service_of`; it has neither, and no way in
    but API keys. Whoever is suspended does not act, and nothing of theirs is lost.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(email, email_normalized) = 0 AND service_of IS NULL"
            " OR num_nonnulls(email, email_normalized, password_hash) = 0"
            " AND service_of IS NOT NULL",
            name="person",
        ),
        Index("ix_users_sorts_as", "sorts_as", "id"),
        Index(
            "ix_users_bcrypt_cost",
            "bcrypt_cost",
            postgresql_where=text("bcrypt_cost IS NOT NULL"),
        ),
    )

    id: Mapped[UserId] = mapped_column(primary_key=True, default_factory=lambda: UserId(new_id()))
    email: Mapped[str | None]
    email_normalized: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None] = mapped_column(default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
    suspended_at: Mapped[datetime | None] = mapped_column(default=None)
    service_of: Mapped[OrgId | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True, default=None
    )
    sorts_as: Mapped[str] = mapped_column(Computed("lower(name)", persisted=True), init=False)
    bcrypt_cost: Mapped[int | None] = mapped_column(
        SmallInteger, Computed(BCRYPT_COST, persisted=True), init=False, deferred=True
    )


class Organization(Model, Stamped, kw_only=True):
    """A tenant."""

    __tablename__ = "organizations"

    id: Mapped[OrgId] = mapped_column(primary_key=True, default_factory=lambda: OrgId(new_id()))
    name: Mapped[str]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
    suspended_at: Mapped[datetime | None] = mapped_column(default=None)


class PlatformAdmin(Model, kw_only=True):
    """Somebody who looks after the deployment; only its operator says who does."""

    __tablename__ = "platform_admins"

    user_id: Mapped[UserId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    since: Mapped[datetime]


class Membership(Model, OrgScoped, Stamped, kw_only=True):
    """A user's place in an organisation. A platform admin's ends by itself, at `ends_at`."""

    __tablename__ = "memberships"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        CheckConstraint("ends_at IS NULL OR role <> 'owner'", name="lasting"),
        Index(
            "ix_memberships_org_id_ends_at",
            "org_id",
            "ends_at",
            postgresql_where=text("ends_at IS NOT NULL"),
        ),
        Index("ix_memberships_joined", "org_id", "created_at", "user_id"),
    )

    user_id: Mapped[UserId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[OrgRole] = mapped_column(Text)
    ends_at: Mapped[datetime | None] = mapped_column(default=None)


class Team(Model, OrgScoped, Stamped, kw_only=True):
    """Some members of an organisation, who share what the others do not see."""

    __tablename__ = "teams"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),)

    id: Mapped[TeamId] = mapped_column(primary_key=True, default_factory=lambda: TeamId(new_id()))
    name: Mapped[str]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class TeamMembership(Model, OrgScoped, Stamped, kw_only=True):
    """A member's place in a team; it goes when either of the two goes."""

    __tablename__ = "team_memberships"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "team_id"], ["teams.org_id", "teams.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["memberships.org_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("role IN ('admin', 'member', 'viewer')", name="role"),
        Index("ix_team_memberships_org_id_user_id", "org_id", "user_id"),
        Index("ix_team_memberships_joined", "org_id", "team_id", "created_at", "user_id"),
    )

    team_id: Mapped[TeamId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    role: Mapped[TeamRole] = mapped_column(Text)


class Invitation(Model, OrgScoped, kw_only=True):
    """A place in an organisation, kept for whoever brings the token; goes with who has invited.

    With an address it is for that person only. One that was made with an API key counts for as
    long as that does.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "invited_by"],
            ["memberships.org_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["org_id", "key_id"], ["api_keys.org_id", "api_keys.id"], ondelete="CASCADE"
        ),
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        Index("ix_invitations_org_id_invited_by", "org_id", "invited_by"),
        Index("ix_invitations_org_id_key_id", "org_id", "key_id"),
    )

    id: Mapped[InvitationId] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    email_normalized: Mapped[str | None] = mapped_column(index=True)
    role: Mapped[OrgRole] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(repr=False)
    invited_by: Mapped[UserId]
    key_id: Mapped[ApiKeyId | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)


class InvitationTeam(Model, OrgScoped, kw_only=True):
    """A team that an invitation gives a place in, too."""

    __tablename__ = "invitation_teams"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "invitation_id"],
            ["invitations.org_id", "invitations.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["org_id", "team_id"], ["teams.org_id", "teams.id"], ondelete="CASCADE"
        ),
        CheckConstraint("role IN ('admin', 'member', 'viewer')", name="role"),
        Index("ix_invitation_teams_org_id_team_id", "org_id", "team_id"),
    )

    invitation_id: Mapped[InvitationId] = mapped_column(primary_key=True)
    team_id: Mapped[TeamId] = mapped_column(primary_key=True)
    role: Mapped[TeamRole] = mapped_column(Text)


class ApiKey(Model, OrgScoped, kw_only=True):
    """A key that acts for a member of one organisation, and goes when the membership goes.

    `scopes` narrows what it may do; without any it may do all that its user may. A key that was
    made with another one names it in `parent_id`, and does not outlive it. `made_by` tells whose
    word a service account's key goes back to.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["memberships.org_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["org_id", "parent_id"], ["api_keys.org_id", "api_keys.id"], ondelete="CASCADE"
        ),
        Index("ix_api_keys_org_id_user_id", "org_id", "user_id"),
        Index("ix_api_keys_org_id_parent_id", "org_id", "parent_id"),
    )

    id: Mapped[ApiKeyId] = mapped_column(
        primary_key=True, default_factory=lambda: ApiKeyId(new_id())
    )
    user_id: Mapped[UserId]
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True, repr=False)
    parent_id: Mapped[ApiKeyId | None] = mapped_column(default=None)
    made_by: Mapped[UserId | None] = mapped_column(default=None)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text), default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)


class Session(Model, kw_only=True):
    """A signed-in device: the family of refresh tokens that followed one another on it.

    All tokens of a family share a part, found by `family_hash`; `token_hash` knows the newest one
    and `previous_hash` the one before it.
    """

    __tablename__ = "sessions"

    id: Mapped[SessionId] = mapped_column(
        primary_key=True, default_factory=lambda: SessionId(new_id())
    )
    user_id: Mapped[UserId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    family_hash: Mapped[bytes] = mapped_column(unique=True, repr=False)
    token_hash: Mapped[bytes] = mapped_column(repr=False)
    previous_hash: Mapped[bytes | None] = mapped_column(default=None, repr=False)
    rotated_at: Mapped[datetime | None] = mapped_column(default=None)
    user_agent: Mapped[str | None] = mapped_column(default=None)
    address: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    last_used_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInLink(Model, kw_only=True):
    """A link that signs its user in once; `loopback_only` ones work from this machine alone."""

    __tablename__ = "sign_in_links"

    hash: Mapped[bytes] = mapped_column(primary_key=True, repr=False)
    user_id: Mapped[UserId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    loopback_only: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class PasswordReset(Model, kw_only=True):
    """Somebody who has forgotten their password may set a new one, once; the row goes with it."""

    __tablename__ = "password_resets"

    hash: Mapped[bytes] = mapped_column(primary_key=True, repr=False)
    user_id: Mapped[UserId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
    expires_at: Mapped[datetime]


class ExternalIdentity(Model, kw_only=True):
    """Whom an outside issuer means by a subject."""

    __tablename__ = "external_identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UserId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)


class SignInAttempts(Model, kw_only=True):
    """How often it was tried of late to get in; `key` tells nobody by whom, or into what."""

    __tablename__ = "sign_in_attempts"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(index=True)


class SigningKey(Model, kw_only=True):
    """A change of the key that signs access tokens, which is derived from this id."""

    __tablename__ = "signing_keys"

    id: Mapped[SigningKeyId] = mapped_column(
        primary_key=True, default_factory=lambda: SigningKeyId(new_id())
    )
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)

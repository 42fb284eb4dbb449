"""What the identity slice takes in and gives out."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

from folkmoot.identity.permissions import OrgRole, TeamRole
from folkmoot.kit.fields import Moment
from folkmoot.kit.ids import ApiKeyId, OrgId, SessionId, TeamId, UserId
from folkmoot.kit.schema import Schema

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=120,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00-\x1f\x7f-\x9f]*$",
    ),
]
"""Text on one line, and not only spaces."""

Email = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[^\s@\x00-\x1f\x7f-\x9f\ufeff]{1,64}@[^\s@\x00-\x1f\x7f-\x9f\ufeff]{1,189}$",
    ),
]
Typed = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^\x00]*$"),
    Field(examples=["ada@example.org"]),
]
"""What somebody takes for their address; whether it is one is found out by looking for it."""

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024

Password = Annotated[
    SecretStr,
    Field(min_length=1, max_length=LONGEST_PASSWORD, examples=["correct horse battery staple"]),
]
NewPassword = Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
Secret = Annotated[
    SecretStr,
    Field(min_length=1, max_length=200, examples=["fm_refresh_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"]),
]
Unshown = Annotated[SecretStr, Field(min_length=1, max_length=200)]
"""A secret that examples do without."""

Scope = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z_]+:[a-z_]+$")]


class Input(Schema):
    """What comes in has the fields that are named here and no others."""

    model_config = ConfigDict(extra="forbid")


class Output(Schema):
    """What goes out, made from a row or by hand."""

    model_config = ConfigDict(from_attributes=True)


class Registration(Input):
    """A person who wants an account, and an organisation to begin with."""

    email: Email = Field(examples=["ada@example.org"])
    password: NewPassword = Field(examples=["correct horse battery staple"])
    name: Line = Field(examples=["Ada Lovelace"])
    organization_name: Line | None = Field(
        default=None, description="The person's name if absent.", examples=["Analytical Engines"]
    )
    invitation_token: Unshown | None = Field(
        default=None,
        description="Of an invitation: its organisation is the one to begin with, and none is"
        " made, whatever `organization_name` says. It counts also where nobody can register by"
        " themselves.",
    )


class Registered(Output):
    """A new user and their organisation."""

    id: UserId
    email: str = Field(examples=["ada@example.org"])
    name: str = Field(examples=["Ada Lovelace"])
    organization_id: OrgId


class TokenForm(Schema):
    """OAuth 2's password form (RFC 6749, section 4.3.2); `username` is the e-mail address."""

    grant_type: Literal["password"] = "password"
    username: Typed
    password: Password
    scope: str = ""


class PasswordSignIn(Input):
    """Signing in to the console with a password."""

    email: Typed
    password: Password


class LinkSignIn(Input):
    """Signing in to the console with a one-time link."""

    link: Secret = Field(examples=["fm_link_3q2-7w"])


class PasswordChange(Input):
    """A new password, from somebody who knows the old one."""

    current_password: Password
    new_password: NewPassword = Field(examples=["staple battery horse correct"])


class AccountErasure(Input):
    """That somebody wants their account erased, and the proof that it is they."""

    password: Password | None = Field(
        default=None, description="Whoever has none leaves it out, and signs in anew before."
    )


class PasswordResetRequest(Input):
    """Whose password is forgotten."""

    email: Typed


class PasswordResetConfirm(Input):
    """A new password, from somebody who got the letter."""

    token: Secret = Field(examples=["fm_reset_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"])
    new_password: NewPassword = Field(examples=["staple battery horse correct"])


class Refresh(Input):
    """A refresh token to be exchanged."""

    refresh_token: Secret


class LogOut(Input):
    """The session to end, if it is not the access token's own."""

    refresh_token: Secret | None = None


class AccessToken(Output):
    """An access token; `expires_in` is in seconds."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTlhIn0.c2lnbmVk"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(examples=[900])


class TokenPair(AccessToken):
    """An access token, and the refresh token that gets the next pair. Each refreshes once."""

    refresh_token: str = Field(examples=["fm_refresh_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"])


class PasswordChanged(AccessToken):
    """What replaces all tokens there were. The console's refresh token is in its cookie instead."""

    refresh_token: str | None = Field(examples=["fm_refresh_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"])


class OutsideIssuer(Output):
    """Somebody who vouches for people; `name` stands in the addresses of its routes."""

    name: str = Field(examples=["google"])
    label: str = Field(examples=["Google"])


class SessionRead(Output):
    """A device that is signed in. `last_used_at` is when it last got a new access token."""

    id: SessionId
    user_agent: str | None = Field(examples=["Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"])
    address: str | None = Field(description="Where it signed in from.", examples=["198.51.100.7"])
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool = Field(description="Whether this request was made in it.", examples=[True])


class OrganizationRead(Output):
    """An organisation and what the caller is in it."""

    id: OrgId
    name: str = Field(examples=["Analytical Engines"])
    role: OrgRole


class TeamPlace(Output):
    """A team and what somebody is in it."""

    id: TeamId
    name: str = Field(examples=["Research"])
    role: TeamRole


class Me(Output):
    """The caller, where they are acting, and what they may do there.

    `permissions` hold in the organisation and in each of its teams; what else a role in a team
    allows holds in that team.
    """

    id: UserId
    email: str | None = Field(examples=["ada@example.org"])
    name: str = Field(examples=["Ada Lovelace"])
    organization_id: OrgId
    team_id: TeamId | None
    organizations: list[OrganizationRead]
    teams: list[TeamPlace]
    permissions: list[str] = Field(examples=[["agents:run", "runs:read"]])
    platform_admin: bool = Field(
        description="Whether they look after the deployment, and this credential lets them.",
        examples=[False],
    )


class ApiKeyCreate(Input):
    """A key to be made."""

    name: Line = Field(examples=["nightly import"])
    scopes: list[Scope] | None = Field(
        default=None,
        max_length=64,
        description="What it may do; all that its maker may if absent.",
        examples=[["runs:read"]],
    )
    expires_at: Moment | None = Field(
        default=None,
        description="Must lie in the future. If absent, the key never expires, or together with"
        " the key it is made with.",
    )


class ApiKeyRead(Output):
    """A key as it can be shown: `prefix` is how its secret begins."""

    id: ApiKeyId
    user_id: UserId
    name: str = Field(examples=["nightly import"])
    prefix: str = Field(examples=["fm_key_3q2-7w"])
    scopes: list[str] | None = Field(examples=[["runs:read"]])
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ApiKeyCreated(ApiKeyRead):
    """A new key with its secret, which is shown this once."""

    key: str = Field(examples=["fm_key_3q2-7wD8rT5yU2iO9pA4sF6gH1jK"])

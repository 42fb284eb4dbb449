"""What goes in and out about service accounts."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.schemas import Input, Line, Output
from folkmoot.kit.ids import UserId

ServiceRole = Literal["admin", "member"]
"""Nothing that a program is owns an organisation."""


class ServiceAccountCreate(Input):
    """A service account to be made."""

    name: Line = Field(examples=["nightly import"])
    role: ServiceRole = Field(default="member", description="No higher than your own.")


class ServiceAccountUpdate(Input):
    """What is to be different about a service account; what is left out stays."""

    name: Line | None = Field(default=None, examples=["hourly import"])
    role: ServiceRole | None = Field(default=None, examples=["member"])
    disabled: bool | None = Field(
        default=None, description="Whether its keys count for nothing.", examples=[False]
    )


class ServiceAccountRead(Output):
    """A member of the organisation that is a program; `id` is its `user_id` elsewhere."""

    id: UserId
    name: str = Field(examples=["nightly import"])
    role: OrgRole
    disabled: bool
    created_at: datetime

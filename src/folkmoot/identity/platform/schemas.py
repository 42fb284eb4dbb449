"""What goes in and out of the routes for platform admins."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.schemas import Input, Output
from folkmoot.kit.ids import OrgId, UserId

Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00-\x1f\x7f-\x9f]*$",
    ),
    Field(examples=["They cannot open their documents: ticket 4711."]),
]
"""Why something is done to others. They read it in their audit trail."""


class Because(Input):
    """Why."""

    reason: Reason


class PlatformOrganization(Output):
    """An organisation, as those see it who look after all of them."""

    id: OrgId
    name: str = Field(examples=["Analytical Engines"])
    members: int = Field(examples=[3])
    created_at: datetime
    suspended_at: datetime | None


class PlatformUser(Output):
    """Somebody with an account."""

    id: UserId
    email: str = Field(examples=["ada@example.org"])
    name: str = Field(examples=["Ada Lovelace"])
    created_at: datetime
    suspended_at: datetime | None


class EntryRead(Output):
    """A place in an organisation that ends by itself."""

    organization_id: OrgId
    role: OrgRole
    ends_at: datetime

"""What identity is told by a deployment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from folkmoot.identity.oidc.issuer import Issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOptions:
    """How a deployment lets people in.

    Attributes:
        secret_key: The deployment's secret key.
        registration_open: Whether people may register by themselves.
        https: Whether people reach this deployment by HTTPS, and cookies need it.
        issuers: Who else vouches for people.
        public_url: Where people reach this deployment: links begin with it.
        kept: How long what was deleted can be brought back.
    """

    secret_key: str = field(repr=False)
    registration_open: bool = True
    https: bool = False
    issuers: Sequence[Issuer] = ()
    public_url: str = "http://localhost:8000"
    kept: timedelta = timedelta(days=30)

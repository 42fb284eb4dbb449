"""An issuer that a deployment trusts, and what its tokens say of somebody."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

ADDRESS: Final = re.compile(
    r"[^\s@\x00-\x1f\x7f-\x9f\ufeff]{1,64}@[^\s@\x00-\x1f\x7f-\x9f\ufeff]{1,189}"
)
LONGEST_SUBJECT: Final = 255  # OpenID Connect Core 1.0, section 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An issuer, as the configuration names it.

    Attributes:
        name: How its routes call it.
        label: What people call it.
        url: What its tokens must say in `iss`.
        audience: What they must say in `aud`.
        jwks_url: Where its keys are; found by its discovery document if None.
        client_id: By which it knows us when people sign in; without it only tokens are taken.
        client_secret: What proves that, beside PKCE.
        scopes: What is asked for.
        tenant_claim: Which claim names the organisation that somebody is of.
        tenants: The organisation's id by what that claim says; without any, it says the id itself.
        role_claim: Which claim names their role there.
        link_by_email: Whether an account with the address that the issuer has verified is theirs.
        creates_accounts: Whether somebody new gets one.
    """

    name: str
    url: str
    audience: str
    jwks_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    scopes: Sequence[str] = ("openid", "email", "profile")
    tenant_claim: str | None = None
    tenants: Mapping[str, str] = field(default_factory=dict[str, str])
    role_claim: str | None = None
    link_by_email: bool = False
    creates_accounts: bool = True
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a genuine token says of somebody; `email` only if the issuer has verified it."""

    issuer: Issuer
    subject: str
    email: str | None
    name: str | None
    tenant: str | None
    role: str | None


def claims_of(issuer: Issuer, said: Mapping[str, object]) -> Claims | None:
    """Return what counts of the claims; None if they name nobody."""
    subject = said.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\0" in subject:
        return None
    email, name = _text(said.get("email")), _text(said.get("name"))
    verified = said.get("email_verified") is True and email and ADDRESS.fullmatch(email)
    return Claims(
        issuer=issuer,
        subject=subject,
        email=email if verified else None,
        name=" ".join(name.split()) if name and name.isprintable() else None,
        tenant=_text(_at(said, issuer.tenant_claim)),
        role=_text(_at(said, issuer.role_claim)),
    )


def _at(said: Mapping[str, object], path: str | None) -> object:
    """Return a claim by its name, which may have dots, or by its path."""
    if path is None or path in said:
        return said.get(path or "")
    value: object = said
    for part in path.split("."):
        value = cast(Mapping[str, object], value).get(part) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and "\0" not in value else None

"""The outside issuers that a deployment trusts to say who somebody is."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from folkmoot.settings.addresses import web_address

IssuerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class OidcIssuer(BaseModel):
    """An issuer of OpenID Connect."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: IssuerName = Field(description="How the addresses for signing in call it.")
    label: str | None = Field(
        default=None,
        min_length=1,
        max_length=80,
        description="How people know it: what the console writes on its button. By default the"
        " name.",
    )
    issuer: Annotated[str, AfterValidator(web_address)] = Field(
        description="What its tokens say in `iss`, letter by letter."
    )
    audience: str = Field(min_length=1, description="What bearer tokens must say in `aud`.")
    jwks_url: Annotated[str, AfterValidator(web_address)] | None = Field(
        default=None, description="Where its keys are, if its discovery document does not say."
    )
    client_id: str | None = Field(
        default=None, description="By which it knows us when people sign in to the console."
    )
    client_secret: SecretStr | None = Field(default=None, description="What proves that.")
    scopes: list[str] = Field(
        default_factory=lambda: ["openid", "email", "profile"], description="What is asked for."
    )
    tenant_claim: str | None = Field(
        default=None, description="Which claim names the organisation; dots lead further in."
    )
    tenants: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Organisations' ids by what that claim says; if none is named here, it says an"
        " id itself.",
    )
    role_claim: str | None = Field(
        default=None, description="Which claim says `admin` or `member`; nobody becomes owner."
    )
    link_by_email: bool = Field(
        default=False,
        description="Whether the account with an address that it has verified is meant. Its"
        " password, sessions and keys end there: nobody has verified the address before.",
    )
    creates_accounts: bool = Field(
        default=True, description="Whether whom it sends for the first time gets an account."
    )

"""The limits of a deployment: what can be set, and what counts if nothing is."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from folkmoot.http.limits import rate
from folkmoot.http.limits.policy import Configured, Kind, Who

ALWAYS: Final[Mapping[str, str]] = {"auth_per_address": "10/minute"}
IN_PRODUCTION: Final[Mapping[str, str]] = {
    "model_per_user": "10/minute,100/hour",
    "write_per_user": "300/minute",
    "read_per_user": "1200/minute",
    "read_per_address": "6000/minute",
    "export_per_user": "10/hour",
    "shared_per_address": "120/minute",
}
AT_HOME: Final[Mapping[str, str]] = {"auth_per_address": "600/minute"}
"""In dev mode and on the same machine, where there is nobody to keep out."""


def _checked(text: str) -> str:
    rate.parse(text)
    return text


Rates = Annotated[str, AfterValidator(_checked)]


class RateLimits(BaseModel):
    """How much one address, user, API key or organisation may ask, by what is asked.

    Written like `10/minute` or `10/minute,100/hour`, or `off`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    auth_per_address: Rates | None = Field(
        default=None,
        description="Registering, signing in and resetting passwords; 10/minute by default, on the "
        "machine itself in dev mode 600/minute.",
    )
    model_per_address: Rates | None = Field(default=None, description="Asking agents.")
    model_per_user: Rates | None = Field(
        default=None, description="The same; 10/minute,100/hour by default in production."
    )
    model_per_key: Rates | None = Field(default=None, description="The same.")
    model_per_organization: Rates | None = Field(default=None, description="The same.")
    write_per_address: Rates | None = Field(default=None, description="Everything that changes.")
    write_per_user: Rates | None = Field(
        default=None, description="The same; 300/minute by default in production."
    )
    write_per_key: Rates | None = Field(default=None, description="The same.")
    write_per_organization: Rates | None = Field(default=None, description="The same.")
    read_per_address: Rates | None = Field(
        default=None, description="Everything else; 6000/minute by default in production."
    )
    read_per_user: Rates | None = Field(
        default=None, description="The same; 1200/minute by default in production."
    )
    export_per_user: Rates | None = Field(
        default=None,
        description="Taking along all that is kept of one; 10/hour by default in production.",
    )
    shared_per_address: Rates | None = Field(
        default=None,
        description="Reading what was shared by a link; 120/minute by default in production.",
    )
    read_per_key: Rates | None = Field(default=None, description="The same.")
    read_per_organization: Rates | None = Field(default=None, description="The same.")


def policy(limits: RateLimits, *, production: bool) -> Configured:
    """Return what counts, with the defaults of the mode."""
    given: dict[str, str] = limits.model_dump(exclude_none=True)
    defaults = {**ALWAYS, **(IN_PRODUCTION if production else {})}
    loopback = {} if production else AT_HOME
    return Configured(
        _table({**defaults, **given}),
        _table({name: text for name, text in loopback.items() if name not in given}),
    )


def _table(written: Mapping[str, str]) -> dict[tuple[Kind, Who], tuple[rate.Rate, ...]]:
    table: dict[tuple[Kind, Who], tuple[rate.Rate, ...]] = {}
    for name, text in written.items():
        kind, _, who = name.partition("_per_")
        table[Kind(kind), Who(who)] = rate.parse(text)
    return table

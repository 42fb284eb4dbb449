"""Prices of models that a deployment has agreed on, or that no list of prices knows."""

from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field

from folkmoot.kit.schema import Schema

Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class ModelPrice(Schema):
    """What a model costs, in US dollars for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}:[^\s*]{0,255}\*?$")] = (
        Field(description="`provider:name`; with a `*` at its end, every name that begins so.")
    )
    input: Dollars = Field(description="Of what the model is given.")
    output: Dollars = Field(default=Decimal(0), description="Of what it answers.")
    call: Dollars = Field(
        default=Decimal(0), description="Of each call, in dollars, whatever it is given."
    )
    cached_input: Dollars | None = Field(
        default=None,
        description="Of what it was given before and remembers; by default as other input.",
    )
    cache_write: Dollars | None = Field(
        default=None,
        description="Of what it is given to remember for the next call; by default as other input.",
    )

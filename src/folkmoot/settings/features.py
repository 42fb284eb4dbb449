"""What the operator of a deployment can switch on and off. A name that is not here is refused."""

from pydantic import ConfigDict, Field

from folkmoot.kit.schema import Schema


class Features(Schema):
    """What people can do here; everything is on unless it is switched off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_choice: bool = Field(
        default=True, description="Whoever asks an agent may name the model that answers."
    )
    secrets: bool = Field(
        default=True, description="Organisations, teams and users keep secrets here."
    )
    mcp: bool = Field(
        default=True, description="Agents use the tools of MCP servers that people name."
    )

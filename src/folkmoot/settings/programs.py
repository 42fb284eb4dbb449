"""Programs that the operator lets people use as MCP servers."""

from typing import Annotated

from pydantic import ConfigDict, Field

from folkmoot.kit.schema import Schema


class McpProgram(Schema):
    """A program that speaks MCP over its standard input and output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")] = Field(
        description="What people register it by."
    )
    command: Annotated[list[str], Field(min_length=1)] = Field(
        description="The program and its arguments; no shell reads them."
    )
    variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = Field(
        default=None, description="The variable in which it gets its user's secret, if any."
    )

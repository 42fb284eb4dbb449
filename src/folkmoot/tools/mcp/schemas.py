"""What the MCP client's routes take in and give out."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from folkmoot.kit.ids import McpServerId, TeamId, UserId
from folkmoot.kit.schema import Schema
from folkmoot.kit.scope import Scope
from folkmoot.tools.mcp.models import Auth, Transport
from folkmoot.tools.tool import Asks

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"
CALLED: Final = r"^[a-z][a-z0-9_]{0,63}$"
HEADER: Final = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"
FINGERPRINT: Final = r"^[0-9a-f]{64}$"

Name = Annotated[str, Field(pattern=NAME)]
Url = Annotated[str, Field(min_length=1, max_length=2_048)]
Command = Annotated[str, Field(pattern=NAME)]
SecretName = Annotated[str, Field(pattern=CALLED)]
Header = Annotated[str, Field(pattern=HEADER)]
Seconds = Annotated[int, Field(ge=1, le=300)]


class Input(Schema):
    """What comes in has the fields that are named here and no others."""

    model_config = ConfigDict(extra="forbid")


class McpServerCreate(Input):
    """A server to be asked, and how."""

    name: Name = Field(
        description="What its tools are named after: `name__tool`.", examples=["tickets"]
    )
    scope: Scope = Scope.USER
    team_id: TeamId | None = Field(
        default=None, description="Of the scope `team`: by default the one you act in."
    )
    transport: Transport = Transport.HTTP
    url: Url | None = Field(
        default=None,
        description="Where it is; for every transport but `stdio`.",
        examples=["https://tickets.example.com/mcp"],
    )
    command: Command | None = Field(
        default=None,
        description="For `stdio`: which of the programs that the operator allows.",
        examples=[None],
    )
    auth: Auth = Auth.NONE
    secret: SecretName | None = Field(
        default=None,
        description="Name of the secret that is sent, for `secret`: whoever uses the server sends"
        " the one that is found for them.",
        examples=[None],
    )
    header: Header = Field(
        default="Authorization",
        description="The header it is sent in; in `Authorization` as a bearer token.",
    )
    timeout_seconds: Seconds = Field(default=30, description="How long a call may take.")


class McpServerUpdate(Input):
    """What is left out stays as it is."""

    name: Name | None = Field(default=None, examples=["tickets"])
    url: Url | None = Field(default=None, examples=["https://tickets.example.com/mcp"])
    auth: Auth | None = None
    secret: SecretName | None = Field(default=None, examples=[None])
    header: Header | None = None
    timeout_seconds: Seconds | None = None
    enabled: bool | None = None


class McpServerAbout(Schema):
    """What a server said of itself when its tools were listed."""

    name: str | None = Field(default=None, examples=["Tickets"])
    version: str | None = Field(default=None, examples=["2.1.0"])
    protocol: str | None = Field(default=None, examples=["2026-07-28"])


class McpServerRead(Schema):
    id: McpServerId
    name: str = Field(examples=["tickets"])
    scope: Scope
    team_id: TeamId | None = Field(examples=[None])
    transport: Transport
    url: str | None = Field(examples=["https://tickets.example.com/mcp"])
    command: str | None = Field(examples=[None])
    auth: Auth
    secret: str | None = Field(description="Its name.", examples=[None])
    header: str = Field(examples=["Authorization"])
    timeout_seconds: int
    enabled: bool = Field(description="Whether its tools are offered at all.")
    about: McpServerAbout
    listed_at: datetime | None = Field(description="When its tools were last listed.")
    error: str | None = Field(
        description="Code of how the last attempt to list them failed.", examples=[None]
    )
    created_by: UserId
    created_at: datetime
    updated_at: datetime


class McpToolHints(Schema):
    """What a tool says of itself, which proves nothing."""

    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None


class McpToolBefore(Schema):
    """A tool as somebody has looked at it, before it changed."""

    description: str = Field(examples=["Finds tickets by words."])
    parameters: dict[str, Any]
    hints: McpToolHints


class McpToolRead(Schema):
    """A tool as its server describes it. The description is a stranger's text."""

    name: str = Field(examples=["find"])
    offered_as: str = Field(
        description="What agents call it by, while it is enabled.", examples=["tickets__find"]
    )
    description: str = Field(examples=["Finds tickets by words, newest first."])
    parameters: dict[str, Any] = Field(description="JSON schema of its arguments.")
    hints: McpToolHints
    fingerprint: str = Field(
        description="Of everything that the server says of the tool.", examples=["0" * 64]
    )
    enabled: bool
    approval: Asks | None = Field(
        description="When somebody is asked before a call; null leaves it to the rule: always,"
        " unless the tool says that it only reads.",
        examples=[None],
    )
    asks: Asks = Field(description="What holds.", examples=["always"])
    changed: bool = Field(
        description="Whether it is another one than somebody has looked at; then it is off."
    )
    before: McpToolBefore | None = Field(examples=[None])
    listed: bool = Field(description="Whether the server still lists it.")


class McpToolChange(Input):
    """What is to hold of one tool. What is left out stays as it is."""

    name: Annotated[str, Field(min_length=1, max_length=128)] = Field(examples=["find"])
    enabled: bool | None = Field(default=None, examples=[True])
    fingerprint: Annotated[str, Field(pattern=FINGERPRINT)] | None = Field(
        default=None,
        description="Of what you have looked at; needed to enable the tool.",
        examples=["0" * 64],
    )
    approval: Asks | None = Field(default=None, examples=[None])


class McpToolsUpdate(Input):
    """Changes of several tools: all are made, or none."""

    tools: Annotated[list[McpToolChange], Field(min_length=1, max_length=200)]


class McpToolList(Schema):
    """Tools in the order of their names, or those that were changed: all of them."""

    items: list[McpToolRead]
    next_cursor: None = Field(description="There are no more.")


class McpAuthorizationBegun(Schema):
    """Where somebody lets Folkmoot use a server in their name."""

    url: str = Field(
        description="To be opened in the browser that has asked for it, within ten minutes.",
        examples=["https://login.example.com/authorize?response_type=code"],
    )


class McpAuthorizationRead(Schema):
    """Whether somebody has let Folkmoot use a server in their name."""

    authorized: bool
    authorized_at: datetime | None = Field(examples=[None])
    issuer: str | None = Field(
        description="Who has authorized it.", examples=["https://login.example.com"]
    )
    scope: str | None = Field(description="For what.", examples=["tickets:read"])
    expires_at: datetime | None = Field(
        description="When the token ends; it is renewed if that can be had.", examples=[None]
    )


class McpProblem(Schema):
    """Why a server could not be asked."""

    code: str = Field(examples=["mcp_server_gone"])
    detail: str = Field(examples=["The MCP server can not be reached, or has stopped answering."])


class McpPromptRead(Schema):
    """A prompt that a server offers; agents are not told of it."""

    name: str = Field(examples=["triage"])
    description: str = Field(examples=["Sorts new tickets."])


class McpResourceRead(Schema):
    """A resource that a server offers; agents are not told of it."""

    uri: str = Field(examples=["tickets://open"])
    name: str = Field(examples=["Open tickets"])
    media_type: str | None = Field(examples=["application/json"])


class McpTestRead(Schema):
    """How it went to ask a server what it has."""

    ok: bool
    problem: McpProblem | None = Field(examples=[None])
    milliseconds: float = Field(examples=[41.5])
    about: McpServerAbout
    tools: int = Field(examples=[4])
    added: list[str] = Field(description="Tools that were not known.", examples=[["find"]])
    changed: list[str] = Field(
        description="Tools that are not what somebody has looked at; they are off.", examples=[[]]
    )
    left_out: int = Field(description="Tools that are too large or not well formed.")
    prompts: list[McpPromptRead]
    resources: list[McpResourceRead]

"""Ways in which MCP servers can fail, or be refused."""

from http import HTTPStatus
from typing import Final

from folkmoot.kit.errors import AppError, Conflict, Invalid, NotFound, Unavailable
from folkmoot.runs.errors import OutcomeUnknown

LONGEST: Final = 500
"""Characters that a server may say about why it failed."""


class McpServerNotFound(NotFound):
    code = "mcp_server_not_found"

    def __init__(self) -> None:
        super().__init__("No MCP server with this id is visible to you.")


class McpToolNotFound(NotFound):
    code = "mcp_tool_not_found"

    def __init__(self, name: str) -> None:
        super().__init__("The MCP server has listed no tool of this name.", name=name)


class McpNameTaken(Conflict):
    code = "mcp_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__("Another MCP server of this scope has this name.", name=name)


class TooManyMcpServers(Conflict):
    code = "too_many_mcp_servers"

    def __init__(self, most: int) -> None:
        super().__init__(f"There can be {most} MCP servers in one scope.", most=most)


class McpServerUnfit(Invalid):
    """The parts of a description do not go together."""

    code = "mcp_server_unfit"


class McpServerNotGranted(Conflict):
    """Nobody grants the use of a server that does not know people by OAuth."""

    code = "mcp_server_not_granted"

    def __init__(self) -> None:
        super().__init__("This server does not know people by OAuth.")


class McpCommandUnknown(Invalid):
    """Programs are named by the operator; everybody else chooses among them."""

    code = "mcp_command_unknown"

    def __init__(self) -> None:
        super().__init__("The operator of this deployment allows no MCP program of this name.")


class McpToolChanged(Conflict):
    """It was looked at, and is another one since."""

    code = "mcp_tool_changed"

    def __init__(self, name: str) -> None:
        super().__init__("The tool has changed since you looked at it. Look again.", name=name)


class McpToolWithheld(Conflict):
    """A call was asked for of a tool that is not what somebody has allowed."""

    code = "mcp_tool_withheld"

    def __init__(self) -> None:
        super().__init__(
            "This tool is not what it was when it was allowed. It is switched off until somebody"
            " has looked at it; nothing was called."
        )


class McpSecretMissing(Conflict):
    code = "mcp_secret_missing"

    def __init__(self, name: str) -> None:
        super().__init__("You have no secret of the name that this MCP server needs.", name=name)


class McpNotAuthorized(Conflict):
    """The server knows people by OAuth, and does not know this one any more, or yet."""

    code = "mcp_not_authorized"

    def __init__(self) -> None:
        super().__init__("You have to let Folkmoot use this MCP server in your name first.")


class McpAuthorizationFailed(Conflict):
    """Letting us in has come to nothing. What others say of it is not repeated."""

    code = "mcp_authorization_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The MCP server can not be used in your name: {reason}.")


class McpError(AppError):
    """A server did not do what it was asked to."""

    code = "mcp_error"
    status = HTTPStatus.BAD_GATEWAY


class McpServerGone(McpError):
    """No such place, no answer, or a connection that was cut: nobody learns which."""

    code = "mcp_server_gone"

    def __init__(self) -> None:
        super().__init__("The MCP server can not be reached, or has stopped answering.")


class McpServerTooSlow(McpError):
    code = "mcp_server_too_slow"
    status = HTTPStatus.GATEWAY_TIMEOUT

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The MCP server gave no answer within {seconds:g} s.")


class McpAnswerUnusable(McpError):
    """It answered, and not as the protocol or our limits demand."""

    code = "mcp_answer_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The MCP server's answer can not be used: {reason}.")


class McpCredentialRefused(McpError):
    code = "mcp_credential_refused"

    def __init__(self) -> None:
        super().__init__("The MCP server wants another credential than it was given.")


class McpTokenRefused(McpCredentialRefused):
    """It knows people by OAuth, and wants another token."""


class McpRefused(McpError):
    """The server says itself that something failed. What it says is a stranger's text."""

    code = "mcp_refused"

    def __init__(self, said: str) -> None:
        super().__init__(f"The MCP server says: {said[:LONGEST]}")
        self.said = said


class McpConnectionsExhausted(Unavailable):
    code = "mcp_connections_exhausted"

    def __init__(self) -> None:
        super().__init__("Too many MCP servers are being asked at the same time.")


class McpOutcomeUnknown(OutcomeUnknown):
    """A tool with an effect was called and its result has not arrived."""

    def __init__(self, why: AppError) -> None:
        super().__init__(
            f"{why.detail} The call may have taken effect all the same; somebody has to look at it."
            " Do not repeat it."
        )

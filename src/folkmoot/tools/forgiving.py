"""A tool that fails does not fail the run: the model is told and decides what to do.

This is the edge where every failure of a tool becomes a result.
"""

from dataclasses import replace
from typing import Any, Final

import structlog

from folkmoot.kit.errors import AppError
from folkmoot.runs.errors import LeaseLost, OutcomeUnknown
from folkmoot.tools.tool import Tool, ToolContext

UNEXPECTED: Final = "The tool failed."

log = structlog.get_logger(__name__)


def forgiving(tool: Tool) -> Tool:
    """Turn failures into results; what was not raised on purpose is told without detail."""

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        try:
            return await tool.call(context, arguments)
        except (LeaseLost, OutcomeUnknown):
            raise  # the run goes on in another process, or the ledger notes what is uncertain
        except AppError as error:
            return failure(error.detail)
        except Exception:
            log.exception("tool.failed", tool=tool.name, run_id=str(context.run.id))
            return failure(UNEXPECTED)

    return replace(tool, call=call)


def failure(detail: str) -> str:
    """Return a result that says what went wrong."""
    return f"Error: {detail}"

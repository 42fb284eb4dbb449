"""The agents that come with Folkmoot."""

from typing import Final

from folkmoot.agents.definition import AgentDefinition, Workflow

CHAT: Final = AgentDefinition(
    id="chat",
    version=1,
    name="Chat",
    description="Answers questions, from your documents with citations or with tools.",
    system_prompt=(
        "You are a helpful, precise assistant. Answer in the language of the question. Say what"
        " you do not know instead of guessing. Write Markdown where structure helps the reader."
    ),
    workflows=(Workflow.PLAIN, Workflow.RAG, Workflow.TOOLS, Workflow.FULL),
    tools=("clock", "calculator"),
    mcp_tools=("*",),
)

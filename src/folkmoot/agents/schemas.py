"""What the agents slice gives out."""

from pydantic import BaseModel, Field

from folkmoot.agents.definition import Workflow


class AgentTool(BaseModel):
    """A tool that an agent may use."""

    name: str = Field(examples=["calculator"])
    description: str = Field(examples=["Computes an expression exactly."])


class AgentCapabilities(BaseModel):
    """What clients may count on, after the capabilities of AG-UI."""

    streaming: bool = True
    resumable: bool = True
    reasoning: bool = True
    citations: bool
    tools: list[AgentTool]
    client_tools: bool = Field(default=False, description="Whether tools of the client are used.")
    shared_state: bool = Field(default=False, description="Whether the client's state is used.")
    input: list[str] = Field(default=["text"], description="Kinds of content of a user's message.")


class AgentRead(BaseModel):
    """An agent as callers see it."""

    id: str = Field(examples=["chat"])
    name: str = Field(examples=["Chat"])
    description: str = Field(examples=["Answers questions, from documents where there are any."])
    workflows: list[Workflow]
    capabilities: AgentCapabilities


class AgentList(BaseModel):
    """Every agent that the caller may use."""

    items: list[AgentRead]
    next_cursor: None = None

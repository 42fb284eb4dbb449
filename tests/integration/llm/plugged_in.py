"""A chat model of LangChain's, as somebody may bring one; loaded by its dotted path."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field


class Plugged(BaseChatModel):
    """Plays prepared pieces and remembers what it was asked."""

    pieces: list[Any] = Field(default_factory=list)
    asked: list[Any] = Field(default_factory=list)
    pause: float = 0
    closed: list[bool] = Field(default_factory=list)
    tool: str = "t"

    @property
    def _llm_type(self) -> str:
        return "plugged"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = AIMessage("whole", tool_calls=[{"name": self.tool, "args": {"a": 1}, "id": "c"}])
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append((messages, {**kwargs, "stop": stop}))
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                await asyncio.sleep(self.pause)
                yield ChatGenerationChunk(message=piece)
        finally:
            self.closed.append(True)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Any | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=tools, tool_choice=tool_choice, **kwargs)


class Whole(Plugged):
    """Can not stream."""

    _astream = BaseChatModel._astream


def piece(content: Any = "", **more: Any) -> AIMessageChunk:
    return AIMessageChunk(content=content, **more)


def make(name: str) -> Plugged:
    """What a configuration would name: makes a model of the name behind the provider's."""
    return Plugged(pieces=[piece(f"I am {name}.")])

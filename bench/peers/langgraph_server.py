"""A peer to measure: agents of LangChain's behind the AG-UI endpoint for LangGraph.

Needs `ag-ui-langgraph`, `langchain`, `langchain-openai` and `uvicorn[standard]` in the environment
that runs it, and `langgraph-checkpoint-postgres` with `psycopg[binary,pool]` where `DATABASE_URL`
says that its checkpoints are kept in PostgreSQL instead of memory. It writes no log.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ag_ui_langgraph import LangGraphAgent, add_langgraph_fastapi_endpoint
from fastapi import FastAPI
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

DATABASE = os.environ.get("DATABASE_URL")


def calculator(expression: str) -> str:
    """Work out an expression."""
    return f"{expression} = 42"


def offer(app: FastAPI, checkpoints: BaseCheckpointSaver[str]) -> None:
    """Serve an agent without tools and one with a calculator."""
    model = ChatOpenAI(model="bench", max_retries=0, stream_usage=True)
    for path, tools in (("/plain", []), ("/tools", [calculator])):
        graph = create_agent(model, tools=tools, checkpointer=checkpoints)
        add_langgraph_fastapi_endpoint(app, LangGraphAgent(name="bench", graph=graph), path)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open what the checkpoints are kept in."""
    if not DATABASE:
        offer(app, InMemorySaver())
        yield
        return
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # noqa: PLC0415 - not there
    from psycopg.rows import dict_row  # noqa: PLC0415 - where checkpoints are in memory
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415

    usual = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(DATABASE, max_size=20, kwargs=usual) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        offer(app, saver)
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
def health() -> dict[str, bool]:
    """Say that the server has started."""
    return {"ready": True}

"""A peer to measure: an agent of LangChain's behind the AG-UI endpoint for LangGraph.

Needs `ag-ui-langgraph`, `langchain`, `langchain-openai` and `uvicorn[standard]` in the environment
that runs it. It keeps conversations in memory and writes no log.
"""

from ag_ui_langgraph import LangGraphAgent, add_langgraph_fastapi_endpoint
from fastapi import FastAPI
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

app = FastAPI()
model = ChatOpenAI(model="bench", max_retries=0, stream_usage=True)
graph = create_agent(model, tools=[], checkpointer=InMemorySaver())
add_langgraph_fastapi_endpoint(app, LangGraphAgent(name="bench", graph=graph), "/agent")


@app.get("/health")
def health() -> dict[str, bool]:
    """Say that the server has started."""
    return {"ready": True}

"""REST endpoints for agents: choosing one, and making them."""

from folkmoot.agents.routes.definitions import router as definitions
from folkmoot.agents.routes.registry import router as registry
from folkmoot.agents.routes.tools import router as tools

__all__ = ["definitions", "registry", "tools"]

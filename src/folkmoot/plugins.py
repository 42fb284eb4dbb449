"""Agents and tools that Python packages bring: found by entry points, loaded when a process starts.

`folkmoot.agents` names `AgentDefinition`s and `folkmoot.tools` names `Tool`s: one, several, or a
function that returns them. A package that fails is left out and named; all else starts without it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeVar, cast

import structlog

from folkmoot.agents import output
from folkmoot.agents.definition import AgentDefinition, Origin, Workflow
from folkmoot.agents.own import as_uuid
from folkmoot.kit import shape
from folkmoot.kit.errors import AppError
from folkmoot.tools.policy import Policy
from folkmoot.tools.tool import Tool

AGENTS: Final = "folkmoot.agents"
TOOLS: Final = "folkmoot.tools"

AGENT_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,47}", re.ASCII)
TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
"""What all providers take."""

Kind = TypeVar("Kind", AgentDefinition, Tool)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class PluginUnusable(Exception):
    """What an entry point names can not be used; says why."""


class PluginsBroken(AppError):
    """Some packages were left out when this process started."""

    code = "plugins_broken"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f"Left out, `folkmoot doctor` says why: {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point: where it is from, and what is wrong with it, if anything."""

    group: str
    name: str
    package: str
    version: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Plugins:
    """Every entry point there is, and what can be used of them."""

    all: Sequence[Plugin] = ()
    agents: Sequence[AgentDefinition] = ()
    tools: Sequence[Tool] = ()

    @property
    def broken(self) -> Sequence[Plugin]:
        """Those that were left out."""
        return [each for each in self.all if each.problem is not None]

    def demand_whole(self) -> None:
        """Fail with `PluginsBroken` if some were left out."""
        if self.broken:
            raise PluginsBroken(each.name for each in self.broken)


def load(agents: Iterable[AgentDefinition] = (), tools: Iterable[str] = ()) -> Plugins:
    """Load what the installed packages bring, beside these agents and tools of these names."""
    new_tools: dict[str, Tool] = {}
    new_agents: dict[str, AgentDefinition] = {}
    shared, named = {agent.id for agent in agents}, set(tools)

    def add_tools(entry: EntryPoint) -> None:
        brought = list(_brought(entry, Tool))
        for tool in brought:
            _demand_tool(tool, named | new_tools.keys())
        new_tools.update({tool.name: tool for tool in brought})

    def add_agents(entry: EntryPoint) -> None:
        brought = list(_brought(entry, AgentDefinition))
        for agent in brought:
            _demand_agent(agent, shared | new_agents.keys(), named | new_tools.keys())
        for agent in brought:
            new_agents[agent.id] = replace(agent, origin=Origin.PACKAGE, slug="")

    found = [_added(entry, add_tools) for entry in _entries(TOOLS)]
    found += [_added(entry, add_agents) for entry in _entries(AGENTS)]
    return Plugins(found, list(new_agents.values()), list(new_tools.values()))


def _entries(group: str) -> Sequence[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value))


def _added(entry: EntryPoint, add: Callable[[EntryPoint], None]) -> Plugin:
    """Take what an entry point brings, or tell what is wrong with it."""
    package, version = ("", "") if entry.dist is None else (entry.dist.name, entry.dist.version)
    problem: str | None = None
    try:
        add(entry)
    except PluginUnusable as error:
        problem = str(error)
    except (Exception, SystemExit) as error:  # an edge: a package raises what it likes
        log.warning("plugin.left_out", plugin=entry.name, package=package, exc_info=True)
        problem = f"{type(error).__name__}: {error}"
    return Plugin(entry.group, entry.name, package, version, problem)


def _brought(entry: EntryPoint, kind: type[Kind]) -> Iterator[Kind]:
    """Yield what an entry point names, or what the function returns that it names."""
    named: Any = entry.load()
    value: object = named if isinstance(named, kind) or not callable(named) else named()
    listed = cast(Sequence[object], value) if isinstance(value, list | tuple) else [value]
    if not listed:
        raise PluginUnusable("There is nothing in it.")
    for each in listed:
        if not isinstance(each, kind):
            raise PluginUnusable(f"{each!r} is no {kind.__name__}.")
        yield each


def _demand_tool(tool: Tool, known: Collection[str]) -> None:
    if not TOOL_NAME.fullmatch(tool.name):
        raise PluginUnusable(f"{tool.name!r} is no name for a tool.")
    if tool.name in known:
        raise PluginUnusable(f"Another tool is named {tool.name!r} already.")
    shape.faults(tool.parameters, {})  # raises what is wrong with the schema


def _demand_agent(agent: AgentDefinition, known: Collection[str], tools: Collection[str]) -> None:
    if not AGENT_ID.fullmatch(agent.id) or as_uuid(agent.id) is not None:
        raise PluginUnusable(f"{agent.id!r} is no id for an agent.")
    if agent.id in known:
        raise PluginUnusable(f"Another agent is called {agent.id!r} already.")
    if not agent.workflows or not {*agent.workflows} <= {*Workflow}:
        raise PluginUnusable("An agent has at least one workflow.")
    missing = [name for name in agent.tools if name not in tools]
    if missing:
        raise PluginUnusable(f"There are no tools of these names: {', '.join(missing)}.")
    fault = None if agent.output_schema is None else output.fault_of(agent.output_schema)
    if fault is not None:
        raise PluginUnusable(f"Its output schema: {fault}")
    Policy.of(agent.approve_always, agent.approve_never)  # raises what is no pattern

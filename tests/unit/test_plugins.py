"""Agents and tools that installed packages bring."""

import sys
from pathlib import Path

import pytest

from folkmoot import offering, plugins
from folkmoot.agents.definition import Origin
from folkmoot.plugins import Plugins, PluginsBroken

HEAD = """
from folkmoot.agents.definition import AgentDefinition, Workflow
from folkmoot.tools.tool import Tool


async def call(context, arguments):
    return "Yes."


def tool(name="say", parameters={"type": "object"}):
    return Tool(name=name, description="Says yes.", parameters=parameters, call=call)


def agent(id="yes", **more):
    told = {"name": "Yes", "description": "", "system_prompt": "", "workflows": (Workflow.TOOLS,)}
    return AgentDefinition(id=id, version=1, **(told | more))

"""


def installed(
    place: Path, monkeypatch: pytest.MonkeyPatch, package: str, source: str, **groups: str
) -> None:
    """Install a package with a module of its name, as pip leaves it behind."""
    (place / f"{package}.py").write_text(HEAD + source)
    info = place / f"{package}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    lines = [
        f"[folkmoot.{group}]\n{package} = {package}:{what}\n" for group, what in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(place))


def test_what_packages_bring_is_found_and_marked_as_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "TOOL = tool()\n\ndef agents():\n    return [agent(tools=('say', 'clock')), agent('no')]"
    )
    installed(tmp_path, monkeypatch, "brings", source, tools="TOOL", agents="agents")
    found = offering.installed()
    assert [(each.group, each.package, each.version, each.problem) for each in found.all] == [
        ("folkmoot.tools", "brings", "1.2", None),
        ("folkmoot.agents", "brings", "1.2", None),
    ]
    assert [(each.id, each.origin) for each in found.agents] == [
        ("yes", Origin.PACKAGE),
        ("no", Origin.PACKAGE),
    ]
    assert [each.name for each in found.tools] == ["say"]
    found.demand_whole()


@pytest.mark.parametrize(
    ("group", "source", "why"),
    [
        ("agents", "raise RuntimeError('no key')", "RuntimeError: no key"),
        ("agents", "import sys\nsys.exit(3)", "SystemExit: 3"),
        ("agents", "import no_such_module", "ModuleNotFoundError"),
        ("agents", "OTHER = 1", "has no attribute 'IT'"),
        ("agents", "IT = 1", "1 is no AgentDefinition"),
        ("agents", "IT = []", "nothing in it"),
        ("agents", "IT = agent('chat')", "called 'chat' already"),
        ("agents", "IT = agent('Yes')", "no id for an agent"),
        ("agents", "IT = agent('a' * 32)", "no id for an agent"),
        ("agents", "IT = agent(tools=('nothing',))", "no tools of these names: nothing"),
        ("agents", "IT = agent(workflows=())", "at least one workflow"),
        ("agents", "IT = agent(output_schema='{}')", "describe an object"),
        ("agents", "IT = agent(approve_always=('a(b)',))", "argument without a value"),
        ("tools", "IT = agent()", "is no Tool"),
        ("tools", "IT = tool('clock')", "named 'clock' already"),
        ("tools", "IT = tool('a tool')", "no name for a tool"),
        ("tools", "IT = tool(parameters={'type': 'nonsense'})", "nonsense"),
    ],
)
def test_a_package_that_is_broken_is_left_out_and_the_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, source: str, why: str
) -> None:
    for name in ("broken", "whole"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    installed(tmp_path, monkeypatch, "broken", source, **{group: "IT"})
    installed(tmp_path, monkeypatch, "whole", "IT = agent('whole')", agents="IT")
    found = offering.installed()
    assert [each.id for each in found.agents] == ["whole"]
    assert not found.tools
    (left_out,) = found.broken
    assert left_out.package == "broken"
    assert why in (left_out.problem or "")
    with pytest.raises(PluginsBroken, match="broken") as told:
        found.demand_whole()
    assert "no key" not in told.value.detail  # anybody may read the health


def test_without_packages_there_is_nothing() -> None:
    assert plugins.load() == Plugins([], [], [])
    assert not offering.installed().all

"""`folkmoot agents`."""

import sys
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer
import yaml

from folkmoot.agents.labels import Label
from folkmoot.cli import terminal
from folkmoot.cli.api import API, Api, Json, Refused, record, records, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Url

AGENTS: Final = f"{API}/agents"
SHOWN: Final = ("slug", "name", "origin", "version", "available", "unavailable_because")
FIELDS: Final = ("id", "slug", "name", "description", "latest", "labels", "updated")
SHARED: Final = ("id", "slug", "name", "description", "origin", "version", "available")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="AGENT", help="Slug or id of an agent.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON; - reads standard input.")]
ByLabel = Annotated[Label, typer.Option(help="As what it is published.")]


@app.callback()
def agents() -> None:
    """List and make agents; publish their versions, compare them and roll back."""


@app.command("list")
def list_agents(
    *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None, data_dir: DataDir = None
) -> None:
    """List the agents that can be talked to."""
    with connected(url, api_key, data_dir) as api:
        found = records(api.get("/api/agents")["items"])
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(found, SHOWN, empty="There are no agents.")


@app.command("show")
def show(
    agent: Name,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show one agent; of those of your organisation, all that the newest version holds."""
    with connected(url, api_key, data_dir) as api:
        found = _found(api, agent)
    _show(found, as_json=as_json)


@app.command("create")
def create(
    file: File,
    *,
    publish: Annotated[bool, typer.Option("--publish", help="Put it into production.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Make an agent of what a file says: slug, name, system_prompt and so on."""
    data = _read(file) | ({"publish": True} if publish else {})
    with connected(url, api_key, data_dir) as api:
        found = api.post(AGENTS, data)
    _show(found, as_json=as_json)


@app.command("update")
def update(
    agent: Name,
    file: File,
    *,
    note: Annotated[str, typer.Option(help="What the new version is for.")] = "",
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Make a new version of an agent; what the file does not name stays as it is."""
    data = {name: value for name, value in _read(file).items() if name not in {"slug", "publish"}}
    with connected(url, api_key, data_dir) as api:
        found = api.patch(_path(agent), data | ({"note": note} if note else {}))
    _show(found, as_json=as_json)


@app.command("publish")
def publish(
    agent: Name,
    version: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", min=1, help="By default the newest one.")
    ] = None,
    *,
    label: ByLabel = Label.PRODUCTION,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Put a version of an agent into production, or let it be tried as `staging`."""
    with connected(url, api_key, data_dir) as api:
        number = version or int(api.get(_path(agent))["latest"])
        found = _published(api, agent, number, label)
    _show(found, as_json=as_json)


@app.command("rollback")
def rollback(
    agent: Name,
    *,
    to: Annotated[
        int | None, typer.Option(min=1, help="By default the version before the published one.")
    ] = None,
    label: ByLabel = Label.PRODUCTION,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Put an older version of an agent into production again."""
    with connected(url, api_key, data_dir) as api:
        now = record(api.get(_path(agent))["labels"]).get(label)
        if to is None and (now is None or now == 1):
            raise Failure(f"There is no version before the one that is {label}.")
        found = _published(api, agent, to or int(now or 1) - 1, label)
    _show(found, as_json=as_json)


@app.command("diff")
def diff(
    agent: Name,
    version: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", min=1, help="By default the newest one.")
    ] = None,
    *,
    against: Annotated[
        int | None, typer.Option(min=1, help="By default the one in production.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show what a version of an agent says differently from another one."""
    with connected(url, api_key, data_dir) as api:
        shown = api.get(_path(agent))
        number = version or int(shown["latest"])
        before = against or record(shown["labels"]).get(Label.PRODUCTION) or max(number - 1, 1)
        found = api.get(f"{_path(agent)}/versions/{number}/diff", {"against": int(before)})
    if as_json:
        return terminal.show_json(found)
    return _show_changes(found)


def _published(api: Api, agent: str, number: int, label: Label) -> Json:
    found = api.post(f"{_path(agent)}/versions/{number}/publish", {"label": label})
    terminal.note(f"Version {number} of {found['slug']} is {label} now.")
    return found


def _path(agent: str) -> str:
    return f"{AGENTS}/{segment(agent)}"


def _found(api: Api, agent: str) -> Json:
    """Return an agent of the organisation, or of the deployment."""
    try:
        return api.get(_path(agent))
    except Refused as refused:
        if refused.status != HTTPStatus.NOT_FOUND:
            raise
        for each in records(api.get("/api/agents")["items"]):
            if agent in {each["id"], each["slug"]}:
                return each
        raise


def _read(file: Path) -> Json:
    """Return what stands in a file."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        read: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Failure(f"{file} can not be read: {error}", ExitCode.USED_WRONGLY) from None
    if not isinstance(read, dict):
        raise Failure(f"{file} has to name fields and their values.", ExitCode.USED_WRONGLY)
    return cast(Json, read)


def _show(found: Json, *, as_json: bool) -> None:
    if as_json:
        terminal.show_json(found)
        return
    if "content" not in found:
        terminal.show_fields(found, SHARED)
        return
    labels = ", ".join(f"{label} {number}" for label, number in found["labels"].items())
    shown = {**found, "labels": labels, "updated": terminal.moment(found["updated_at"])}
    content = {name: value for name, value in record(found["content"]).items() if value != []}
    terminal.show_fields(shown | content, (*FIELDS, *content))


def _show_changes(found: Json) -> None:
    for change in records(found["changes"]):
        terminal.show(f"{change['field']} ({found['before']} → {found['after']})")
        if change["lines"] is not None:
            for line in cast(list[str], change["lines"]):
                terminal.show(f"  {line}")
        else:
            terminal.show(f"  -{terminal.as_json(change['before'])}")
            terminal.show(f"  +{terminal.as_json(change['after'])}")
    if not found["changes"]:
        terminal.note("They say the same.")

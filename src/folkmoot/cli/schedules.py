"""`folkmoot schedules`."""

from typing import Annotated, Final

import typer

from folkmoot.cli import library, terminal
from folkmoot.cli.api import API, Json, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Limit, Url
from folkmoot.schedules.states import CatchUp, Overlap

PATH: Final = f"{API}/schedules"
SHOWN: Final = ("id", "name", "agent", "when", "time_zone", "next", "paused")
FIELDS: Final = (
    *("id", "name", "user_id", "agent", "input", "cron", "when", "time_zone", "overlap"),
    *("catch_up", "most_failures", "failures", "paused", "next"),
)
TICK: Final = ("due", "outcome", "by_hand", "run_id", "error_code")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Id of a schedule.")]


@app.callback()
def schedules() -> None:
    """Have questions asked by the clock; look at what came of it."""


@app.command("list")
def list_schedules(
    *,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List schedules by name."""
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(PATH, limit=limit))
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(map(_row, found), SHOWN, empty="There are no schedules.")


@app.command("show")
def show(
    schedule: Id,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show one schedule."""
    with connected(url, api_key, data_dir) as api:
        _show(api.get(_path(schedule)), as_json=as_json)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    cron: Annotated[
        str, typer.Argument(metavar="CRON", help="When, in five fields: '0 9 * * 1-5'.")
    ],
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What is asked each time.")],
    *,
    agent: Annotated[str, typer.Option("--agent", "-a", help="Whom to ask.")] = "chat",
    time_zone: Annotated[str, typer.Option("--zone", help="Such as Europe/Warsaw.")] = "UTC",
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", help="Name or id of documents to answer from."),
    ] = None,
    overlap: Annotated[
        Overlap, typer.Option(help="What is done while the last run goes on.")
    ] = Overlap.SKIP,
    catch_up: Annotated[
        CatchUp, typer.Option(help="What is done about moments when no worker was there.")
    ] = CatchUp.ONCE,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Have a question asked by the clock, for you."""
    with connected(url, api_key, data_dir) as api:
        ids = [library.collection(api, each)["id"] for each in collection or ()]
        asked = {"agent_id": agent, "input": message, "collection_ids": ids}
        body = {
            "name": name,
            "cron": cron,
            "time_zone": time_zone,
            "run": asked,
            "overlap": overlap,
            "catch_up": catch_up,
        }
        _show(api.post(PATH, body), as_json=as_json)


@app.command("pause")
def pause(
    schedule: Id,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Let a schedule be due no more until it is resumed."""
    with connected(url, api_key, data_dir) as api:
        _show(api.post(f"{_path(schedule)}/pause"), as_json=as_json)


@app.command("resume")
def resume(
    schedule: Id,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Let a schedule of yours go on."""
    with connected(url, api_key, data_dir) as api:
        _show(api.post(f"{_path(schedule)}/resume"), as_json=as_json)


@app.command("run")
def run(
    schedule: Id,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Ask the question of a schedule of yours at once."""
    with connected(url, api_key, data_dir) as api:
        begun = api.post(f"{_path(schedule)}/run")
    if as_json:
        return terminal.show_json(begun)
    terminal.note(f"Read its answer with: folkmoot runs events {begun['id']} --follow")
    return terminal.show(str(begun["id"]))


@app.command("ticks")
def ticks(
    schedule: Id,
    *,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List when a schedule was due and what came of it, the last first."""
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(f"{_path(schedule)}/ticks", limit=limit))
    if as_json:
        return terminal.show_json(found)
    rows = [{**each, "due": terminal.moment(each["due_at"])} for each in found]
    return terminal.show_table(rows, TICK, empty="It has not been due yet.")


@app.command("delete")
def delete(
    schedule: Id, *, url: Url = None, api_key: ApiKey = None, data_dir: DataDir = None
) -> None:
    """Delete a schedule. Its runs stay."""
    with connected(url, api_key, data_dir) as api:
        api.delete(_path(schedule))
    terminal.note("Deleted.")


def _path(schedule: str) -> str:
    return f"{PATH}/{segment(schedule)}"


def _row(schedule: Json) -> Json:
    return {
        **schedule,
        "agent": schedule["run"]["agent_id"],
        "input": schedule["run"]["input"],
        "when": schedule["explained"],
        "next": terminal.moment(schedule["next_run_at"]),
    }


def _show(schedule: Json, *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(schedule)
    return terminal.show_fields(_row(schedule), FIELDS)

"""`folkmoot runs`."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

import typer

from folkmoot.cli import terminal
from folkmoot.cli.api import API, Api, Json, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.following import Following, events_of
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Limit, Url
from folkmoot.runs.states import RunState

SHOWN: Final = ("id", "kind", "agent", "state", "created", "events")
FIELDS: Final = (
    *("id", "client_id", "kind", "agent", "conversation_id", "state", "attempt"),
    *("created_at", "started_at", "finished_at", "events", "head", "error", "usage"),
)
EVENTS_PAGE: Final = 1000
LINE: Final = 160
"""Characters of an event that are shown."""

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, ours or its client's.")]


@app.callback()
def runs() -> None:
    """Start runs, look at them, follow, cancel and verify them."""


@app.command("list")
def list_runs(
    *,
    kind: Annotated[
        str | None, typer.Option(help="Only runs of this kind: agent, ingest, evaluation.")
    ] = None,
    state: Annotated[RunState | None, typer.Option(help="Only runs in this state.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List runs, the newest first."""
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(f"{API}/runs", {"kind": kind, "state": state}, limit=limit))
    if as_json:
        return terminal.show_json(found)
    rows = [{**run, "created": terminal.moment(run["created_at"])} for run in found]
    return terminal.show_table(rows, SHOWN, empty="There are no runs.")


@app.command("start")
def start(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What to ask.")],
    *,
    agent: Annotated[str, typer.Option("--agent", "-a", help="Whom to ask.")] = "chat",
    conversation: Annotated[
        str | None, typer.Option(help="Conversation to ask it in; by default a new one.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Ask an agent in the background: a worker answers. Prints the run's id."""
    body = {"agent_id": agent, "input": message, "conversation_id": conversation}
    with connected(url, api_key, data_dir) as api:
        begun = api.post(f"{API}/runs", body)
    if as_json:
        return terminal.show_json(begun)
    terminal.note(f"Read its answer with: folkmoot runs events {begun['id']} --follow")
    return terminal.show(str(begun["id"]))


@app.command("show")
def show(
    run: RunName,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show one run."""
    with connected(url, api_key, data_dir) as api:
        found = api.get(_path(run))
    _show(found, as_json=as_json)


@app.command("events")
def events(
    run: RunName,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, to the run's end.")
    ] = False,
    after: Annotated[int, typer.Option(min=0, help="Number of an event to go on after.")] = 0,
    stored: Annotated[
        bool, typer.Option("--log", help="The log as it is stored, not as AG-UI shows it.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Print a run's events, one a line; with --json a line is a JSON object.

    With --follow a lost connection is taken up where it broke. Ctrl-C stops looking; the run goes
    on.
    """
    with connected(url, api_key, data_dir) as api:
        if follow:
            opened = events_of(api, run, stored=stored)
            found = Following(opened, api.url, after=after).events()
        else:
            found = _recorded(api, run, after, stored=stored)
        for number, event in found:
            if as_json:
                terminal.show_json({"id": number, "event": event}, indent=None)
            else:
                terminal.show(_line(number, event))


@app.command("cancel")
def cancel(
    run: RunName,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Cancel a run. One that has ended stays as it is."""
    with connected(url, api_key, data_dir) as api:
        found = api.post(f"{_path(run)}/cancel")
    _show(found, as_json=as_json)


@app.command("verify")
def verify(
    run: Annotated[list[str] | None, typer.Argument(metavar="RUN", help="Ids.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every run that you can see.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Follow the hash chains of runs' logs; fails if one is broken.

    Events whose content has been erased are counted; they break nothing.
    """
    if every == bool(run):
        raise Failure("Name runs, or say --all.", ExitCode.USED_WRONGLY)
    with connected(url, api_key, data_dir) as api:
        names = run or (str(each["id"]) for each in api.items(f"{API}/runs"))
        verdicts = list(_verified(api, names, as_json=as_json))
    if as_json:
        terminal.show_json(verdicts)
    broken = sum(not verdict["intact"] for verdict in verdicts)
    terminal.note(f"{len(verdicts)} verified, {broken} broken.")
    if broken:
        raise typer.Exit(ExitCode.FAILED)


def _path(run: str) -> str:
    return f"{API}/runs/{segment(run)}"


def _show(run: Json, *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(run)
    error = run.get("error")
    shown = {
        **run,
        **{name: terminal.moment(run.get(name)) for name in FIELDS if name.endswith("_at")},
        "error": f"{error['code']}: {error['detail']}" if error else None,
        "usage": terminal.as_json(run["usage"]) if run.get("usage") else None,
    }
    return terminal.show_fields(shown, FIELDS)


def _recorded(api: Api, run: str, after: int, *, stored: bool) -> Iterator[tuple[int, Json]]:
    """Read what is in the log by now, page by page."""
    wanted = {"limit": EVENTS_PAGE, "format": "log" if stored else "agui"}
    while True:
        path = f"{_path(run)}/events"
        page = api.get(path, {**wanted, "after": after}, accept="application/json")
        for item in page["items"]:
            yield (item["seq"], item) if stored else (item["id"], item["event"])
        if page["next_cursor"] is None:
            return
        after = int(page["next_cursor"])


def _line(number: int, event: Json) -> str:
    """Return an event on one line: its number, its type, and what tells it from others."""
    rest: dict[str, Any] = {
        name: value
        for name, value in event.items()
        if name not in {"type", "seq", "at", "at_ms", "hash"}
    }
    text = f"{number:>6}  {event.get('type')}  {terminal.as_json(rest) if rest else ''}".rstrip()
    return f"{text[:LINE]}…" if len(text) > LINE else text


def _verified(api: Api, names: Iterable[str], *, as_json: bool) -> Iterator[Json]:
    for name in names:
        verdict = api.get(f"{_path(name)}/verify")
        if not as_json:
            terminal.show(_verdict(verdict))
        yield verdict


def _verdict(verdict: Json) -> str:
    if not verdict["intact"]:
        return f"{verdict['run_id']}  BROKEN at event {verdict['broken_at']}: {verdict['reason']}"
    erased = f", {verdict['erased']} of them erased" if verdict["erased"] else ""
    return f"{verdict['run_id']}  intact, {verdict['events']} events{erased}"

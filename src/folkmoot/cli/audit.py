"""`folkmoot audit`."""

from typing import Annotated, Final

import typer

from folkmoot.cli import terminal
from folkmoot.cli.api import API, Json
from folkmoot.cli.connection import connected
from folkmoot.cli.downloads import Output, take_along
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Limit, Url
from folkmoot.kit.files import ExportFormat

PATH: Final = f"{API}/audit"
SHOWN: Final = ("seq", "at", "action", "actor", "target", "address")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Action = Annotated[
    str | None, typer.Option(help="Only this action; `member.*` is all that begins like that.")
]
Actor = Annotated[str | None, typer.Option(help="Only what this user did, by their id.")]
TargetType = Annotated[str | None, typer.Option(help="Only what was done to this kind of thing.")]
TargetId = Annotated[str | None, typer.Option(help="Only what was done to the thing of this id.")]
Since = Annotated[
    str | None, typer.Option(help="Only from this moment on, such as 2026-11-21T09:30:00Z.")
]
Until = Annotated[str | None, typer.Option(help="Only before this moment.")]
RequestId = Annotated[str | None, typer.Option(help="Only what this request did.")]


@app.callback()
def audit() -> None:
    """Look at the audit trail, verify it and take it along."""


@app.command("list")
def list_events(
    *,
    action: Action = None,
    actor: Actor = None,
    target_type: TargetType = None,
    target_id: TargetId = None,
    since: Since = None,
    until: Until = None,
    request_id: RequestId = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List what was done in the organisation, the newest first."""
    query = _query(action, actor, target_type, target_id, since, until, request_id)
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(PATH, query, limit=limit))
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(map(_row, found), SHOWN, empty="There are no such events.")


@app.command("verify")
def verify(
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Follow the hash chain of the organisation's trail; fails if it is broken.

    Events that were removed for their age, and what has been erased, break nothing.
    """
    with connected(url, api_key, data_dir) as api:
        verdict = api.get(f"{PATH}/verify")
    if as_json:
        terminal.show_json(verdict)
    else:
        terminal.show(_verdict(verdict))
    if not verdict["intact"]:
        raise typer.Exit(ExitCode.FAILED)


@app.command("export")
def export(
    *,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="A JSON object a line, or a table.")
    ] = ExportFormat.JSONL,
    output: Output = None,
    action: Action = None,
    actor: Actor = None,
    target_type: TargetType = None,
    target_id: TargetId = None,
    since: Since = None,
    until: Until = None,
    request_id: RequestId = None,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Take events along, the oldest first. The trail tells of it.

    The file appears once it is whole.
    """
    query = _query(action, actor, target_type, target_id, since, until, request_id)
    with connected(url, api_key, data_dir) as api:
        take_along(api, f"{PATH}/export", {**query, "format": form.value}, output)


def _query(
    action: str | None,
    actor: str | None,
    target_type: str | None,
    target_id: str | None,
    since: str | None,
    until: str | None,
    request_id: str | None,
) -> dict[str, str | None]:
    return {
        "action": action,
        "actor_id": actor,
        "target_type": target_type,
        "target_id": target_id,
        "since": since,
        "until": until,
        "request_id": request_id,
    }


def _row(event: Json) -> Json:
    target = event["target"]
    return {
        **event,
        "at": terminal.moment(event["at"]),
        "actor": event["actor_id"],
        "target": f"{target['type']} {target['id']}" if target else "",
        "address": event["client_address"],
    }


def _verdict(verdict: Json) -> str:
    if not verdict["intact"]:
        return f"BROKEN at event {verdict['broken_at']}: {verdict['reason']}"
    erased = f", {verdict['erased']} of them erased" if verdict["erased"] else ""
    gone = f"; {verdict['truncated']} older ones removed" if verdict["truncated"] else ""
    return f"intact, {verdict['events']} events{erased}{gone}; head {verdict['head']}"

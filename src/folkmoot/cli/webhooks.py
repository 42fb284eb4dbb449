"""`folkmoot webhooks`."""

from typing import Annotated, Final

import typer

from folkmoot.cli import terminal
from folkmoot.cli.api import API, Json, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Limit, Url
from folkmoot.webhooks.models import DeliveryState

PATH: Final = f"{API}/webhooks"
SHOWN: Final = ("id", "url", "events", "enabled", "ended", "failing_since")
FIELDS: Final = (*SHOWN, "description", "previous_until", "created_at", "updated_at")
DELIVERIES: Final = ("id", "type", "state", "attempts", "last", "created", "next")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a webhook.")]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event", "-e", help="A kind of event, or run.* for all of runs; may be repeated."
    ),
]
Description = Annotated[str | None, typer.Option(help="What it is for.")]


@app.callback()
def webhooks() -> None:
    """Have addresses told what happens; look at what was sent, and send it again."""


@app.command("list")
def list_webhooks(
    *,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List the webhooks of your organisation."""
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(PATH, limit=limit))
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(map(_row, found), SHOWN, empty="There are no webhooks.")


@app.command("create")
def create(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where messages are sent.")],
    *,
    event: Events = None,
    description: Description = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Have an address told what happens: everything, unless kinds of events are named.

    Standard output is the secret alone, which is shown this once.
    """
    wanted = {"url": address, "events": event or ["*"], "description": description or ""}
    with connected(url, api_key, data_dir) as api:
        made = api.post(PATH, wanted)
    _show_secret(made, as_json=as_json)


@app.command("show")
def show(
    webhook: Id,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show one webhook."""
    with connected(url, api_key, data_dir) as api:
        found = api.get(_path(webhook))
    _show(found, as_json=as_json)


@app.command("update")
def update(
    webhook: Id,
    *,
    address: Annotated[str | None, typer.Option(help="Where messages are sent.")] = None,
    event: Events = None,
    description: Description = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Change a webhook; what is not named stays as it is."""
    named = {"url": address, "events": event, "description": description, "enabled": on}
    with connected(url, api_key, data_dir) as api:
        changed = {name: value for name, value in named.items() if value is not None}
        found = api.patch(_path(webhook), changed)
    _show(found, as_json=as_json)


@app.command("delete")
def delete(
    webhook: Id,
    *,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Remove a webhook, with everything that waits for it."""
    with connected(url, api_key, data_dir) as api:
        api.delete(_path(webhook))
    terminal.note(f"Removed {webhook}.")


@app.command("rotate-secret")
def rotate_secret(
    webhook: Id,
    *,
    overlap: Annotated[
        int, typer.Option(min=0, max=168, help="Hours for which the old one counts beside it.")
    ] = 24,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Give a webhook a new secret. Standard output is the secret alone."""
    with connected(url, api_key, data_dir) as api:
        made = api.post(f"{_path(webhook)}/rotate-secret", {"overlap_hours": overlap})
    _show_secret(made, as_json=as_json)


@app.command("test")
def try_out(
    webhook: Id,
    *,
    event: Annotated[str, typer.Option("--event", "-e", help="Of which kind.")] = "run.completed",
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Send an example; `deliveries` tells how it goes."""
    with connected(url, api_key, data_dir) as api:
        sent = api.post(f"{_path(webhook)}/test", {"type": event})
    _show_deliveries([sent], as_json=as_json)


@app.command("events")
def events(
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List the kinds of events; with --json each has an example."""
    with connected(url, api_key, data_dir) as api:
        found = api.get(f"{API}/webhook-event-types")["items"]
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(found, ("name", "description"), empty="There are none.")


@app.command("deliveries")
def deliveries(
    webhook: Id,
    *,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Only those: failed ones were given up.")
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", "-e", help="Only this kind, or run.*.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List what was sent to a webhook and what waits, the newest first."""
    with connected(url, api_key, data_dir) as api:
        query = {"state": state, "type": event}
        found = list(api.items(f"{_path(webhook)}/deliveries", query, limit=limit))
    _show_deliveries(found, as_json=as_json)


@app.command("redeliver")
def redeliver(
    webhook: Id,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of a delivery.")],
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Send an event once more, under the same id."""
    with connected(url, api_key, data_dir) as api:
        sent = api.post(f"{_path(webhook)}/deliveries/{segment(delivery)}/redeliver")
    _show_deliveries([sent], as_json=as_json)


def _path(webhook: str) -> str:
    return f"{PATH}/{segment(webhook)}"


def _show(found: Json, *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(found)
    return terminal.show_fields(_row(found), FIELDS)


def _show_secret(made: Json, *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(made)
    terminal.note(f"Webhook {made['id']}; its secret will not be shown again:")
    return terminal.show(made["secret"])


def _show_deliveries(found: list[Json], *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(found)
    empty = "Nothing was sent."
    return terminal.show_table(map(_delivery, found), DELIVERIES, empty=empty)


def _row(hook: Json) -> Json:
    moments = ("failing_since", "previous_until", "created_at", "updated_at")
    return {
        **hook,
        **{name: terminal.moment(hook[name]) for name in moments},
        "events": " ".join(hook["events"]),
    }


def _delivery(sent: Json) -> Json:
    last: Json = sent["attempts"][-1] if sent["attempts"] else {}
    return {
        **sent,
        "attempts": len(sent["attempts"]),
        "last": last.get("status") or last.get("error"),
        "created": terminal.moment(sent["created_at"]),
        "next": terminal.moment(sent["next_attempt_at"]),
    }

"""`folkmoot usage`."""

from decimal import Decimal
from typing import Annotated, Final

import typer

from folkmoot.cli import terminal
from folkmoot.cli.api import API, Json
from folkmoot.cli.connection import connected
from folkmoot.cli.downloads import Output, take_along
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Limit, Url
from folkmoot.kit.files import ExportFormat
from folkmoot.usage.grouping import FIELDS, By
from folkmoot.usage.prices import DOLLAR

PATH: Final = f"{API}/usage"
AMOUNTS: Final = ("calls", "input_tokens", "output_tokens", "usd", "unpriced_calls")
STANDING: Final = ("limit", "level", "whose", "spent", "reserved", "left", "state", "resets_at")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Grouped = Annotated[
    list[By] | None,
    typer.Option(
        "--by", help="What a group has in common; give it again for more. [default: day, model]"
    ),
]
Since = Annotated[
    str | None,
    typer.Option(help="From this moment on, such as 2026-11-21T09:30:00Z; by default 30 days."),
]
Until = Annotated[str | None, typer.Option(help="Only before this moment.")]
Model = Annotated[str | None, typer.Option(help="Only calls of this model, without its provider.")]
Provider = Annotated[str | None, typer.Option(help="Only calls of models of this provider.")]
Agent = Annotated[str | None, typer.Option(help="Only calls of this agent, by its id.")]
User = Annotated[str | None, typer.Option(help="Only calls made for this user, by their id.")]
Team = Annotated[str | None, typer.Option(help="Only calls made in this team, by its id.")]


@app.callback()
def usage() -> None:
    """Tell what models were used for, what that has cost, and how budgets stand.

    You see what was called for you; whoever looks after the organisation sees all of it.
    """


@app.command("list")
def list_usage(
    *,
    by: Grouped = None,
    since: Since = None,
    until: Until = None,
    provider: Provider = None,
    model: Model = None,
    agent: Agent = None,
    user: User = None,
    team: Team = None,
    limit: Limit = 0,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Sum up the calls of models in groups, and all of them."""
    query = _query(by, since, until, provider, model, agent, user, team)
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(PATH, query, limit=limit))
        total = api.get(PATH, {**query, "limit": 1})["total"]
    if as_json:
        return terminal.show_json({"items": found, "total": total, "currency": "USD"})
    fields = [FIELDS[each] for each in by or [By.DAY, By.MODEL]]
    rows = [_row(each) for each in found]
    if found:
        rows.append(_row({**total, fields[0]: "total"}))
    return terminal.show_table(rows, (*fields, *AMOUNTS), empty="There were no such calls.")


@app.command("export")
def export(
    *,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="A table, or a JSON object a line.")
    ] = ExportFormat.CSV,
    output: Output = None,
    by: Grouped = None,
    since: Since = None,
    until: Until = None,
    provider: Provider = None,
    model: Model = None,
    agent: Agent = None,
    user: User = None,
    team: Team = None,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Take the same along. A file appears once it is whole."""
    query = _query(by, since, until, provider, model, agent, user, team)
    with connected(url, api_key, data_dir) as api:
        take_along(api, f"{PATH}/export", {**query, "format": form.value}, output)


@app.command("budgets")
def budgets(
    *,
    limit: Limit = 0,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Tell how the limits stand that hold for you, those first that are nearest."""
    with connected(url, api_key, data_dir) as api:
        found = list(api.items(f"{API}/budgets", limit=limit))
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(map(_standing, found), STANDING, empty="There are no limits.")


def _query(
    by: list[By] | None,
    since: str | None,
    until: str | None,
    provider: str | None,
    model: str | None,
    agent: str | None,
    user: str | None,
    team: str | None,
) -> dict[str, str | list[str] | None]:
    return {
        "group_by": [each.value for each in by] if by else None,
        "since": since,
        "until": until,
        "provider": provider,
        "model": model,
        "agent": agent,
        "user_id": user,
        "team_id": team,
    }


def _row(group: Json) -> Json:
    return {**group, "usd": _usd(group["micro_usd"])}


def _usd(micro_usd: int) -> str:
    return f"{Decimal(micro_usd) / DOLLAR:f}"


def _standing(budget: Json) -> Json:
    whose = budget["user_id"] or budget["team_id"] or ""
    agent = f"agent {budget['agent']}" if budget["agent"] else ""
    amounts = {name: _amount(budget, name) for name in ("spent", "reserved", "left")}
    resets_at = terminal.moment(budget["resets_at"])
    return {**budget, **amounts, "whose": f"{whose} {agent}".strip(), "resets_at": resets_at}


def _amount(budget: Json, name: str) -> str | None:
    amount = budget[name]
    if amount is None or budget["unit"] != "micro_usd":
        return None if amount is None else str(amount)
    return f"{_usd(amount)} USD"

"""`folkmoot org`."""

from dataclasses import asdict
from typing import Final

import typer

from folkmoot.cli import operator, terminal
from folkmoot.cli.operator import Operator
from folkmoot.cli.options import AsJson, ConfigFile, DataDir, Limit
from folkmoot.identity import everyone
from folkmoot.identity.everyone import Tenant

SHOWN: Final = ("id", "name", "members", "created")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def org() -> None:
    """List the organisations of this deployment.

    For its operator: works on the database itself, whether or not a server is running.
    """


@app.command("list")
def list_organizations(
    *,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """List every organisation and how many are in it."""

    async def tenants(here: Operator) -> list[Tenant]:
        database, owner = here.identity.database, here.ground.place.owner
        return await everyone.tenants(database, owner, limit=limit or None)

    found = [asdict(each) for each in operator.perform(tenants, data_dir=data_dir, config=config)]
    if as_json:
        return terminal.show_json(found)
    rows = [{**row, "created": terminal.moment(row["created_at"].isoformat())} for row in found]
    return terminal.show_table(rows, SHOWN, empty="There are no organisations.")

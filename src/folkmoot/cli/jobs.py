"""`folkmoot jobs`."""

from typing import Annotated, Final
from uuid import UUID

import typer

from folkmoot.cli import operator, terminal
from folkmoot.cli.operator import Operator
from folkmoot.cli.options import AsJson, ConfigFile, DataDir, Limit
from folkmoot.kit.ids import OrgId
from folkmoot.kit.page import Asked
from folkmoot.operations import jobs as service
from folkmoot.operations.jobs import JobFilter
from folkmoot.operations.schemas import JobDetails, JobRead, JobState

SHOWN: Final = ("id", "kind", "state", "attempts", "failed", "error")
FIELDS: Final = (
    *("id", "kind", "queue", "state", "organization_id", "about", "attempts", "due", "failed"),
    *("error", "location"),
)
MOST: Final = 100

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Id = Annotated[int, typer.Argument(metavar="JOB", min=1, help="Id of a job.")]
State = Annotated[JobState | None, typer.Option(help="Only jobs in this state.")]
Kind = Annotated[str | None, typer.Option(help="Only jobs of this name.")]
Organization = Annotated[UUID | None, typer.Option("--org", help="Only those of this one.")]


@app.callback()
def jobs() -> None:
    """Look at background jobs; try again or discard those that were given up.

    For the deployment's operator: works on the database itself, whether or not a server is running.
    """


@app.command("list")
def list_jobs(
    *,
    state: State = None,
    kind: Kind = None,
    organization: Organization = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """List the jobs that wait, run or were given up, the newest first."""
    wanted = JobFilter(state, kind, OrgId(organization) if organization else None)

    async def browse(here: Operator) -> list[JobRead]:
        found: list[JobRead] = []
        cursor: str | None = None
        async with here.identity.database.personal_work() as work:
            while True:
                size = min(MOST, limit - len(found)) if limit else MOST
                page = await service.browse(work, wanted, Asked("-created_at", size, cursor))
                found += await service.shown(work, page.rows)
                cursor = page.next_cursor
                if cursor is None or len(found) == limit:
                    return found

    found = operator.perform(browse, data_dir=data_dir, config=config)
    listed = [each.model_dump(mode="json") for each in found]
    if as_json:
        return terminal.show_json(listed)
    rows = [{**each, "failed": terminal.moment(each["failed_at"])} for each in listed]
    return terminal.show_table(rows, SHOWN, empty="There are no such jobs.")


@app.command("show")
def show(
    job: Id, *, as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None
) -> None:
    """Show one job, with what it failed with."""

    async def read(here: Operator) -> JobDetails:
        async with here.identity.database.personal_work() as work:
            return await service.details(work, job)

    found = operator.perform(read, data_dir=data_dir, config=config).model_dump(mode="json")
    if as_json:
        return terminal.show_json(found)
    moments = {name: terminal.moment(found[f"{name}_at"]) for name in ("due", "failed")}
    return terminal.show_fields({**found, **moments}, FIELDS)


@app.command("retry")
def retry(job: Id, *, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Have a job tried once more that was given up."""

    async def again(here: Operator) -> None:
        await service.retry(here.identity.database, None, job)

    operator.perform(again, data_dir=data_dir, config=config)
    terminal.note("A worker tries it once more.")


@app.command("discard")
def discard(job: Id, *, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Discard a job that was given up: what it was to do is not done."""

    async def drop(here: Operator) -> None:
        await service.discard(here.identity.database, None, job)

    operator.perform(drop, data_dir=data_dir, config=config)
    terminal.note("Discarded.")

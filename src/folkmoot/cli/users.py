"""`folkmoot user`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from folkmoot.cli import operator, terminal
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.operator import NobodyToActFor, Operator
from folkmoot.cli.options import AsJson, ConfigFile, DataDir, Limit
from folkmoot.identity import everyone
from folkmoot.identity.everyone import Person
from folkmoot.identity.people import accounts
from folkmoot.identity.platform import admins
from folkmoot.identity.schemas import Registered, Registration

SHOWN: Final = ("id", "email", "name", "organizations", "platform_admin")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address they sign in with.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def user() -> None:
    """Create, list, export and erase the people of this deployment; say who looks after it.

    For its operator: works on the database itself, whether or not a server is running.
    """


@app.command("create")
def create(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address to sign in with.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="By default what the address begins with.")
    ] = None,
    organization: Annotated[
        str | None, typer.Option(help="Name of the organisation they start with, as its owner.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Create a person and an organisation that they own.

    The password is asked for, or read from standard input; it is never an argument, which others on
    this machine could see.
    """
    wanted = Registration.model_validate(
        {
            "email": email,
            "password": _password(from_stdin=password_stdin),
            "name": name or email.partition("@")[0],
            "organization_name": organization,
        }
    )

    async def register(here: Operator) -> Registered:
        return await here.identity.register(wanted)

    made = operator.perform(register, data_dir=data_dir, config=config)
    if as_json:
        return terminal.show_json(made.model_dump(mode="json"))
    return terminal.show_fields(made.model_dump(), ("id", "email", "name", "organization_id"))


@app.command("list")
def list_users(
    *,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """List everybody who has an account here, with their organisations."""

    async def people(here: Operator) -> list[Person]:
        database, owner = here.identity.database, here.ground.place.owner
        return await everyone.people(database, owner, limit=limit or None)

    found = operator.perform(people, data_dir=data_dir, config=config)
    if as_json:
        return terminal.show_json([asdict(person) for person in found])
    rows = [
        {**asdict(person), "organizations": _places(person), "platform_admin": _since(person)}
        for person in found
    ]
    return terminal.show_table(rows, SHOWN, empty="Nobody has an account.")


@app.command("promote")
def promote(email: Email, *, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Make somebody a platform admin, who looks after all organisations.

    They see which organisations and people there are, may suspend them, and may enter an
    organisation for an hour; each time the trails tell of it.
    """

    async def appoint(here: Operator) -> bool:
        database, owner = here.identity.database, here.ground.place.owner
        return await admins.appoint(database, owner, await here.user(email))

    made = operator.perform(appoint, data_dir=data_dir, config=config)
    terminal.note(f"{email} {'is now' if made else 'was already'} a platform admin.")


@app.command("demote")
def demote(email: Email, *, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Let somebody be a platform admin no more. Running servers heed it within five seconds."""

    async def dismiss(here: Operator) -> bool:
        database, owner = here.identity.database, here.ground.place.owner
        user_id = await accounts.find_id(database, email)  # also of somebody who is suspended
        if user_id is None:
            raise NobodyToActFor(email)
        return await admins.dismiss(database, owner, user_id)

    gone = operator.perform(dismiss, data_dir=data_dir, config=config)
    terminal.note(f"{email} {'is no longer' if gone else 'was not'} a platform admin.")


@app.command("export")
def export(
    email: Email,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the archive goes.")] = Path(
        "personal-data.zip"
    ),
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Write everything that is kept of somebody into a ZIP archive. The trails tell of it."""
    partial = output.with_name(f"{output.name}.partial")

    async def take(here: Operator) -> None:
        user_id = await here.user(email)
        async with operator.personal_data(here) as kept:
            with partial.open("wb") as file:
                async for part in await kept.export(user_id):
                    file.write(part)

    try:
        operator.perform(take, data_dir=data_dir, config=config)
        partial.rename(output)
    finally:
        partial.unlink(missing_ok=True)
    terminal.note(f"Written to {output}.")


@app.command("erase")
def erase(
    email: Email,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Erase somebody's account and all that is theirs alone, for good.

    What let them in counts no more within five seconds. A server or worker erases the rest; without
    one running, that waits for its next start. Organisations that nobody else owns have to be
    handed over or deleted first.
    """
    if not yes and not typer.confirm(f"Erase {email} and all that is theirs alone?", err=True):
        raise typer.Exit(ExitCode.FAILED)

    async def let_go(here: Operator) -> None:
        await here.identity.let_go(await here.user(email))

    operator.perform(let_go, data_dir=data_dir, config=config)
    terminal.note(f"{email} has no account any more; what is left of it is being erased.")


def _since(person: Person) -> str:
    since = person.platform_admin_since
    return terminal.moment(since.isoformat()) if since else ""


def _places(person: Person) -> str:
    return ", ".join(f"{place.name} ({place.role})" for place in person.places)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Failure("Pipe the password in with --password-stdin.", ExitCode.USED_WRONGLY)
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked

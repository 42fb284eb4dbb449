"""`folkmoot key`."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from folkmoot.cli import operator, terminal
from folkmoot.cli.failures import Failure
from folkmoot.cli.operator import Operator
from folkmoot.cli.options import AsJson, ConfigFile, DataDir, Limit
from folkmoot.identity.callers import signing
from folkmoot.identity.programs import api_keys, service_accounts
from folkmoot.identity.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRead
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, UserId
from folkmoot.kit.page import Asked
from folkmoot.settings.deployment import plain
from folkmoot.settings.rewrapping import Rewrapped, rewrap_all
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.webhooks import sealing as webhook_secrets

SHOWN: Final = ("id", "name", "prefix", "may", "created", "expires", "last_used")
PAGE: Final = 100

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

User = Annotated[
    str | None,
    typer.Option(help="E-mail address of whom it is about; by default the first user."),
]
Organization = Annotated[
    UUID | None, typer.Option(help="Id of the organisation; by default that user's oldest.")
]


@app.callback()
def key() -> None:
    """Create, list and revoke API keys; change the keys of tokens and of secrets.

    For the deployment's operator: works on the database itself, whether or not a server is running.
    """


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    *,
    user: User = None,
    organization: Organization = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do, such as runs:read; may be repeated. Default: all."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long it lasts.")] = None,
    service_account: Annotated[
        UUID | None,
        typer.Option(help="Id of the service account that it acts for; it stays without its user."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Create an API key that acts for a user, or for a service account. It is shown this once.

    Standard output is the key alone, so that a script can keep it.
    """
    expires_at = clock.now() + timedelta(days=days) if days else None
    wanted = ApiKeyCreate(name=name, scopes=scope, expires_at=expires_at)

    async def make(here: Operator) -> ApiKeyCreated:
        subject = await here.subject(user, organization)
        async with here.identity.database.work(subject) as work:
            if service_account is None:
                made, secret = await api_keys.create(work, wanted)
            else:
                account = UserId(service_account)
                made, secret = await service_accounts.create_key(work, account, wanted)
            shown = ApiKeyRead.model_validate(made)
        return ApiKeyCreated(**shown.model_dump(), key=secret)

    made = operator.perform(make, data_dir=data_dir, config=config)
    if as_json:
        return terminal.show_json(made.model_dump(mode="json"))
    terminal.note(f"Key {made.id} for {made.name}; it will not be shown again:")
    return terminal.show(made.key)


@app.command("list")
def list_keys(
    *,
    user: User = None,
    organization: Organization = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """List the API keys of an organisation, or those of a user who manages none but their own."""

    async def keys(here: Operator) -> list[ApiKeyRead]:
        subject = await here.subject(user, organization)
        found: list[ApiKeyRead] = []
        cursor: str | None = None
        while True:
            size = min(limit - len(found), PAGE) if limit else PAGE
            async with here.identity.database.work(subject) as work:
                some = await api_keys.browse(work, Asked("created_at", size, cursor))
                found += [ApiKeyRead.model_validate(row) for row in some.rows]
            cursor = some.next_cursor
            if cursor is None or len(found) == limit:
                return found

    found = operator.perform(keys, data_dir=data_dir, config=config)
    rows = [each.model_dump(mode="json") for each in found]
    if as_json:
        return terminal.show_json(rows)
    return terminal.show_table(map(_shown, rows), SHOWN, empty="There are no API keys.")


@app.command("revoke")
def revoke(
    key_id: Annotated[UUID, typer.Argument(metavar="ID", help="Id of the key.")],
    *,
    user: User = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Revoke an API key. Running servers refuse it within five seconds."""

    async def revoke(here: Operator) -> None:
        subject = await here.subject(user, organization)
        await here.identity.revoke_key(subject, ApiKeyId(key_id))

    operator.perform(revoke, data_dir=data_dir, config=config)
    terminal.note(f"Revoked {key_id}.")


@app.command("rotate-signing")
def rotate_signing(*, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Begin to sign access tokens with another key, ten seconds from now.

    Tokens of the key before it count until they expire: nobody is signed out.
    """

    async def rotate(here: Operator) -> datetime:
        return await signing.rotate(here.ground.place.owner)

    begins = operator.perform(rotate, data_dir=data_dir, config=config)
    terminal.note(f"A new key signs from {begins:%H:%M:%S} UTC on.")


@app.command("rotate-secrets")
def rotate_secrets(*, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Lock all secrets of organisations, teams, users and webhooks with the deployment's new key.

    FOLKMOOT_SECRET_KEY is the new key, FOLKMOOT_SECRET_KEY_PREVIOUS the one before; `folkmoot
    migrate` has let the new one in. Stopped in the middle, it goes on where it stopped.
    """

    async def rotate(here: Operator) -> Rewrapped:
        previous = plain(here.ground.deployment.secret_key_previous)
        sealer = Sealer(here.ground.secret_key, previous)
        secrets = await rewrap_all(here.identity.database, sealer)
        return secrets + await webhook_secrets.rewrap_all(here.identity.database, sealer)

    rotated = operator.perform(rotate, data_dir=data_dir, config=config)
    terminal.note(f"Secrets that have the new key now: {rotated.done}.")
    if rotated.unreadable:
        hint = "FOLKMOOT_SECRET_KEY_PREVIOUS has to be the key that they were locked with."
        raise Failure(f"Secrets that could not be opened: {rotated.unreadable}.", hints=(hint,))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    moments = ("created", "expires", "last_used")
    return {
        **row,
        **{name: terminal.moment(row[f"{name}_at"]) for name in moments},
        "may": "all" if row["scopes"] is None else f"{len(row['scopes'])} scopes",
    }

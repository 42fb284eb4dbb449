"""`folkmoot vectors`."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer
from psycopg import AsyncConnection

from folkmoot import options
from folkmoot.cli import operator, steps, terminal
from folkmoot.cli.failures import Failure
from folkmoot.cli.operator import Operator
from folkmoot.cli.options import AsJson, ConfigFile, DataDir
from folkmoot.knowledge.vector_stores import changes, choosing
from folkmoot.knowledge.vector_stores.carrying import Carrying
from folkmoot.knowledge.vector_stores.choosing import Kind

SHOWN: Final = ("configured", "told", "searched", "waiting")
LOOK: Final = 1.0
"""Seconds between two looks at a server that moves the vectors."""

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

To = Annotated[Kind, typer.Option("--to", help="The store, as the configuration names it.")]


class OtherStoreConfigured(Failure):
    """Servers would go on with the store that the configuration names."""

    def __init__(self, configured: Kind, wanted: Kind) -> None:
        super().__init__(
            f"The configuration names {configured}, not {wanted}.",
            hints=(f"Set FOLKMOOT_VECTOR_STORE={wanted}, restart the servers and try again.",),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands.

    Attributes:
        configured: The store that the configuration names.
        told: The one that is told of changes, if it is not PostgreSQL.
        searched: The one that is asked.
        waiting: Documents that it has still to be told of.
    """

    configured: str
    told: str | None
    searched: str
    waiting: int


@app.callback()
def vectors() -> None:
    """See where vectors are searched, and move them into another store.

    For the deployment's operator: works on the database itself, whether or not a server is running.
    """


@app.command("status")
def status(*, as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Show which store is searched, and what it has still to be told of."""
    shown = asdict(operator.perform(_standing, data_dir=data_dir, config=config))
    return terminal.show_json(shown) if as_json else terminal.show_fields(shown, SHOWN)


@app.command("migrate")
def migrate(
    *, to: To, as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None
) -> None:
    """Bring all vectors into a store, compare their number, and have it searched from then on.

    Searches go on meanwhile, by what PostgreSQL has. What is cut is gone on with by the next
    attempt, or by the servers. Back to `pgvector` nothing has to be moved.
    """
    with steps.steps() as shown:

        async def move(here: Operator) -> Standing:
            return await _moved(here, to, shown)

        standing = operator.perform(move, data_dir=data_dir, config=config)
    if as_json:
        return terminal.show_json(asdict(standing))
    return terminal.note(f"Vectors are searched by {standing.searched}.")


async def _moved(here: Operator, to: Kind, shown: steps.Steps) -> Standing:
    chosen = options.vector_store(here.ground.deployment)
    if chosen.kind is not to:
        raise OtherStoreConfigured(chosen.kind, to)
    store, most = choosing.store(chosen), 0

    def progress(left: int) -> None:
        nonlocal most
        most = max(most, left)
        shown.at(str(to), "documents", most - left, most)

    carrying = Carrying(here.ground.place.owner, store)
    try:
        while not await carrying.run(progress, ends=True):
            standing = await _standing(here)  # a server moves them
            progress(standing.waiting)
            if standing.told == (store.name if store else None) and not standing.waiting:
                break
            await asyncio.sleep(LOOK)
    finally:
        if store is not None:
            await store.aclose()
    return await _standing(here)


async def _standing(here: Operator) -> Standing:
    owner = here.ground.place.owner
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        known, waiting = await changes.known(connection), await changes.left(connection)
    chosen = options.vector_store(here.ground.deployment)
    store = choosing.store(chosen)
    asked = known is not None and known.whole_at is not None and store is not None
    return Standing(
        chosen.kind,
        known.name if known else None,
        known.name if known and asked and store and store.name == known.name else "pgvector",
        waiting,
    )

"""`folkmoot vectors`."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Final

import typer
from psycopg import AsyncConnection

from folkmoot import options
from folkmoot.cli import operator, steps, terminal
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.operator import Operator
from folkmoot.cli.options import AsJson, ConfigFile, DataDir
from folkmoot.knowledge.vector_stores import changes, checking, choosing
from folkmoot.knowledge.vector_stores.carrying import PATIENT, Carrying
from folkmoot.knowledge.vector_stores.changes import Failing
from folkmoot.knowledge.vector_stores.checking import Compared
from folkmoot.knowledge.vector_stores.choosing import Kind
from folkmoot.knowledge.vector_stores.port import VectorStore

SHOWN: Final = (
    *("configured", "told", "searched", "waiting", "failing", "given_up", "checked_at", "amiss"),
)
REFUSED: Final = ("org_id", "document_id", "attempts", "again", "reason")
AMISS: Final = ("org_id", "document_id", "vectors", "held")
COMPARED: Final = ("vectors", "held", "shares", "looked_into")
LISTED: Final = 100
"""Documents that are listed at the most."""
LOOK: Final = 1.0
"""Seconds between two looks at a server that moves the vectors."""

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

To = Annotated[Kind, typer.Option("--to", help="The store, as the configuration names it.")]
Allowed = Annotated[
    bool,
    typer.Option("--allow-refused", help="Succeed though the store refuses some documents."),
]
Repair = Annotated[bool, typer.Option("--repair", help="Tell the store anew of what is amiss.")]
Thorough = Annotated[
    bool, typer.Option("--thorough", help="Go through all ids, not only where numbers differ.")
]


class OtherStoreConfigured(Failure):
    """Servers would go on with the store that the configuration names."""

    def __init__(self, configured: Kind, wanted: Kind) -> None:
        super().__init__(
            f"The configuration names {configured}, not {wanted}.",
            hints=(f"Set FOLKMOOT_VECTOR_STORE={wanted}, restart the servers and try again.",),
        )


class NoStoreToCheck(Failure):
    """PostgreSQL itself is searched, or the store has never been told of anything."""

    def __init__(self) -> None:
        super().__init__(
            "No vector store beside PostgreSQL is in use.",
            hints=("`folkmoot vectors migrate --to STORE` begins with the one configured.",),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands.

    Attributes:
        configured: The store that the configuration names.
        told: The one that is told of changes, if it is not PostgreSQL.
        searched: The one that is asked.
        waiting: Documents that it has still to be told of.
        failing: Documents that it has refused, and that are tried again.
        given_up: Documents that it has refused so often that they are not tried any more.
        checked_at: When it was last compared with what there is.
        amiss: Documents that were amiss then.
        refused: Those that fail or are given up, with the reason.
    """

    configured: str
    told: str | None
    searched: str
    waiting: int
    failing: int
    given_up: int
    checked_at: datetime | None
    amiss: int
    refused: Sequence[Failing]


@app.callback()
def vectors() -> None:
    """See where vectors are searched, and move them into another store.

    For the deployment's operator: works on the database itself, whether or not a server is running.
    """


@app.command("status")
def status(*, as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Show which store is searched, and what it has still to be told of or refuses."""
    standing = operator.perform(_standing, data_dir=data_dir, config=config)
    if as_json:
        return terminal.show_json(asdict(standing))
    terminal.show_fields(asdict(standing), SHOWN)
    return _list_refused(standing)


@app.command("migrate")
def migrate(
    *,
    to: To,
    allow_refused: Allowed = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Bring all vectors into a store, compare their number, and have it searched from then on.

    Searches go on meanwhile, by what PostgreSQL has. What is cut is gone on with by the next
    attempt, or by the servers. Documents that the store refuses are listed in the end. Back to
    `pgvector` nothing has to be moved.
    """
    with steps.steps() as shown:

        async def move(here: Operator) -> Standing:
            return await _moved(here, to, shown)

        standing = operator.perform(move, data_dir=data_dir, config=config)
    if as_json:
        terminal.show_json(asdict(standing))
    else:
        terminal.note(f"Vectors are searched by {standing.searched}.")
        _list_refused(standing)
    elsewhere = standing.told is not None and standing.searched != standing.told
    if elsewhere or (standing.refused and not allow_refused):
        raise typer.Exit(ExitCode.FAILED)


@app.command("retry")
def retry(*, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Have documents tried again that the store has refused, also those that were given up."""
    count = operator.perform(_retried, data_dir=data_dir, config=config)
    terminal.note(f"{count} documents are tried again by the servers, or by `vectors migrate`.")


@app.command("check")
def check(
    *,
    repair: Repair = False,
    thorough: Thorough = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Compare what the store holds with what there is; list documents that are amiss.

    Vectors are counted by model and organisation, and ids are compared where the numbers differ.
    Documents that the store has still to be told of do not count.
    """
    with steps.steps() as shown:

        async def compare(here: Operator) -> Compared:
            return await _compared(here, shown, repair=repair, thorough=thorough)

        compared = operator.perform(compare, data_dir=data_dir, config=config)
    if as_json:
        terminal.show_json(asdict(compared))
    else:
        terminal.show_fields(asdict(compared), COMPARED)
        rows = [asdict(each) for each in compared.amiss[:LISTED]]
        terminal.show_table(rows, AMISS, empty="Nothing is amiss.")
    if compared.amiss and not repair:
        raise typer.Exit(ExitCode.FAILED)


async def _moved(here: Operator, to: Kind, shown: steps.Steps) -> Standing:
    chosen = options.vector_store(here.ground.deployment)
    if chosen.kind is not to:
        raise OtherStoreConfigured(chosen.kind, to)
    store = choosing.store(chosen)
    try:
        await _carried(here, store, shown)
    finally:
        if store is not None:
            await store.aclose()
    return await _standing(here)


async def _compared(
    here: Operator, shown: steps.Steps, *, repair: bool, thorough: bool
) -> Compared:
    store = choosing.store(options.vector_store(here.ground.deployment))
    if store is None:
        raise NoStoreToCheck
    try:
        owner = here.ground.place.owner
        async with await AsyncConnection.connect(owner, autocommit=True) as connection:
            known = await changes.known(connection)
            if known is None or known.name != store.name:
                raise NoStoreToCheck
            compared = await checking.compare(connection, store, thorough=thorough)
            if repair:
                await checking.mend(connection, compared)
        if repair and compared.amiss:
            await _carried(here, store, shown)
    finally:
        await store.aclose()
    return compared


async def _carried(here: Operator, store: VectorStore | None, shown: steps.Steps) -> None:
    """Bring what is noted, or watch how a server does."""
    most = 0

    def progress(left: int) -> None:
        nonlocal most
        most = max(most, left)
        shown.at(store.name if store else "pgvector", "documents", most - left, most)

    owner = here.ground.place.owner
    while not await Carrying(owner, store).run(progress, ends=True):
        async with await AsyncConnection.connect(owner, autocommit=True) as connection:
            known, counted = await changes.known(connection), await changes.counted(connection)
            progress(counted.waiting + counted.failing)
            told = known.name if known else None
            if told == (store.name if store else None) and not await changes.eager(
                connection, PATIENT
            ):
                return
        await asyncio.sleep(LOOK)


async def _retried(here: Operator) -> int:
    owner = here.ground.place.owner
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        return await changes.retry(connection)


async def _standing(here: Operator) -> Standing:
    owner = here.ground.place.owner
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        known, counted = await changes.known(connection), await changes.counted(connection)
        refused = await changes.failing(connection, LISTED)
    chosen = options.vector_store(here.ground.deployment)
    store = choosing.store(chosen)
    asked = known is not None and known.whole_at is not None and store is not None
    return Standing(
        chosen.kind,
        known.name if known else None,
        known.name if known and asked and store and store.name == known.name else "pgvector",
        counted.waiting,
        counted.failing,
        counted.given_up,
        known.checked_at if known else None,
        known.amiss if known else 0,
        refused,
    )


def _list_refused(standing: Standing) -> None:
    if standing.refused:
        terminal.show_table([asdict(each) for each in standing.refused], REFUSED, empty="")
        terminal.note("`folkmoot vectors retry` has them tried again.")

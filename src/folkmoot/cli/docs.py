"""`folkmoot docs`."""

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from folkmoot.cli import library, sharing, terminal, uploads
from folkmoot.cli.api import API, Api, Json
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Limit, Url
from folkmoot.cli.steps import steps

SHOWN: Final = ("id", "status", "title", "pages", "chunks", "error")
SHOWN_COLLECTIONS: Final = ("id", "name", "documents", "pending_documents")
EXCERPT: Final = 240
"""Characters of a passage that are shown."""

SearchMode = Literal["hybrid", "dense", "lexical"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="Files to add."
    ),
]
Into = Annotated[
    str,
    typer.Option("--collection", "-c", help="Name or id of the collection; a new name makes one."),
]
Of = Annotated[str | None, typer.Option("--collection", "-c", help="Name or id of a collection.")]


app.command("permissions")(sharing.permissions)


@app.callback()
def docs() -> None:
    """Add documents, list them and search them."""


@app.command("add")
def add(
    files: Files,
    *,
    collection: Into,
    wait: Annotated[bool, typer.Option(help="Wait until they can be searched.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Add files to a collection.

    Fails if a file is refused or, with --wait, cannot be read; the others are added all the same.
    """
    with connected(url, api_key, data_dir) as api:
        place = _collection(api, collection)
        with steps() as shown:
            documents = list(uploads.add(api, str(place["id"]), files, shown))
            refused = len(documents) < len(files)
            if wait:
                documents = list(uploads.wait(api, documents, shown))
    if documents or as_json:
        _show(documents, as_json=as_json)
    if refused or any(document["status"] in {"failed", "cancelled"} for document in documents):
        raise typer.Exit(ExitCode.FAILED)


@app.command("list")
def list_documents(
    *,
    collection: Of = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List the documents of a collection, or else the collections."""
    with connected(url, api_key, data_dir) as api:
        if collection is not None:
            place = library.collection(api, collection)
            found = api.items(f"{API}/collections/{place['id']}/documents", limit=limit)
            return _show(list(found), as_json=as_json)
        collections = list(api.items(f"{API}/collections", limit=limit))
    if as_json:
        return terminal.show_json(collections)
    return terminal.show_table(collections, SHOWN_COLLECTIONS, empty="There are no collections.")


@app.command("search")
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for.")],
    *,
    collection: Of = None,
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many passages.")] = 5,
    mode: Annotated[SearchMode, typer.Option(help="By words, by meaning, or both.")] = "hybrid",
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Find passages in a collection; it need not be named if there is only one."""
    with connected(url, api_key, data_dir) as api:
        place = library.collection(api, collection) if collection else _only(api)
        wanted = {"query": query, "k": k, "mode": mode}
        hits = api.post(f"{API}/collections/{place['id']}/search", wanted)["hits"]
    if as_json:
        return terminal.show_json(hits)
    if not hits:
        return terminal.note("Nothing was found.")
    for rank, hit in enumerate(hits, 1):
        _show_hit(rank, hit)
    return None


def _collection(api: Api, name: str) -> Json:
    """Return a collection, made if there is none of this name."""
    try:
        return library.collection(api, name)
    except library.NoSuchCollection:
        made = api.post(f"{API}/collections", {"name": name})
        terminal.note(f"(New collection {name}: {made['id']})")
        return made


def _only(api: Api) -> Json:
    found = list(api.items(f"{API}/collections", limit=2))
    if len(found) != 1:
        hint = ("`folkmoot docs list` shows them.",)
        message = "There are no collections." if not found else "Say which --collection."
        raise Failure(message, ExitCode.USED_WRONGLY, hints=hint)
    return found[0]


def _show(documents: list[Json], *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(documents)
    return terminal.show_table(documents, SHOWN, empty="There are no documents.")


def _show_hit(rank: int, hit: Json) -> None:
    page = f", page {hit['page']}" if hit.get("page") is not None else ""
    terminal.show(terminal.one_line(f"{rank}. {hit['title']}{page}  ({hit['score']:.3f})"))
    text = terminal.one_line(str(hit["text"]))
    terminal.show(f"   {text[:EXCERPT]}{'…' if len(text) > EXCERPT else ''}")

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
    list[Path] | None,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, readable=True, help="Files to add."
    ),
]
Addresses = Annotated[
    list[str] | None,
    typer.Option("--from", help="Address of a page or a file to fetch; may be repeated."),
]
Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Ids of documents.")]
Wait = Annotated[bool, typer.Option(help="Wait until they can be searched.")]
Into = Annotated[
    str,
    typer.Option("--collection", "-c", help="Name or id of the collection; a new name makes one."),
]
Of = Annotated[str | None, typer.Option("--collection", "-c", help="Name or id of a collection.")]


app.command("permissions")(sharing.permissions)
app.command("restricted")(sharing.restricted)


@app.callback()
def docs() -> None:
    """Add documents, list them, search them, and have them read again."""


@app.command("add")
def add(
    files: Files = None,
    *,
    collection: Into,
    addresses: Addresses = None,
    wait: Wait = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Add files to a collection, or pages of the web by their addresses.

    Fails if one is refused or, with --wait, cannot be read; the others are added all the same.
    """
    sought: list[Path | str] = [*(files or []), *(addresses or [])]
    if not sought:
        raise Failure("Name a FILE, or an address with --from.", ExitCode.USED_WRONGLY)
    with connected(url, api_key, data_dir) as api:
        place = _collection(api, collection)
        with steps() as shown:
            documents = list(uploads.add(api, str(place["id"]), sought, shown))
            refused = len(documents) < len(sought)
            if wait:
                documents = list(uploads.wait(api, documents, shown))
    _end(documents, as_json=as_json, refused=refused)


@app.command("retry")
def retry(
    ids: Ids,
    *,
    wait: Wait = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Read documents once more: what has failed, or to cut them as the settings say now."""
    with connected(url, api_key, data_dir) as api, steps() as shown:
        documents = [_again(api, each, "retry") for each in ids]
        if wait:
            documents = list(uploads.wait(api, documents, shown))
    _end(documents, as_json=as_json)


@app.command("refresh")
def refresh(
    ids: Ids,
    *,
    wait: Wait = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Fetch documents from their addresses once more; what has changed is read."""
    with connected(url, api_key, data_dir) as api, steps() as shown:
        documents = [_again(api, each, "refresh") for each in ids]
        if wait:
            documents = list(uploads.wait(api, documents, shown))
    _end(documents, as_json=as_json)


@app.command("cancel")
def cancel(
    ids: Ids,
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Do not read documents that wait for it, or are being read."""
    with connected(url, api_key, data_dir) as api:
        documents = [api.post(f"{API}/documents/{each}/cancel", {}) for each in ids]
    _show(documents, as_json=as_json)


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


def _again(api: Api, document_id: str, verb: str) -> Json:
    documents: list[Json] = api.post(f"{API}/documents/{document_id}/{verb}", {})["documents"]
    return documents[0]


def _end(documents: list[Json], *, as_json: bool, refused: bool = False) -> None:
    """Show documents; fail if one was refused or cannot be searched."""
    if documents or as_json:
        _show(documents, as_json=as_json)
    if refused or any(document["status"] in {"failed", "cancelled"} for document in documents):
        raise typer.Exit(ExitCode.FAILED)


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

"""`folkmoot docs permissions`: who may read and edit a collection, and who may read a document."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import typer

from folkmoot.cli import library, terminal
from folkmoot.cli.api import API, Json, records, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Url

SHOWN: Final = ("whom", "name", "may")
RESTRICTED: Final = ("id", "title", "readers")

Access = Literal["edit", "read", "none"]
Whom = tuple[str, str]
"""`user_id` or `team_id`, and which."""

WHOM: Final = "`user:ID` or `team:ID`; may be repeated."
Named = Annotated[str | None, typer.Option("--collection", "-c", help="Name or id of one.")]
Document = Annotated[str | None, typer.Option("--document", "-d", help="Id of a document instead.")]
Everybody = Annotated[
    Access | None,
    typer.Option("--default", help="What those may do whom the collection's scope names."),
]
Unrestricted = Annotated[
    bool, typer.Option("--all-readers", help="Let all read the document who read its collection.")
]
Reading = Annotated[list[str] | None, typer.Option("--read", help=f"Who may read it: {WHOM}")]
Editing = Annotated[list[str] | None, typer.Option("--edit", help=f"Who may edit it: {WHOM}")]
Revoked = Annotated[list[str] | None, typer.Option("--revoke", help=f"Who no longer may: {WHOM}")]


def permissions(
    *,
    collection: Named = None,
    document: Document = None,
    default: Everybody = None,
    all_readers: Unrestricted = False,
    read: Reading = None,
    edit: Editing = None,
    revoke: Revoked = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show who may read and edit a collection, or who may read a document; change it.

    The first --read of a document hides it from everybody else.
    """
    _demand_sense(collection, document, of_collections=bool(default or edit), everybody=all_readers)
    granted = {_whom(each): "read" for each in read or ()} | {
        _whom(each): "edit" for each in edit or ()
    }
    gone = [_whom(each) for each in revoke or ()]
    changes = bool(default or all_readers or granted or gone)
    with connected(url, api_key, data_dir) as api:
        if document is not None:
            path = f"{API}/documents/{segment(document)}/permissions"
        else:
            place = library.collection(api, str(collection))
            path = f"{API}/collections/{place['id']}/permissions"
        shown, tag = api.tagged(path)
        if changes and document is not None:
            readers = None if all_readers else _readers(shown["readers"], granted, gone)
            shown = api.put(path, {"readers": readers}, tag)
        elif changes:
            grants = _grants(shown["grants"], granted, gone)
            body = {"default_access": default or shown["default_access"], "grants": grants}
            shown = api.put(path, body, tag)
    _show(shown, as_json=as_json)


def restricted(
    collection: Annotated[str, typer.Option("--collection", "-c", help="Name or id of one.")],
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List the documents of a collection that only some may read.

    Administrators see all of them, also those that nobody reads any more.
    """
    with connected(url, api_key, data_dir) as api:
        place = library.collection(api, collection)
        found = list(api.items(f"{API}/collections/{place['id']}/restricted-documents"))
    if as_json:
        return terminal.show_json({"items": found})
    rows = [
        {**each, "id": each["document_id"], "readers": _listed(each["readers"])} for each in found
    ]
    return terminal.show_table(rows, RESTRICTED, empty="All who read it may read all of it.")


def _listed(readers: object) -> str:
    return ", ".join(str(each["name"] or each["team_id"]) for each in records(readers)) or "nobody"


def _demand_sense(
    collection: str | None, document: str | None, *, of_collections: bool, everybody: bool
) -> None:
    if (collection is None) == (document is None):
        raise Failure("Say which --collection or which --document.", ExitCode.USED_WRONGLY)
    if document is not None and of_collections:
        raise Failure("A document has readers: --read, --revoke.", ExitCode.USED_WRONGLY)
    if collection is not None and everybody:
        raise Failure("--all-readers is for a --document.", ExitCode.USED_WRONGLY)


def _whom(written: str) -> Whom:
    kind, _, name = written.partition(":")
    if kind not in {"user", "team"}:
        raise Failure(f"{written!r} is neither user:ID nor team:ID.", ExitCode.USED_WRONGLY)
    try:
        return f"{kind}_id", str(UUID(name))
    except ValueError:
        raise Failure(f"{name!r} is no id.", ExitCode.USED_WRONGLY) from None


def _named(entry: Json) -> Whom:
    kind = "user_id" if entry["user_id"] else "team_id"
    return kind, str(entry[kind])


def _grants(before: object, granted: dict[Whom, str], gone: Sequence[Whom]) -> list[Json]:
    after = {_named(each): str(each["level"]) for each in records(before)} | granted
    return [
        {kind: name, "level": level}
        for (kind, name), level in after.items()
        if (kind, name) not in gone
    ]


def _readers(before: object, granted: dict[Whom, str], gone: Sequence[Whom]) -> list[Json]:
    after = [*(_named(each) for each in records(before)), *granted]
    return [{kind: name} for kind, name in dict.fromkeys(after) if (kind, name) not in gone]


def _show(shown: Json, *, as_json: bool) -> None:
    if as_json:
        return terminal.show_json(shown)
    rows: list[dict[str, Any]] = [
        {
            "whom": ":".join(_named(each)).replace("_id", "", 1),
            "name": each["name"],
            "may": each.get("level", "read"),
        }
        for each in records(shown.get("grants", shown.get("readers")))
    ]
    if "default_access" in shown:
        rows.insert(0, {"whom": shown["scope"], "name": "", "may": shown["default_access"]})
        return terminal.show_table(rows, SHOWN, empty="")
    if shown["readers"] is None:
        return terminal.note("All who read its collection may read it.")
    return terminal.show_table(rows, SHOWN, empty="Nobody may read it.")

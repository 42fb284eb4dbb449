"""`folkmoot eval`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from folkmoot.cli import labelling, terminal
from folkmoot.cli.api import API, Api, Json, segment
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.following import Following, events_of
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Url
from folkmoot.cli.steps import Steps, steps
from folkmoot.evals.labelled import BadSet, LabelledSet

PROGRESSED: Final = "evaluation.progressed"
MEASURES: Final = {"ndcg": "nDCG", "recall": "recall", "mrr": "MRR"}
COLUMNS: Final = ("search", "measure", "mean", "from", "to")
DIFFERENCES: Final = (*COLUMNS, "p")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


Set = Annotated[
    Path,
    typer.Option(
        "--set",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="A labelled set: corpus, queries and qrels, each as .jsonl or .tsv.",
    ),
]
In = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        help="Name or id of a collection that holds the documents under their ids as external ids;"
        " by default one of your own is made of the corpus.",
    ),
]
Depth = Annotated[int, typer.Option("-k", "--k", min=1, max=100, help="Documents that count.")]
Setting = Annotated[
    str, typer.Option(help="How to search: fields of a search, such as mode=dense, or as JSON.")
]
Compare = Annotated[
    list[str] | None,
    typer.Option(help="Another way, compared with the first query by query; up to three."),
]


WhichSetting = Annotated[
    int, typer.Option(min=0, max=3, help="Which of its ways to search, from 0.")
]
LISTED: Final = ("id", "created_at", "name", "state", "k", "searches")


@app.callback()
def evaluate() -> None:
    """Tell how well searches find what answers questions."""


@app.command("retrieval")
def retrieval(
    *,
    directory: Set,
    collection: In = None,
    k: Depth = 10,
    setting: Setting = "",
    compare: Compare = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Measure nDCG, recall and MRR on a labelled set, with intervals of 95 % over its queries.

    Documents that are in the collection already are not sent again. Ctrl-C stops looking; the
    evaluation goes on, and `folkmoot runs cancel` ends it.
    """
    labelled = _loaded(directory)
    manners = [_manner(each) for each in (setting, *(compare or ()))]
    with connected(url, api_key, data_dir) as api, steps() as shown:
        place = labelling.collection(api, labelled, collection, shown)
        made = labelling.label(api, labelled, str(place["id"]))
        wanted = {"set_id": made["id"], "k": k, "settings": manners}
        begun = api.post(f"{API}/evaluations", wanted)
        _follow(api, begun, [*_names(manners)], shown)
        evaluation = api.get(f"{API}/evaluations/{begun['id']}")
    _show(evaluation, [*_names(manners)], as_json=as_json)
    if evaluation["outcome"] is None:
        raise typer.Exit(ExitCode.FAILED)


@app.command("list")
def browse(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """List evaluations, with the ids by which they are compared."""
    with connected(url, api_key, data_dir) as api:
        page = api.get(f"{API}/evaluations", {"limit": limit})
    if as_json:
        return terminal.show_json(page)
    rows = [{**each, "searches": "; ".join(_names(each["settings"]))} for each in page["items"]]
    return terminal.show_table(rows, LISTED, empty="Nothing has been evaluated yet.")


@app.command("compare")
def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="Id of an evaluation.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Id of another one.")],
    *,
    setting: WhichSetting = 0,
    other_setting: WhichSetting = 0,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Tell by how much B is better than A, query by query, with intervals of 95 %.

    Both have to have asked the same queries, and counted as many documents.
    """
    with connected(url, api_key, data_dir) as api:
        path = f"{API}/evaluations/{segment(other)}/comparison/{segment(one)}"
        compared = api.get(path, {"setting": other_setting, "other_setting": setting})
    if as_json:
        return terminal.show_json(compared)
    k = compared["k"]
    rows = [*_rows("A", compared["other"], k), *_rows("B", compared["one"], k)]
    terminal.show_table(rows, COLUMNS, empty="")
    terminal.show()
    told = _rows("B against A", compared["difference"], k, signed=True)
    return terminal.show_table(told, DIFFERENCES, empty="")


def _loaded(directory: Path) -> LabelledSet:
    try:
        return LabelledSet.load(directory)
    except BadSet as error:
        raise Failure(str(error), ExitCode.USED_WRONGLY) from None


def _manner(text: str) -> Json:
    """Return a way to search: JSON, or names and values with commas between."""
    if text.startswith("{"):
        with suppress(ValueError):
            return dict(json.loads(text))
        raise Failure(f"{text} is not JSON.", ExitCode.USED_WRONGLY)
    manner: Json = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise Failure(f"{part!r} is not of the form name=value.", ExitCode.USED_WRONGLY)
        manner[name.strip()] = _value(value.strip())
    return manner


def _value(text: str) -> Any:  # noqa: ANN401 - whatever JSON says
    try:
        return json.loads(text)
    except ValueError:
        return text


def _names(manners: Sequence[Json]) -> Iterator[str]:
    for manner in manners:
        parts = (f"{name}={_text(value)}" for name, value in manner.items())
        yield ",".join(parts) or "default"


def _text(value: object) -> str:
    return value if isinstance(value, str) else terminal.as_json(value)


def _follow(api: Api, begun: Json, names: Sequence[str], shown: Steps) -> None:
    """Show how far the evaluation is, up to its end."""
    for _, event in Following(events_of(api, str(begun["run_id"])), api.url).events():
        if event.get("name") == PROGRESSED:
            told: Json = event["value"]
            name = names[int(told["setting"])]
            shown.at(name, "asking", told["done"], told["total"])


def _show(evaluation: Json, names: Sequence[str], *, as_json: bool) -> None:
    if evaluation["missing"]:
        terminal.note(f"{evaluation['missing']} documents of the set are not in the collection.")
    if as_json:
        return terminal.show_json(evaluation)
    outcome = evaluation["outcome"]
    if outcome is None:
        error = evaluation["error"]
        return terminal.note(
            f"The evaluation is {evaluation['state']}: {error and error['detail']}"
        )
    k = evaluation["k"]
    for name, found in zip(names, outcome["settings"], strict=True):
        if found["degraded"]:
            terminal.note(f"{name}: {found['degraded']} queries were searched for by words alone.")
    rows = [row for pair in zip(names, outcome["settings"], strict=True) for row in _rows(*pair, k)]
    terminal.show_table(rows, COLUMNS, empty="")
    for compared in outcome["comparisons"]:
        terminal.show()
        label = f"{names[compared['setting']]} against {names[0]}"
        terminal.show_table(_rows(label, compared, k, signed=True), DIFFERENCES, empty="")
    return None


def _rows(name: str, found: Json, k: int, *, signed: bool = False) -> Iterator[Json]:
    form = "+.4f" if signed else ".4f"
    for key, label in MEASURES.items():
        each = found[key]
        yield {
            "search": name,
            "measure": f"{label}@{k}",
            "mean": format(each["mean"], form),
            "from": format(each["low"], form),
            "to": format(each["high"], form),
            "p": format(each.get("p", 1), ".4f"),
        }

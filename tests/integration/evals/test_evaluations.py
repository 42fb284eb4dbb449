"""Evaluations over HTTP: made, worked, cut, compared, and nobody else's to see."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text as sql

from folkmoot.evals.executing import PROGRESSED
from folkmoot.evals.personal import OwnEvaluations
from folkmoot.evals.service import KIND
from folkmoot.kit.ids import RunId, new_id
from folkmoot.kit.personal import Person
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.runs import service as runs
from folkmoot.runs.opening import NewRun
from knowing import Concepts, Visitor
from permitting import colleague

TEXTS = {"bird": "The heron wades.", "ship": "The ferry sails.", "tree": "The willow weeps."}
QUERIES = [
    {"id": "q1", "text": "Who wades?", "relevant": {"bird": 1}},
    {"id": "q2", "text": "vessel", "relevant": {"ship": 2, "gone": 1, "bird": 0}},
    {"id": "q3", "text": "nothing", "relevant": {"tree": 0}},
]
CRASHED = (
    "UPDATE evaluation_results SET scores = '[[0.25, 0.5, 0.75]]' WHERE setting = 0",
    "UPDATE evaluation_results SET scores = jsonb_build_array(scores -> 0) WHERE setting = 1",
    "UPDATE evaluations SET outcome = NULL",
)
"""What is left of an evaluation of one query whose process died before it was summed up."""

PATIENCE = 60.0

pytestmark = pytest.mark.anyio


def new_run(run_id: RunId, wanted: dict[str, Any], subject: Subject) -> NewRun:
    return NewRun(
        id=run_id,
        kind=KIND,
        input=wanted,
        client_id=str(run_id),
        thread_id=str(run_id),
        fingerprint=b"",
        concurrency_key=None,
        subject=subject,
    )


async def made(who: Visitor, path: str, status: int = 201, **body: object) -> dict[str, Any]:
    answer = await who.http.post(f"/{path}", json=body)
    assert answer.status_code == status, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def labelled(who: Visitor, **scope: object) -> dict[str, Any]:
    """Fill a collection and label it."""
    who.room.embedder.embedder = Concepts(
        {"ferry": 0, "vessel": 0, "heron": 1, "wades": 1, "willow": 2}
    )
    collection = await who.collection(**scope)
    for name, text in TEXTS.items():
        await who.tell(collection, name, text, external_id=name)
    return await made(who, "labelled-sets", name="Few", collection_id=collection, queries=QUERIES)


async def rows(who: Visitor) -> int:
    async with who.room.database.work(who.subject) as work:
        return int(await work.session.scalar(sql("SELECT count(*) FROM labelled_sets")) or 0)


async def ended(who: Visitor, evaluation: dict[str, Any]) -> dict[str, Any]:
    """Wait for an evaluation's end; return it."""
    await who.ended(evaluation["run_id"])
    answer = await who.http.get(f"/evaluations/{evaluation['id']}")
    read: dict[str, Any] = answer.json()
    return read


async def test_two_settings_are_measured_and_compared(ada: Visitor) -> None:
    few = await labelled(ada)
    assert (few["queries"], few["judgements"]) == (2, 3)
    settings = [{"mode": "lexical"}, {"mode": "dense"}]
    begun = await made(ada, "evaluations", 202, set_id=few["id"], k=1, settings=settings)
    assert (begun["state"], begun["outcome"], begun["missing"]) == ("queued", None, 1)

    read = await ended(ada, begun)
    assert (read["state"], read["queries"], read["k"]) == ("finished", 2, 1)
    lexical, dense = read["outcome"]["settings"]
    # By words the second query finds nothing; by meaning both find what answers them best.
    assert [lexical[each]["mean"] for each in ("ndcg", "recall", "mrr")] == [0.5, 0.5, 0.5]
    assert [dense[each]["mean"] for each in ("ndcg", "recall", "mrr")] == [1.0, 0.75, 1.0]
    assert lexical["degraded"] == 0
    (compared,) = read["outcome"]["comparisons"]
    assert compared["setting"] == 1
    assert compared["recall"]["mean"] == pytest.approx(0.25)

    log = await ada.log(begun["run_id"])
    assert [each.type for each in log].count(PROGRESSED) >= 4
    scores = sql("SELECT scores FROM evaluation_results ORDER BY setting")
    async with ada.room.database.work(ada.subject) as work:
        assert len((await work.session.scalars(scores)).all()) == 2


async def test_evaluations_of_the_same_queries_are_compared_and_of_others_not(ada: Visitor) -> None:
    few = await labelled(ada)
    ways = [{"mode": "lexical"}, {"mode": "dense"}]
    one = await ended(
        ada, await made(ada, "evaluations", 202, set_id=few["id"], k=1, settings=ways)
    )
    # Whoever sends the set again has another one of the same queries.
    again = {"name": "Again", "collection_id": few["collection_id"], "queries": QUERIES}
    more = {"set_id": (await made(ada, "labelled-sets", **again))["id"], "settings": ways[1:]}
    two = await ended(ada, await made(ada, "evaluations", 202, k=1, **more))
    path = f"/evaluations/{two['id']}/comparison/{one['id']}"
    compared = (await ada.http.get(path)).json()
    assert (compared["k"], compared["queries"], compared["setting"]) == (1, 2, 0)
    within = one["outcome"]["comparisons"][0]
    assert compared["difference"] == {name: within[name] for name in ("ndcg", "recall", "mrr")}
    assert compared["other"]["recall"] == one["outcome"]["settings"][0]["recall"]
    same = (await ada.http.get(f"{path}?other_setting=1")).json()
    assert same["one"] == same["other"]
    assert same["difference"]["ndcg"] == {"mean": 0, "low": 0, "high": 0, "p": 1}

    deeper = await ended(ada, await made(ada, "evaluations", 202, k=2, **more))
    fewer = again | {"queries": QUERIES[:1]}
    third = {"set_id": (await made(ada, "labelled-sets", **fewer))["id"]}
    other = await ended(ada, await made(ada, "evaluations", 202, k=1, **third))
    begun = f"/evaluations/{one['id']}/comparison"
    for wrong, status, code in (
        (f"{begun}/{deeper['id']}", 409, "evaluations_differ"),
        (f"{begun}/{other['id']}", 409, "evaluations_differ"),
        (f"{begun}/{two['id']}?other_setting=1", 409, "setting_not_measured"),
        (f"{begun}/{new_id()}", 404, "evaluation_not_found"),
    ):
        answer = await ada.http.get(wrong)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_queries_that_went_without_meaning_are_counted(ada: Visitor) -> None:
    few = await labelled(ada)
    ada.room.embedder.failure = ModelUnavailable("test:gone")
    begun = await made(ada, "evaluations", 202, set_id=few["id"])
    (hybrid,) = (await ended(ada, begun))["outcome"]["settings"]
    assert hybrid["degraded"] == 2

    dense = await made(ada, "evaluations", 202, set_id=few["id"], settings=[{"mode": "dense"}])
    read = await ended(ada, dense)
    assert (read["state"], read["outcome"]) == ("failed", None)
    assert read["error"]["code"] == "embedder_unavailable"


async def test_what_was_measured_before_a_crash_is_not_measured_again(ada: Visitor) -> None:
    few = await labelled(ada)
    settings = [{"mode": "lexical"}, {"mode": "dense"}]
    first = await ended(
        ada, await made(ada, "evaluations", 202, set_id=few["id"], settings=settings)
    )
    async with ada.room.database.work(ada.subject) as work:
        for statement in CRASHED:
            await work.session.execute(sql(statement))
        again = RunId(new_id())
        await runs.queue(work, new_run(again, {"evaluation_id": first["id"]}, ada.subject))
    await ada.ended(str(again))

    lexical, dense = (await ended(ada, first))["outcome"]["settings"]
    assert [lexical[each]["mean"] for each in ("ndcg", "recall", "mrr")] == [0.25, 0.5, 0.75]
    assert dense["recall"]["mean"] == 1


async def test_what_is_anothers_is_not_there(ada: Visitor, eve: Visitor) -> None:
    few = await labelled(ada)
    begun = await made(ada, "evaluations", 202, set_id=few["id"])
    await ended(ada, begun)
    gone = str(new_id())
    for path, own in (("labelled-sets", few["id"]), ("evaluations", begun["id"])):
        for method in ("GET", "DELETE"):
            theirs = await eve.http.request(method, f"/{path}/{own}")
            missing = await eve.http.request(method, f"/{path}/{gone}")
            assert theirs.status_code == missing.status_code == httpx.codes.NOT_FOUND
            assert theirs.json()["code"] == missing.json()["code"]
        assert (await eve.http.get(f"/{path}")).json()["items"] == []
        assert len((await ada.http.get(f"/{path}")).json()["items"]) == 1
    for body in ({"set_id": few["id"]}, {"set_id": gone}):
        refused = await made(eve, "evaluations", 404, **body)
        assert refused["code"] == "labelled_set_not_found"
    given = {"name": "Mine", "collection_id": few["collection_id"], "queries": QUERIES}
    assert (await made(eve, "labelled-sets", 404, **given))["code"] == "collection_not_found"


async def test_an_evaluation_tells_nobody_of_what_is_hidden_from_them(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    few = await labelled(ada)
    begun = await made(ada, "evaluations", 202, set_id=few["id"])
    await ended(ada, begun)
    path, listed = f"/evaluations/{begun['id']}", "/evaluations"
    shown = await ben.http.get(path)
    assert (shown.status_code, shown.json()["id"]) == (200, begun["id"])

    found = await ada.http.get(f"/collections/{few['collection_id']}/documents")
    bird = next(each["id"] for each in found.json()["items"] if each["title"] == "bird")
    readers = f"/documents/{bird}/permissions"
    await ada.http.put(readers, json={"readers": [{"user_id": str(ada.subject.user_id)}]})
    hidden, missing = await ben.http.get(path), await ben.http.get(f"/evaluations/{new_id()}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, missing.json()["code"])
    assert (await ben.http.get(listed)).json()["items"] == []
    assert (await ada.http.get(path)).status_code == 200
    # His own rests on what he may read.
    own = await ended(ben, await made(ben, "evaluations", 202, set_id=few["id"]))
    assert (own["missing"], len((await ben.http.get(listed)).json()["items"])) == (2, 1)


async def test_a_collection_takes_what_belongs_to_it_along(ada: Visitor) -> None:
    few = await labelled(ada)
    begun = await made(ada, "evaluations", 202, set_id=few["id"])
    await ended(ada, begun)
    await ada.http.delete(f"/collections/{few['collection_id']}")
    assert (await ada.http.get(f"/evaluations/{begun['id']}")).status_code == 404

    async with asyncio.timeout(PATIENCE):
        while True:
            if await rows(ada) == 0:
                break
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ([*QUERIES, QUERIES[0]], "same id"),
        (QUERIES[2:], "No document answers"),
        ([{**QUERIES[0], "text": " "}], "pattern"),
        ([{**QUERIES[0], "relevant": {"bird": "1"}}], "number"),
        ([{**QUERIES[0], "relevant": {"b\0": 1}}], "NUL"),
    ],
)
async def test_sets_that_say_what_they_should_not_are_refused(
    ada: Visitor, queries: list[dict[str, Any]], told: str
) -> None:
    body = {"name": "Odd", "collection_id": await ada.collection(), "queries": queries}
    answer = await ada.http.post("/labelled-sets", json=body)
    assert answer.status_code == 422
    assert told in answer.text


async def test_a_set_of_documents_that_are_elsewhere_is_not_evaluated(ada: Visitor) -> None:
    collection = await ada.collection()
    odd = await made(ada, "labelled-sets", name="Odd", collection_id=collection, queries=QUERIES)
    refused = await made(ada, "evaluations", 409, set_id=odd["id"])
    assert refused["code"] == "nothing_to_find"


async def test_what_is_a_persons_own_is_exported_and_erased(ada: Visitor) -> None:
    await labelled(ada, scope="user")
    own = OwnEvaluations(ada.room.database)
    person = Person(user_id=ada.subject.user_id, places=(ada.subject.org_id,))
    files = [b"".join([part async for part in each.parts]) async for each in own.export(person)]
    assert b"Who wades?" in files[0]
    await own.erase(person)
    assert (await ada.http.get("/labelled-sets")).json()["items"] == []

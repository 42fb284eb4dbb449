"""Questions about a PDF, answered with the page and the sentence: over HTTP, by all that works."""

import json
import threading
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from acting import Caller
from conftest import SECRET_KEY
from folkmoot import main
from folkmoot.agents import citations
from folkmoot.assembly import Ground, Parts, running
from folkmoot.db.place import Place
from folkmoot.kit.ids import new_id
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.model_limits import ModelLimits
from folkmoot.settings.prices import ModelPrice
from folkmoot.settings.providers import Providers, RerankServer
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import hangs, plays, refuses, says
from page_answers import Labelled, handbook, labelled
from serving import served
from whole import PATIENCE, person, until, working

pytestmark = pytest.mark.anyio


@pytest.fixture
async def parts(owner_address: str, tmp_path: Path, provider: FakeProvider) -> AsyncIterator[Parts]:
    deployment = Deployment(
        data_dir=tmp_path,
        default_model="offline:extractive",
        embedding_model="offline:hash",
        providers=Providers(
            openai_base_url=provider.openai_url,
            openai_api_key=SecretStr("key-of-openai"),
            ollama_host="http://127.0.0.1:9",
            rerankers=[RerankServer(name="own", base_url=provider.openai_url)],
        ),
        prices=[ModelPrice(model="own:*", input=Decimal(1_000), call=Decimal("0.002"))],
        model_limits=ModelLimits(attempts=1),
    )
    place = Place(owner_address, SECRET_KEY)
    async with running(Ground(deployment, place, SECRET_KEY, tmp_path)) as parts, working(parts):
        yield parts


@pytest.fixture
async def reader(parts: Parts) -> AsyncIterator["Reader"]:
    """Somebody who has the handbook in a collection."""
    async with (
        served(main.application(parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        reader = Reader(await person(client, "ada"), client)
        await reader.take(handbook())
        yield reader


class Reader:
    """Asks about a document, and knows its text."""

    def __init__(self, who: Caller, client: httpx.AsyncClient) -> None:
        self.who, self.client = who, client
        self.collection = ""
        self.text: dict[str, Any] = {}

    async def take(self, data: bytes) -> None:
        made = await self.who.ask("POST", "/api/v1/collections", {"name": "Rules"})
        self.collection = made.json()["id"]
        sent = await self.client.post(
            f"/api/v1/collections/{self.collection}/documents",
            files={"file": ("handbook.pdf", data, "application/pdf")},
            headers=self.who.headers,
        )
        document = sent.json()["document_ids"][0]

        async def ready() -> bool:
            answer = await self.who.ask("GET", f"/api/v1/documents/{document}")
            assert answer.json()["status"] != "failed", answer.text
            return bool(answer.json()["status"] == "ready")

        await until(ready)
        self.text = (await self.who.ask("GET", f"/api/v1/documents/{document}/text")).json()

    async def events(self, question: str, thread: str = "", **props: Any) -> dict[str, Any]:
        """Ask; return the application's own events of the answer by name."""
        asked = {
            "threadId": thread or str(new_id()),
            "runId": str(new_id()),
            "state": {},
            "messages": [{"id": str(new_id()), "role": "user", "content": question}],
            "tools": [],
            "context": [],
            "forwardedProps": {
                "workflow": "rag",
                "collection_ids": [self.collection],
                **props,
            },
        }
        answer = await self.who.ask("POST", "/api/chat/chat", asked)
        lines = [line[5:] for line in answer.text.splitlines() if line.startswith("data:")]
        events = [json.loads(line) for line in lines]
        assert events[-1]["type"] == "RUN_FINISHED", events[-1]
        return {each["name"]: each["value"] for each in events if each["type"] == "CUSTOM"}

    async def setting(self, group: str, **values: Any) -> None:
        """Set something for the whole organisation."""
        path = f"/api/v1/settings/{group}?scope=organization"
        put = await self.who.ask("PUT", path, {"values": values}, **{"If-Match": "*"})
        assert put.status_code == 200, put.text

    async def ranked(self, **props: Any) -> tuple[list[int], dict[str, Any]]:
        """Search; return the pages in their order, and what became of putting them in order."""
        asked = {"query": "In the handbook: lost cards", "k": 4, **props}
        path = f"/api/v1/collections/{self.collection}/search/explain"
        told = (await self.who.ask("POST", path, asked)).json()
        (stage,) = (each for each in told["stages"] if each["name"] == "rerank")
        return [hit["page"] for hit in told["hits"]], stage

    def is_exact(self, span: dict[str, Any]) -> bool:
        """Whether a span is what stands there, on the page that it names."""
        (page,) = (each for each in self.text["pages"] if each["page"] == span["page"])
        stands = self.text["text"][span["start"] : span["end"]] == span["text"]
        return bool(stands and page["start"] <= span["start"] < span["end"] <= page["end"])


async def test_a_model_puts_passages_in_order_if_it_does_so_in_time(
    reader: Reader, provider: FakeProvider
) -> None:
    usual, stage = await reader.ranked(rerank=True)
    assert stage["skipped"].startswith("No reranker is configured")
    await reader.setting("retrieval", rerank_model="openai:fake-chat")
    pages, stage = await reader.ranked()
    assert (pages, stage["skipped"]) == (usual, "It was not asked for.")

    provider.script([says("3, 1, [99] and 3 again")])
    pages, stage = await reader.ranked(rerank=True)
    assert (pages[:2], stage["skipped"]) == ([usual[2], usual[0]], None)
    told = {"model": "openai:fake-chat", "strategy": "chat", "judged": 10}
    assert stage["facts"] == told
    assert {each["rerank"] for each in stage["candidates"]} == {None}
    assert [each["rank"] for each in stage["candidates"]][:2] == [1, 2]
    assert "lost cards" in provider.chats[-1].body.decode()
    used = (await reader.who.ask("GET", "/api/v1/usage?group_by=model")).json()
    assert "fake-chat" in json.dumps(used)

    provider.script([says("2, 1")])
    shown = (await reader.events("In the handbook: lost cards"))["sources"]["sources"]
    assert [each["page"] for each in shown][:2] == [usual[1], usual[0]]

    for reply, why in (
        (says("I do not know."), "named no passage"),
        (refuses(400), "openai:fake-chat"),
        (hangs(), "took longer than 0.1 s"),
    ):
        if reply.fault is not None:
            await reader.setting("retrieval", rerank_model="openai:fake-chat", rerank_seconds=0.1)
        provider.script([reply])
        pages, stage = await reader.ranked(rerank=True)
        assert pages == usual
        assert why in stage["skipped"]
    await reader.setting("models", allowed_models=["offline:extractive"])
    asked = len(provider.received)
    _, stage = await reader.ranked(rerank=True)
    assert "may be asked" in stage["skipped"]
    assert len(provider.received) == asked


async def test_a_reranker_scores_passages_and_what_it_leaves_out_or_makes_up_changes_nothing(
    reader: Reader, provider: FakeProvider
) -> None:
    usual, _ = await reader.ranked()
    await reader.setting("retrieval", rerank_model="own:bge", rerank_candidates=3)
    said = [(2, 0.9), (0, 0.4), (0, 99.0), (7, 5.0), (-1, 5.0), (1, None)]
    results = [{"index": index, "relevance_score": score} for index, score in said]
    answer = {"results": results, "usage": {"total_tokens": 40}}
    provider.script_rerankings([plays(json.dumps(answer).encode(), "application/json")])
    pages, stage = await reader.ranked(rerank=True)
    assert pages == [usual[2], usual[0], usual[1], usual[3]]
    assert stage["facts"] == {"model": "own:bge", "strategy": "endpoint", "judged": 3}
    assert [each["rerank"] for each in stage["candidates"]] == [0.9, 0.4, None, None]
    assert stage["milliseconds"] > 0
    sent = json.loads(provider.received[-1].body)
    assert (sent["query"], sent["top_n"]) == ("In the handbook: lost cards", 3)
    used = (await reader.who.ask("GET", "/api/v1/usage?group_by=operation")).json()
    (of_reranking,) = (each for each in used["items"] if each.get("operation") == "rerank")
    assert of_reranking["input_tokens"] == 40
    assert of_reranking["micro_usd"] == 42_000

    for changed, reply, why in (
        ({}, plays(b'{"results": []}', "application/json"), "judges none"),
        ({}, plays(b'{"results": [{"index": 0, "relevance_score": NaN}]}', "text/json"), "format"),
        ({"rerank_seconds": 0.1}, hangs(), "took longer than 0.1 s"),
        ({"rerank_strategy": "cross_encoder"}, None, "by the strategy cross_encoder"),
        ({"rerank_strategy": "chat"}, None, "no model that can be used"),
        ({"rerank_model": "fastembed:/etc"}, None, "local rerankers"),
    ):
        await reader.setting("retrieval", **{"rerank_model": "own:bge", **changed})
        provider.script_rerankings([reply] if reply else [])
        pages, stage = await reader.ranked(rerank=True)
        assert pages == usual
        assert why in stage["skipped"]
        assert stage["candidates"] == []


async def test_a_question_that_rests_on_what_was_said_is_searched_for_as_it_stands_by_itself(
    reader: Reader, provider: FakeProvider
) -> None:
    thread, model = str(new_id()), "openai:fake-chat"
    await reader.setting("retrieval", reword_model=model, wordings=2, reword_seconds=30)
    provider.script([says("")])
    told = await reader.events("In the handbook: may maps be borrowed?", thread)
    assert told["sources"]["sources"][0]["page"] == 3
    provider.script(
        [says("<think>Hm.</think>1. signature of the keeper\n2) manuscripts leave a vault\n- x")]
    )
    told = await reader.events("And with whose do others?", thread)
    assert told["sources"]["sources"][0]["page"] == 3
    assert "may maps be borrowed" in provider.chats[-1].body.decode()

    async def explained(**props: Any) -> dict[str, Any]:
        path = f"/api/v1/collections/{reader.collection}/search/explain"
        asked = {"query": "And with whose do others?", **props}
        stages = (await reader.who.ask("POST", path, asked)).json()["stages"]
        (told,) = (stage for stage in stages if stage["name"] == "rewording")
        rewording: dict[str, Any] = told
        return rewording

    assert (await explained())["skipped"] == "It was not asked for."
    provider.script([says("\n".join(["keeper signature"] * 3 + ["vault", "maps"]))])
    stage = await explained(reword=True)
    assert stage["facts"] == {"model": model, "wordings": ["keeper signature", "vault"]}
    assert stage["skipped"] is None
    provider.script([refuses(400)])
    assert model in (await explained(reword=True))["skipped"]
    await reader.setting("retrieval", reword_model=model, reword_seconds=0.1)
    provider.script([hangs()])
    assert "longer than 0.1 s" in (await explained(reword=True))["skipped"]


def spans(events: dict[str, Any]) -> list[dict[str, Any]]:
    told = events.get("citations", {"citations": []})["citations"]
    return [span for citation in told for span in citation["spans"]]


def answers(span: dict[str, Any], asked: Labelled) -> bool:
    return span["page"] == asked.page and asked.sentence in " ".join(span["text"].split())


@pytest.mark.core
async def test_twenty_questions_about_a_pdf_are_answered_with_page_and_sentence_whoever_answers(
    reader: Reader, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = citations.checked

    def elsewhere_checked(*given: Any) -> citations.Checked:
        assert threading.current_thread() is not threading.main_thread(), "it holds up everybody"
        return checked(*given)

    monkeypatch.setattr(citations, "checked", elsewhere_checked)
    questions = labelled()
    for place, (asked, other) in enumerate(
        zip(questions, questions[2:] + questions[:2], strict=True)
    ):
        events = await reader.events(asked.question)
        found = spans(events)
        assert all(map(reader.is_exact, found)), asked
        assert any(answers(span, asked) for span in found), (asked, found)
        assert "citations.dropped" not in events
        if place % 4:
            continue
        pages = {each["index"]: each["page"] for each in events["sources"]["sources"]}
        right = next(index for index, page in pages.items() if page == asked.page)
        elsewhere = next(index for index, page in pages.items() if page != asked.page)
        unknown = len(pages) + 9
        provider.script(
            [
                says(
                    f"{asked.sentence[:-1]} [{right}][{unknown}]."
                    f" Once more: {asked.sentence[:-1]} [{elsewhere}].\n\n"
                    f'It says "{other.sentence[:-1]}" [{right}].'
                )
            ]
        )
        events = await reader.events(asked.question, model="openai:fake-chat")
        found = spans(events)
        assert found
        assert all(reader.is_exact(span) and answers(span, asked) for span in found), asked
        dropped = [
            (each["index"], each["reason"]) for each in events["citations.dropped"]["dropped"]
        ]
        assert dropped == [(unknown, "unknown"), (elsewhere, "support"), (right, "quote")]

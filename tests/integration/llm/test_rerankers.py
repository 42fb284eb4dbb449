"""Rerankers: providers' formats over real HTTP, and cross-encoders in a process of their own."""

import asyncio
import io
import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tiny_models
from folkmoot.kit.errors import AppError
from folkmoot.llm.billing import estimate
from folkmoot.llm.billing.metering import counting
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, Retries
from folkmoot.llm.connection.transport import Transport
from folkmoot.llm.errors import ModelAnswerMalformed, ModelRejected, ModelUnavailable
from folkmoot.llm.local import scorer, serving
from folkmoot.llm.local.frames import LENGTH, Ask, Told, packed
from folkmoot.llm.local.reranker import LocalReranker
from folkmoot.llm.names import EXTRACTIVE
from folkmoot.llm.over_http.reranking import over_http
from folkmoot.llm.port import Usage
from folkmoot.llm.registry import Models
from folkmoot.settings.searching import Reranking
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import plays, refuses
from running import until

pytestmark = pytest.mark.anyio

HERONS = ["a heron", "where herons sleep", "nothing of the kind", "where a heron waits"]


def config(provider: FakeProvider) -> ModelsConfig:
    """Every kind of provider that can rerank, under the name of its kind; all are the fake one."""
    kinds = ("cohere", "jina", "voyage", "vllm", "tei")
    servers = {
        kind: ProviderConfig(ProviderKind(kind), f"{provider.url}/v1", f"key-of-{kind}")
        for kind in kinds
    }
    servers["cohere"] = ProviderConfig(ProviderKind.COHERE, provider.url, "key-of-cohere")
    known = provider.config()
    quick = Retries(attempts=3, first_pause=0.01)
    return replace(known, providers={**known.providers, **servers}, retries=quick)


@pytest.mark.parametrize(
    ("model", "path", "sent"),
    [
        ("cohere:rerank-v3.5", "/v2/rerank", {"documents": HERONS, "top_n": 4}),
        ("jina:m", "/v1/rerank", {"documents": HERONS, "top_n": 4, "return_documents": False}),
        ("voyage:rerank-2.5", "/v1/rerank", {"top_k": 4, "truncation": True}),
        ("vllm:bge", "/v1/rerank", {"top_n": 4, "truncate_prompt_tokens": -1}),
        ("tei:bge", "/v1/rerank", {"texts": HERONS, "truncate": True}),
        ("openai:bge", "/v1/rerank", {"documents": HERONS, "top_n": 4}),
    ],
)
async def test_each_format_is_asked_for_all_texts_and_its_scores_come_in_their_order(
    provider: FakeProvider, model: str, path: str, sent: Mapping[str, Any]
) -> None:
    models = Models(config(provider))
    scores = await models.own.reranker(model).rerank("where a heron", HERONS)
    await models.aclose()
    assert scores == [2 / 3, 1 / 3, 0.0, 1.0]
    (received,) = provider.received
    body = json.loads(received.body)
    assert received.path == path
    assert sent.items() <= body.items()
    assert (body["query"], body["model"]) == ("where a heron", model.partition(":")[2])
    kind = model.partition(":")[0]
    assert received.headers["Authorization"] == f"Bearer key-of-{kind}"
    by_score = kind != "openai"
    assert models.own.reranks(model) is (Reranking.ENDPOINT if by_score else Reranking.CHAT)


@pytest.mark.parametrize(
    ("said", "scores"),
    [
        ([(1, 0.5), (7, 0.9), (-1, 0.8), (0, 0.1)], [0.1, 0.5, None]),
        ([(2, 0.3), (2, 0.9), (2, None)], [None, None, 0.3]),
        ([(0, None), (1, -3.5)], [None, -3.5, None]),
        ([], None),
        ([(3, 1.0), (10**12, 1.0)], None),
    ],
)
async def test_of_a_hostile_answer_only_what_makes_sense_is_taken(
    provider: FakeProvider, said: Sequence[tuple[int, float | None]], scores: list[float] | None
) -> None:
    results = [{"index": index, "relevance_score": score} for index, score in said]
    provider.script_rerankings([plays(json.dumps({"results": results}).encode(), "text/json")])
    models = Models(replace(config(provider), retries=Retries(attempts=1)))
    asking = models.own.reranker("jina:m").rerank("heron", ["a", "b", "c"])
    if scores is None:
        with pytest.raises(ModelAnswerMalformed, match="judges none"):
            await asking
    else:
        assert await asking == scores
    await models.aclose()


@pytest.mark.parametrize(
    "body",
    [
        b'{"results": [{"index": 0, "relevance_score": NaN}]}',
        b'{"results": [{"index": 0, "relevance_score": "best"}]}',
        b'{"results": [{"index": 0.5, "relevance_score": 1}]}',
        b'{"results": [{"index": 0, "relevance_score": 1e999}]}',
        b'{"results": {"0": 1}}',
        b"[[[[",
        b"null",
        b"[" * 100_000,
    ],
)
async def test_an_answer_that_breaks_the_format_is_a_failure_and_never_an_order(
    provider: FakeProvider, body: bytes
) -> None:
    provider.script_rerankings([plays(body, "application/json")])
    models = Models(replace(config(provider), retries=Retries(attempts=1)))
    with pytest.raises(ModelAnswerMalformed):
        await models.own.reranker("jina:m").rerank("heron", ["a", "b"])
    await models.aclose()


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"meta": {"tokens": {"input_tokens": 12.0}}}, 12),
        ({"meta": {"billed_units": {"search_units": 1}}}, None),
        ({"usage": {"total_tokens": 7}}, 7),
        ({"usage": {"total_tokens": -7}}, None),
    ],
)
async def test_tokens_are_counted_also_where_they_are_doubles_and_never_below_nothing(
    provider: FakeProvider, said: Mapping[str, Any], tokens: int | None
) -> None:
    answer = {"results": [{"index": 0, "relevance_score": 0.5}], **said}
    provider.script_rerankings([plays(json.dumps(answer).encode(), "application/json")])
    models = replace(config(provider), retries=Retries(attempts=1))
    transport = Transport(models.timeouts)
    with counting() as meter:
        assert await over_http("cohere:m", models, transport).rerank("heron", ["a"]) == [0.5]
    await transport.aclose()
    guess = estimate.pairs("heron", ["a"])
    told = guess if tokens is None else Usage(input_tokens=tokens, output_tokens=0)
    assert meter.used == told


async def test_many_long_texts_go_in_batches_cut_and_a_busy_provider_is_asked_again(
    provider: FakeProvider,
) -> None:
    provider.script_rerankings([refuses(429, retry_after="0")])
    models = Models(config(provider))
    texts = [f"heron {number} " + "x" * 20_000 for number in range(65)]
    scores = await models.own.reranker("tei:bge").rerank("heron 64", texts)
    assert scores == [0.5] * 64 + [1.0]
    sent = [json.loads(each.body)["texts"] for each in provider.received]
    assert [len(each) for each in sent] == [32, 32, 32, 1]
    assert max(len(text) for each in sent for text in each) == 8_000
    assert await models.own.reranker("tei:bge").rerank("heron", []) == []
    await models.aclose()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("anthropic:claude", "model_unknown"),
        ("offline:extractive", "model_unknown"),
        ("nobody:m", "model_unknown"),
        ("rerank-v3.5", "model_unknown"),
        ("fastembed:some/model", "model_rejected"),
        ("fastembed:/etc", "model_rejected"),
    ],
)
async def test_what_cannot_rerank_says_so_and_asks_nobody(
    provider: FakeProvider, name: str, code: str
) -> None:
    models = Models(config(provider))
    with pytest.raises(AppError) as failed:
        models.own.reranker(name)
    assert failed.value.code == code
    with pytest.raises(AppError):
        models.chat("jina:jina-reranker-v2")
    assert provider.received == []
    await models.aclose()


async def test_a_provider_without_a_key_and_openai_itself_have_none() -> None:
    models = Models(ModelsConfig({"openai": ProviderConfig(ProviderKind.OPENAI, None, "key")}))
    for name, code in (("cohere:r", "model_key_missing"), ("openai:r", "model_unknown")):
        with pytest.raises(AppError) as failed:
            models.own.reranker(name)
        assert failed.value.code == code
    assert models.own.reranks("cohere:r") is Reranking.ENDPOINT
    assert models.own.reranks(EXTRACTIVE) is Reranking.CHAT
    await models.aclose()


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose score is the sum of what its words weigh, with its tokenizer."""
    directory = tmp_path_factory.mktemp("cross-encoder")
    weights = numpy_helper.from_array(np.array([[0], [0], [3], [2], [1]], np.float32), "weights")
    axes = numpy_helper.from_array(np.array([1], np.int64), "axes")
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["weights", "input_ids"], ["each"]),
            helper.make_node("ReduceSum", ["each", "axes"], ["logits"], keepdims=0),
        ],
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "s"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", 1])],
        [weights, axes],
    )
    return tiny_models.keep(directory, graph)


async def test_a_local_cross_encoder_judges_in_a_process_that_ends_when_it_is_idle(
    cross_encoder: Path,
) -> None:
    reranker = local(cross_encoder, idle=0.2)
    texts = ["star", "sun sun", "moon " * 500, "", *["star"] * 20]
    scores = await reranker.rerank("sun", texts)
    assert scores[:2] == [4.0, 9.0]
    assert scores[3:] == [3.0, *[4.0] * 20]
    cut = scores[2]
    assert cut is not None
    assert 64 < cut < 200  # of the thousand that all its words weigh
    await until(lambda: reranker.pid is None)
    await reranker.aclose()


async def test_scores_that_are_no_numbers_and_a_process_that_dies_are_failures(
    cross_encoder: Path, tmp_path: Path
) -> None:
    shutil.copytree(cross_encoder, tmp_path / "broken")
    broken = onnx.load(tmp_path / "broken" / "model.onnx")
    nan = numpy_helper.from_array(np.full((5, 1), np.nan, np.float32), "weights")
    broken.graph.initializer[0].CopyFrom(nan)
    onnx.save(broken, tmp_path / "broken" / "model.onnx")
    mad = local(tmp_path / "broken")
    with pytest.raises(ModelAnswerMalformed, match="judges none"):
        await mad.rerank("sun", ["moon"])
    asking = asyncio.create_task(mad.rerank("sun", ["moon"] * 2_000))
    await asyncio.sleep(0)
    assert mad.pid is not None
    os.kill(mad.pid, signal.SIGKILL)
    with pytest.raises(ModelUnavailable, match="failed"):
        await asking
    await mad.aclose()


def local(directory: Path, idle: float = 30) -> LocalReranker:
    return LocalReranker(str(directory), cache_dir=directory, fetch=False, idle=idle, patience=30)


def test_the_reranking_process_answers_frame_by_frame(cross_encoder: Path) -> None:
    """What runs in the process, run here."""
    answer = scorer.ready(str(cross_encoder), str(cross_encoder), fetch=False)
    answers = io.BytesIO()
    ask = Ask(["sun", "moon moon moon", "star"], "rerank")
    serving.serve(answer, io.BytesIO(packed(ask)), answers)
    answers.seek(0)
    told = msgspec.msgpack.decode(answers.read(int.from_bytes(answers.read(LENGTH))), type=Told)
    assert np.frombuffer(told.vectors, dtype="<f4").tolist() == [9.0, 4.0]
    assert answers.read() == b""


async def test_a_local_reranker_that_nobody_has_named_is_refused_before_it_is_loaded(
    cross_encoder: Path,
) -> None:
    models = Models(ModelsConfig(local_rerankers=[f"fastembed:{cross_encoder}"]))
    with pytest.raises(ModelRejected, match="local rerankers"):
        models.own.reranker("fastembed:BAAI/bge-reranker-base")
    named = models.own.reranker(f"fastembed:{cross_encoder}")
    assert named.name == f"fastembed:{cross_encoder}"
    await models.aclose()

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from folkmoot.llm.errors import ModelAnswerMalformed, ModelRejected, ModelUnavailable
from folkmoot.llm.offline.hashing import vectors
from folkmoot.llm.port import Embedder
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import plays, refuses

pytestmark = pytest.mark.anyio

TEXTS = ["The notice period is four weeks.", "Bananas are rich in potassium."]


@pytest.fixture(params=["openai", "google", "ollama"])
def embedder(models: Models, request: pytest.FixtureRequest) -> Embedder:
    return models.embedder(f"{request.param}:fake-embedding")


@pytest.mark.core
async def test_each_text_has_its_vector_of_length_one(embedder: Embedder) -> None:
    assert embedder.dimensions is None
    made = await embedder.embed(TEXTS, kind="document")
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, vectors(TEXTS), atol=1e-6)
    assert embedder.dimensions == 384


async def test_many_texts_go_in_batches_and_keep_their_order(
    embedder: Embedder, provider: FakeProvider
) -> None:
    texts = [f"text number {number}" for number in range(300)]
    made = await embedder.embed(texts, kind="document")
    assert len(provider.received) in {3, 5}
    np.testing.assert_allclose(made, vectors(texts), atol=1e-6)


async def test_no_texts_need_no_request(embedder: Embedder, provider: FakeProvider) -> None:
    assert len(await embedder.embed([], kind="query")) == 0
    assert provider.received == []


async def test_a_failure_that_passes_is_retried(embedder: Embedder, provider: FakeProvider) -> None:
    provider.script_embeddings([refuses(503), refuses(429, retry_after="0")])
    made = await embedder.embed(TEXTS, kind="document")
    assert len(made) == 2


async def test_a_failure_that_stays_is_told(embedder: Embedder, provider: FakeProvider) -> None:
    provider.script_embeddings([refuses(503)] * 3)
    with pytest.raises(ModelUnavailable):
        await embedder.embed(TEXTS, kind="document")
    provider.script_embeddings([refuses(400, message="Too long.")])
    with pytest.raises(ModelRejected, match=r"Too long\."):
        await embedder.embed(TEXTS, kind="document")


@pytest.mark.parametrize(
    "bad",
    [
        b"<html>",
        b'{"data":[],"embeddings":[]}',
        b'{"data":[{"embedding":[1,2]}],"embeddings":[{"values":[1,2]}]}',
        b'{"data":[{"embedding":[1]},{"embedding":[1,2]}],"embeddings":[[1],[1,2]]}',
        b'{"data":[{"embedding":"!"},{"embedding":"!"}],"embeddings":"?"}',
    ],
)
async def test_what_are_not_the_vectors_is_refused(
    embedder: Embedder, provider: FakeProvider, bad: bytes
) -> None:
    provider.script_embeddings([plays(bad, "application/json")] * 3)
    with pytest.raises(ModelAnswerMalformed):
        await embedder.embed(TEXTS, kind="document")


async def test_packed_vectors_are_read(models: Models, provider: FakeProvider) -> None:
    packed = (
        b'{"data":[{"index":1,"embedding":"AAAAAAAAgD8="},{"index":0,"embedding":"AACAQAAAAAA="}]}'
    )
    provider.script_embeddings([plays(packed, "application/json")])
    made = await models.embedder("openai:m").embed(TEXTS, kind="document")
    assert made.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert msgspec.json.decode(provider.received[0].body)["encoding_format"] == "base64"


async def test_vectors_that_are_not_finite_are_refused(
    models: Models, provider: FakeProvider
) -> None:
    packed = (
        b'{"data":[{"index":0,"embedding":"AADAfwAAgD8="},{"index":1,"embedding":"AACAPwAAgD8="}]}'
    )
    provider.script_embeddings([plays(packed, "application/json")] * 3)
    with pytest.raises(ModelAnswerMalformed, match="finite"):
        await models.embedder("openai:m").embed(TEXTS, kind="document")


async def test_google_is_told_what_a_text_is_for(models: Models, provider: FakeProvider) -> None:
    await models.embedder("google:gemini-embedding-001").embed(["a"], kind="query")
    await models.embedder("google:gemini-embedding-2").embed(["a"], kind="document")
    older, newer = (msgspec.json.decode(each.body)["requests"][0] for each in provider.received)
    assert older["taskType"] == "RETRIEVAL_QUERY"
    assert newer["content"]["parts"] == [{"text": "title: none | text: a"}]
    assert "taskType" not in newer


async def test_a_page_instead_of_vectors_is_refused(
    embedder: Embedder, provider: FakeProvider
) -> None:
    page = replace(plays(b"<html>", "text/html"), status=200)
    provider.script_embeddings([page] * 3)
    with pytest.raises(ModelAnswerMalformed, match="web page"):
        await embedder.embed(TEXTS, kind="document")

import numpy as np
import pytest

from folkmoot.llm.offline.hashing import DIMENSIONS, HashEmbedder, vectors


def likeness(one: str, other: str) -> float:
    first, second = vectors([one, other])
    return float(first @ second)


def test_vectors_have_length_one() -> None:
    made = vectors(["The notice period is four weeks.", "x"])
    assert made.shape == (2, DIMENSIONS)
    assert made.dtype == np.float32
    assert np.linalg.norm(made, axis=1) == pytest.approx(1.0)


def test_the_same_text_has_the_same_vector_in_every_process() -> None:
    made = vectors(["Folkmoot"])[0]
    assert np.flatnonzero(made)[:3].tolist() == [1, 35, 64]


def test_inflected_and_misspelt_words_are_alike() -> None:
    assert likeness("termination", "terminated") > 0.2
    assert likeness("Kündigung", "kundigung") == pytest.approx(1.0)
    assert likeness("receive", "recieve") > likeness("receive", "banana") + 0.1


def test_a_text_is_nearer_to_its_own_topic() -> None:
    question = "notice period of the contract"
    near = "The contract has a notice period of four weeks."
    far = "Bananas are rich in potassium and easy to peel."
    assert likeness(question, near) > likeness(question, far) + 0.3


def test_a_text_without_words_is_nowhere() -> None:
    assert not vectors(["  ...  ", ""]).any()


@pytest.mark.anyio
async def test_queries_and_documents_are_embedded_alike() -> None:
    embedder = HashEmbedder()
    long = "word " * 2000
    as_query = await embedder.embed([long], kind="query")
    as_document = await embedder.embed([long], kind="document")
    assert (as_query == as_document).all()
    assert (await embedder.embed([], kind="query")).shape == (0, DIMENSIONS)

"""Searching with a real embedding model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import minilm
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.searching.competence import Competence
from folkmoot.llm.local.embedder import LocalEmbedder
from knowing import Visitor, room

pytestmark = pytest.mark.anyio

TEXTS = {
    "car": "The automobile's engine would not start on the frosty morning.",
    "bread": "Knead the dough, let it rise for an hour and put it into a hot oven.",
    "moon": "Astronauts landed on the lunar surface in 1969 and brought back rocks.",
    "court": "The judge sentenced the thief to three years behind bars.",
    "heart": "The surgeon replaced a valve through which blood flowed back.",
    "river": "After days of rain the stream burst its banks and flooded the fields.",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minilm.directory(tmp_path_factory.mktemp("minilm"))


@pytest.fixture
async def embedder(model: Path, tmp_path: Path) -> AsyncIterator[LocalEmbedder]:
    embedder = LocalEmbedder(
        str(model), cache_dir=tmp_path / "cache", fetch=False, idle=600, patience=60
    )
    yield embedder
    await embedder.aclose()


async def test_the_model_knows_english_and_no_other_language(embedder: LocalEmbedder) -> None:
    competence = Competence()
    known = {language: await competence.of(embedder, language) for language in ("en", "de", "zh")}
    assert known == {"en": 1, "de": 0, "zh": 0}


async def test_questions_find_texts_that_share_no_word_with_them(
    app_address: str,
    writer_address: str,
    tmp_path: Path,
    subject: Subject,
    embedder: LocalEmbedder,
) -> None:
    async with room(app_address, writer_address, tmp_path, embedder=embedder) as place:
        ada: Visitor = place.visitor(subject)
        shelf = await ada.collection()
        for name, text in TEXTS.items():
            await ada.tell(shelf, "Note", text, external_id=name)
        for question, name in [
            ("why doesn't my vehicle run in winter", "car"),
            ("how to bake a loaf", "bread"),
            ("space travel history", "moon"),
            ("punishment for stealing", "court"),
            ("cardiac operation", "heart"),
            ("natural disaster caused by water", "river"),
        ]:
            hits = await ada.search(shelf, question, k=1)
            assert [hit["external_id"] for hit in hits] == [name], question

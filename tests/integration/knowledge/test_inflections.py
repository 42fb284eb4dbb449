"""Words find their inflected forms in many languages: by dictionaries, by rules, or by bigrams."""
# ruff: noqa: RUF001 - letters of other alphabets are meant

import importlib
from typing import Final

import psycopg
import pytest

from folkmoot.knowledge.indexing import index
from folkmoot.knowledge.indexing.languages import DICTIONARIES, RULES, left
from knowing import Visitor

pytestmark = pytest.mark.anyio

TEXTS: Final = {
    "fr": (
        (
            "Les chevaux blancs mangeaient l'herbe de la prairie pendant que le "
            "fermier dormait dans sa maison."
        ),
        "fermiers dormir",
    ),
    "es": (
        (
            "Los pescadores salieron del puerto antes de que amaneciera y volvieron "
            "con las redes vacías."
        ),
        "pescador red",
    ),
    "ru": (
        ("Библиотекарь принёс читателям старинные книги, которые хранились в подвале музея."),
        "книга читатель",
    ),
    "ar": (
        "المهندسون يبنون الجسور فوق الأنهار الكبيرة في المدينة القديمة منذ عام.",
        "نهر مهندس",
    ),
    "hi": (
        "किसानों ने खेतों में गेहूँ की फसल काटी और बाजार में बेच दी।",
        "किसान खेत",
    ),
    "th": (
        "นักวิทยาศาสตร์ค้นพบดาวเคราะห์ดวงใหม่ที่โคจรรอบดาวฤกษ์",
        "ดาวเคราะห์",
    ),
    "zh": (
        "工程师在长江上建造了一座新的大桥,连接两个城市。",
        "长江大桥",
    ),
    "ja": (
        "研究者たちは深海で新しい種類の魚を発見しました。",
        "深海の魚",
    ),
    "ko": (
        "의사들은 병원에서 새로운 백신을 시험하고 있다.",
        "백신 병원",
    ),
    "pl": (
        (
            "Listonosz przyniósł paczkę do sąsiadów, którzy mieszkają w czerwonym "
            "domu przy kościele."
        ),
        "sąsiad mieszkać czerwony",
    ),
    "cs": (
        (
            "Zahradník zaléval růže a tulipány, které rostly vedle staré knihovny ve "
            "městě, kde bydlel."
        ),
        "knihovna zahradníkem",
    ),
    "uk": (
        "Лікарі лікували хворих дітей у новій лікарні, яка стоїть біля річки.",
        "лікарня дитина",
    ),
    "he": (
        ("הרופא ביקר את החולים בבית החולים והביא להם תרופות מהמעבדה של האוניברסיטה."),
        "רופא תרופות אוניברסיטה",
    ),
    "vi": (
        ("Các giáo viên đã mang sách đến cho học sinh ở những ngôi làng xa trên núi."),
        "sách học sinh",
    ),
}


async def test_a_question_finds_a_text_that_has_its_words_in_other_forms(
    ada: Visitor,
) -> None:
    shelf = await ada.collection()
    for language, (text, _) in TEXTS.items():
        await ada.tell(shelf, language, text, external_id=language)
    found = {}
    for language, (_, question) in TEXTS.items():
        hits = await ada.search(shelf, question, mode="lexical")
        found[language] = hits[0]["external_id"] if hits else None
    assert found == {language: language for language in TEXTS}

    await ada.tell(
        shelf, "pl-2", "Zamówienie numer AB1234567 zostało wysłane do klienta.", external_id="pl-2"
    )
    hits = await ada.search(shelf, "AB1234567", mode="lexical")  # codes stay whole
    assert [hit["external_id"] for hit in hits] == ["pl-2"]
    assert await ada.search(shelf, "AB1239999", mode="lexical") == []
    answer = await ada.http.post(
        f"/collections/{shelf}/search/explain", json={"query": "sąsiadami", "mode": "lexical"}
    )
    (term,) = answer.json()["terms"]
    assert "pl:sąsia" in term["term"].split()


async def test_both_halves_of_a_bilingual_text_are_found_by_forms_of_their_words(
    ada: Visitor,
) -> None:
    german = (
        "Die alten Häuser an der Straße wurden im Winter von der Stadt gekauft, und nach dem Umbau "
        "sind sie für die Familien da, die auf eine Wohnung in der Nähe der Schule gewartet "
        "haben, und das schon seit mehr als einem Jahr."
    )
    english = (
        "The old buildings on the street were bought by the city in winter, and after they have "
        "been rebuilt they are for the families that worried about a flat which is near to "
        "school, and this for more than a year."
    )
    shelf = await ada.collection()
    await ada.tell(shelf, "Notice", f"{german}\n\n{english}")
    for question, half in (("Haus", german), ("worry", english)):
        (hit,) = await ada.search(shelf, question, mode="lexical")
        assert hit["text"] == half


async def test_python_and_postgresql_leave_the_same_of_words(app_address: str) -> None:
    words = [word for text, _ in TEXTS.values() for word in text.split()]
    words += ["", "ab", "abcdef", "abcde1", "1234567", "ו", "והבית", "ובבית", "הכל", "ěščřžýá"]
    with psycopg.connect(app_address) as connection:
        for language, rule in RULES.items():
            asked = "SELECT regexp_replace(w, %s, '\\1') FROM unnest(%s::text[]) AS w"
            told = [row[0] for row in connection.execute(asked, (rule, words))]
            assert told == [left(language, word) for word in words]
    assert RULES.keys().isdisjoint(DICTIONARIES)
    assert left("en", "international") == "international"


async def test_an_upgrade_leaves_the_words_of_older_documents_as_new_ones_have_them(
    ada: Visitor, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = await ada.collection(), await ada.collection()
    for language in ("pl", "he", "en"):
        text, _ = TEXTS.get(language, ("The herons waited for the ferry at the harbour.", ""))
        await ada.tell(new, language, f"{text} {text}")
        with monkeypatch.context() as before:
            before.setattr(index, "left", lambda _language, word: word)
            await ada.tell(old, language, f"{text} {text}")
    migration = importlib.import_module("folkmoot.db.migrations.versions.0077_inflections")
    with psycopg.connect(owner_address) as connection:
        wanted = postings(connection, new)
        assert postings(connection, old) != wanted
        connection.execute(migration.SHORTEN)
        assert postings(connection, old) == wanted
        connection.rollback()


def postings(connection: psycopg.Connection, collection: str) -> list[tuple[object, ...]]:
    connection.execute("ALTER TABLE postings NO FORCE ROW LEVEL SECURITY")
    return connection.execute(
        "SELECT language, lexeme, occurrences, length FROM postings WHERE collection_id = %s"
        " ORDER BY language, lexeme",
        (collection,),
    ).fetchall()

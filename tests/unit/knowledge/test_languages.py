"""Languages of texts and of short questions."""

import json
from importlib import resources

import pytest

from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.indexing.languages import DICTIONARIES, UNKNOWN, detect
from folkmoot.knowledge.ingesting.reading import cut_here
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import prose
from folkmoot.knowledge.parsing.parsed import Manuscript

PROBES = json.loads(
    resources.files("folkmoot.knowledge.searching").joinpath("probes.json").read_text("utf-8")
)


@pytest.mark.parametrize("language", PROBES)
def test_a_few_sentences_tell_their_language(language: str) -> None:
    text = " ".join(sentence for pair in PROBES[language] for sentence in pair)
    assert detect(text) == language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Where do fish live?", "en"),
        ("Wo leben Fische?", "de"),
        ("日本の首都はどこですか", "ja"),
        ("中国的首都是哪里", "zh"),
        ("Где находится Москва?", "ru"),
        ("Де знаходиться Київ?", "uk"),
        ("Gdzie jest stolica Polski?", "pl"),
    ],
)
def test_a_question_tells_its_language(question: str, language: str) -> None:
    assert detect(question) == language


def test_what_has_no_language_takes_that_of_its_surroundings() -> None:
    assert detect("BRCA1 TP53") == UNKNOWN
    assert detect("BRCA1 TP53", ["en", "de"]) == "en"


def test_surroundings_do_not_overrule_a_clear_sentence() -> None:
    assert detect("Wie viele Punkte gab die Verteidigung ab?", ["en"]) == "de"


def test_surroundings_in_another_script_do_not_matter() -> None:
    assert detect("Где находится Москва?", ["en"]) == "ru"


@pytest.mark.parametrize("text", ["", "   ", "12345", "?!", "\U0001f600"])
def test_no_letters_no_language(text: str) -> None:
    assert detect(text) == UNKNOWN


def test_every_stemmed_language_can_be_told() -> None:
    assert {detect("x", [language]) for language in ("de", "fi")} == {"de", "fi"}
    assert set(DICTIONARIES) >= {"en", "de", "fr", "es", "ru", "ar", "hi", "el", "tr", "ro"}


SECTIONS = {
    "en": "The committee met on Tuesday to discuss the budget, and several members were worried.",
    "de": "Der Ausschuss traf sich am Dienstag, um den Haushalt zu besprechen, und war besorgt.",
    "fr": "Le comité s'est réuni mardi pour discuter du budget, et plusieurs sont inquiets.",
    "ja": "委員会は火曜日に集まり、年間予算について話し合った。費用の上昇に懸念がある。",
}


@pytest.mark.parametrize("times", [1, 40])
def test_each_chunk_of_a_document_in_several_languages_is_in_one(times: int) -> None:
    """However short its sections are."""
    manuscript = Manuscript(Limits())
    for language, sentence in SECTIONS.items():
        manuscript.heading(1, language.upper())
        manuscript.block(" ".join([sentence] * max(2, times)))
    reading = cut_here(manuscript.finish(), "Minutes", Sizes())
    assert list(dict.fromkeys(each.language for each in reading.entries)) == list(SECTIONS)
    for entry in reading.entries:
        assert SECTIONS[entry.language][:10] in entry.text
        assert entry.chunk.section == entry.language.upper()


@pytest.mark.parametrize("times", [3, 40])
def test_long_paragraphs_in_different_languages_share_no_chunk(times: int) -> None:
    paragraphs = {each: " ".join([SECTIONS[each]] * times) for each in ("en", "de", "fr")}
    reading = cut_here(prose.from_text("\n\n".join(paragraphs.values()), Limits()), "M", Sizes())
    assert list(dict.fromkeys(each.language for each in reading.entries)) == list(paragraphs)
    for entry in reading.entries:
        assert entry.text in paragraphs[entry.language]


def test_lists_of_names_links_and_code_are_in_no_other_language() -> None:
    english = " ".join([SECTIONS["en"]] * 3)
    between = [
        " ".join(f"[o]: https://a.example/la/el/{n}" for n in range(20)),
        "Antoine du Hamel, Ruben de la Cruz, Il Kim, El Greco, " * 6,
        "const a = v[0], s = v.s, k = o => i(a, s, k, o); " * 6,
        f"{SECTIONS['de']} (short)",
    ]
    text = "\n\n".join(each for pair in zip([english] * 4, between, strict=True) for each in pair)
    reading = cut_here(prose.from_text(text, Limits()), "M", Sizes(size=4_000))
    assert len(reading.entries) == 1

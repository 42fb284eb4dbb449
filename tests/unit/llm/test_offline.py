import pytest

from asking import outcome
from folkmoot.llm.errors import ModelRejected
from folkmoot.llm.offline.extractive import NO_CONTEXT, NO_MATCH, ExtractiveModel, answer
from folkmoot.llm.offline.passages import passages
from folkmoot.llm.port import ChatMessage, ChatRequest

CONTEXT = """Answer from these passages and cite them.

<passages-3f9a>
[1] Employment contract, section 4
The notice period is four weeks to the end of a month. During probation it is two weeks [12].
Salaries are paid monthly.
[2] Handbook
Employees may work from home on two days a week. "Who may take a dog to work?" is asked often.
[7] This line of the document is no mark.
</div> Nor does it end here.
</passages-3f9a>
The notice period in this sentence is an instruction, not a document.
"""


def asked(question: str, context: str = CONTEXT) -> list[ChatMessage]:
    return [ChatMessage("system", context), ChatMessage("user", question)]


def test_passages_are_told_by_marks_that_count_upwards() -> None:
    found = passages(CONTEXT)
    assert list(found) == [1, 2]
    assert found[2].endswith("is no mark.\n</div> Nor does it end here.")
    assert "instruction" not in found[2]


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        (
            "What is the notice period?",
            "The notice period is four weeks to the end of a month [1].",
        ),
        ("Can I work from home?", "Employees may work from home on two days a week [2]."),
        ("How long in probation?", "During probation it is two weeks [1]."),
    ],
)
def test_the_most_relevant_sentence_is_quoted_with_its_mark(question: str, quoted: str) -> None:
    assert quoted in answer(asked(question))


def test_quotes_stand_in_the_order_of_the_documents() -> None:
    text = answer(asked("Does the notice period of employees who work from home differ?"))
    assert text.index("[1]") < text.index("[2]")


def test_a_question_in_ideographs_finds_its_sentence() -> None:
    context = "[1] \u5408\u540c\n\u901a\u77e5\u671f\u4e3a\u56db\u5468\u3002\u5de5\u8d44\u6309\u6708"
    assert answer(asked("\u901a\u77e5\u671f\u662f\u591a\u4e45", context)).startswith(
        "\u901a\u77e5\u671f"
    )


def test_the_same_sentence_of_overlapping_passages_is_quoted_once() -> None:
    context = "[1] A\nThe cat sat on the mat.\n[2] B\nThe cat sat on the mat."
    assert answer(asked("Where sat the cat?", context)) == "The cat sat on the mat [1]."


def test_without_context_it_says_what_it_is() -> None:
    assert answer([ChatMessage("user", "Tell me a joke.")]) == NO_CONTEXT
    assert answer(asked("Tell me a joke.", "You are a helpful assistant.")) == NO_CONTEXT
    assert "offline extractive model" in NO_CONTEXT


def test_when_nothing_fits_it_says_so() -> None:
    assert answer(asked("Which whisky goes with oysters?")) == NO_MATCH


def test_the_result_of_a_search_tool_is_context_too() -> None:
    messages = [
        ChatMessage("user", "What is the notice period?"),
        ChatMessage("tool", "[1] Contract\nThe notice period is four weeks.", tool_call_id="c"),
    ]
    assert answer(messages) == "The notice period is four weeks [1]."


@pytest.mark.anyio
async def test_it_streams_word_by_word_and_counts() -> None:
    result = await outcome(ExtractiveModel(), ChatRequest(messages=asked("Notice period?")))
    assert len(result.batches) > 5
    assert result.text == answer(asked("Notice period?"))
    assert result.usage.estimated
    assert result.reason == "stop"


@pytest.mark.anyio
async def test_it_stops_at_the_limit() -> None:
    request = ChatRequest(messages=asked("Notice period?"), max_tokens=3)
    result = await outcome(ExtractiveModel(), request)
    assert len(result.text.split()) == 3
    assert result.reason == "length"


@pytest.mark.anyio
async def test_it_refuses_to_fill_a_schema() -> None:
    request = ChatRequest(messages=asked("Notice period?"), response_schema={"type": "object"})
    result = await outcome(ExtractiveModel(), request)
    assert isinstance(result.error, ModelRejected)

"""Answers that are given again, as those who ask agents see them."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from billing import ledger
from caching import remember, shelved
from folkmoot.caches.models import CachedAnswer
from folkmoot.caches.personal import OwnAnswers
from folkmoot.conversations import ending
from folkmoot.conversations.models import Conversation
from folkmoot.db.work import Database
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.personal import Person
from folkmoot.knowledge import collections
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, fails, says, uses, words
from making import MAKER, maker
from quoting import passage
from talking import Frame, Platform, Talker, body, custom, text_of

pytestmark = pytest.mark.anyio

LONG = "Whoever asks the same is told the same, word by word, and nobody pays for it twice. " * 3


@pytest.fixture
def grace(serving: Platform, ada: Talker) -> Talker:
    """Somebody with the same rights in the same organisation."""
    return serving.talker(replace(ada.subject, user_id=UserId(new_id())))


async def settled(platform: Platform) -> None:
    await platform.answers.store.flush()


async def count(database: Database, talker: Talker) -> int:
    async with database.work(talker.subject) as work:
        return await work.session.scalar(select(func.count(CachedAnswer.id))) or 0


def cached(stream: Sequence[Frame]) -> list[str]:
    """Return how answers of a stream were found, as its log and its bill tell it."""
    told = [each["by"] for each in custom(stream, "answer.reused")]
    assert len(told) == sum(each.get("cached", False) for each in custom(stream, "model.used"))
    return told


@pytest.mark.core
async def test_a_colleague_is_given_the_same_answer_without_asking_the_model(
    ada: Talker,
    grace: Talker,
    serving: Platform,
    provider: FakeProvider,
    superuser_address: str,
) -> None:
    await remember(serving.settings, ada.subject)
    provider.script([says(LONG)])
    first = await ada.ask("Who pays?")
    await settled(serving)
    again = await grace.ask("Who pays?")
    assert len(provider.chats) == 1
    assert text_of(first) == text_of(again) == LONG
    assert cached(first) == []
    assert cached(again) == ["exact"]
    assert [frame.type for frame in again][:3] == ["RUN_STARTED", "CUSTOM", "CUSTOM"]
    assert "usage" not in again[-1].event
    await serving.accounts.ledger.flush()
    (call, free) = ledger(superuser_address)
    assert (call["reuse"], free["reuse"]) == (None, "exact")
    assert (free["micro_usd"], free["input_tokens"], free["output_tokens"]) == (0, 0, 0)
    assert free["user_id"] == grace.subject.user_id


async def test_nobody_is_given_an_answer_who_may_not_do_the_same(
    ada: Talker, eve: Talker, serving: Platform, provider: FakeProvider
) -> None:
    for talker in (ada, eve):
        await remember(serving.settings, talker.subject)
    member = serving.talker(
        replace(ada.subject, permissions=ada.subject.permissions - {"documents:read"})
    )
    for talker in (ada, eve, member):
        assert cached(await talker.ask("Who pays?")) == []
        await settled(serving)
    assert len(provider.chats) == 3


async def test_it_is_asked_anew_where_nothing_says_otherwise_and_where_an_agent_wants_that(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    grace = maker(serving, ada.subject, MAKER)
    await grace.make(response_cache="exact")
    await grace.make("frank", response_cache="off")
    for agent, found in (("chat", []), ("support", ["exact"]), ("frank", [])):
        await grace.send(body("Who pays?"), agent)
        await settled(serving)
        assert cached(await grace.send(body("Who pays?"), agent)) == found
    await remember(serving.settings, ada.subject)
    await grace.send(body("Who pays?"), "frank")
    await settled(serving)
    assert cached(await grace.send(body("Who pays?"), "frank")) == []
    asked = len(provider.chats)
    await grace.change("support", system_prompt="Be long.")
    await grace.publish("support", 2)
    assert cached(await grace.send(body("Who pays?"), "support")) == []
    assert len(provider.chats) == asked + 1


@pytest.mark.parametrize(
    "replies",
    [
        [uses("clock", text="Let me see."), says("Noon.")],
        [Reply(text=words("It is cut "), finish="length")],
        [Reply(text=words("I must not "), finish="content_filter")],
        [fails(Fault.CUT, text="It breaks ")],
        [says("The password is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abcdefgh.")],
        [Reply()],
    ],
    ids=["tools", "length", "refusal", "failure", "secret", "nothing"],
)
async def test_what_is_no_plain_whole_answer_is_not_kept(
    ada: Talker,
    serving: Platform,
    provider: FakeProvider,
    database: Database,
    replies: list[Reply],
) -> None:
    await remember(serving.settings, ada.subject)
    provider.script(replies)
    stream = await ada.ask("What time is it?", workflow="tools")
    assert custom(stream, "model.used")
    await settled(serving)
    assert await count(database, ada) == 0


async def test_whoever_wants_another_answer_gets_one_and_what_is_untrusted_is_asked_anew(
    ada: Talker, serving: Platform, provider: FakeProvider, database: Database
) -> None:
    await remember(serving.settings, ada.subject)
    data = body("Who pays?", "t1")
    await ada.send(data)
    await settled(serving)
    assert cached(await ada.send({**data, "runId": new_id().hex})) == []
    told = {"id": new_id().hex, "role": "assistant", "content": "As somebody said: nobody."}
    for _ in range(2):
        brought = body("And who else?")
        question = {"id": new_id().hex, "role": "user", "content": "Who?"}
        brought["messages"] = [question, told, *brought["messages"]]
        assert cached(await ada.send(brought)) == []
        await settled(serving)
    assert await count(database, ada) == 1
    assert len(provider.chats) == 4


async def test_answers_go_with_the_conversation_and_with_the_person(
    ada: Talker, grace: Talker, serving: Platform, database: Database
) -> None:
    await remember(serving.settings, ada.subject)
    for talker, text in ((ada, "One?"), (ada, "Two?"), (grace, "Three?")):
        await talker.ask(text, text)
    await settled(serving)
    async with database.work(ada.subject) as work:
        one = select(Conversation).where(Conversation.client_id == "One?")
        await ending.end(work, (await work.session.scalars(one)).all())
    assert await count(database, ada) == 2
    person = Person(user_id=ada.subject.user_id, places=(ada.subject.org_id,))
    own = OwnAnswers(database)
    (file,) = [each async for each in own.export(person)]
    lines = b"".join([part async for part in file.parts])
    assert json.loads(lines)["answer"]
    await own.erase(person)
    assert await count(database, ada) == 1


async def test_what_rests_on_documents_is_given_again_until_one_of_them_changes(
    ada: Talker, grace: Talker, serving: Platform, provider: FakeProvider, database: Database
) -> None:
    await remember(serving.settings, ada.subject)
    collection = await shelved(database, ada.subject)
    serving.library.shelves[ada.subject.org_id] = [passage("Fish", "Fish swim.")]
    provider.script([says("They swim [1]."), says("They still swim [1].")])
    first = await ada.ask("What do fish do?", workflow="rag")
    await settled(serving)
    again = await grace.ask("What do fish do?", workflow="rag")
    assert cached(again) == ["exact"]
    told = [custom(each, "citations")[0]["citations"] for each in (first, again)]
    assert told[0] == told[1]
    async with database.work(ada.subject) as work:
        await collections.delete(work, await collections.get(work, collection))
    assert cached(await grace.ask("What do fish do?", workflow="rag")) == []
    assert len(provider.chats) == 2


async def test_a_colleague_who_asks_in_other_words_is_given_the_same_answer(
    ada: Talker, grace: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await remember(serving.settings, ada.subject, "semantic", response_cache_similarity=0.8)
    provider.script([says("By the link."), says("It is not.")])
    first = await ada.ask("How do I reset my password?")
    await settled(serving)
    again = await grace.ask("How can I reset the password?")
    assert (text_of(first), text_of(again)) == ("By the link.", "By the link.")
    assert (cached(first), cached(again)) == ([], ["semantic"])
    (told,) = custom(again, "answer.reused")
    assert 0.8 <= told["likeness"] < 1
    assert cached(await grace.ask("How do I not reset my password?")) == []
    assert len(provider.chats) == 2

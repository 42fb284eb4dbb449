"""Turns as organisations, teams and users have set them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from folkmoot.conversations.errors import ModelNotAllowed
from folkmoot.conversations.tuning import Tuning
from folkmoot.identity.permissions import OWNER
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, new_id
from folkmoot.kit.scope import Scope
from folkmoot.settings.errors import FeatureOff
from folkmoot.settings.features import Features
from folkmoot.settings.groups import Defaults, Group, Models
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from folkmoot.tools.sources import Passage
from talking import Platform, Talker, body, text_of

pytestmark = pytest.mark.anyio


async def let(settings: Settings, talker: Talker, group: Group, **values: Any) -> None:
    """Set something for the talker's organisation."""
    subject = replace(talker.subject, permissions=OWNER)
    data = WRITES[group].model_validate({"values": values})
    at = (Scope.ORGANIZATION, None)
    await settings.replace(subject, group, at, data, lambda _current: None)


def passage(title: str) -> Passage:
    return Passage(
        document_id=DocumentId(new_id()),
        collection_id=CollectionId(new_id()),
        chunk_id=ChunkId(new_id()),
        title=title,
        page=None,
        start=0,
        end=4,
        text="Text",
    )


def asked(provider: FakeProvider) -> dict[str, Any]:
    """Return what the model was last asked."""
    sent: dict[str, Any] = json.loads(provider.chats[-1].body)
    return sent


@pytest.mark.core
async def test_the_model_of_the_organisation_answers_with_what_is_set_for_it(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await ada.ask("Hello?")
    assert "temperature" not in asked(provider)
    usual = asked(provider)["model"]
    await let(
        serving.settings,
        ada,
        Group.MODELS,
        default_model="openai:another",
        temperature=0.25,
        max_output_tokens=321,
    )
    said = {"system_prompt_extra": "We write in rhymes.", "language": "de-AT"}
    await let(serving.settings, ada, Group.GENERAL, **said)
    await ada.ask("Hello?")
    sent = asked(provider)
    assert (sent["model"], sent["temperature"]) == ("another", 0.25)
    assert usual != "another"
    assert 321 in sent.values()
    assert "We write in rhymes.\n\nAnswer in the language de-AT" in sent["messages"][0]["content"]


async def test_only_the_models_that_are_allowed_may_be_asked_for(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await let(serving.settings, ada, Group.MODELS, allowed_models=["openai:one", "openai:two"])
    await ada.ask("Hello?")
    assert asked(provider)["model"] == "one"
    await ada.ask("Hello?", model="openai:two")
    assert asked(provider)["model"] == "two"
    refused = await ada.post(body("Hello?", model="openai:three"))
    assert (refused.status_code, refused.json()["code"]) == (403, "model_not_allowed")
    assert refused.json()["allowed"] == ["openai:one", "openai:two"]


def test_nobody_names_a_model_where_that_is_switched_off() -> None:
    defaults = Defaults()
    tuned = Tuning(
        defaults.general, Models(default_model="a:b"), defaults.retrieval, defaults.guardrails
    )
    off = Features(model_choice=False)
    assert tuned.model(None, off) == tuned.model("a:b", off) == "a:b"
    with pytest.raises(FeatureOff):
        tuned.model("a:c", off)
    with pytest.raises(ModelNotAllowed):
        replace(tuned, models=Models(allowed_models=["a:b"])).model("a:c", Features())
    none = Models().model_copy(update={"allowed_models": []})
    for asked in (None, "a:b"):
        with pytest.raises(ModelNotAllowed):
            replace(tuned, models=none).model(asked, Features())


async def test_documents_are_searched_as_it_is_set(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    many = [passage(f"Part {number}") for number in range(12)]
    serving.library.shelves[ada.subject.org_id] = many
    await ada.ask("Well?", workflow="rag")
    assert serving.library.modes == ["hybrid"]
    await let(serving.settings, ada, Group.RETRIEVAL, k=3, mode="lexical")
    await ada.ask("Well?", workflow="rag")
    assert serving.library.modes[-1] == "lexical"
    system = asked(provider)["messages"][0]["content"]
    assert "[3] Part" in system
    assert "[4] Part" not in system


@pytest.mark.core
async def test_personal_data_stay_out_of_a_run_where_that_is_set(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    provider.script([says("Write to bob@example.org."), says("Write to bob@example.org.")])
    open_ = await ada.ask("Who is ann@example.org?", "t1")
    assert text_of(open_) == "Write to bob@example.org."
    await let(serving.settings, ada, Group.GUARDRAILS, redact_pii=True)
    stream = await ada.ask("Who is ann@example.org?", "t2")
    assert "example.org" not in text_of(stream)
    assert "example.org" not in json.dumps(await ada.messages("t2"))
    assert "ann@example.org" not in json.dumps(asked(provider)["messages"][-1])

"""Documents are cut as the settings of whoever adds them say."""

from dataclasses import replace
from typing import Any

import pytest

from folkmoot.identity.permissions import OWNER
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.indexing.sizing import by_settings
from folkmoot.knowledge.ingesting.ingest import KIND, IngestExecutor
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings
from knowing import Room, Visitor

pytestmark = pytest.mark.anyio

TEXT = b"A heron stands in the water and waits for a fish. " * 60


async def let(settings: Settings, subject: Subject, scope: Scope, **values: Any) -> None:
    data = WRITES[Group.RETRIEVAL].model_validate({"values": values})
    owner = replace(subject, permissions=OWNER)
    await settings.replace(owner, Group.RETRIEVAL, (scope, None), data, lambda _current: None)


async def test_a_document_is_cut_as_the_settings_say_when_it_is_read(
    place: Room, ada: Visitor
) -> None:
    settings = Settings(place.database)
    executor = place.supervisor.kinds[KIND].executor
    assert isinstance(executor, IngestExecutor)
    place.supervisor.register(KIND, replace(executor, sizes=by_settings(settings)))
    collection = await ada.collection()
    before = await ada.read(collection, "a.txt", TEXT)
    await let(settings, ada.subject, Scope.ORGANIZATION, chunk_size=300)
    assert (await ada.http.post(f"/documents/{before['id']}/retry")).status_code == 202
    after = await ada.settled(before["id"])
    assert (before["chunks"], after["chunks"]) == (3, after["chunks"])
    assert after["chunks"] > 9


async def test_of_sizes_from_two_layers_no_more_than_half_is_shared(
    place: Room, ada: Visitor
) -> None:
    settings = Settings(place.database)
    sizes = by_settings(settings)
    assert await sizes(ada.subject) == Sizes()
    await let(settings, ada.subject, Scope.ORGANIZATION, chunk_overlap=400)
    assert await sizes(ada.subject) == Sizes(1_200, 400)
    await let(settings, ada.subject, Scope.USER, chunk_size=200)
    assert await sizes(ada.subject) == Sizes(200, 100)
    await let(settings, ada.subject, Scope.USER, chunk_size=200, chunk_overlap=0)
    assert await sizes(ada.subject) == Sizes(200, 0)

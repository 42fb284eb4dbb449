"""Pictures and files that come with messages: kept, shown to models, and gone with them."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any, cast

import httpx
import psycopg
import pytest

from drawing import jpeg, png
from folkmoot.blobs.errors import BlobNotFound
from folkmoot.blobs.store import BlobStore
from folkmoot.conversations.attaching import carrying
from folkmoot.conversations.attaching.keeping import key
from folkmoot.conversations.attaching.sweeping import OwnAttachments, Sweep
from folkmoot.conversations.routes.attachments import INERT
from folkmoot.identity.permissions import OWNER
from folkmoot.kit.ids import AttachmentId, new_id
from folkmoot.kit.personal import Person
from folkmoot.kit.scope import Scope
from folkmoot.llm.config import Told
from folkmoot.llm.gateway import Gateway
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from pdfs import Text, pdf
from talking import Platform, Talker, body, frames, text_of

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
SECRET = "sk-" + "aB3dE5fG7hJ9" * 3
PICTURE = png(64, 48)
KEPT = {
    "name": "lamp.png",
    "media_type": "image/png",
    "size": len(PICTURE),
    "width": 64,
    "height": 48,
}


def showing(text: str, *parts: Json, thread: str = "t1", **props: object) -> Json:
    """Return an input whose question comes with something."""
    asked = body(text, thread, **props)
    asked["messages"][0]["content"] = [{"type": "text", "text": text}, *parts]
    return asked


def binary(data: bytes, name: str = "lamp.png") -> Json:
    return {
        "type": "binary",
        "mimeType": "image/png",
        "data": b64encode(data).decode(),
        "filename": name,
    }


async def uploaded(talker: Talker, data: bytes, name: str = "lamp.png") -> Json:
    async with talker.http() as client:
        answer = await client.post("/api/v1/attachments", params={"name": name}, content=data)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    made: Json = answer.json()
    return made


def shown(provider: FakeProvider, place: int = -1) -> list[Any]:
    """Return the contents of the messages of users as the model was sent them."""
    sent = json.loads(provider.chats[place].body)["messages"]
    return [each["content"] for each in sent if each["role"] == "user"]


def pictures(provider: FakeProvider) -> int:
    return provider.chats[-1].body.decode().count("data:image/png;base64,")


@pytest.mark.core
async def test_a_picture_is_shown_to_the_model_and_kept_as_a_reference(
    ada: Talker, provider: FakeProvider
) -> None:
    source = {"type": "data", "value": b64encode(PICTURE).decode(), "mimeType": "image/png"}
    part = {"type": "image", "source": source, "metadata": {"filename": "lamp.png"}}
    provider.script([says("A lamp."), says("Yes.")])
    stream = await ada.send(showing("What is this?", part))
    assert text_of(stream) == "A lamp."
    url = f"data:image/png;base64,{b64encode(PICTURE).decode()}"
    assert shown(provider) == [
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": url}},
        ]
    ]
    question = (await ada.messages("t1"))[0]
    (kept,) = question["attachments"]
    attachment_id = kept.pop("id")
    assert question["content"] == "What is this?"
    assert kept == KEPT
    async with ada.http() as client:
        read = await client.get(f"/api/v1/attachments/{attachment_id}")
        again = await client.get(
            f"/api/v1/attachments/{attachment_id}", headers={"If-None-Match": read.headers["etag"]}
        )
        log = await client.get(f"/api/v1/runs/{stream[0].event['runId']}/events")
        run = await client.get(f"/api/v1/runs/{stream[0].event['runId']}")
        told = await client.get("/api/v1/conversations/t1/export")
    assert (again.status_code, again.content) == (304, b"")
    assert read.content == PICTURE
    assert read.headers["content-type"] == "image/png"
    assert INERT.items() <= {name.title(): text for name, text in read.headers.items()}.items()
    for each in (log, run):
        assert url[30:90] not in each.text
    (carried,) = told.json()["messages"][0]["attachments"]
    assert carried == KEPT | {"id": attachment_id, "data": b64encode(PICTURE).decode()}
    await ada.ask("Is it on?", "t1")
    assert pictures(provider) == 1


async def test_a_document_is_shown_as_text_and_taints_like_any_document(
    ada: Talker, provider: FakeProvider
) -> None:
    kept = await uploaded(ada, b"Lamps cost 12 euros.\n", 'a"b<c>.txt')
    assert (kept["name"], kept["media_type"], kept["width"]) == ("abc.txt", "text/plain", None)
    provider.script([says("Twelve.")])
    await ada.send(showing("How much?", {"type": "binary", "mimeType": "x", "id": kept["id"]}))
    (content,) = shown(provider)
    assert [part["text"].strip() for part in content] == [
        "How much?",
        '<document name="abc.txt">\nLamps cost 12 euros.\n</document>',
    ]
    with psycopg.connect(ada.platform.supervisor.listen_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, false)", [str(ada.subject.org_id)])
        connection.execute("SELECT set_config('app.user', %s, false)", [str(ada.subject.user_id)])
        rows = connection.execute("SELECT role, untrusted FROM messages ORDER BY seq").fetchall()
    assert rows == [("user", True), ("assistant", True)]


@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        (binary(b"MZ\0\0program"), 422, "attachment_unusable"),
        (binary(PICTURE) | {"data": "not base64!"}, 422, "attachment_unusable"),
        (binary(b""), 422, "attachment_unusable"),
        (binary(png(8_001, 1)), 422, "attachment_unusable"),
        (binary(jpeg(8_000, 8_000)), 422, "attachment_unusable"),
        ({"type": "binary", "mimeType": "image/png", "id": "x"}, 404, "attachment_not_found"),
        (
            {"type": "binary", "mimeType": "image/png", "id": str(new_id())},
            404,
            "attachment_not_found",
        ),
    ],
)
async def test_what_can_not_be_shown_is_refused_and_nothing_is_asked(
    ada: Talker, provider: FakeProvider, part: Json, status: int, code: str
) -> None:
    answer = await ada.post(showing("What is this?", part))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] == "/body/messages/0/content/1"
    assert not provider.chats
    many = await ada.post(showing("What are these?", *[binary(PICTURE)] * 9))
    assert (many.status_code, many.json()["code"]) == (422, "attachment_unusable")


async def test_a_model_that_is_shown_no_pictures_is_named(
    ada: Talker, provider: FakeProvider
) -> None:
    answer = await ada.post(showing("What?", binary(PICTURE), model="openai:gpt-3.5-turbo"))
    assert (answer.status_code, answer.json()["code"]) == (422, "pictures_not_taken")
    assert answer.json()["model"] == "openai:gpt-3.5-turbo"
    assert not provider.chats


def file_parts(provider: FakeProvider) -> list[str]:
    """Return the names of the files that the model was given last."""
    return [
        part["file"]["filename"]
        for content in shown(provider)
        for part in content
        if isinstance(part, dict) and part["type"] == "file"
    ]


async def test_a_pdf_goes_to_models_that_read_files_and_is_text_for_all_others(
    ada: Talker, provider: FakeProvider, serving: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = pdf([[Text(60, 700, "Lamps cost 12 euros.")]])
    secret = pdf([[Text(60, 700, f"The key is {SECRET} here.")]])
    scan = pdf([[]])
    provider.script([says("Twelve.")] * 4)
    await ada.send(showing("How much?", binary(plain, "a.pdf"), binary(secret, "b.pdf")))
    assert not file_parts(provider)
    assert "Lamps cost 12 euros." in json.dumps(shown(provider))
    answer = await ada.post(showing("And here?", binary(scan, "c.pdf")))
    assert (answer.status_code, answer.json()["code"]) == (422, "files_not_taken")
    assert answer.json()["model"] == "openai:fake-chat"

    own = cast(Gateway, serving.executor.models).models.own
    told = replace(own.config, abilities=[Told("openai:reads*", {"files": True})])
    monkeypatch.setattr(own, "config", told)
    reading = {"model": "openai:reads-files"}
    await ada.send(showing("And here?", binary(scan, "c.pdf"), **reading))
    assert file_parts(provider) == ["a.pdf", "c.pdf"]
    sent = provider.chats[-1].body.decode()
    assert SECRET not in sent
    assert f"data:application/pdf;base64,{b64encode(plain).decode()}" in sent
    data = WRITES[Group.GUARDRAILS].model_validate({"values": {"redact_pii": True}})
    owner, at = replace(ada.subject, permissions=OWNER), (Scope.ORGANIZATION, None)
    await serving.settings.replace(owner, Group.GUARDRAILS, at, data, lambda _current: None)
    await ada.ask("And now?", "t1", **reading)
    assert not file_parts(provider)
    assert "A scan, of which nothing can be read" in json.dumps(shown(provider))


async def test_what_somebody_has_sent_is_theirs_alone(ada: Talker, eve: Talker) -> None:
    kept = await uploaded(ada, PICTURE)
    async with eve.http() as client:
        read = await client.get(f"/api/v1/attachments/{kept['id']}")
        missing = await client.get(f"/api/v1/attachments/{new_id()}")
    assert read.status_code == missing.status_code == 404
    assert read.json()["detail"] == missing.json()["detail"]
    asked = await eve.post(showing("What?", {"type": "binary", "mimeType": "x", "id": kept["id"]}))
    assert asked.json()["code"] == "attachment_not_found"


async def test_old_pictures_give_way_and_what_is_gone_says_so(
    ada: Talker, provider: FakeProvider, serving: Platform
) -> None:
    provider.script([says("Eight."), says("One."), says("None.")])
    await ada.send(showing("", *[binary(PICTURE, f"{n}.png") for n in range(8)]))
    assert pictures(provider) == 8
    await ada.send(showing("And this?", binary(PICTURE, "new.png")))
    assert pictures(provider) == 9
    await ada.ask("How many?", "t1")
    assert pictures(provider) == 8
    assert "0.png came with this message" in json.dumps(shown(provider))


async def test_it_goes_with_its_conversation_and_what_nobody_has_sent_after_a_day(
    ada: Talker, provider: FakeProvider, serving: Platform, owner_address: str
) -> None:
    loose, fresh = await uploaded(ada, PICTURE), await uploaded(ada, PICTURE)
    await ada.send(showing("What is this?", binary(PICTURE)))
    (kept,) = (await ada.messages("t1"))[0]["attachments"]
    async with ada.http() as client:
        fork = (await ada.messages("t1"))[1]["id"]
        forked = await client.post("/api/v1/conversations/t1/forks", json={"message_id": fork})
        blobs = serving.attachments.blobs
        sweep = Sweep(serving.database, blobs)
        with psycopg.connect(owner_address) as connection:
            connection.execute("ALTER TABLE attachments NO FORCE ROW LEVEL SECURITY")
            connection.execute(
                "UPDATE attachments SET created_at = now() - interval '2 days' WHERE id <> %s",
                [fresh["id"]],
            )
            connection.execute("ALTER TABLE attachments FORCE ROW LEVEL SECURITY")
        await client.delete("/api/v1/conversations/t1", params={"for_good": True})
        await sweep.run()
        assert await there(ada, blobs, loose, fresh, kept) == [False, True, True]
        await client.delete(
            f"/api/v1/conversations/{forked.json()['id']}", params={"for_good": True}
        )
        await sweep.run()
    assert await there(ada, blobs, loose, fresh, kept) == [False, True, False]
    person = Person(user_id=ada.subject.user_id, places=(ada.subject.org_id,))
    own = OwnAttachments(serving.database, blobs)
    names = [file.name async for file in own.export(person) if [part async for part in file.parts]]
    assert [name.rpartition("/")[2] for name in names] == ["attachments.jsonl", fresh["id"]]
    await own.erase(person)
    assert await there(ada, blobs, fresh) == [False]


async def there(talker: Talker, blobs: BlobStore, *kept: Json) -> list[bool]:
    """Tell which of these can be read, and make sure that no file is left of the others."""
    found: list[bool] = []
    async with talker.http() as client:
        for each in kept:
            answer = await client.get(f"/api/v1/attachments/{each['id']}")
            found.append(answer.status_code == httpx.codes.OK)
            if not found[-1]:
                with pytest.raises(BlobNotFound):
                    await anext(blobs.get(key(talker.subject.org_id, AttachmentId(each["id"]))))
    return found


async def test_a_message_that_waits_brings_its_pictures_when_its_turn_has_come(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("[[fake-hang2]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        await provider.until(lambda: provider.chats)
        late = showing("", binary(PICTURE), on_active_run="steer")
        async with client.stream("POST", "/api/chat/chat", json=late) as waiting:
            listed = (await client.get("/api/v1/conversations/t1/waiting")).json()["items"]
            assert [each["name"] for each in listed[0]["attachments"]] == ["lamp.png"]
            provider.script([says("A lamp.")])
            await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
            await stream.aread()
            assert text_of(frames(await waiting.aread())) == "A lamp."
    assert pictures(provider) == 1
    kept = await ada.messages("t1")
    assert [len(each["attachments"]) for each in kept] == [0, 0, 1, 0]


async def test_a_link_shows_what_came_with_its_messages_and_nothing_else(
    ada: Talker, serving: Platform
) -> None:
    loose = await uploaded(ada, PICTURE)
    await ada.send(showing("", binary(PICTURE), binary(b"Lamps.", "lamps.txt")))
    async with ada.http() as client:
        made = (await client.post("/api/v1/conversations/t1/shares", json={})).json()
        await ada.send(showing("Later?", binary(PICTURE, "later.png")))
        later = (await ada.messages("t1"))[2]["attachments"][0]
        async with httpx.AsyncClient(base_url=serving.url) as anybody:
            path = f"/api/v1/shared/{made['token']}"
            asked, _ = (await anybody.get(path)).json()["messages"]
            lamp, text = asked["attachments"]
            assert (asked["content"], lamp["name"], text["name"]) == ("", "lamp.png", "lamps.txt")
            read = await anybody.get(f"{path}/attachments/{lamp['id']}")
            saved = await anybody.get(f"{path}/attachments/{text['id']}")
            assert (read.content, read.headers["content-type"]) == (PICTURE, "image/png")
            assert (saved.content, saved.headers["content-disposition"]) == (
                b"Lamps.",
                "attachment",
            )
            assert INERT["Content-Security-Policy"] == read.headers["content-security-policy"]
            others = [later["id"], loose["id"], str(new_id()), "x"]
            refused = [await anybody.get(f"{path}/attachments/{each}") for each in others]
            assert {each.json()["code"] for each in refused} == {"attachment_not_found"}
            await client.delete(f"/api/v1/conversations/t1/shares/{made['id']}")
            gone = await anybody.get(
                f"{path}/attachments/{lamp['id']}", headers={"If-None-Match": read.headers["etag"]}
            )
            assert (gone.status_code, gone.json()["code"]) == (404, "share_not_found")


async def test_what_came_with_messages_is_taken_along_as_far_as_there_is_room(
    ada: Talker, eve: Talker, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.send(showing("What?", binary(PICTURE), binary(b"Lamps.", "lamps.txt")))
    async with ada.http() as client:
        whole = (await client.get("/api/v1/conversations/t1/export")).json()
        monkeypatch.setattr(carrying, "MOST_BYTES", len(PICTURE) + 1)
        some = (await client.get("/api/v1/conversations/t1/export")).json()
        markdown = await client.get("/api/v1/conversations/t1/export?format=markdown")
    assert "\nAttached: lamp\\.png, lamps\\.txt\n" in markdown.text
    assert ["data" in each for each in some["messages"][0]["attachments"]] == [True, False]
    thread = ""
    for talker, written, there in (
        (eve, whole, [True, True]),  # all of it is in the file
        (ada, some, [True, True]),  # and what is not is still hers
        (eve, some, [True, False]),
    ):
        async with talker.http() as client:
            made = await client.post("/api/v1/conversations", json=written)
            assert made.status_code == httpx.codes.CREATED, made.text
            thread = made.json()["id"]
            attached = (await talker.messages(thread))[0]["attachments"]
            assert [each["name"] for each in attached] == ["lamp.png", "lamps.txt"]
            read = [await client.get(f"/api/v1/attachments/{each['id']}") for each in attached]
            assert [each.status_code == httpx.codes.OK for each in read] == there
    await eve.ask("And now?", thread)
    assert pictures(provider) == 1
    assert "What came with this message is gone" in json.dumps(shown(provider))


async def test_what_a_file_brings_along_is_looked_at_like_all_that_is_sent(ada: Talker) -> None:
    def file(*data: bytes) -> Json:
        attached = [
            {"name": "x", "media_type": "x", "size": 1, "data": b64encode(each).decode()}
            for each in data
        ]
        said = {"role": "user", "content": "", "created_at": "2026-11-21T09:30:00Z"}
        parts = [attached[place : place + 8] for place in range(0, len(attached), 8)]
        messages = [said | {"id": str(n), "attachments": part} for n, part in enumerate(parts)]
        return {
            "format": "folkmoot.conversation",
            "version": 1,
            "title": "x",
            "messages": messages,
        }

    async with ada.http() as client:
        bad = await client.post("/api/v1/conversations", json=file(PICTURE, b"MZ\0\0program"))
        many = await client.post("/api/v1/conversations", json=file(*[PICTURE] * 21))
        listed = (await client.get("/api/v1/conversations")).json()["items"]
    assert (bad.status_code, bad.json()["code"]) == (422, "attachment_unusable")
    assert bad.json()["errors"][0]["pointer"] == "/body/messages/0/attachments/1/data"
    assert (many.status_code, many.json()["code"]) == (409, "import_inconsistent")
    assert listed == []

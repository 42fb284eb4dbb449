"""Pages of PDFs as pictures, and where on them a passage stands."""

import io
from pathlib import Path
from textwrap import wrap

import numpy as np
import pytest
from PIL import Image

from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.service import KnowledgeOptions
from knowing import Body, Visitor, room
from pdfs import PICTURE, column, pdf
from permitting import colleague

pytestmark = pytest.mark.anyio

HERONS = "Herons wait at the banks of slow rivers until a fish comes near enough to be caught."
STORKS = "Storks nest on the roofs of villages and fly to the south before the winter comes."
TWO_COLUMNS = pdf(
    [
        column(72, 770, wrap(STORKS, 80)),
        column(60, 770, wrap(STORKS, 36)) + column(330, 770, wrap(HERONS, 36)),
    ],
    drawings=[PICTURE],
)


async def sent(visitor: Visitor, data: bytes = TWO_COLUMNS) -> tuple[str, str]:
    """Send a PDF; return its address and its text."""
    document = await visitor.read(await visitor.collection(), "birds.pdf", data)
    assert document["status"] == "ready", document
    path = f"/documents/{document['id']}"
    return path, (await visitor.http.get(f"{path}/text")).json()["text"]


async def places(visitor: Visitor, path: str, page: int, **span: int | list[int]) -> Body:
    answer = await visitor.http.get(f"{path}/pages/{page}/places", params=span)
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


async def test_a_page_is_shown_with_the_places_of_a_passage(ada: Visitor) -> None:
    path, text = await sent(ada)
    shown = await ada.http.get(f"{path}/pages/2/image", params={"width": 800})
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    picture = Image.open(io.BytesIO(shown.content))
    assert picture.width == 800
    assert abs(picture.height - 1132) <= 1
    start = text.rindex("Herons")
    found = await places(ada, path, 2, start=start, end=start + len(HERONS))
    assert (found["width"], found["height"]) == (595, 842)
    assert len(found["boxes"]) == len(wrap(HERONS, 36))
    ink = np.asarray(picture.convert("L")) < 128
    marked = np.zeros_like(ink)
    for box in found["boxes"]:
        rows = slice(int(box["top"] * ink.shape[0]), round(box["bottom"] * ink.shape[0]) + 1)
        marked[rows, int(box["left"] * 800) : round(box["right"] * 800) + 1] = True
    right = np.arange(800) > 400
    assert ink[:, right].sum() > 500
    assert not ink[:, right][~marked[:, right]].any()
    assert not marked[:, ~right].any()
    assert (await places(ada, path, 2))["boxes"] == []


async def test_several_passages_have_their_places_in_their_order(ada: Visitor) -> None:
    path, text = await sent(ada)
    first, second = text.rindex("Herons"), text.rindex("Storks nest")
    whole = await places(ada, path, 2, start=first, end=first + 6)
    other = await places(ada, path, 2, start=second, end=second + 6)
    spans = {"start": [first, second, first, 0], "end": [first + 6, second + 6, first + 6, 6]}
    both = await places(ada, path, 2, **spans)
    assert both["boxes"] == whole["boxes"] + other["boxes"]
    assert len((await places(ada, path, 1, **spans))["boxes"]) == 1
    across = await places(ada, path, 1, start=[text.index("comes.")], end=[second + 6])
    assert len(across["boxes"]) == 1
    for wrong, code in [
        ({"start": [1, 2], "end": [3]}, "offsets_unpaired"),
        ({"start": [0] * 101, "end": [1] * 101}, "invalid"),
        ({"start": [-1], "end": [1]}, "invalid"),
    ]:
        answer = await ada.http.get(f"{path}/pages/1/places", params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_picture_is_not_sent_twice(ada: Visitor) -> None:
    path, _ = await sent(ada)
    first = await ada.http.get(f"{path}/pages/1/image")
    again = {"If-None-Match": first.headers["etag"]}
    second = await ada.http.get(f"{path}/pages/1/image", headers=again)
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["cache-control"] == "private, no-cache"
    for address in (f"{path}/pages/2/image", f"{path}/pages/1/image?width=60"):
        assert (await ada.http.get(address, headers=again)).status_code == 200


async def test_pages_are_there_for_those_who_may_read_the_document(
    ada: Visitor, eve: Visitor
) -> None:
    path, _ = await sent(ada)

    async def seen(visitor: Visitor, address: str) -> list[tuple[int, str]]:
        answers = [await visitor.http.get(f"{address}/{each}") for each in ("image", "places")]
        return [
            (each.status_code, "" if each.is_success else each.json()["code"]) for each in answers
        ]

    hidden = [(404, "document_not_found")] * 2
    assert await seen(ada, f"{path}/pages/3") == [(404, "page_not_found")] * 2
    note = await ada.tell(await ada.collection(), "H", HERONS)
    assert await seen(ada, f"/documents/{note}/pages/1") == [(409, "document_without_pages")] * 2
    assert await seen(eve, f"{path}/pages/1") == hidden
    assert await seen(ada, f"/documents/{new_id()}/pages/1") == hidden
    bob = await colleague(ada, "Bob")
    assert await seen(bob, f"{path}/pages/1") == [(200, "")] * 2
    readers = {"readers": [{"user_id": str(ada.subject.user_id)}]}
    assert (await ada.http.put(f"{path}/permissions", json=readers)).status_code == 200
    assert await seen(bob, f"{path}/pages/1") == hidden
    await ada.http.delete(path)
    assert await seen(ada, f"{path}/pages/1") == hidden


async def test_a_page_that_costs_too_much_is_not_shown_and_a_huge_one_is_small(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    slow = b"0 0 595 842 re f\n" * 100_000
    bomb = pdf([column(72, 770, wrap(STORKS, 80))], drawings=[slow])
    options = KnowledgeOptions(Limits(shown_seconds=0.5, shown_pixels=200_000))
    async with room(app_address, writer_address, tmp_path / "blobs", options=options) as place:
        ada = place.visitor(subject)
        path, _ = await sent(ada)
        shown = await ada.http.get(f"{path}/pages/2/image", params={"width": 2_000})
        picture = Image.open(io.BytesIO(shown.content))
        assert 190_000 < picture.width * picture.height < 210_000
        path, _ = await sent(ada, bomb)
        shown = await ada.http.get(f"{path}/pages/1/image")
        assert (shown.status_code, shown.json()["code"]) == (422, "page_not_shown")
        assert "too long" in shown.json()["detail"]
        assert (await places(ada, path, 1, start=0, end=20))["boxes"]


async def test_a_page_that_was_read_as_a_picture_has_places_as_well(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    options = KnowledgeOptions(recognizer="folkmoot.testing.recognizer:load")
    async with room(app_address, writer_address, tmp_path / "blobs", options=options) as place:
        ada = place.visitor(subject)
        path, text = await sent(ada, pdf([[]], drawings=[PICTURE]))
        assert (await ada.http.get(f"{path}/pages/1/image")).status_code == 200
        start = text.index("beginning with")
        (box,) = (await places(ada, path, 1, start=start, end=start + 14))["boxes"]
        assert box["left"] == pytest.approx(100 / 1653, abs=0.001)
        assert box["top"] == pytest.approx(135 / 2339, abs=0.001)
        assert box["bottom"] == pytest.approx(165 / 2339, abs=0.001)
        assert box["left"] < box["right"] < 400 / 1653
        assert len((await places(ada, path, 1, start=0, end=len(text)))["boxes"]) == 2


async def test_a_page_whose_file_is_gone_is_not_found_as_the_api_says(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    async with room(app_address, writer_address, tmp_path / "blobs") as place:
        ada = place.visitor(subject)
        path, _ = await sent(ada)
        for each in (tmp_path / "blobs").rglob("*"):
            if each.is_file():
                each.unlink()
        paths = place.app.openapi()["paths"]
        for address in ("pages/1/image", "pages/1/places", "file"):
            answer = await ada.http.get(f"{path}/{address}")
            assert (answer.status_code, answer.json()["code"]) == (404, "blob_not_found")
            route = address.replace("/1/", "/{page}/")
            known = paths[f"/api/v1/documents/{{document_id}}/{route}"]["get"]["responses"]["404"]
            assert "blob_not_found" in str(known)

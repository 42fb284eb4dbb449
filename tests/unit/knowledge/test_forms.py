"""Forms read from streams, however they are cut into pieces."""

from collections.abc import AsyncIterator

import pytest

from folkmoot.knowledge.errors import BrokenForm
from folkmoot.knowledge.forms import MOST_FILES, Form

pytestmark = pytest.mark.anyio

TYPE = "multipart/form-data; boundary=frontier"


def field(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def file(filename: str, data: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    return f"{head}Content-Type: text/plain\r\n\r\n".encode() + data


def form(*parts: bytes) -> bytes:
    return b"".join(b"--frontier\r\n" + part + b"\r\n" for part in parts) + b"--frontier--\r\n"


async def stream(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(body: bytes, size: int = 1_000) -> list[tuple[str, dict[str, str], bytes]]:
    return [
        (part.filename, part.fields, b"".join([piece async for piece in part.data]))
        async for part in Form(TYPE, stream(body, size)).files()
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
async def test_pieces_of_any_size_make_the_same_form(size: int) -> None:
    body = form(
        file("a.txt", b"one\r\n--frontie\r\ntwo"),
        field("title", "Zażółć".encode()),
        file("zażółć.txt", bytes(range(256)) * 3),
    )
    assert await read(body, size) == [
        ("a.txt", {}, b"one\r\n--frontie\r\ntwo"),
        ("zażółć.txt", {"title": "Zażółć"}, bytes(range(256)) * 3),
    ]


async def test_a_file_that_is_not_read_to_its_end_does_not_disturb_the_next() -> None:
    body = form(file("a", b"x" * 5_000), file("b", b"y"))
    seen: list[tuple[str, bytes]] = []
    async for part in Form(TYPE, stream(body, 100)).files():
        async for piece in part.data:
            seen.append((part.filename, piece[:1]))
            break
    assert seen == [("a", b"x"), ("b", b"y")]


async def test_a_file_input_left_empty_is_no_file() -> None:
    assert await read(form(file("", b""), field("title", b"x"))) == []


async def test_what_follows_the_form_is_not_waited_for() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield form(file("a", b"x"))
        pytest.fail("The form has ended.")

    names = [part.filename async for part in Form(TYPE, endless()).files()]
    assert names == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--frontier\r\n",
        form(file("a", b"x"))[:-6],
        b"nothing of the kind",
        form(field("title", b"\xff\xfe")),
        form(field("title", b"x" * 70_000)),
        form(*(field(f"f{n}", b"x") for n in range(102))),
        form(*(file("a", b"x") for _ in range(MOST_FILES + 1))),
    ],
)
async def test_a_broken_form_is_told(body: bytes) -> None:
    with pytest.raises(BrokenForm):
        await read(body)


async def test_a_form_without_a_boundary_is_broken() -> None:
    with pytest.raises(BrokenForm, match="boundary"):
        Form("multipart/form-data", stream(b"", 1))

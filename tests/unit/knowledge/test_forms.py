"""Forms read from streams, however they are cut into pieces."""

from collections.abc import AsyncIterator

import pytest

from folkmoot.knowledge.errors import BrokenForm
from folkmoot.knowledge.ingesting.forms import MOST_FILES, MOST_PARTS, Form
from formed import CONTENT_TYPE, LINE, field, file, form

pytestmark = pytest.mark.anyio


async def stream(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(body: bytes, size: int = 1_000) -> list[tuple[str, dict[str, str], bytes]]:
    return await read_all(stream(body, size))


async def read_all(body: AsyncIterator[bytes]) -> list[tuple[str, dict[str, str], bytes]]:
    parts = [
        (part, b"".join([piece async for piece in part.data]))
        async for part in Form(CONTENT_TYPE, body).files()
    ]
    return [(part.filename, part.fields, data) for part, data in parts]


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


async def test_a_field_counts_for_the_files_behind_it_or_else_for_the_last() -> None:
    title, mine, other = field("title", b"T"), field("id", b"1"), field("id", b"2")
    a, b = file("a", b"x"), file("b", b"y")
    fields = {
        (title, mine, a): [{"title": "T", "id": "1"}],
        (a, title, mine): [{"title": "T", "id": "1"}],
        (title, a, mine): [{"title": "T", "id": "1"}],
        (title, a, b): [{"title": "T"}, {"title": "T"}],
        (a, b, title): [{}, {"title": "T"}],
        (mine, a, other, b, title): [{"id": "1"}, {"id": "2", "title": "T"}],
        (mine, a, mine): [{"id": "1"}],
    }
    for parts, expected in fields.items():
        assert [each[1] for each in await read(form(*parts))] == expected, parts


async def test_a_field_that_says_one_thing_before_a_file_and_another_behind_it_is_refused() -> None:
    body = form(field("id", b"1"), file("a", b"x"), field("id", b"2"))
    with pytest.raises(BrokenForm, match="'id'"):
        await read(body)


@pytest.mark.parametrize(
    "endless",
    [
        b"\r\n" * 1_000,
        LINE + field("title", b"x") + b"\r\n",
        LINE + file("", b"x") + b"\r\n",
        LINE + file("", b"x" * 1_000),
        LINE + file("a", b"x") + b"\r\n",
        LINE + b"X: y\r\n" * 100,
    ],
    ids=["nothing", "one field", "empty files", "an unchosen file", "files", "headers"],
)
async def test_a_form_that_never_ends_is_ended(endless: bytes) -> None:
    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield endless

    with pytest.raises(BrokenForm):
        await read_all(forever())


async def test_a_file_that_is_not_read_to_its_end_does_not_disturb_the_next() -> None:
    body = form(file("a", b"x" * 5_000), file("b", b"y"))
    seen: list[tuple[str, bytes]] = []
    async for part in Form(CONTENT_TYPE, stream(body, 100)).files():
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

    names = [part.filename async for part in Form(CONTENT_TYPE, endless()).files()]
    assert names == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        LINE,
        form(file("a", b"x"))[:-6],
        b"nothing of the kind",
        form(field("title", b"\xff\xfe")),
        form(field("title", b"x" * 70_000)),
        form(*(field(f"f{n}", b"x") for n in range(MOST_PARTS + 1))),
        form(*(file("a", b"x") for _ in range(MOST_FILES + 1))),
    ],
)
async def test_a_broken_form_is_told(body: bytes) -> None:
    with pytest.raises(BrokenForm):
        await read(body)


async def test_a_form_without_a_boundary_is_broken() -> None:
    with pytest.raises(BrokenForm, match="boundary"):
        Form("multipart/form-data", stream(b"", 1))

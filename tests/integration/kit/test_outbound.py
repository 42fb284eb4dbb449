"""Asking other machines: hostile names, redirects, and answers that do not end."""

import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import pytest

from answering import Asked, answering, moved, page
from folkmoot.kit.outbound.client import Limits, Outbound, Request
from folkmoot.kit.outbound.errors import AnswerUnusable, OutboundError, Unreachable
from folkmoot.kit.outbound.rules import Rules

pytestmark = pytest.mark.anyio

SMALL = Limits(size=1000)
SHORT = Limits(idle=0.2, total=5)


@asynccontextmanager
async def reaching(*private: str, **names: Sequence[str]) -> AsyncIterator[Outbound]:
    """Yield the way out of a deployment that trusts some places; names are made up."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        del port
        if host not in names:
            raise OSError("no such name")
        return names[host]

    outbound = Outbound(Rules.of(private), look_up)
    try:
        yield outbound
    finally:
        await outbound.aclose()


async def refusal(outbound: Outbound, request: Request) -> str:
    with pytest.raises(OutboundError) as refused:
        await outbound.send(request)
    return str(refused.value.members.get("reason", refused.value.code))


async def test_an_answer_comes_back_whole_and_nothing_of_ours_goes_out() -> None:
    answer = page(b"hello", "Content-Type: text/plain", "Set-Cookie: a=b")
    async with answering(answer) as server, reaching(server.host) as outbound:
        await outbound.send(Request(url=server.url))
        answered = await outbound.send(Request(url=server.url))
    assert (answered.status, answered.body) == (200, b"hello")
    assert answered.headers["content-type"] == "text/plain"
    assert len(server.heads) == 2
    assert not any("cookie" in head.lower() for head in server.heads)


async def test_a_private_address_is_not_asked() -> None:
    async with answering(page(b"secret")) as server, reaching() as outbound:
        port = server.port
        for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1", "0"):
            assert await refusal(outbound, Request(url=f"http://{host}:{port}/")) == UNREACHABLE
    assert not server.heads


UNREACHABLE = Unreachable.code


async def test_open_closed_forbidden_and_unknown_ports_look_alike() -> None:
    async with answering(page(b"secret")) as server, reaching() as outbound:
        urls = [server.url, "http://127.0.0.1:1/", "http://nowhere.example/", "http://10.0.0.1/"]
        said: set[tuple[str, str]] = set()
        for url in urls:
            with pytest.raises(Unreachable) as refused:
                await outbound.send(Request(url=url))
            said.add((refused.value.detail, str(refused.value.members)))
    assert len(said) == 1
    assert not server.heads


async def test_a_name_that_stands_for_a_private_address_is_not_asked() -> None:
    names = {"inwards.example": ["127.0.0.1"], "both.example": ["93.184.216.34", "127.0.0.1"]}
    wrapped = {"wrapped.example": ["::ffff:127.0.0.1"], "zone.example": ["fe80::1%eth0"]}
    async with answering(page(b"secret")) as server, reaching(**names, **wrapped) as outbound:
        for host in (*names, *wrapped):
            url = f"http://{host}:{server.port}/"
            assert await refusal(outbound, Request(url=url)) == UNREACHABLE
            with pytest.raises(Unreachable):
                await outbound.find(url)
    assert not server.heads


async def test_a_name_that_changes_is_looked_up_once_for_each_connection() -> None:
    asked = count()

    async def rebinding(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["127.0.0.1"] if next(asked) else ["127.0.0.2"]

    async with answering(page(b"secret")) as server:
        outbound = Outbound(Rules.of([f"127.0.0.2:{server.port}"]), rebinding)
        try:
            for _ in range(2):  # the first connects to the address it has checked, and only there
                url = f"http://rebinding.example:{server.port}/"
                assert await refusal(outbound, Request(url=url)) == UNREACHABLE
        finally:
            await outbound.aclose()
    assert not server.heads
    assert next(asked) == 2


async def test_clients_of_their_own_are_told_checked_addresses() -> None:
    async with reaching("127.0.0.1", public=["93.184.216.34"]) as outbound:
        found = await outbound.find("https://public/mcp")
        assert (found.host, found.port, found.addresses) == ("public", 443, ("93.184.216.34",))
        assert (await outbound.find("http://127.0.0.1:99/")).addresses == ("127.0.0.1",)
        with pytest.raises(Unreachable):
            await outbound.find("http://127.0.0.2:99/")
        with pytest.raises(Unreachable):
            outbound.check("http://127.0.0.2:99/")


async def test_a_redirect_inwards_is_not_followed() -> None:
    async with answering(page(b"secret")) as inner:
        for target in (inner.url, f"//{inner.host}/", f"http://[::1]:{inner.port}/", "file:///a"):
            async with answering(moved(target)) as outer, reaching(outer.host) as outbound:
                assert await refusal(outbound, Request(url=outer.url)) == UNREACHABLE
                assert len(outer.heads) == 1
    assert not inner.heads


async def test_a_redirect_is_followed_without_what_was_said_to_the_first_host() -> None:
    async with (
        answering(page(b"there")) as last,
        answering(moved(last.url)) as first,
        reaching(first.host, last.host) as outbound,
    ):
        request = Request(url=first.url, headers={"Authorization": "Bearer secret"})
        answered = await outbound.send(request)
    assert (answered.body, answered.url) == (b"there", last.url)
    assert "secret" in first.heads[0]
    assert "secret" not in last.heads[0]


async def test_redirects_end_and_nothing_posted_is_sent_on() -> None:
    async with answering(moved("/again")) as server, reaching(server.host) as outbound:
        assert await refusal(outbound, Request(url=server.url)) == "it leads on and on"
        assert len(server.heads) == 1 + Limits().redirects
        posted = await outbound.send(Request(url=server.url, method="POST", body=b"x"))
    assert posted.status == 302


async def test_only_the_hosts_of_a_request_are_asked_redirects_included() -> None:
    async with (
        answering(page(b"there")) as last,
        answering(moved("http://other/")) as first,
        reaching(first.host, last.host, other=["93.184.216.34"]) as outbound,
    ):
        for url, host in ((first.url, "127.0.0.1"), (last.url, "example.org")):
            request = Request(url=url, hosts=(host,))
            assert await refusal(outbound, request) == UNREACHABLE
    assert not last.heads


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page(b"x" * 1001), "it is too large"),
        (page(gzip.compress(b"x" * 1001), "Content-Encoding: gzip"), "it is too large"),
        (page(zlib.compress(bytes(10**7)), "Content-Encoding: deflate"), "it is too large"),
        (page(b"x", "Content-Encoding: br"), "it is packed in an unknown way"),
        (page(b"x", "Content-Encoding: gzip, gzip"), "it is packed in an unknown way"),
        (page(b"xyz", "Content-Encoding: gzip"), "it is not packed as it says"),
        (page(gzip.compress(b"xyz")[:-4], "Content-Encoding: gzip"), "its end is missing"),
        (page(b"xyz")[:-1], "it was cut, or is too slow"),
        (b"no HTTP\r\n\r\n", UNREACHABLE),
        (b"", UNREACHABLE),
    ],
)
async def test_an_answer_that_is_no_good_is_refused(answer: bytes, reason: str) -> None:
    async with answering(answer) as server, reaching(server.host) as outbound:
        assert await refusal(outbound, Request(url=server.url, limits=SMALL)) == reason


async def test_a_packed_answer_is_unpacked() -> None:
    packed = page(gzip.compress(b"x" * 1000), "Content-Encoding: gzip")
    async with answering(packed) as server, reaching(server.host) as outbound:
        answered = await outbound.send(Request(url=server.url, limits=SMALL))
    assert answered.body == b"x" * 1000


async def test_an_endless_answer_is_cut() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    async with (
        answering(head, endless=b"x" * 65536) as server,
        reaching(server.host) as outbound,
    ):
        assert await refusal(outbound, Request(url=server.url)) == "it is too large"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n"])
async def test_silence_is_not_waited_for(answer: bytes) -> None:
    async with answering(answer, silent=True) as server, reaching(server.host) as outbound:
        assert await refusal(outbound, Request(url=server.url, limits=SHORT)) == UNREACHABLE


async def test_a_body_that_stops_is_not_waited_for() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
    async with answering(head, silent=True) as server, reaching(server.host) as outbound:
        request = Request(url=server.url, limits=SHORT)
        assert await refusal(outbound, request) == "it was cut, or is too slow"


async def test_everything_together_takes_no_longer_than_its_limit() -> None:
    def again(asked: Asked) -> bytes:
        return moved(f"/{len(asked.heads)}") if len(asked.heads) < 3 else b""

    limits = Limits(idle=60, total=0.5)
    async with answering(again, silent=True) as server, reaching(server.host) as outbound:
        assert await refusal(outbound, Request(url=server.url, limits=limits)) == UNREACHABLE


def test_what_is_unusable_says_why() -> None:
    assert AnswerUnusable("it is too large").members == {"reason": "it is too large"}

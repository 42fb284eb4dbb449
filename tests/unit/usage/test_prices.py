"""What calls cost: by a deployment's own prices, by the public ones, or nobody knows."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from folkmoot.llm.port import Usage
from folkmoot.usage import loading
from folkmoot.usage.prices import FOR_NOTHING, Prices, Rates, Steps

pytestmark = pytest.mark.anyio

OWN = Rates(Steps(Decimal("2.5")), Steps(Decimal(10)))


class Shelf:
    """A book that knows one model, and counts how often it is asked and loaded."""

    def __init__(self) -> None:
        self.loaded = 0
        self.asked: list[str] = []

    def load(self) -> "Shelf":
        self.loaded += 1
        return self

    def __call__(self, provider: str, model: str, _day: date) -> Rates | None:
        self.asked.append(f"{provider}:{model}")
        return OWN if model == "known" else None


def used(given: int, answered: int = 0, cached: int = 0, written: int = 0) -> Usage:
    return Usage(
        input_tokens=given, output_tokens=answered, cached_tokens=cached, written_tokens=written
    )


@pytest.mark.parametrize(
    ("rates", "usage", "cost"),
    [
        (OWN, used(1_000_000, 1_000_000), 12_500_000),
        (OWN, used(1), 3),  # 2.5 millionths of a dollar: half is rounded up
        (OWN, used(0), 0),
        (OWN, used(10, cached=10), 25),
        (Rates(OWN.input, OWN.output, Steps(Decimal("0.25"))), used(10, cached=4), 16),
        (Rates(Steps(Decimal(1), ((100, Decimal(2)),))), used(100), 100),
        (Rates(Steps(Decimal(1), ((100, Decimal(2)),))), used(101), 202),
        (Rates(OWN.input), used(4, cached=9), 10),  # more cached than there is
        (Rates(OWN.input, written=Steps(Decimal(5))), used(10, cached=4, written=6), 40),
        (Rates(OWN.input), used(10, cached=4, written=6), 25),
    ],
)
def test_costs_are_whole_millionths_of_a_dollar(rates: Rates, usage: Usage, cost: int) -> None:
    assert rates.micro_usd(usage) == cost


async def test_own_prices_come_before_the_book_and_the_longest_family_counts() -> None:
    shelf = Shelf()
    cheap, cheaper = Rates(Steps(Decimal(1))), Rates(Steps(Decimal("0.5")))
    own = {"openai:known": OWN, "openai:k*": cheap, "openai:known-*": cheaper, "ollama:*": cheap}
    prices = Prices(own, shelf.load)
    assert await prices.of("openai:known") == OWN
    assert await prices.of("openai:known-2") == cheaper
    assert await prices.of("openai:kind") == cheap
    assert await prices.of("ollama:llama") == cheap
    assert await prices.of("offline:extractive") == FOR_NOTHING
    assert FOR_NOTHING.free
    assert shelf.loaded == 0


async def test_the_book_is_loaded_once_and_asked_once_for_a_model() -> None:
    shelf = Shelf()
    prices = Prices({}, shelf.load)
    names = ["openai:known", "openai:unknown"] * 3
    found = await asyncio.gather(*(prices.of(name) for name in names))
    assert found == [OWN, None] * 3
    await prices.warm()
    assert shelf.loaded == 1
    assert sorted(set(shelf.asked)) == ["openai:known", "openai:unknown"]


async def test_public_prices_are_known_of_chat_models_and_embedders_and_of_nobody_else() -> None:
    prices = Prices({}, loading.book)
    chat = await prices.of("openai:gpt-4o")
    assert chat is not None
    assert chat.micro_usd(used(1_000_000, 1_000_000)) == 12_500_000
    assert chat.micro_usd(used(1_000_000, cached=1_000_000)) == 1_250_000
    kept = await prices.of("anthropic:claude-opus-4-5")
    assert kept is not None
    assert kept.micro_usd(used(3_000_000, cached=1_000_000, written=1_000_000)) == 11_750_000
    embedder = await prices.of("openai:text-embedding-3-small")
    assert embedder is not None
    assert embedder.micro_usd(used(1_000_000)) == 20_000
    long = await prices.of("google:gemini-2.5-pro")
    assert long is not None
    assert long.input.at(200_001) > long.input.at(200_000)
    for unknown in ("openai:no-such-model", "mine:gpt-4o"):
        assert await prices.of(unknown) is None

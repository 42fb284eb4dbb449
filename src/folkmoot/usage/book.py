"""The book of public prices, which comes with `genai-prices`. It asks no network."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

from folkmoot.usage.prices import Rates, Steps

SNAPSHOT: Final = get_snapshot()


def rates(provider: str, model: str, day: date) -> Rates | None:
    """Return what a provider's model costs on a day, or None if the book does not say."""
    try:
        _, found = SNAPSHOT.find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    prices = found.get_prices(datetime.combine(day, time(12), UTC))
    if prices.input_mtok is None and prices.output_mtok is None:
        return None
    return Rates(
        input=_steps(prices.input_mtok),
        output=_steps(prices.output_mtok),
        cached=_told(prices.cache_read_mtok),
        written=_told(prices.cache_write_mtok),
    )


def _told(price: Decimal | TieredPrices | None) -> Steps | None:
    return None if price is None else _steps(price)


def _steps(price: Decimal | TieredPrices | None) -> Steps:
    if isinstance(price, TieredPrices):
        above = sorted(((tier.start, tier.price) for tier in price.tiers), reverse=True)
        return Steps(price.base, tuple(above))
    return Steps(price or Decimal(0))

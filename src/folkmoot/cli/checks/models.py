"""Checks of the models: that there are some, and that their providers answer."""

import asyncio
from collections.abc import Sequence

from folkmoot.cli.checks.finding import Finding, failed, good, warning
from folkmoot.kit.errors import AppError
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.listing import ProviderHealth
from folkmoot.llm.names import OFFLINE
from folkmoot.llm.registry import Models


def models(config: ModelsConfig) -> list[Finding]:
    """Check the default model and every provider that is configured."""
    return asyncio.run(_models(config))


async def _models(config: ModelsConfig) -> list[Finding]:
    gateway = Models(config)
    try:
        health = await gateway.available()
        return [_default(gateway, config), *_providers(health)]
    finally:
        await gateway.aclose()


def _default(gateway: Models, config: ModelsConfig) -> Finding:
    if config.default_model is None:
        remedy = "Set FOLKMOOT_DEFAULT_MODEL, such as openai:…, and the provider's key."
        detail = f"None is configured; {gateway.default} quotes from documents."
        return warning("model", detail, remedy)
    try:
        gateway.chat()
    except AppError as error:
        remedy = "Mend FOLKMOOT_DEFAULT_MODEL (provider:name), or configure its provider."
        return failed("model", error.detail, remedy)
    return good("model", gateway.default)


def _providers(health: Sequence[ProviderHealth]) -> list[Finding]:
    return [_provider(each) for each in health if each.provider != OFFLINE]


def _provider(health: ProviderHealth) -> Finding:
    check = f"provider {health.provider}"
    if health.healthy and not health.models:
        return good(check, "It is configured; it has no list of models.")
    if health.healthy:
        return good(check, f"It answers; {len(health.models)} models.")
    remedy = "Check its key, its address and the way to it."
    return warning(check, health.error or "It does not answer.", remedy)

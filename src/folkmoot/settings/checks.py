"""What a schema cannot say of a value: whether it means something here."""

from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from folkmoot.settings.errors import SettingUnusable
from folkmoot.settings.groups import General, Models, Retrieval, Values

Fault = tuple[str, str]
TWICE: Final = (("fallback_models", "Each model is asked once at the most."),)
SHARED_TOO_MUCH: Final = (("chunk_overlap", "Two passages share half of their size at most."),)


def demand_usable(values: Values) -> None:
    """Fail with `SettingUnusable` if a value means nothing here."""
    for check in CHECKS.get(type(values), ()):
        for field, reason in check(values):
            raise SettingUnusable(field, reason)


def _time_zone(values: Values) -> Iterator[Fault]:
    if isinstance(values, General) and values.time_zone is not None:
        try:
            ZoneInfo(values.time_zone)
        except (KeyError, ValueError, OSError):  # an unknown one, or a directory of some
            yield "time_zone", "There is no such time zone."


def _in_order(values: Values) -> Iterator[Fault]:
    if isinstance(values, Models) and values.fallback_models:
        named = values.fallback_models
        yield from TWICE if len(set(named)) < len(named) else ()


def _sizes(values: Values) -> Iterator[Fault]:
    if isinstance(values, Retrieval) and values.chunk_size and values.chunk_overlap:
        yield from SHARED_TOO_MUCH if values.chunk_overlap * 2 > values.chunk_size else ()


CHECKS: Final[dict[type[Values], tuple[Callable[[Values], Iterator[Fault]], ...]]] = {
    General: (_time_zone,),
    Models: (_in_order,),
    Retrieval: (_sizes,),
}

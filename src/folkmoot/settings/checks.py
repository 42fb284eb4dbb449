"""What a schema cannot say of a value: whether it means something here."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Final
from zoneinfo import ZoneInfo

from folkmoot.settings.errors import SettingUnusable
from folkmoot.settings.groups import General, MemoryStrategy, Models, Retrieval, Values

Fault = tuple[str, str]
TWICE: Final = (("fallback_models", "Each model is asked once at the most."),)
LANGMEM: Final = "langmem"
NOT_INSTALLED: Final = (
    ("memory_strategy", "LangMem, the extra `langmem`, is not installed here."),
)
SHARED_TOO_MUCH: Final = (("chunk_overlap", "Two passages share half of their size at most."),)


def demand_usable(values: Values) -> None:
    """Fail with `SettingUnusable` if a value means nothing here."""
    for field, reason in faults(values):
        raise SettingUnusable(field, reason)


def faults(values: Values) -> Iterator[Fault]:
    """Yield the fields whose values mean nothing here, and why."""
    for check in CHECKS.get(type(values), ()):
        yield from check(values)


def has_langmem() -> bool:
    """Tell whether the extra `langmem` is installed; nothing of it is loaded."""
    return find_spec(LANGMEM) is not None


def _time_zone(values: Values) -> Iterator[Fault]:
    if isinstance(values, General) and values.time_zone is not None:
        try:
            ZoneInfo(values.time_zone)
        except (KeyError, ValueError, OSError):  # an unknown one, or a directory of some
            yield "time_zone", "There is no such time zone."


def _installed(values: Values) -> Iterator[Fault]:
    if isinstance(values, General) and values.memory_strategy is MemoryStrategy.LANGMEM:
        yield from () if has_langmem() else NOT_INSTALLED


def _in_order(values: Values) -> Iterator[Fault]:
    if isinstance(values, Models) and values.fallback_models:
        named = values.fallback_models
        yield from TWICE if len(set(named)) < len(named) else ()


def _sizes(values: Values) -> Iterator[Fault]:
    if isinstance(values, Retrieval) and values.chunk_size and values.chunk_overlap:
        yield from SHARED_TOO_MUCH if values.chunk_overlap * 2 > values.chunk_size else ()


CHECKS: Final[dict[type[Values], tuple[Callable[[Values], Iterator[Fault]], ...]]] = {
    General: (_time_zone, _installed),
    Models: (_in_order,),
    Retrieval: (_sizes,),
}

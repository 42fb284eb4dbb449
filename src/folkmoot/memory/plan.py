"""What settings make of memory for somebody: in which turns, and which model reads."""

from dataclasses import dataclass
from typing import Final

from folkmoot.memory.schemas import MemoryReading
from folkmoot.settings.checks import has_langmem
from folkmoot.settings.groups import General, MemoryStrategy, MemoryUse, Models
from folkmoot.settings.service import Holding

OFFLINE: Final = "offline:"
"""What the names of models begin with that are none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds for somebody.

    Attributes:
        use: In which turns memories are told and found.
        reading: Whether conversations are read, or why not.
        model: The model that reads them; None leaves it to the deployment.
        strategy: How it does.
        untrusted: Whether also what anybody may have written is read.
    """

    use: MemoryUse
    reading: MemoryReading
    model: str | None
    strategy: MemoryStrategy
    untrusted: bool


def plan(held: Holding) -> Plan:
    """Return what holds by these settings."""
    general, models = held.values(General), held.values(Models)
    use, model = general.memory or MemoryUse.OFF, models.memory_model or models.answering
    allowed, strategy = models.allowed_models, general.memory_strategy or MemoryStrategy.OWN
    reading = MemoryReading.ON
    if use is MemoryUse.OFF:
        reading = MemoryReading.OFF
    elif allowed is not None and model not in allowed:
        reading = MemoryReading.NOT_ALLOWED
    elif model is not None and model.startswith(OFFLINE):
        reading = MemoryReading.NO_MODEL
    elif strategy is MemoryStrategy.LANGMEM and not has_langmem():
        reading = MemoryReading.NOT_INSTALLED
    return Plan(use, reading, model, strategy, bool(general.memory_untrusted))

"""What settings make of memory for somebody: in which turns, and which model reads."""

from dataclasses import dataclass
from typing import Final

from folkmoot.memory.schemas import MemoryReading
from folkmoot.settings.groups import General, MemoryUse, Models
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
        untrusted: Whether also what anybody may have written is read.
    """

    use: MemoryUse
    reading: MemoryReading
    model: str | None
    untrusted: bool


def plan(held: Holding) -> Plan:
    """Return what holds by these settings."""
    general, models = held.values(General), held.values(Models)
    use, model = general.memory or MemoryUse.OFF, models.memory_model or models.answering
    allowed = models.allowed_models
    reading = MemoryReading.ON
    if use is MemoryUse.OFF:
        reading = MemoryReading.OFF
    elif allowed is not None and model not in allowed:
        reading = MemoryReading.NOT_ALLOWED
    elif model is not None and model.startswith(OFFLINE):
        reading = MemoryReading.NO_MODEL
    return Plan(use, reading, model, bool(general.memory_untrusted))

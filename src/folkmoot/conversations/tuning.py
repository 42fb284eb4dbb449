"""What settings make of a question: the model that answers, and how."""

from dataclasses import dataclass
from typing import Final

from folkmoot.caches.rules import Rules
from folkmoot.conversations.errors import ModelNotAllowed
from folkmoot.settings.errors import FeatureOff
from folkmoot.settings.features import Features
from folkmoot.settings.groups import General, Guardrails, Models, ResponseCache, Retrieval
from folkmoot.settings.service import Holding

MINUTES: Final = 24 * 60
"""Of a day."""

LANGUAGE: Final = (
    "Answer in the language {} (BCP 47), unless whoever asks writes in another or wants another."
)


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings that count for a turn."""

    general: General
    models: Models
    retrieval: Retrieval
    guardrails: Guardrails

    def model(
        self, asked: str | None, features: Features, *, preferred: str | None = None
    ) -> str | None:
        """Return the name of the model that answers; None leaves it to the deployment.

        A default that may not be asked gives way to the first model that may. The one that the
        agent prefers does not: it was made for that one.

        Raises:
            FeatureOff: Nobody may choose.
            ModelNotAllowed: Not this one.
        """
        if asked is None or asked == preferred:
            return self._usual() if preferred is None else self._permitted(preferred)
        if not features.model_choice and asked != self.models.default_model:
            raise FeatureOff("model_choice")
        return self._permitted(asked)

    def _usual(self) -> str | None:
        if self.models.allowed_models == []:  # two layers that agree on none
            raise ModelNotAllowed(self.models.default_model or "", [])
        return self.models.answering

    def _permitted(self, name: str) -> str:
        allowed = self.models.allowed_models
        if allowed is not None and name not in allowed:
            raise ModelNotAllowed(name, allowed)
        return name

    def fallbacks(self, model: str | None) -> tuple[str, ...]:
        """Return the models that are asked instead of one, as far as they may be."""
        allowed = self.models.allowed_models
        return tuple(
            name
            for name in self.models.fallback_models or ()
            if name != model and (allowed is None or name in allowed)
        )

    def reuse(self, preferred: str | None) -> Rules | None:
        """Return whether answers are given again; what the agent says goes first."""
        said = self.models
        return Rules(
            mode=preferred or said.response_cache or ResponseCache.OFF,
            minutes=self._kept(said.response_cache_minutes or Rules().minutes),
            similarity=said.response_cache_similarity or Rules().similarity,
            collapse=bool(said.collapse_requests) and preferred != ResponseCache.OFF,
        ).some

    def _kept(self, minutes: int) -> int:
        """Keep nothing for longer than conversations are kept."""
        days = self.general.conversation_days
        return minutes if days is None else min(minutes, days * MINUTES)

    @property
    def rules(self) -> str:
        """What every agent is told besides, and in which language it answers."""
        said = [self.general.system_prompt_extra] if self.general.system_prompt_extra else []
        if self.general.language:
            said.append(LANGUAGE.format(self.general.language))
        return "\n\n".join(said)


def tuning(held: Holding) -> Tuning:
    """Return what holds for somebody as far as it counts for a turn."""
    return Tuning(
        general=held.values(General),
        models=held.values(Models),
        retrieval=held.values(Retrieval),
        guardrails=held.values(Guardrails),
    )

"""What is known of particular models, where it changes what may be asked of them.

Told from the beginning of a name, because providers append dates and sizes. A model that is not
listed is taken to be like the newest ones of its provider. Sources: the model pages of OpenAI,
Anthropic and Google, as of November 2026.
"""

from dataclasses import dataclass
from typing import Final

NO_SAMPLING_OPENAI: Final = ("o1", "o3", "o4", "gpt-5")
SAMPLING_OPENAI: Final = ("gpt-5-chat", "gpt-5.1", "gpt-5.2", "gpt-5.3", "gpt-5.4")
NO_SAMPLING_WITHIN: Final = (
    "gpt-5.1-chat",
    "gpt-5.1-codex",
    "gpt-5.2-chat",
    "gpt-5.2-pro",
    "gpt-5.3-chat",
    "gpt-5.4-pro",
)
SAMPLING_ANTHROPIC: Final = (
    "claude-2",
    "claude-3",
    "claude-haiku-4",
    "claude-sonnet-4",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",
    "claude-opus-4-5",
    "claude-opus-4-6",
)
SHORT_ANSWERS_ANTHROPIC: Final = ("claude-2", "claude-3-opus", "claude-3-sonnet", "claude-3-haiku")
SILENT_OPENAI: Final = ("gpt-3.5", "gpt-4", "chatgpt-", "ft:gpt-3.5", "ft:gpt-4")
SILENT_ANTHROPIC: Final = (
    "claude-2",
    "claude-3",
    "claude-instant",
    "claude-haiku-4",
    "claude-sonnet-4",
    "claude-opus-4",
)
"""Models that think only if they are told to."""
STOPPABLE_ANTHROPIC: Final = frozenset({"claude-opus-5", "claude-sonnet-5"})
NO_SCHEMA_OPENAI: Final = ("gpt-3.5", "gpt-4-", "gpt-4o-2024-05-13", "o1-mini", "o1-preview")
NO_SCHEMA_ANTHROPIC: Final = (
    "claude-2",
    "claude-3",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-opus-4-0",
    "claude-opus-4-2",
)
NO_SCHEMA_WITH_TOOLS_GOOGLE: Final = ("gemini-1", "gemini-2", "gemma", "learnlm")
NO_THOUGHTS_GOOGLE: Final = ("gemini-1", "gemini-2.0", "gemma", "learnlm")


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be asked of a model.

    Attributes:
        sampling: Whether it accepts a temperature; reasoning models answer 400 to one.
        longest_answer: The `max_tokens` to send when the request names none (Anthropic requires
            one).
        thoughts: Whether it can be asked to show a summary of its reasoning.
        thinks: Whether it thinks unasked.
        stoppable: Whether it can be told not to.
        schema: Whether it can be held to a JSON schema.
        schema_with_tools: Whether it can be while it may call tools.
    """

    sampling: bool = True
    longest_answer: int = 8192
    thoughts: bool = True
    thinks: bool = False
    stoppable: bool = False
    schema: bool = True
    schema_with_tools: bool = True


NO_PICTURES: Final = {
    "offline": ("",),
    "openai": ("gpt-3.5", "gpt-4-0", "gpt-4-1106", "o1-mini", "o1-preview", "o3-mini"),
    "anthropic": ("claude-2", "claude-instant"),
    "google": ("gemma-1", "gemma-2", "text-"),
}
"""By format, the beginnings of the names of models that are not shown pictures."""

FILES: Final = {
    "openai": ("gpt-4o", "gpt-4.1", "gpt-5", "gpt-6", "o1", "o3", "o4"),
    "anthropic": ("claude-",),
    "google": ("gemini-",),
}
"""By format, the beginnings of the names of models that read PDF files themselves."""

NO_FILES: Final = {
    "openai": ("gpt-4o-audio", "gpt-4o-search", "gpt-4o-mini-", "o1-mini", "o1-preview", "o3-mini"),
    "anthropic": ("claude-2", "claude-instant", "claude-3-haiku", "claude-3-opus", "claude-3-son"),
    "google": ("gemini-1.0", "gemini-pro"),
}
"""And those among them that do not."""


def takes(form: str, model: str, *, own: bool) -> frozenset[str]:
    """Return which of pictures (`images`) and `files` a model takes, where nobody has told.

    Args:
        form: The format that is spoken with its provider.
        model: Its name there.
        own: Whether that is the one who invented the format; of others' models names say little.
    """
    blind = model.startswith(NO_PICTURES.get(form, ())) or (form, model) == ("openai", "gpt-4")
    reads = model.startswith(FILES.get(form, ())) and not model.startswith(NO_FILES.get(form, ()))
    taken = {"images": not blind, "files": own and reads}
    return frozenset(name for name, is_so in taken.items() if is_so)


def openai(model: str) -> Facts:
    """Return the facts for a model of OpenAI itself."""
    fixed = model.startswith(NO_SAMPLING_WITHIN) or (
        model.startswith(NO_SAMPLING_OPENAI) and not model.startswith(SAMPLING_OPENAI)
    )
    without = model == "gpt-4" or model.startswith(NO_SCHEMA_OPENAI)
    silent = model.startswith(SILENT_OPENAI) or "-chat" in model
    return Facts(sampling=not fixed, schema=not without, thinks=not silent)


def anthropic(model: str) -> Facts:
    thinks = not model.startswith(SILENT_ANTHROPIC)
    longest = 4096 if model.startswith(SHORT_ANSWERS_ANTHROPIC) else 8192
    return Facts(
        sampling=model.startswith(SAMPLING_ANTHROPIC),
        longest_answer=2 * longest if thinks else longest,  # thoughts count as well
        thinks=thinks,
        stoppable=model in STOPPABLE_ANTHROPIC,
        schema=not model.startswith(NO_SCHEMA_ANTHROPIC),
    )


def google(model: str) -> Facts:
    return Facts(
        thoughts=not model.startswith(NO_THOUGHTS_GOOGLE),
        schema_with_tools=not model.startswith(NO_SCHEMA_WITH_TOOLS_GOOGLE),
    )

"""What can be set by organisations, teams and users: six groups of fields, each with its bounds.

None means that a layer leaves a field to the next one. The same models hold a layer's values, the
defaults of a deployment and what comes out in the end.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, cast

from pydantic import (
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from folkmoot.kit.schema import Schema
from folkmoot.settings.budgets import WRITTEN as WRITTEN_LIMIT
from folkmoot.settings.searching import Ranked
from folkmoot.settings.written import (
    WRITTEN,
    CallWritten,
    HostPattern,
    ModelName,
    ToolPattern,
)


class Group(StrEnum):
    """The groups of settings."""

    GENERAL = "general"
    MODELS = "models"
    RETRIEVAL = "retrieval"
    GUARDRAILS = "guardrails"
    THEME = "theme"
    BUDGET = "budget"


class SearchMode(StrEnum):
    """How documents are searched: by words, by meaning, or both."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class ResponseCache(StrEnum):
    """Whether an answer is given again: never, to the same question, or to one like it, too."""

    OFF = "off"
    EXACT = "exact"
    SEMANTIC = "semantic"


class Approvers(StrEnum):
    """Who may approve a call; the later, the fewer."""

    REQUESTER = "requester"
    """Who has asked the agent, or anybody who looks after approvals."""
    APPROVERS = "approvers"
    """Who looks after approvals, for what they have asked themselves, too."""
    OTHERS = "others"
    """Who looks after approvals, and has not asked themselves."""


class MemoryUse(StrEnum):
    """In which turns memories are told and found: in none, those of workflow `full`, or all."""

    OFF = "off"
    FULL = "full"
    ALWAYS = "always"


class MemoryStrategy(StrEnum):
    """How conversations are read for what is worth remembering."""

    OWN = "own"
    LANGMEM = "langmem"


class ColorScheme(StrEnum):
    """Light, dark, or as the reader's own machine is."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Values(Schema):
    """The fields of one group."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class General(Values):
    """How people are addressed, and what every agent is told."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] | None = Field(
        default=None,
        description="The language in which agents answer whoever does not write in another, as"
        " BCP 47 writes it. Unset, they answer as they are asked.",
        examples=["de"],
    )
    time_zone: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$")] | None
    ) = Field(default=None, description="A time zone of IANA.", examples=["Europe/Berlin"])
    default_agent: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] | None = Field(
        default=None, description="The agent that the console begins with.", examples=["chat"]
    )
    system_prompt_extra: Annotated[str, Field(max_length=8_000, pattern=WRITTEN)] | None = Field(
        default=None,
        description="What every agent is told besides.",
        examples=["We spell as the British do."],
    )
    conversation_days: Annotated[int, Field(ge=1, le=3_650)] | None = Field(
        default=None,
        description="After how many days without a question a conversation is deleted for"
        " good; never if nothing is set.",
        examples=[365],
    )
    memory: MemoryUse | None = Field(
        default=None,
        description="In which turns agents are told what is remembered, and conversations are read"
        " for what is worth remembering: in those of the workflow `full`, in all (`always`), or in"
        " none. Off above is off below.",
        examples=["always"],
    )
    memory_days: Annotated[int, Field(ge=1, le=3_650)] | None = Field(
        default=None,
        description="After how many days in which no agent was told of it a memory that was found"
        " in conversations is forgotten; never if nothing is set.",
        examples=[365],
    )
    memory_untrusted: bool | None = Field(
        default=None,
        description="Remember also what agents have read in documents, in results of tools and the"
        " like, which anybody may have written. It is marked, and a turn that is told of it asks"
        " before it has an effect. Otherwise only what people say themselves is remembered.",
    )
    memory_strategy: MemoryStrategy | None = Field(
        default=None,
        description="How conversations are read for what is worth remembering: by ourselves"
        " (`own`), or by LangMem (`langmem`), where the extra of this name is installed.",
        examples=["own"],
    )


class Models(Values):
    """Which models answer, and how."""

    default_model: ModelName | None = Field(
        default=None,
        description="provider:name of the model that answers when none is named.",
        examples=["openai:gpt-5"],
    )
    fallback_models: Annotated[list[ModelName], Field(max_length=5)] | None = Field(
        default=None,
        description="The models that are asked instead, in this order, when one is not available"
        " and has not begun to answer. The run tells which one it was, and why.",
        examples=[["anthropic:claude-sonnet-5", "ollama:llama4"]],
    )
    allowed_models: Annotated[list[ModelName], Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="The models that may be asked; unset, all of them.",
        examples=[["openai:gpt-5", "openai:gpt-5-mini"]],
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(
        default=None, description="Unset, it is the provider's.", examples=[0.3]
    )
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Unset, it is the provider's.", examples=[4096]
    )
    memory_model: ModelName | None = Field(
        default=None,
        description="The model that reads conversations for what is worth remembering. Unset, it is"
        " the one that answers when none is named.",
        examples=["openai:gpt-5-mini"],
    )
    response_cache: ResponseCache | None = Field(
        default=None,
        description="Whether an answer is given again without asking a model, to anybody with the"
        " same rights: to exactly the same question (`exact`), or to one that means the same, too"
        " (`semantic`). Answers with tool calls and what rests on untrusted text never are.",
        examples=["exact"],
    )
    response_cache_minutes: Annotated[int, Field(ge=1, le=43_200)] | None = Field(
        default=None, description="How long an answer may be given again.", examples=[1440]
    )
    response_cache_similarity: Annotated[float, Field(ge=0.8, le=1)] | None = Field(
        default=None,
        description="How alike two questions have to be for `semantic`, as cosine of what the"
        " embedder makes of them.",
        examples=[0.96],
    )
    collapse_requests: bool | None = Field(
        default=None,
        description="Ask a model once where several with the same rights ask it the same at the"
        " same time; all of them are answered while it answers.",
    )

    @property
    def answering(self) -> str | None:
        """The model that answers when none is named; None leaves it to the deployment.

        A default that may not be asked gives way to the first model that may.
        """
        default, allowed = self.default_model, self.allowed_models
        return allowed[0] if allowed and default not in allowed else default


class Retrieval(Ranked, Values):
    """How documents are cut and searched."""

    k: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None, description="Passages that a model is given.", examples=[8]
    )
    mode: SearchMode | None = Field(default=None, description="How they are searched for.")
    chunk_size: Annotated[int, Field(ge=200, le=8_000)] | None = Field(
        default=None,
        description="Characters of a passage, in documents that are read from then on.",
        examples=[1200],
    )
    chunk_overlap: Annotated[int, Field(ge=0, le=1_000)] | None = Field(
        default=None, description="Characters that two passages share.", examples=[150]
    )


class Guardrails(Values):
    """What agents may do, and what must not get into the logs of runs."""

    redact_pii: bool | None = Field(
        default=None,
        description="Take e-mail addresses, phone, card and account numbers out of runs.",
    )
    allowed_tools: Annotated[list[ToolPattern], Field(max_length=200)] | None = Field(
        default=None,
        description="Names of the tools that agents may use; `*` stands for anything. Unset, all.",
        examples=[["clock", "search_*"]],
    )
    denied_tools: Annotated[list[ToolPattern], Field(max_length=200)] | None = Field(
        default=None,
        description="Names of tools that they may not use, whatever else is allowed.",
        examples=[["crm.delete_*"]],
    )
    approve_always: Annotated[list[CallWritten], Field(max_length=200)] | None = Field(
        default=None,
        description="Tool calls for which somebody is asked each time: a name, or a name with"
        " patterns of arguments.",
        examples=[["pay", "send_mail(to=*@example.org)"]],
    )
    approve_never: Annotated[list[CallWritten], Field(max_length=200)] | None = Field(
        default=None,
        description="Tool calls for which nobody is asked, although they have an effect and the"
        " agent has read what anybody may have written.",
        examples=[["note(book=diary)"]],
    )
    approvers: Approvers | None = Field(
        default=None,
        description="Who approves: whoever has asked the agent, whoever looks after approvals, or"
        " of those only others than whoever has asked.",
    )
    approval_hours: Annotated[int, Field(ge=1, le=720)] | None = Field(
        default=None, description="How long a call waits for its approval.", examples=[24]
    )
    fetch_hosts: Annotated[list[HostPattern], Field(max_length=200)] | None = Field(
        default=None,
        description="Hosts whose pages agents may read; `*.example.org` stands for all below, and"
        " `*` for every host of the Internet. None, and there is no tool for it.",
        examples=[["docs.example.org", "*.example.net"]],
    )


class Theme(Values):
    """How the console looks."""

    color_scheme: ColorScheme | None = Field(
        default=None, description="Light, dark, or as the machine is."
    )
    accent: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None = Field(
        default=None, description="Colour of what can be pressed.", examples=["#3b5bdb"]
    )
    logo_url: Annotated[str, Field(max_length=2_000, pattern=r"^https://[!-~]{1,1990}$")] | None = (
        Field(
            default=None,
            description="A picture, by HTTPS.",
            examples=["https://example.org/logo.svg"],
        )
    )
    logo: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="The picture that was sent to `/settings/theme/logo`; it goes before"
        " `logo_url`.",
    )
    name: Annotated[str, Field(max_length=80, pattern=WRITTEN)] | None = Field(
        default=None, description="What the console calls itself.", examples=["Acme Assistant"]
    )


class Budget(Values):
    """What may be spent."""

    monthly_limit_usd: Annotated[float, Field(ge=0, le=1e9)] | None = Field(
        default=None, description="Dollars that models may cost in a month.", examples=[500]
    )
    soft_warning_percent: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Of the limit; a warning, no stop.", examples=[80]
    )
    daily_calls: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = Field(
        default=None, description="Calls of models in a day.", examples=[10000]
    )
    limits: (
        Annotated[
            list[Annotated[str, Field(max_length=120, pattern=WRITTEN_LIMIT)]], Field(max_length=20)
        ]
        | None
    ) = Field(
        default=None,
        description="More limits: an amount of usd, tokens or calls, by day, month or for ever, of"
        " all or per team, user, agent or run.",
        examples=[["20 usd/month per user", "200000 tokens/day per agent chat", "0.5 usd per run"]],
    )


TYPES: Final[dict[Group, type[Values]]] = {
    Group.GENERAL: General,
    Group.MODELS: Models,
    Group.RETRIEVAL: Retrieval,
    Group.GUARDRAILS: Guardrails,
    Group.THEME: Theme,
    Group.BUDGET: Budget,
}
GROUPS: Final[dict[type[Values], Group]] = {type_: group for group, type_ in TYPES.items()}


BUILT_IN: Final[dict[str, dict[str, Any]]] = {
    "general": {
        "time_zone": "UTC",
        "default_agent": "chat",
        "memory": MemoryUse.FULL,
        "memory_untrusted": False,
        "memory_strategy": MemoryStrategy.OWN,
    },
    "models": {
        "response_cache": ResponseCache.OFF,
        "response_cache_minutes": 1_440,
        "response_cache_similarity": 0.96,
        "collapse_requests": False,
    },
    "retrieval": {
        "k": 8,
        "mode": SearchMode.HYBRID,
        "chunk_size": 1_200,
        "chunk_overlap": 150,
    },
    "guardrails": {
        "redact_pii": False,
        "denied_tools": [],
        "approve_always": [],
        "approve_never": [],
        "approvers": Approvers.REQUESTER,
        "approval_hours": 24,
        "fetch_hosts": [],
    },
    "theme": {"color_scheme": ColorScheme.AUTO, "name": "Folkmoot"},
    "budget": {"soft_warning_percent": 80},
}


class Defaults(Schema):
    """What holds where no organisation, team or user has set anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    general: General = General(**BUILT_IN["general"])
    models: Models = Models(**BUILT_IN["models"])
    retrieval: Retrieval = Retrieval(**BUILT_IN["retrieval"])
    guardrails: Guardrails = Guardrails(**BUILT_IN["guardrails"])
    theme: Theme = Theme(**BUILT_IN["theme"])
    budget: Budget = Budget(**BUILT_IN["budget"])

    @field_validator("*", mode="before")
    @classmethod
    def _completed(cls, given: object, info: ValidationInfo) -> object:
        """Whoever sets one field of a group keeps the others."""
        built_in = BUILT_IN.get(info.field_name or "", {})
        return {**built_in, **cast(dict[str, object], given)} if isinstance(given, dict) else given

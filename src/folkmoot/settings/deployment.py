"""The configuration of a deployment: what can be set, and what its values mean."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
)

from folkmoot.settings import addresses
from folkmoot.settings.abilities import ModelAbilities
from folkmoot.settings.features import Features
from folkmoot.settings.groups import Defaults
from folkmoot.settings.issuers import OidcIssuer
from folkmoot.settings.model_limits import ModelLimits
from folkmoot.settings.prices import ModelPrice
from folkmoot.settings.programs import McpProgram
from folkmoot.settings.providers import Providers
from folkmoot.settings.rate_limits import RateLimits
from folkmoot.settings.remembering import MemoryLimits
from folkmoot.settings.services import Infisical, Langfuse

SHORTEST_KEY: Final = 32

CHECKOUT: Final = Path(__file__).resolve().parents[3]
"""Where the sources are, if this runs from them."""

LEVELS: Final = "(?i)^(debug|info|warning|error|critical)$"

INSTALLED_DATA: Final = Path("~/.local/share/folkmoot")

INDEX_NAME: Final = r"^[a-z0-9][a-z0-9_.-]{0,199}$"


def usual_data_dir(root: Path = CHECKOUT) -> Path:
    """Return where data are kept unless it is said: in the checkout, or else the user's own."""
    checkout = (root / "pyproject.toml").is_file() and (root / "src" / "folkmoot").is_dir()
    return root / ".folkmoot" if checkout else INSTALLED_DATA


class Mode(StrEnum):
    """Production refuses what is merely convenient: a generated key, cookies over plain HTTP."""

    DEV = "dev"
    PRODUCTION = "production"


class Deployment(BaseModel):
    """Everything an operator can set. `FOLKMOOT_` and the upper-case name set it by environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Field(
        default=Mode.DEV,
        description="`production` demands a secret key and HTTPS in front of the server.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 is all.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8000, description="Port to listen on; 0 takes a free one."
    )
    workers: PositiveInt = Field(default=1, description="How many processes `up` serves with.")
    data_dir: Path = Field(
        default_factory=usual_data_dir,
        description="Where the embedded database, files, models and the generated secret key are: "
        f"`.folkmoot` in the checkout this runs from, otherwise `{INSTALLED_DATA}`.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… of the role that owns the schema, which may create roles; "
        "without it an embedded server is started.",
    )
    blobs_url: str | None = Field(
        default=None,
        description="Where uploaded files are kept: file:///… or s3://bucket/prefix; by default "
        "in the data directory.",
    )
    secret_key: Annotated[SecretStr, Field(min_length=SHORTEST_KEY)] | None = Field(
        default=None,
        description="32 or more random characters, the same for every process on one database; "
        "signs tokens and makes the passwords of the database's roles. In dev mode one is made "
        "and kept in the data directory.",
    )
    secret_key_previous: Annotated[SecretStr, Field(min_length=SHORTEST_KEY)] | None = Field(
        default=None,
        description="The secret key that was there before: what it has sealed can still be opened, "
        "until `folkmoot key rotate-secrets` has locked everything with the new one.",
    )
    default_model: str | None = Field(
        default=None,
        description="provider:name of the model that answers, such as openai:gpt-5; without it "
        "answers are quoted from documents (offline:extractive).",
    )
    embedding_model: str = Field(
        default="auto",
        description="provider:name of what compares texts by meaning: openai:…, google:…, "
        "ollama:…, fastembed:NAME or fastembed:/DIRECTORY (an ONNX model and its tokenizer), "
        "offline:hash. `auto` takes the first that is at hand.",
    )
    text_recognition: str = Field(
        default="auto",
        pattern=r"^(auto|off|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
        description="What reads pages of PDFs that are pictures of text. `auto`: RapidOCR, if the "
        "extra `ocr` is installed. `off`: nothing. `module:function`: one of your own "
        "(docs/knowledge.md).",
    )
    pdf_parser: str = Field(
        default="own",
        pattern=r"^(own|docling|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
        description="What reads PDFs. `own`: our parser. `docling`: models of layout and tables, "
        "by the extra `docling`. `module:function`: one of your own (docs/knowledge.md).",
    )
    pdf_models: Path | None = Field(
        default=None, description="Directory of the models of `pdf_parser`."
    )
    trusted_hosts: list[str] = Field(
        default_factory=lambda: ["*"], description="Names that the server answers to."
    )
    trusted_proxies: list[str] = Field(
        default_factory=list[str],
        description="Addresses of proxies whose X-Forwarded-For and -Proto are believed.",
    )
    cors_origins: list[str] = Field(
        default_factory=list[str], description="Origins of other sites whose pages may call."
    )
    registration_open: bool = Field(
        default=True, description="Whether anybody may make an account and an organisation."
    )
    log_level: Annotated[str, Field(pattern=LEVELS)] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR."
    )
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = Field(
        default=15.0,
        description="How long a process that stops lets its runs end before it hands them over.",
    )
    purge_after_days: PositiveInt = Field(
        default=30,
        description="Days for which organisations, teams, users, agents and documents that were"
        " deleted can be brought back. After that they are purged, with all that is theirs.",
    )
    max_runs: PositiveInt = Field(
        default=2_000, description="Runs that one process works on at the same time."
    )
    background_runs: PositiveInt = Field(
        default=16,
        description="Runs in the background that one worker works on at the same time. One"
        " organisation has at most half of them, rounded up.",
    )
    background_waiting: PositiveInt = Field(
        default=1_000,
        description="Runs of one organisation that may wait for a worker; whoever asks for more is"
        " told to come back later.",
    )
    subagent_depth: NonNegativeInt = Field(
        default=3,
        description="Agents that may be at work within each other, each asked by another.",
    )
    subagents_at_once: PositiveInt = Field(
        default=4, description="Agents that one turn asks at the same time."
    )
    subagents_in_all: PositiveInt = Field(
        default=50, description="Agents that may be asked in one turn, one within the other."
    )
    response_cache_answers: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=5_000,
        description="Answers that are kept of one organisation to be given again, where its"
        " settings say so (`response_cache`). What was not used for longest goes first.",
    )
    response_cache_megabytes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=64, description="Megabytes that these may have."
    )
    public_url: Annotated[str, AfterValidator(addresses.public)] | None = Field(
        default=None,
        description="https://… at which people reach this deployment: letters link to it, and"
        " outside issuers send browsers back to it. By default the address that `up` prints.",
    )
    oidc: list[OidcIssuer] = Field(
        default_factory=list[OidcIssuer],
        description="Outside issuers whose word counts for who somebody is; each with the settings"
        " below. As a variable, in YAML or JSON.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(addresses.mail_server)] | None = Field(
        default=None,
        description="smtp://NAME:PASSWORD@HOST:PORT of the server that sends letters, or smtps://…"
        " for TLS from the first byte. By smtp, TLS is begun if the server offers it, and no"
        " password is sent without. Without a server no letter is sent.",
    )
    mail_from: str = Field(
        default="Folkmoot <folkmoot@localhost>", description="Whom letters come from."
    )
    redis_url: Annotated[SecretStr, AfterValidator(addresses.redis_server)] | None = Field(
        default=None,
        description="Where rate limits are counted, as redis://…, rediss://… or unix://…; by "
        "default, and whenever it does not answer, in PostgreSQL.",
    )
    otlp_endpoint: str | None = Field(
        default=None, description="Address of a collector of OpenTelemetry traces, over HTTP."
    )
    otlp_headers: SecretStr | None = Field(
        default=None, description="What is sent to it besides: name=value,name=value"
    )
    langfuse: Langfuse = Langfuse()
    audit_retention_days: Annotated[int, Field(ge=30, le=36_500)] | None = Field(
        default=None,
        description="Days after which events of the audit trails are removed; without it they are "
        "kept for ever.",
    )
    webhook_retention_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        default=30,
        description="Days after which events and their deliveries to webhooks are removed.",
    )
    audit_opensearch_url: str | None = Field(
        default=None,
        description="Address of an OpenSearch that every event of the audit trails is sent to.",
    )
    audit_opensearch_user: str | None = Field(default=None, description="Its user.")
    audit_opensearch_password: SecretStr | None = Field(
        default=None, description="The user's password."
    )
    audit_opensearch_index: Annotated[str, Field(pattern=INDEX_NAME)] = Field(
        default="folkmoot-audit", description="The index or data stream that they are put into."
    )
    vector_store: Annotated[str, Field(pattern="^(pgvector|qdrant|chroma|pinecone)$")] = Field(
        default="pgvector",
        description="What is asked for the chunks that are near to a question. PostgreSQL keeps "
        "their vectors in any case: pgvector, qdrant, chroma or pinecone.",
    )
    vector_store_url: str | None = Field(
        default=None,
        description="Its address; by default the usual port of this machine, or Pinecone's.",
    )
    vector_store_api_key: SecretStr | None = Field(default=None, description="Its key.")
    vector_store_region: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9-]+$")] = Field(
        default="aws/us-east-1", description="Cloud and region of the indexes of a Pinecone."
    )
    vector_store_prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$")] = Field(
        default="folkmoot", description="What names begin with there, unlike other deployments'."
    )
    init_org: str | None = Field(
        default=None, description="First organisation; `up` makes `Demo` by default."
    )
    init_admin_email: str | None = Field(
        default=None, description="Its owner; by default admin@localhost."
    )
    init_admin_password: SecretStr | None = Field(
        default=None,
        description="The owner's password, if they have none yet; without it they come in by the "
        "sign-in link.",
    )
    init_api_key: Annotated[SecretStr, Field(min_length=SHORTEST_KEY)] | None = Field(
        default=None, description="An API key of 32 or more characters that acts for the owner."
    )
    outbound_private: list[Annotated[str, AfterValidator(addresses.place)]] = Field(
        default_factory=list[str],
        description="Places that tools, MCP servers and webhooks may reach although they are not"
        " on the public Internet: a name, an address or a network, with a port or without.",
    )
    outbound_ports: list[Annotated[int, Field(ge=1, le=65_535)]] = Field(
        default_factory=list[int],
        description="The only ports that they may reach elsewhere; by default 80, 443 and those"
        " from 1024 on.",
    )
    mcp_programs: list[McpProgram] = Field(
        default_factory=list[McpProgram],
        description="Programs that may be MCP servers; without any, servers are reached by HTTP"
        " only. They run as the server's own user and see what it sees. As a variable, in YAML or"
        " JSON.",
    )
    prices: Annotated[list[ModelPrice], Field(max_length=1_000)] = Field(
        default_factory=list[ModelPrice],
        description="What models cost, before any list of public prices; each with the settings"
        " below. As a variable, in YAML or JSON.",
    )
    model_abilities: Annotated[list[ModelAbilities], Field(max_length=1_000)] = Field(
        default_factory=list[ModelAbilities],
        description="What models take, before what their providers tell of them and what is known"
        " of their names; each with the settings below. As a variable, in YAML or JSON.",
    )
    memory: MemoryLimits = MemoryLimits()
    providers: Providers = Providers()
    model_limits: ModelLimits = ModelLimits()
    rate_limits: RateLimits = RateLimits()
    infisical: Infisical = Infisical()
    features: Features = Features()
    defaults: Defaults = Defaults()

    @property
    def reached_at(self) -> str:
        """Where people reach the deployment."""
        return self.public_url or f"http://localhost:{self.port}"


def secret_values(model: BaseModel) -> Iterator[str]:
    """Yield every secret of a configuration: what must show up in no log, event or answer."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from secret_values(value)
        elif isinstance(value, list):
            for each in cast(list[object], value):
                if isinstance(each, BaseModel):
                    yield from secret_values(each)


def plain(secret: SecretStr | None) -> str | None:
    """Return a secret's text, for the one place that needs it."""
    return secret.get_secret_value() if secret is not None else None

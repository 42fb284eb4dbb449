"""The configuration of a deployment: what can be set, and what its values mean."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, SecretStr

SHORTEST_KEY: Final = 32


class Mode(StrEnum):
    """Production refuses what is merely convenient: a generated key, cookies over plain HTTP."""

    DEV = "dev"
    PRODUCTION = "production"


class Providers(BaseModel):
    """Keys and addresses of model providers; each has a well-known environment name too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    anthropic_api_key: SecretStr | None = None
    google_api_key: SecretStr | None = None
    ollama_host: str | None = None


class ModelLimits(BaseModel):
    """How long a model may take, in seconds, and how often a failed call is repeated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect: PositiveFloat = 10.0
    first_token: PositiveFloat = 60.0
    idle: PositiveFloat = 60.0
    total: PositiveFloat = 600.0
    attempts: PositiveInt = 3


class Langfuse(BaseModel):
    """Where traces go, too, if both keys are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_key: str | None = None
    secret_key: SecretStr | None = None
    host: str = "https://cloud.langfuse.com"


class Deployment(BaseModel):
    """Everything an operator can set. `FOLKMOOT_` and the upper-case name set it by environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Mode.DEV
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: PositiveInt = 1
    data_dir: Path = Path("~/.local/share/folkmoot")
    database_url: SecretStr | None = Field(
        default=None, description="The owner of the schema; without it, an embedded server."
    )
    blobs_url: str | None = Field(default=None, description="file:///… or s3://bucket/prefix")
    secret_key: Annotated[SecretStr, Field(min_length=SHORTEST_KEY)] | None = None
    default_model: str | None = None
    embedding_model: str = "auto"
    trusted_hosts: list[str] = Field(default_factory=lambda: ["*"])
    trusted_proxies: list[str] = Field(default_factory=list[str])
    cors_origins: list[str] = Field(default_factory=list[str])
    registration_open: bool = True
    log_level: str = "INFO"
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    max_runs: PositiveInt = 2_000
    redis_url: SecretStr | None = Field(
        default=None, description="Kept for caches and limits; so far PostgreSQL serves them."
    )
    otlp_endpoint: str | None = Field(default=None, description="Base URL; traces are sent there.")
    otlp_headers: SecretStr | None = Field(default=None, description="name=value,name=value")
    langfuse: Langfuse = Langfuse()
    init_org: str | None = None
    init_admin_email: str | None = None
    init_admin_password: SecretStr | None = None
    init_api_key: Annotated[SecretStr, Field(min_length=SHORTEST_KEY)] | None = None
    providers: Providers = Providers()
    model_limits: ModelLimits = ModelLimits()


def secret_values(model: BaseModel) -> Iterator[str]:
    """Yield every secret of a configuration: what must show up in no log, event or answer."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from secret_values(value)


def plain(secret: SecretStr | None) -> str | None:
    """Return a secret's text, for the one place that needs it."""
    return secret.get_secret_value() if secret is not None else None

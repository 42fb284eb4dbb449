"""Loading the configuration: flags over environment over file over defaults, origins kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, get_type_hints

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import ConfigurationInvalid

PREFIX: Final = "FOLKMOOT_"
FILE: Final = "folkmoot.yaml"
DEFAULT: Final = "default"
HIDDEN: Final = "********"

# Variables that others have made known, and what they mean here.
WELL_KNOWN: Final = {
    "OPENAI_API_KEY": "providers.openai_api_key",
    "OPENAI_BASE_URL": "providers.openai_base_url",
    "ANTHROPIC_API_KEY": "providers.anthropic_api_key",
    "GOOGLE_API_KEY": "providers.google_api_key",
    "OLLAMA_HOST": "providers.ollama_host",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "otlp_endpoint",
    "OTEL_EXPORTER_OTLP_HEADERS": "otlp_headers",
    "LANGFUSE_PUBLIC_KEY": "langfuse.public_key",
    "LANGFUSE_SECRET_KEY": "langfuse.secret_key",
    "LANGFUSE_HOST": "langfuse.host",
    "LANGFUSE_BASE_URL": "langfuse.host",
}

CLIENTS: Final = {"FOLKMOOT_URL", "FOLKMOOT_API_KEY"}
"""They tell a client where a server is and configure none."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and, by dotted key, where each value that is no default comes from."""

    deployment: Deployment
    origins: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield key, value and origin of everything that can be set; secrets are hidden."""
        for key, value in _flat(self.deployment):
            yield key, _shown(value), self.origins.get(key, DEFAULT)


def load(
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, object] | None = None,
    file: Path | None = None,
) -> Loaded:
    """Return the configuration.

    Args:
        environ: The environment.
        flags: Values by dotted key that were given on the command line; None means not given.
        file: The file to read; by default `folkmoot.yaml` in the working directory, if it is there.

    Raises:
        ConfigurationInvalid: Something cannot be used; says where it stands.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    for source in (_file(file), _environment(environ), _labelled(given, "flag")):
        for key, value, origin in source:
            values[key], origins[key] = value, origin
    try:
        deployment = Deployment.model_validate(_nested(values))
    except ValidationError as error:
        raise _explained(error, origins) from None
    return Loaded(deployment, origins)


def _labelled(values: Mapping[str, object], label: str) -> Iterator[tuple[str, object, str]]:
    for key, value in values.items():
        yield key, value, f"{label} --{key.replace('_', '-')}"


def _file(path: Path | None) -> Iterator[tuple[str, object, str]]:
    found = path or Path(FILE)
    if path is None and not found.is_file():
        return
    try:
        content = yaml.safe_load(found.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationInvalid(str(found), "(file)", str(error)) from None
    if content is None:
        return
    if not isinstance(content, dict):
        raise ConfigurationInvalid(str(found), "(file)", "it must hold names and values")
    for key, value in _leaves(cast(dict[str, object], content), ""):
        yield key, value, str(found)


def _leaves(content: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(cast(dict[str, object], value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _environment(environ: Mapping[str, str]) -> Iterator[tuple[str, object, str]]:
    for name, key in WELL_KNOWN.items():
        if environ.get(name):
            yield key, environ[name], f"environment {name}"
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in CLIENTS and environ[name]:
            yield _variable(name, environ[name])


def _variable(name: str, text: str) -> tuple[str, object, str]:
    key = name.removeprefix(PREFIX).lower().replace("__", ".")
    origin = f"environment {name}"
    known = dict(_annotations())
    if key not in known and key.removesuffix("_file") in known and name.endswith("_FILE"):
        key = key.removesuffix("_file")
        try:
            text = Path(text).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise ConfigurationInvalid(origin, key, str(error)) from None
    if known.get(key) == list[str]:
        return key, [part.strip() for part in text.split(",") if part.strip()], origin
    return key, text, origin


def _annotations(
    model: type[BaseModel] = Deployment, prefix: str = ""
) -> Iterator[tuple[str, object]]:
    """Yield each dotted key and the type of its value."""
    for name, hint in get_type_hints(model).items():
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            yield from _annotations(hint, f"{prefix}{name}.")
        elif name in model.model_fields:
            yield f"{prefix}{name}", hint


def _nested(values: Mapping[str, object]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return nested


def _explained(error: ValidationError, origins: Mapping[str, str]) -> ConfigurationInvalid:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    origin = origins.get(key, DEFAULT)
    reason = "there is no such setting" if fault["type"] == "extra_forbidden" else fault["msg"]
    return ConfigurationInvalid(origin, key, reason)


def _flat(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, list):
        return ",".join(str(item) for item in cast(list[object], value))
    return "" if value is None else str(value)

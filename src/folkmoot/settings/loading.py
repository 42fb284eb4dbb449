"""Loading the configuration: flags over environment over file over defaults, origins kept."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, cast, get_args, get_origin, get_type_hints

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from folkmoot.settings.checks import faults
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import ConfigurationInvalid
from folkmoot.settings.groups import Group

PREFIX: Final = "FOLKMOOT_"
IN_FILE: Final = "_FILE"
"""The end of a variable that names a file which holds the value: for secrets."""

FILE: Final = "folkmoot.yaml"
DEFAULT: Final = "default"
HIDDEN: Final = "********"
SAID: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

# Variables that others have made known, and what they mean here.
WELL_KNOWN: Final = {
    "OPENAI_API_KEY": "providers.openai_api_key",
    "OPENAI_BASE_URL": "providers.openai_base_url",
    "ANTHROPIC_API_KEY": "providers.anthropic_api_key",
    "GOOGLE_API_KEY": "providers.google_api_key",
    "OLLAMA_HOST": "providers.ollama_host",
    "COHERE_API_KEY": "providers.cohere_api_key",
    "JINA_API_KEY": "providers.jina_api_key",
    "VOYAGE_API_KEY": "providers.voyage_api_key",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "otlp_endpoint",
    "OTEL_EXPORTER_OTLP_HEADERS": "otlp_headers",
    "LANGFUSE_PUBLIC_KEY": "langfuse.public_key",
    "LANGFUSE_SECRET_KEY": "langfuse.secret_key",
    "LANGFUSE_HOST": "langfuse.host",
    "LANGFUSE_BASE_URL": "langfuse.host",
}

CLIENTS: Final = {"FOLKMOOT_URL", "FOLKMOOT_API_KEY"}
"""They tell a client where a server is and configure none."""

Value = tuple[str, object, str]
"""A key, its value, and where that stands."""


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
    for source in (_file(file), _environment(environ), _flags(flags or {})):
        for key, value, origin in source:
            _demand_known(key, origin)
            values[key], origins[key] = value, origin
    try:
        deployment = Deployment.model_validate(_nested(values))
    except ValidationError as error:
        raise _explained(error, origins) from None
    _demand_usable(deployment, origins)
    return Loaded(deployment, origins)


def _demand_usable(deployment: Deployment, origins: Mapping[str, str]) -> None:
    """Fail with `ConfigurationInvalid` if a default means nothing here."""
    for group in Group:
        for field, reason in faults(getattr(deployment.defaults, group)):
            key = f"defaults.{group}.{field}"
            raise ConfigurationInvalid(origins.get(key, DEFAULT), key, reason)


@cache
def known() -> Mapping[str, object]:
    """Return the dotted key of everything that can be set, and the type of its value.

    The last part is `*` where any name may stand.
    """
    return dict(_annotations(Deployment, ""))


def _annotations(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, object]]:
    for name, hint in get_type_hints(model).items():
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            yield from _annotations(hint, f"{prefix}{name}.")
        elif name in model.model_fields:
            yield f"{prefix}{name}{'.*' if hint == dict[str, str] else ''}", hint


def _is_known(key: str) -> bool:
    return key in known() or f"{key.rpartition('.')[0]}.*" in known()


def _demand_known(key: str, origin: str) -> None:
    if _is_known(key):
        return
    if any(name.startswith(f"{key}.") for name in known()):
        raise ConfigurationInvalid(origin, key, "it must hold names and values")
    similar = "".join(f"; is it {name}?" for name in get_close_matches(key, known(), n=1))
    raise ConfigurationInvalid(origin, key, f"there is no such setting{similar}")


def _flags(flags: Mapping[str, object]) -> Iterator[Value]:
    for key, value in flags.items():
        if value is not None:
            yield key, value, f"flag --{key.replace('_', '-')}"


def _file(path: Path | None) -> Iterator[Value]:
    found = path or Path(FILE)
    if path is None and not found.is_file():
        return
    try:
        content = yaml.safe_load(found.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationInvalid(str(found), "(file)", str(error.strerror)) from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(str(found), "(file)", "it is not UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigurationInvalid(str(found), "(file)", _broken(error)) from None
    if content is None:
        return
    if not isinstance(content, dict):
        raise ConfigurationInvalid(str(found), "(file)", "it must hold names and values")
    for key, value in _leaves(cast(dict[str, object], content), ""):
        yield key, value, str(found)


def _broken(error: yaml.YAMLError) -> str:
    """Say what is wrong and where; not the line itself, which may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return "it is no YAML"


def _leaves(content: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    """Yield what is given; a name without a value gives nothing."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(cast(dict[str, object], value), f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value


def _environment(environ: Mapping[str, str]) -> Iterator[Value]:
    for name, key, in_file in _variables(environ):
        text, origin = environ.get(name), f"environment {name}"
        if not text:
            continue
        if in_file:
            text = _content(text, key, origin)
            if environ.get(name.removesuffix(IN_FILE)):
                reason = f"{name.removesuffix(IN_FILE)} is set, too; only one of them may be"
                raise ConfigurationInvalid(origin, key, reason)
        yield key, _typed(text, known().get(key)), origin


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield the name of each variable for us, its key, and whether it names a file."""
    for name, key in WELL_KNOWN.items():
        yield name, key, False
        yield f"{name}{IN_FILE}", key, True
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in CLIENTS:
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            inner = key.removesuffix(IN_FILE.lower())
            in_file = not _is_known(key) and _is_known(inner)
            yield name, inner if in_file else key, in_file


def _content(path: str, key: str, origin: str) -> str:
    """Return what a file holds; nothing of it stands in a failure."""
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationInvalid(origin, key, f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(origin, key, f"{path} is not UTF-8") from None
    if not text:
        raise ConfigurationInvalid(origin, key, f"{path} is empty")
    return text


def _typed(text: str, hint: object) -> object:
    """Return a variable's text as the type that its setting has, where it reads like one."""
    kinds = {hint, *get_args(hint)} - {type(None)}
    if not kinds.isdisjoint({list[str], list[int]}):
        return _items(text)
    if any(_of_models(kind) for kind in kinds):
        return _written(text)
    if bool in kinds:
        return SAID.get(text.lower(), text)
    for kind in (int, float):
        if kind in kinds:
            with contextlib.suppress(ValueError):
                return kind(text)
    return text


def _of_models(hint: object) -> bool:
    """Whether these are lists of things that have settings of their own."""
    return get_origin(hint) is list and all(
        isinstance(each, type) and issubclass(each, BaseModel) for each in get_args(hint)
    )


def _written(text: str) -> object:
    """Return what is written in YAML, of which JSON is a part; else the text, which will not do."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return ""  # what is wrong with it may be a secret


def _items(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


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
    parts = [str(part) for part in fault["loc"]]
    keys = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    # A part of a list or of a name has no origin of its own.
    key = next((key for key in keys if key in origins), keys[0])
    return ConfigurationInvalid(origins.get(key, DEFAULT), key, fault["msg"])


def _flat(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, dict) and value:
            for inner, entry in cast(dict[str, object], value).items():
                yield f"{prefix}{name}.{inner}", entry
        else:
            yield f"{prefix}{name}", value


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, list):
        return ",".join(str(item) for item in cast(list[object], value))
    return "" if value is None or value == {} else str(value)

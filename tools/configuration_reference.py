"""Write `docs/configuration.md` from the settings: `python tools/configuration_reference.py`."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from folkmoot.settings.abilities import ModelAbilities
from folkmoot.settings.deployment import Deployment, Mode
from folkmoot.settings.groups import (
    Approvers,
    ColorScheme,
    MemoryStrategy,
    MemoryUse,
    ResponseCache,
    SearchMode,
)
from folkmoot.settings.issuers import OidcIssuer
from folkmoot.settings.loading import PREFIX, WELL_KNOWN, known
from folkmoot.settings.prices import ModelPrice
from folkmoot.settings.programs import McpProgram
from folkmoot.settings.providers import OpenAIFormat, RerankServer
from folkmoot.settings.searching import Expansion, Reranking

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "configuration.md"

BEGINNING: Final = """\
# Configuration

<!-- Made by tools/configuration_reference.py from the settings; a test compares. -->

Nothing has to be configured. What is comes from four places; the first that has a value wins:

1. **flags** of the command, such as `--port`,
2. the **environment**: `FOLKMOOT_` and the setting's name in capitals, two underscores for a dot;
   lists are separated by commas. Some settings have names besides that others made known,
3. the **file** `folkmoot.yaml` in the working directory, or the one that `--config` names,
4. the **default**.

`folkmoot config show --origin` tells every value and where it comes from, without showing secrets.
A value that cannot be used, or a name that means nothing, stops the start with a message that names
the place, the setting and the reason. `folkmoot doctor` checks what the values lead to.

**Secrets in files.** Every variable has a twin whose name ends in `_FILE`; it names a file that
holds the value, as Docker and Kubernetes hand secrets over: `FOLKMOOT_SECRET_KEY_FILE`,
`FOLKMOOT_DATABASE_URL_FILE`, `OPENAI_API_KEY_FILE`. A line break at the file's end does not count.

**Clients.** `FOLKMOOT_URL` and `FOLKMOOT_API_KEY` tell `folkmoot chat`, `docs` and `runs` which
server to ask and what to show it. They configure no server; see [the command line](cli.md).

```yaml
# folkmoot.yaml
mode: production
host: 0.0.0.0
database_url: postgresql://folkmoot@db.example/folkmoot
blobs_url: s3://folkmoot/files
default_model: openai:gpt-5
trusted_hosts: [folkmoot.example]
trusted_proxies: [10.0.0.1]
registration_open: false
providers:
  openai_base_url: https://models.example/v1
  langchain:
    mistral: my_models:chat
model_limits:
  first_token: 120
```

**One database, several processes.** They need the same `FOLKMOOT_SECRET_KEY`: the passwords of the
database's roles follow from it. A process with another one refuses to start while they run.

**Another secret key.** Stop all processes. Set `FOLKMOOT_SECRET_KEY` to the new key and
`FOLKMOOT_SECRET_KEY_PREVIOUS` to the old one. Run `folkmoot migrate`, which lets the new one in,
and `folkmoot key rotate-secrets`, which locks the secrets of organisations, teams and users with
it. Then start, without the old key. Everybody has to sign in again.
"""

TITLES: Final = {
    "": "Settings",
    "langfuse.": "`langfuse`",
    "memory.": "`memory`",
    "providers.": "`providers`",
    "model_limits.": "`model_limits`",
    "rate_limits.": "`rate_limits`",
    "infisical.": "`infisical`",
    "features.": "`features`",
    "defaults.": "`defaults`",
    "defaults.general.": "`defaults.general`",
    "defaults.models.": "`defaults.models`",
    "defaults.retrieval.": "`defaults.retrieval`",
    "defaults.guardrails.": "`defaults.guardrails`",
    "defaults.theme.": "`defaults.theme`",
    "defaults.budget.": "`defaults.budget`",
}

KINDS: Final[dict[object, str]] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
    Mode: " or ".join(f"`{mode}`" for mode in Mode),
    list[str]: "list",
    list[int]: "list of numbers",
    list[OidcIssuer]: "list of issuers",
    list[ModelPrice]: "list of prices",
    list[RerankServer]: "list of servers",
    list[ModelAbilities]: "list of models",
    list[McpProgram]: "list of programs",
    dict[str, str]: "package.module:name",
    OpenAIFormat: " or ".join(f"`{form}`" for form in OpenAIFormat),
    SearchMode: " or ".join(f"`{mode}`" for mode in SearchMode),
    MemoryUse: " or ".join(f"`{use}`" for use in MemoryUse),
    MemoryStrategy: " or ".join(f"`{each}`" for each in MemoryStrategy),
    Reranking: " or ".join(f"`{each}`" for each in Reranking),
    Expansion: " or ".join(f"`{each}`" for each in Expansion),
    ResponseCache: " or ".join(f"`{each}`" for each in ResponseCache),
    Approvers: " or ".join(f"`{each}`" for each in Approvers),
    ColorScheme: " or ".join(f"`{scheme}`" for scheme in ColorScheme),
}

ISSUERS: Final = """\
## `oidc`: outside issuers

Whoever has a token of one of these issuers is who it says, at every operation:
`Authorization: Bearer …`. With a `client_id`, people sign in to the console with it, too, at
`/api/v1/auth/oidc/NAME/start`; the issuer has to know
`PUBLIC_URL/api/v1/auth/oidc/NAME/callback` as the address that it sends them back to.
"""

ISSUERS_END: Final = """
Firebase Auth is one of them. Its ID tokens are bearer tokens here; `firebase.tenant` is the tenant
of Identity Platform.

```yaml
oidc:
  - name: firebase
    issuer: https://securetoken.google.com/PROJECT
    audience: PROJECT
    jwks_url: https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com
    tenant_claim: firebase.tenant
    tenants: {acme-x7k2p: 019a8f3c-1c7e-7d90-8a4b-6e5f4d3c2b1a}
    role_claim: role  # a custom claim
  - name: keycloak
    issuer: https://login.example/realms/people
    audience: folkmoot
    client_id: folkmoot
    client_secret: …
    link_by_email: true
```
"""

PRICES: Final = """\
## `prices`: what models cost

What is not listed here costs what the public prices say that come with Folkmoot, or nobody knows.
"""

PRICES_END: Final = """
```yaml
prices:
  - {model: "openai:gpt-5", input: 1.10, cached_input: 0.11, output: 8.80}
  - {model: "ollama:*", input: 0}
```
"""

RERANKERS: Final = """\
## `providers.rerankers`: servers that put passages in order

[Models](models.md#rerankers) says what comes of them.
"""

RERANKERS_END: Final = """
```yaml
providers:
  rerankers:
    - {name: gpu, format: vllm, base_url: "http://gpu:8000/v1"}
    - {name: tei, format: tei, base_url: "http://tei:8080"}
defaults:
  retrieval:
    rerank_model: gpu:BAAI/bge-reranker-v2-m3
```
"""

ABILITIES: Final = """\
## `model_abilities`: what models take

What is not listed here is what the provider tells of its models, and else what is known of their
names. The longest name that fits counts. [Models](models.md) says what comes of it.
"""

ABILITIES_END: Final = """
```yaml
model_abilities:
  - {model: "openai:qwen2.5-vl*", images: true}
  - {model: "openai:*", images: false}
```
"""

PROGRAMS: Final = """\
## `mcp_programs`: programs as MCP servers

Whoever registers an MCP server with the transport `stdio` chooses one of these by its name. Each
of its users gets a process of their own, which lives while it is used and a minute longer.
"""

PROGRAMS_END: Final = """
They run with the rights of the server: what it can read, they can, its database and its secret key
included. Name only what you would install, and nothing that runs what it is told.

```yaml
mcp_programs:
  - name: issues
    command: [/opt/mcp/issues-server, --read-only]
    variable: ISSUES_TOKEN
```
"""

PLUGGED_IN: Final = """\
## Models that come as Python

Any chat model and any embeddings of LangChain's can be used. Install the package
(`.venv/bin/uv add langchain-mistralai` in a checkout) and write a module that Python finds, by
`PYTHONPATH` for instance:

```python
# my_models.py
from langchain_mistralai import ChatMistralAI


def chat(name: str) -> ChatMistralAI:
    return ChatMistralAI(model_name=name)
```

With `FOLKMOOT_PROVIDERS__LANGCHAIN__MISTRAL=my_models:chat`, or the file above, it answers as
`mistral:mistral-large-latest`, by `FOLKMOOT_DEFAULT_MODEL` or `folkmoot chat --model`. A function
that returns embeddings does the same for `FOLKMOOT_EMBEDDING_MODEL`. The models bring keys, retries
and connections of their own. They cost more per token than the built-in providers do.
"""


def page() -> str:
    """Return the page."""
    lists = (*_issuers(), *_prices(), *_rerankers(), *_abilities(), *_programs())
    return "\n".join([BEGINNING, *_section(Deployment(), ""), *lists, PLUGGED_IN])


def _issuers() -> Iterator[str]:
    yield ISSUERS
    yield from _fields(OidcIssuer)
    yield ISSUERS_END


def _prices() -> Iterator[str]:
    yield PRICES
    yield from _fields(ModelPrice)
    yield PRICES_END


def _abilities() -> Iterator[str]:
    yield ABILITIES
    yield from _fields(ModelAbilities)
    yield ABILITIES_END


def _rerankers() -> Iterator[str]:
    yield RERANKERS
    yield from _fields(RerankServer)
    yield RERANKERS_END


def _programs() -> Iterator[str]:
    yield PROGRAMS
    yield from _fields(McpProgram)
    yield PROGRAMS_END


def _fields(model: type[BaseModel]) -> Iterator[str]:
    yield "| setting | default | meaning |\n|---|---|---|"
    for name, field in model.model_fields.items():
        default = (
            "" if field.is_required() else _default(field.get_default(call_default_factory=True))
        )
        yield f"| `{name}` | {default} | {field.description} |"


def _section(model: BaseModel, prefix: str) -> Iterator[str]:
    yield f"## {TITLES[prefix]}\n\n{model.__doc__}\n"
    groups: list[tuple[BaseModel, str]] = []
    rows: list[str] = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            groups.append((value, f"{prefix}{name}."))
        else:
            rows.append(_row(f"{prefix}{name}", value, field.description or ""))
    if rows:
        yield "| setting | variable | value | default | meaning |\n|---|---|---|---|---|"
        yield from [*rows, ""]
    for group in groups:
        yield from _section(*group)


def _row(key: str, default: object, meaning: str) -> str:
    named = key if key in known() else f"{key}.*"
    shown = named.replace(".*", ".NAME")
    variables = [PREFIX + shown.replace(".", "__").upper()]
    variables += [name for name, meant in WELL_KNOWN.items() if meant == key]
    cells = [f"`{shown}`", ", ".join(f"`{name}`" for name in variables)]
    cells += [_kind(known()[named]), _default(default), meaning]
    return f"| {' | '.join(cells)} |"


def _kind(hint: object) -> str:
    if get_origin(hint) in {Union, types.UnionType}:
        hint = next(each for each in get_args(hint) if each is not types.NoneType)
    return KINDS[hint]


def _default(value: object) -> str:
    if isinstance(value, Path):
        value = value.relative_to(ROOT) if value.is_relative_to(ROOT) else value
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if value is None or value in ("", {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""What the parts of a process are told, taken from the configuration of its deployment."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from folkmoot.audit.sinks.opensearch import OpenSearch
from folkmoot.audit.sinks.port import Sink
from folkmoot.blobs.store import BlobStore
from folkmoot.caches.store import Bounds as KeptAnswers
from folkmoot.db.work import Database
from folkmoot.http.limits import loading as limit_loading
from folkmoot.http.limits.counters import Counters
from folkmoot.http.limits.gate import RateLimits
from folkmoot.http.limits.policy import LimitPolicy
from folkmoot.http.limits.preferring import Preferring
from folkmoot.http.limits.store import PostgresStore, Store
from folkmoot.identity.oidc.issuer import Issuer
from folkmoot.identity.service import IdentityOptions
from folkmoot.kit import crypto, redact
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.outbound.rules import Rules
from folkmoot.kit.redact import Redactor
from folkmoot.kit.telemetry import tracing
from folkmoot.knowledge.parsing import other_parsers
from folkmoot.knowledge.parsing.other_parsers import ParserMissing, PdfParser
from folkmoot.knowledge.service import KnowledgeOptions
from folkmoot.knowledge.vector_stores import choosing
from folkmoot.knowledge.vector_stores.choosing import Chosen, Kind
from folkmoot.llm.config import (
    Bounds,
    ModelsConfig,
    ProviderConfig,
    ProviderKind,
    Retries,
    Timeouts,
    Told,
    Tripping,
    standard_providers,
)
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.registry import Models
from folkmoot.mail.envelopes import Envelopes
from folkmoot.settings import rate_limits
from folkmoot.settings.cache import Changes
from folkmoot.settings.collectors import collectors
from folkmoot.settings.deployment import Deployment, Mode, plain, secret_values
from folkmoot.settings.errors import ConfigurationInvalid
from folkmoot.settings.issuers import OidcIssuer
from folkmoot.settings.providers import Providers
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.settings.stores import loading as stores
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.usage import loading as usage_loading
from folkmoot.usage.prices import Prices, Rates, Steps


def identity(deployment: Deployment, secret_key: str) -> IdentityOptions:
    """Return how people are let in."""
    return IdentityOptions(
        secret_key=secret_key,
        registration_open=deployment.registration_open,
        https=deployment.mode is Mode.PRODUCTION,
        kept=timedelta(days=deployment.purge_after_days),
        issuers=[_issuer(each) for each in deployment.oidc],
        public_url=deployment.reached_at,
    )


def models(deployment: Deployment, data_dir: Path, secret_key: str = "") -> ModelsConfig:
    """Return what the model gateway has to be told."""
    limits = deployment.model_limits
    return ModelsConfig(
        providers=_providers(deployment.providers),
        default_model=deployment.defaults.models.default_model or deployment.default_model,
        embedding_model=deployment.embedding_model,
        openai_format=deployment.providers.openai_format,
        abilities=[
            Told(each.model, {"images": each.images, "files": each.files})
            for each in deployment.model_abilities
        ],
        local_rerankers=_local_rerankers(deployment),
        cache_dir=data_dir / "models",
        timeouts=Timeouts(
            connect=limits.connect,
            first_token=limits.first_token,
            idle=limits.idle,
            total=limits.total,
        ),
        retries=Retries(attempts=limits.attempts),
        bounds=Bounds(places=limits.calls, waiting=limits.waiting, patience=limits.turn),
        tripping=Tripping(
            failures=limits.failures,
            rest=limits.rest,
            trying=limits.connect + limits.first_token,
        ),
        digest_key=crypto.derive(secret_key, "keys of models"),
    )


def _providers(given: Providers) -> dict[str, ProviderConfig]:
    """Return the providers of models."""
    return standard_providers(
        openai_api_key=plain(given.openai_api_key),
        openai_base_url=given.openai_base_url,
        anthropic_api_key=plain(given.anthropic_api_key),
        google_api_key=plain(given.google_api_key),
        ollama_host=given.ollama_host,
        cohere_api_key=plain(given.cohere_api_key),
        jina_api_key=plain(given.jina_api_key),
        voyage_api_key=plain(given.voyage_api_key),
        rerankers={
            each.name: ProviderConfig(ProviderKind(each.format), each.base_url, plain(each.api_key))
            for each in given.rerankers
        },
        langchain=given.langchain,
    )


def _local_rerankers(deployment: Deployment) -> list[str]:
    """Return the models on this machine that may put passages in order."""
    default = deployment.defaults.retrieval.rerank_model
    return [*deployment.providers.local_rerankers, *([default] if default else [])]


def documents(deployment: Deployment) -> KnowledgeOptions:
    """Return how documents are read and kept, and who is asked for what is near."""
    return KnowledgeOptions(
        recognizer=deployment.text_recognition,
        pdf_parser=pdf_parser(deployment),
        vectors=choosing.store(vector_store(deployment)),
        kept=timedelta(days=deployment.purge_after_days),
    )


def pdf_parser(deployment: Deployment) -> PdfParser | None:
    """Return what reads PDFs instead of our own parser, if anything does."""
    try:
        return other_parsers.chosen(deployment.pdf_parser, deployment.pdf_models)
    except ParserMissing as error:
        raise ConfigurationInvalid("configuration", "pdf_parser", str(error)) from None


def kept_answers(deployment: Deployment) -> KeptAnswers:
    """Return how many answers are kept of an organisation."""
    megabytes = deployment.response_cache_megabytes
    return KeptAnswers(deployment.response_cache_answers, megabytes * 1024 * 1024)


def prices(deployment: Deployment) -> Prices:
    """Return what models cost."""
    own = {
        each.model: Rates(
            input=Steps(each.input),
            output=Steps(each.output),
            cached=None if each.cached_input is None else Steps(each.cached_input),
            written=None if each.cache_write is None else Steps(each.cache_write),
            call=each.call,
        )
        for each in deployment.prices
    }
    return Prices(own, usage_loading.book)


def start_tracing(deployment: Deployment) -> Callable[[], None]:
    """Send spans to the collectors that are configured; return what stops it."""
    known = list(secret_values(deployment))
    tracing.configure(
        collectors(deployment), Redactor(redact.SECRETS + redact.PERSONAL, known=known)
    )
    return tracing.shutdown


def limits(deployment: Deployment) -> LimitPolicy:
    """Return how much may be asked."""
    production = deployment.mode is Mode.PRODUCTION
    return rate_limits.policy(deployment.rate_limits, production=production)


def outbound(deployment: Deployment) -> Outbound:
    """Return the way to addresses that people, documents and models name."""
    return Outbound(Rules.of(deployment.outbound_private, deployment.outbound_ports))


def blobs(deployment: Deployment, data_dir: Path) -> BlobStore:
    """Return where files are kept."""
    return BlobStore(deployment.blobs_url or (data_dir / "blobs").as_uri())


def limiting(
    deployment: Deployment, secret_key: str, database: Database
) -> tuple[RateLimits, Preferring | None]:
    """Return what counts requests, and what does so in Redis, if there is one."""
    otherwise = PostgresStore(database)
    preferring = redis(deployment, secret_key, otherwise)
    return RateLimits(limits(deployment), Counters(preferring or otherwise)), preferring


def redis(deployment: Deployment, secret_key: str, otherwise: Store) -> Preferring | None:
    """Return what counts in Redis while it answers; None if there is none."""
    url = plain(deployment.redis_url)
    if url is None:
        return None
    namespace = crypto.derive(secret_key, "keys in redis")[:6].hex()
    return Preferring(partial(limit_loading.redis_store, url, namespace), otherwise)


def sealer(deployment: Deployment, secret_key: str) -> Sealer:
    """Return what seals secrets."""
    return Sealer(secret_key, plain(deployment.secret_key_previous))


def vector_store(deployment: Deployment) -> Chosen:
    """Return which store is asked for what is near."""
    return Chosen(
        Kind(deployment.vector_store),
        deployment.vector_store_url,
        plain(deployment.vector_store_api_key),
        deployment.vector_store_region,
        deployment.vector_store_prefix,
    )


def envelopes(deployment: Deployment, secret_key: str) -> Envelopes:
    """Return what keeps letters to those who may read them."""
    return Envelopes(secret_key, plain(deployment.secret_key_previous))


def sinks(deployment: Deployment) -> list[Sink]:
    """Return where the audit trails go besides."""
    if deployment.audit_opensearch_url is None:
        return []
    return [
        OpenSearch(
            url=deployment.audit_opensearch_url,
            index=deployment.audit_opensearch_index,
            user=deployment.audit_opensearch_user,
            password=plain(deployment.audit_opensearch_password),
        )
    ]


def settings(deployment: Deployment, database: Database, models: Models) -> Settings:
    """Return settings whose defaults name the model that really answers."""
    defaults = deployment.defaults
    answering = defaults.models.model_copy(update={"default_model": models.default})
    completed = defaults.model_copy(update={"models": answering})
    return Settings(database, completed, deployment.features)


def gateway(
    deployment: Deployment, secret_key: str, changes: Changes, models: Models
) -> tuple[Secrets, Gateway]:
    """Return the secrets of organisations, teams and users, and the models that these open."""
    elsewhere, locks = stores.infisical(deployment.infisical), sealer(deployment, secret_key)
    secrets = Secrets(changes.database, locks, elsewhere, deployment.features, changes)
    return secrets, Gateway(models, secrets, changes)


def _issuer(told: OidcIssuer) -> Issuer:
    return Issuer(
        name=told.name,
        label=told.label or "",
        url=told.issuer,
        audience=told.audience,
        jwks_url=told.jwks_url,
        client_id=told.client_id,
        client_secret=plain(told.client_secret),
        scopes=told.scopes,
        tenant_claim=told.tenant_claim,
        tenants=told.tenants,
        role_claim=told.role_claim,
        link_by_email=told.link_by_email,
        creates_accounts=told.creates_accounts,
    )
